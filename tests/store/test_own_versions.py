"""The states of an article's file that a person made: listed, shown and compared, told apart from what
WeChat showed.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from archive.errors import NotHeld
from archive.library import Library
from tests.command import Result, wechat_archive
from tests.store.make import LATER, NOW, article, keep, opened
from tests.web.pages import visiting


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two contents of WeChat's and, in between, two states of a person's."""
    with opened(tmp_path) as store:
        kept = keep(store, article(1, text="旧的正文"))
        place = tmp_path / kept.path
        for words in ("\n我的第一句\n", "\n我的第二句\n"):
            place.write_text(place.read_text(encoding="utf-8") + words, encoding="utf-8")
            store.edits.take_in(kept.article_id, NOW)
        keep(store, article(1, text="新的正文"), now=LATER)
    return tmp_path


def key_of(root: Path) -> str:
    with opened(root) as store:
        return next(one.key for one in store.articles())


def run(root: Path, *words: str) -> Result:
    return wechat_archive("--archive", str(root), *words)


def test_they_are_listed_behind_wechats(root: Path) -> None:
    """Each by a name of its own; the last is the file of now. Programs tell them by ``whose``."""
    key = key_of(root)
    lines = run(root, "show", key, "--versions").stdout.splitlines()
    assert ["What WeChat showed:", "1", "2", "Your own, in the file:", "m1", "m2"] == [
        line if line.endswith(":") else line.split()[0]
        for line in lines
        if not line.startswith(" ")
    ]
    assert [False, True] == ["(the file)" in line for line in lines[-2:]]
    found = json.loads(run(root, "show", key, "--versions", "--json").stdout)
    assert [("wechat", "1"), ("wechat", "2"), ("own", "m1"), ("own", "m2")] == [
        (one["whose"], one["name"]) for one in found
    ]
    with visiting(root) as client:
        assert found == client.get(f"/api/articles/{key}/versions").json()


def test_each_is_shown_by_its_name(root: Path) -> None:
    """The whole file as it was."""
    key = key_of(root)
    first = run(root, "show", key, "--version", "m1").stdout
    assert ("我的第一句" in first, "我的第二句" in first) == (True, False)
    assert run(root, "show", key, "--version", "M2").stdout == run(root, "show", key).stdout
    assert "旧的正文" in run(root, "show", key, "--version", "1").stdout


@pytest.mark.parametrize(
    ("names", "added", "taken"),
    [
        ((), {"新的正文"}, {"旧的正文"}),
        (("m1",), {"我的第二句"}, set()),
        (("m1", "m2"), {"我的第二句"}, set()),
        (("m2",), {"旧的正文", "我的第一句", "我的第二句"}, {"新的正文"}),
        (("2", "m1"), {"旧的正文", "我的第一句"}, {"新的正文"}),
        (("1", "m1"), {"我的第一句"}, set()),
    ],
)
def test_any_two_are_compared(
    root: Path, names: tuple[str, ...], added: set[str], taken: set[str]
) -> None:
    """Without names WeChat's newest two, as ever; a person's newest alone with WeChat's."""
    done = run(root, "diff", key_of(root), *names)
    changes = {
        sign: {
            line[1:].strip()
            for line in done.stdout.splitlines()
            if line.startswith(sign) and ("正文" in line or "我的" in line)
        }
        for sign in "+-"
    }
    assert (0, added, taken) == (done.code, changes["+"], changes["-"])


def test_where_wechat_showed_one_content_it_stands_beside_ones_own(tmp_path: Path) -> None:
    """``diff KEY`` then says what one wrote."""
    with opened(tmp_path) as store:
        kept = keep(store, article(1))
        place = tmp_path / kept.path
    assert 1 == run(tmp_path, "diff", kept.key).code
    place.write_text(place.read_text(encoding="utf-8") + "\n我写的\n", encoding="utf-8")

    said = run(tmp_path, "diff", kept.key)

    assert (0, True) == (said.code, "+我写的" in said.stdout)
    with Library(tmp_path) as library:
        assert ["m1"] == [one.name for one in library.own_versions(kept.key)]
        assert "+我写的" in library.diff(kept.key, 1, "m1")
        with pytest.raises(NotHeld, match="no version"):
            library.diff(kept.key, "x")


def test_what_is_none_is_told(root: Path) -> None:
    """A name that is none is a slip (64), a state that is not there is not held (1)."""
    key = key_of(root)
    assert [64, 64, 1, 1] == [
        run(root, *words).code
        for words in (
            ("diff", key, "x1"),
            ("show", key, "--json", "--version", "m1"),
            ("diff", key, "m9"),
            ("show", key, "--version", "m9"),
        )
    ]


def test_the_page_shows_them_side_by_side(root: Path) -> None:
    """Own states under their own heading; any two by address, what is none is not there."""
    key = key_of(root)
    with visiting(root) as client:
        page = client.get(f"/articles/{key}/versions?b=m2").text
        assert ("我的第二句" in page, "?b=m1" in page) == (True, True)
        beside = client.get(f"/articles/{key}/versions?a=2&b=m2").text
        assert ("<del>新</del>" in beside, "我的第一句" in beside) == (True, True)
        assert f"/articles/{key}/versions?b=m2" in client.get(f"/articles/{key}").text
        for wrong in ("b=m9", "a=x", "b=m", "a=0"):
            assert 404 == client.get(f"/articles/{key}/versions?{wrong}").status_code
