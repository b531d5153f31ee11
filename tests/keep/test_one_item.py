"""One item fails alone, command by command: a call that raises inside the loop over files,
articles, pages, pictures, albums or addresses fails that one, and the others are done.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FunctionType

import pytest

from archive import status
from archive.backup.contents import Contents
from archive.cli import status as status_commands
from archive.cli import watch
from archive.crawl import albums
from archive.crawl.cooldown import known_exits
from archive.exporters import warc
from archive.exporters.export import Export
from archive.exporters.formats import FORMATS
from archive.importers.job import _Job as ImportJob
from archive.reparse.job import _Job as ReparseJob
from archive.run.drift import drifts
from archive.verify.looks import Looker
from archive.verify.repair import _Mender
from tests.attacks.archives import Place
from tests.command import Result, wechat_archive
from tests.faults import Body, calls_inside, failing
from tests.keep.archives import contents
from tests.keep.articles import page
from tests.share import drawn_for, share

ADDRESS = "https://mp.weixin.qq.com/s/{}"
#: Writing to the terminal is no part of an item.
_OUTPUT = ("archive.cli.console:", "scraper.controls:")
NAMES = [letter * 22 for letter in "ABC"]


@dataclass(frozen=True)
class Case:
    """A command over several items: the functions that do one item each, how the archive is made
    ready, the arguments, what of the result is counted, and the codes by which a failure is told.
    """

    bodies: Sequence[Body]
    arguments: Callable[[Place], Sequence[str]]
    done: Callable[[Place], int]
    prepare: Callable[[Place], None] = lambda place: None
    codes: frozenset[int] = frozenset({1})
    #: Items that one fault may leave undone.
    lost: int = 1


def inner(function: Callable[..., object], name: str) -> CodeType:
    """The code of the function ``name`` inside ``function``."""
    assert isinstance(function, FunctionType)
    found = [
        c for c in function.__code__.co_consts if isinstance(c, CodeType) and c.co_name == name
    ]
    assert len(found) == 1
    return found[0]


def callback(command: object) -> Callable[..., object]:
    """What click calls; ``pass_app`` wraps it."""
    found = getattr(command, "callback", None)
    assert found is not None
    inside: Callable[..., object] = found.__wrapped__
    return inside


def articles(place: Place) -> int:
    """Markdown files in the archive."""
    return len(list((place.archive / "articles").rglob("*.md")))


def files(place: Place) -> int:
    """Files that the command wrote outside, and the articles inside them."""
    found = [path for path in place.out.rglob("*") if path.is_file()]
    return len([path for path in found if not path.name.startswith(".")])


def frontier(where: str) -> Callable[[Place], int]:
    """Rows of the queue."""

    def count(place: Place) -> int:
        import sqlite3
        from contextlib import closing

        with closing(sqlite3.connect(place.archive / "archive.db")) as db:
            return int(db.execute(f"SELECT count(*) FROM {where}").fetchone()[0])

    return count


def _imported(place: Place) -> None:
    for number in (5, 6, 7):
        (place.given / f"{number}.html").write_bytes(page(number, links=(1,)).body)
    export = place.out / "earlier"
    wechat_archive("export", "markdown", str(export), "--archive", str(place.archive))
    wechat_archive(
        "export", "warc", str(place.given / "x.warc.gz"), "--archive", str(place.archive)
    )
    for path in export.rglob("*.md"):
        path.rename(place.given / path.name)
    place.archive.rename(place.home / "other")
    place.archive.mkdir()
    (place.archive / "config.toml").write_text('images = "none"\n')


def _failed(place: Place) -> None:
    for name in NAMES:
        place.sql(
            "INSERT INTO frontier (address, fetch, form, state, open, why, depth, follow, scope, refresh, due, "
            "added, updated, error, error_class, error_code) VALUES (?, ?, 'short', 'failed', 0, 'given', 0, 0, "
            "'any', 0, '2026-01-01', '2026-01-01', '2026-01-01', 'x', 'login', 'login')",
            ADDRESS.format(name),
            ADDRESS.format(name),
        )


def _watched(place: Place) -> None:
    addresses = [ADDRESS.format(name) for name in NAMES]
    assert 0 == wechat_archive("watch", *addresses, "--archive", str(place.archive)).code


def _older(place: Place) -> None:
    place.sql("UPDATE articles SET parser_version = 0")


def _broken(place: Place) -> None:
    place.article().unlink()
    place.sql("DELETE FROM images WHERE article_id = 2")
    place.sql("DELETE FROM links WHERE article_id = 3")
    place.sql("UPDATE articles SET stale = 1 WHERE id = 1")


def _export(form: str) -> Case:
    target = form if FORMATS[form].target == "DIR" else f"x.{form}"
    return Case(
        bodies=(Export.one, warc._take, warc._write_image, warc._exchanges),
        arguments=lambda place: ("export", form, str(place.out / target)),
        done=files,
        lost=3,  # a feed is written in three forms
    )


CASES = {
    "import": Case(
        bodies=(
            ImportJob._file,
            ImportJob._image,
            ImportJob._taken,
            ImportJob._picture,
        ),
        prepare=_imported,
        arguments=lambda place: ("import", str(place.given)),
        done=articles,
    ),
    "status": Case(
        bodies=(albums._gap, status._failed, status._runs, known_exits, drifts),
        prepare=_failed,
        arguments=lambda place: ("status",),
        done=lambda place: 0,
    ),
    "watch": Case(
        bodies=(inner(callback(watch.command), "one"),),
        arguments=lambda place: ("watch", *(ADDRESS.format(name) for name in NAMES)),
        done=frontier("sources"),
    ),
    "unwatch": Case(
        bodies=(inner(callback(watch.unwatch), "one"),),
        prepare=_watched,
        arguments=lambda place: ("unwatch", *(ADDRESS.format(name) for name in NAMES)),
        done=lambda place: -frontier("sources")(place),
    ),
    "retry": Case(
        bodies=(inner(callback(status_commands.retry), "one"),),
        prepare=_failed,
        arguments=lambda place: ("retry", *(ADDRESS.format(name) for name in NAMES)),
        done=frontier("frontier WHERE open"),
    ),
    "forget": Case(
        bodies=(inner(callback(status_commands.forget), "one"),),
        prepare=_failed,
        arguments=lambda place: ("forget", *(ADDRESS.format(name) for name in NAMES)),
        done=lambda place: -frontier("frontier")(place),
    ),
    "verify": Case(
        bodies=(Looker._article, Looker._image, Looker._version_file, Looker._address),
        arguments=lambda place: ("verify",),
        done=lambda place: 0,
        codes=frozenset({65}),
    ),
    "repair": Case(
        bodies=(_Mender.mend,),
        prepare=_broken,
        arguments=lambda place: ("verify", "--repair"),
        done=articles,
        codes=frozenset({65}),
    ),
    "reparse": Case(
        bodies=(ReparseJob._take,),
        prepare=_older,
        arguments=lambda place: ("reparse", "--jobs", "1"),
        done=frontier("articles WHERE parser_version > 0"),
    ),
    "backup": Case(
        bodies=(Contents._each,),
        arguments=lambda place: ("backup", str(place.out / "copy")),
        done=files,
        codes=frozenset({65}),
    ),
    **{f"export {form}": _export(form) for form in FORMATS},
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """An archive that every command finds something to do in."""
    found = Place(tmp_path_factory.mktemp("one") / "home")
    found.home.mkdir()
    found.make()
    return found


def run(case: Case, place: Place) -> Result:
    """The command in that place."""
    return wechat_archive(*case.arguments(place), "--archive", str(place.archive))


def _ready(case: Case, place: Place, home: Path) -> Place:
    fresh = place.copy(home)
    case.prepare(fresh)
    return fresh


@pytest.mark.parametrize("name", CASES)
def test_a_few_calls_that_fail(name: str, place: Place, tmp_path: Path) -> None:
    """Two of those that ``test_every_call_that_fails`` takes."""
    _sweep(CASES[name], place, tmp_path, lambda targets: random.Random(11).sample(targets, 2))


@pytest.mark.long
@pytest.mark.parametrize("name", CASES)
def test_every_call_that_fails(name: str, place: Place, tmp_path: Path) -> None:
    """Each function that is called for one item raises once, in an archive of its own."""
    rng = drawn_for(f"one item {name}")
    _sweep(CASES[name], place, tmp_path, lambda all: rng.sample(all, share(len(all), least=2)))


def targets_of(case: Case, place: Place, root: Path) -> list[str]:
    """The functions that the command calls for one item; ``root/clean``: how all is left without a
    fault.
    """
    run(case, _ready(case, place, root / "warm"))  # imports and caches, which happen once
    clean = _ready(case, place, root / "clean")
    found = calls_inside(case.bodies, lambda: run(case, clean))
    return [name for name in found if not name.startswith(_OUTPUT)]


def _sweep(case: Case, place: Place, root: Path, draw: Callable[[list[str]], list[str]]) -> None:
    targets = targets_of(case, place, root)
    clean = Place(root / "clean")
    assert len(targets) >= 2
    chosen = draw(targets)
    fired = [
        _one_fault(case, _ready(case, place, root / str(n)), target, clean)
        for n, target in enumerate(chosen)
    ]
    print(f"raised in {sum(fired)} of {len(chosen)} calls")  # pytest -rP shows it
    assert sum(fired) > 0.9 * len(chosen)


def _one_fault(case: Case, place: Place, target: str, clean: Place) -> bool:
    with failing(case.bodies, target) as has_fired:
        result = run(case, place)
    if not has_fired():
        return False
    told = result.stdout + result.stderr
    assert result.code in case.codes, (target, result)
    assert f"injected into {target}" in told, (target, told)
    assert "Traceback" not in told.partition("WARNING")[0], target
    assert case.done(clean) - case.lost <= case.done(place), (target, told)
    again = run(case, place)
    assert again.code in (
        0,
        *((1,) if case.arguments(place)[0] in ("retry", "forget", "unwatch") else ()),
    ), (target, again)
    assert case.done(clean) == case.done(place), target
    assert contents(clean.archive).keys() == contents(place.archive).keys(), target
    return True
