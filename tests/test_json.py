"""What is promised of ``--json``: what each command gives is as the JSON Schema says that comes
with the program.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

import click
import jsonschema_rs
import pytest

from archive.json_fields import AsDict, counted, json_field, shown, shown_as
from tests import docs, pages, schemas
from tests.command import wechat_archive
from tests.store.make import LATER, article, keep, opened
from tests.weixin.talk import CREDENTIALS

PAGE = pages.ROOT / "tests" / "cases" / "article" / "2026-plain" / "page.html"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Three articles that stand in each other's neighbourhood, one with two versions."""
    root = tmp_path / "archive"
    with opened(root) as store:
        keep(store, article(1, links=(2, 9), tags=("茶",)))
        keep(store, article(2))
        keep(store, article(3, text="茶是绿的。"))
        keep(store, article(3, text="茶是红的。"), now=LATER)
    return root


#: The command as it is typed → its schema. KEY, PAGE, FILE and OUT stand for an article, a saved
#: page, credentials for an account that is not held, and a new folder.
TYPED = {
    "list": "article",
    "show KEY": "article",
    "show KEY --versions": "versions",
    "show KEY --links": "links",
    "show KEY --comments": "discussion",
    "show KEY --counts": "counts",
    "discuss --credentials FILE": "discuss",
    "search 正文": "hit",
    "search --count 正文": "count",
    "similar KEY": "similar",
    "tag KEY +甲": "own",
    "star KEY": "own",
    "unstar KEY": "own",
    "read KEY": "own",
    "unread KEY": "own",
    "note KEY 好": "own",
    "remove KEY": "outcome",
    "accounts": "tally",
    "albums": "tally",
    "tags": "tag",
    "status": "status",
    "config": "config",
    "doctor": "finding",
    "watch --list": "source",
    "alert list": "alerts",
    "convert PAGE": "converted",
    "save --images none PAGE": "run",
    "run": "run",
    "verify": "verified",
    "repack": "repack",
    "reparse --all": "reparse",
    "import PAGE": "import",
    "export jsonl OUT": "export",
    "backup OUT": "backup",
}
#: Silent where there is nothing to tell, as in a sound archive without albums.
MAY_BE_SILENT = {"verify", "albums"}
#: Held against its schema where there is a database: tests/fleet/test_command.py.
ELSEWHERE = {"fleet status": "fleet"}


def words_of(typed: str, root: Path, tmp_path: Path) -> list[str]:
    """The words of a line of the table, in an archive where there is something to tell."""
    with opened(root) as store:
        key = next(one.key for one in store.articles() if one.title == "第1篇")
    if typed.startswith(("re", "verify")):  # those that work on raw pages
        wechat_archive("--archive", str(root), "save", "--images", "none", str(PAGE))
    if typed.startswith("watch"):
        (tmp_path / "list.txt").write_text("", encoding="utf-8")
        wechat_archive("--archive", str(root), "watch", str(tmp_path / "list.txt"))
    (tmp_path / "credentials.json").write_text(json.dumps([CREDENTIALS]), encoding="utf-8")
    stand_ins = {
        "FILE": str(tmp_path / "credentials.json"),
        "KEY": key,
        "PAGE": str(PAGE),
        "OUT": str(tmp_path / "out"),
    }
    return [stand_ins.get(word, word) for word in typed.split()]


@pytest.mark.parametrize("typed", TYPED)
def test_what_a_command_gives_is_as_its_schema_says(root: Path, tmp_path: Path, typed: str) -> None:
    """The real output, object by object, against the file that is shipped."""
    words = words_of(typed, root, tmp_path)
    done = wechat_archive("--archive", str(root), *words, "--json")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    schema = json.loads((schemas.FOLDER / f"{TYPED[typed]}.json").read_text(encoding="utf-8"))

    assert rows or typed in MAY_BE_SILENT, done.stderr
    for row in rows:
        jsonschema_rs.validate(schema, row)


