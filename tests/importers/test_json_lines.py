"""The round trip by JSON Lines: everything that a person added comes back, WeChat's text beside it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from scraper.errors import Gone
from tests.command import Result, wechat_archive
from tests.keep.archives import fill, opened
from tests.keep.articles import page


def run(root: Path, *words: str) -> Result:
    return wechat_archive("--archive", str(root), *words)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two articles, the first with everything that a person can add."""
    root = tmp_path / "a"
    first, _second = fill(root, [page(1, links=(2,)), page(2)])
    for words in (("tag", first, "+投资", "+读 书"), ("star", first), ("read", first)):
        assert 0 == run(root, *words).code
    assert 0 == run(root, "note", first, "第一行\n\n第二行: [x] #y").code
    with opened(root) as (store, _):
        place = root / store.get(first).path
    place.write_text(place.read_text(encoding="utf-8") + "\n我写的一段话\n", encoding="utf-8")
    assert 0 == run(root, "search", "mine:我写").code
    return root


def lines(root: Path, target: Path) -> list[dict[str, Any]]:
    assert 0 == run(root, "export", "jsonl", str(target)).code
    return [json.loads(line) for line in target.read_text(encoding="utf-8").splitlines()]


def test_wechats_text_and_ones_own_stand_beside_each_other(root: Path, tmp_path: Path) -> None:
    """``text`` and ``html`` are WeChat's, ``mine`` is the person's; in a table its lines."""
    first, second = lines(root, tmp_path / "out.jsonl")

    assert ("我写的" in first["text"], "我写的" in first["html"]) == (False, False)
    assert "我写的一段话" == first["mine"]["lines"]
    assert all("我写的一段话" in first["mine"][name] for name in ("text", "markdown"))
    assert second["mine"] is None
    assert 0 == run(root, "export", "csv", str(tmp_path / "out.csv")).code
    assert "我写的一段话" in (tmp_path / "out.csv").read_text(encoding="utf-8-sig")


def test_all_of_it_comes_back_into_an_empty_archive(root: Path, tmp_path: Path) -> None:
    """Keys, facts, texts, marks with since when, the edited file; and once more nothing changes."""
    told = tmp_path / "out.jsonl"
    with opened(root) as (store, _):
        gone = Gone("deleted", reason="deleted", shown="该内容已被发布者删除")
        key = lines(root, told)[1]["key"]
        store.gone(key, gone, datetime(2024, 5, 1, tzinfo=UTC))
        changed = datetime(2024, 4, 1, tzinfo=UTC)
        store.maintenance.set_changed(store.get(key).article_id, changed)
    before = lines(root, told)
    other = tmp_path / "b"

    assert 0 == run(other, "import", str(told)).code
    after = lines(other, tmp_path / "again.jsonl")

    same = (
        "key",
        "title",
        "text",
        "html",
        "tags",
        "starred",
        "read",
        "note",
        "published",
        "author",
        "archived",
        "changed",
        "gone",
        "gone_reason",
        "gone_shown",
    )
    assert [{name: one[name] for name in same} for one in before] == [
        {name: one[name] for name in same} for one in after
    ]
    assert [one["article"] for one in before] == [one["article"] for one in after]
    assert (before[0]["mine"]["lines"], None) == (after[0]["mine"]["lines"], after[1]["mine"])
    assert 1 == len(run(other, "search", "mine:我写", "--json").stdout.splitlines())
    assert 0 == run(other, "verify").code
    assert 0 == run(other, "import", str(told)).code
    assert after == lines(other, tmp_path / "third.jsonl")


def test_what_a_person_has_done_since_stays(root: Path, tmp_path: Path) -> None:
    """An article that is held gains what it lacks and loses nothing."""
    told = tmp_path / "out.jsonl"
    first = lines(root, told)[0]["key"]
    run(root, "tag", first, "+新的", "-投资")
    run(root, "note", first, "换了")
    run(root, "unstar", first)

    assert 0 == run(root, "import", str(told)).code

    now = lines(root, tmp_path / "now.jsonl")[0]
    assert ({"新的", "投资", "读 书"}, "换了", True) == (
        set(now["tags"]),
        now["note"],
        now["starred"] is not None,
    )
    assert "我写的一段话" == now["mine"]["lines"]


@pytest.mark.parametrize(
    "change",
    [
        {"article": {"title": {"a": 1}}},
        {"article": {"title": "x", "kind": 2**70}},
        {"article": {"title": "x", "images": [{"url": 1}]}},
        {"article": {"title": "x", "published": "gestern"}},
        {"article": []},
        {"article": {"title": "x", "links": 7}},
    ],
)
def test_a_line_that_is_no_article_is_told_and_the_others_go_on(
    root: Path, tmp_path: Path, change: dict[str, Any]
) -> None:
    """Wrong types and numbers beyond any column: that line alone, with its number."""
    told = tmp_path / "out.jsonl"
    good, bad = lines(root, told)
    text = "\n".join(json.dumps(one) for one in ({**bad, **change}, good))
    told.write_text('{"key": "0000000000", "path": "x"}\n' + text + "\n", encoding="utf-8")

    done = run(tmp_path / "b", "import", str(told))

    assert (1, True, True) == (done.code, "line 1" in done.stderr, "line 2" in done.stderr)
    assert [good["key"]] == [one["key"] for one in lines(tmp_path / "b", tmp_path / "b.jsonl")]


def test_no_script_comes_in(root: Path, tmp_path: Path) -> None:
    """A line's HTML is cleaned as an author's, and its key stays a key."""
    told = tmp_path / "out.jsonl"
    first = lines(root, told)[0]
    hostile = {
        **first,
        "key": "../../etc/x",
        "html": "<p onclick=x()>好</p><script>alert(1)</script>",
        "mine": {"markdown": 5},
        "tags": [1, "a\u0000b", "x" * 500],
    }
    told.write_text(json.dumps(first) + "\n" + json.dumps(hostile) + "\n", encoding="utf-8")
    told.write_text(json.dumps(hostile).replace("../../etc/x", first["key"]), encoding="utf-8")

    assert 0 == run(tmp_path / "b", "import", str(told)).code
    (kept,) = lines(tmp_path / "b", tmp_path / "b.jsonl")
    assert ("<p>好</p>", None) == (kept["html"], kept["mine"])