@pytest.mark.parametrize("typed", TYPED)
def test_no_option_puts_text_among_the_json(
    root: Path, tmp_path: Path, typed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside any other switch of the command stdout is JSON, or the two are refused together."""
    monkeypatch.setattr("click.launch", lambda path: 0)
    words = words_of(typed, root, tmp_path)
    wrong = []
    for switch in _switches(_called(typed)):
        done = wechat_archive("--archive", str(root), *words, switch, "--json")
        if done.code == 64:
            assert "" == done.stdout
        elif not _is_json(done.stdout):
            wrong.append((switch, done.stdout))
    assert [] == wrong


@pytest.mark.parametrize("option", ["--failed", "--listed"])
def test_a_list_of_addresses_is_no_json(root: Path, option: str) -> None:
    """Also where the list is empty, as here: 64 and which option to leave out."""
    done = wechat_archive("--archive", str(root), "status", option, "--json")

    assert (64, "") == (done.code, done.stdout)
    assert f"{option} prints text" in done.stderr


def _switches(name: str) -> list[str]:
    command = dict(docs.every_command())[name]
    options = [one for one in docs.own_options(command) if isinstance(one, click.Option)]
    return [one.opts[-1] for one in options if one.is_flag and "--json" not in one.opts]


def _is_json(text: str) -> bool:
    try:
        return all(isinstance(json.loads(line), dict | list) for line in text.splitlines())
    except ValueError:
        return False


def test_what_verify_finds_is_as_its_schema_says(root: Path) -> None:
    """A file that is gone."""
    next(root.rglob("*.md")).unlink()
    done = wechat_archive("--archive", str(root), "verify", "--json")
    rows = [json.loads(line) for line in done.stdout.splitlines()]

    assert rows
    for row in rows:
        jsonschema_rs.validate(schemas.whole("verified"), row)


def test_every_command_with_json_has_a_schema() -> None:
    """None is left out of the table above, nor of the page."""
    able = {
        name
        for name, command in docs.every_command()
        if any(docs.long_name(option) == "--json" for option in docs.own_options(command))
    }
    page = pages.read("docs/json.md")

    assert able == {_called(typed) for typed in TYPED} | ELSEWHERE.keys()
    assert [] == [
        typed for typed, name in (TYPED | ELSEWHERE).items() if not _row(page, typed, name)
    ]


def _row(page: str, typed: str, name: str) -> bool:
    command = re.escape(_called(typed))
    return re.search(rf"^\| `{command}\b.*archive/schemas/{name}\.json", page, re.M) is not None


def _called(typed: str) -> str:
    """The command of a line: of a group its two words."""
    words = typed.split()
    return " ".join(words[:2]) if words[0] in ("alert", "fleet") else words[0]


def test_the_shipped_files_are_current() -> None:
    """`python -m tests.schemas` would change nothing."""
    there = {place.stem: place.read_text(encoding="utf-8") for place in schemas.FOLDER.glob("*")}

    assert {name: schemas.as_text(name) for name in schemas.SCHEMAS} == there


@pytest.mark.parametrize("name", schemas.SCHEMAS)
def test_a_schema_refuses_what_lacks_something(name: str) -> None:
    """An empty object is none of them: the schemas say what is always there."""
    wrong: Any = [{}] if schemas.SCHEMAS[name]["type"] == "array" else {}

    assert not jsonschema_rs.is_valid(schemas.whole(name), wrong)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part(AsDict):
    OMITTED: ClassVar = (None,)

    at: datetime
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Report(AsDict):
    type: str = json_field(default="x", name="sort")
    secret: str = json_field(default="s", hidden=True)
    made: datetime = json_field(timespec="minutes")
    parts: tuple[_Part, ...] = ()
    counts: Counter[str] = json_field(convert=counted("new", "failed"), spread=True)
    names: frozenset[str] = frozenset({"b", "a"})

    @property
    @shown
    def exit_code(self) -> int:
        return self.counts["failed"]

    @property
    @shown_as("ended")
    def end(self) -> str | None:
        return None

    @property
    def own(self) -> str:
        return "no program asked for it"


def test_a_report_is_shown_as_its_fields_say() -> None:
    """Under its own name or another, in parts, counted, or not at all; properties where they say
    so.
    """
    moment = datetime(2026, 11, 28, 1, 2, 3, tzinfo=UTC)
    report = _Report(made=moment, parts=(_Part(at=moment),), counts=Counter(new=2, other=1))

    assert {
        "sort": "x",
        "made": "2026-11-28T01:02+00:00",
        "parts": [{"at": "2026-11-28T01:02:03+00:00"}],
        "new": 2,
        "failed": 0,
        "names": ["a", "b"],
        "exit_code": 0,
        "ended": None,
    } == report.as_dict()
