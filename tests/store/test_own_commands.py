"""``tag``, ``star``, ``note``, ``read``: from the command line, one by one and in bulk."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.command import Result, wechat_archive
from tests.store.make import article, keep, opened


def run(root: Path, *words: str) -> Result:
    return wechat_archive("--archive", str(root), *words)


@pytest.fixture
def keys(tmp_path: Path) -> list[str]:
    """Two articles about tea, one about wine."""
    with opened(tmp_path) as store:
        texts = ("红茶", "绿茶", "酒")
        return [keep(store, article(number, text=text)).key for number, text in enumerate(texts, 1)]


def listed(root: Path, *options: str) -> list[str]:
    return [
        json.loads(line)["key"]
        for line in run(root, "list", "--json", *options).stdout.splitlines()
    ]


def test_marks_by_key(tmp_path: Path, keys: list[str]) -> None:
    """Said in a line an article, found by list; a tag that begins with an option's letter is one."""
    first, second, _ = keys
    assert f"{first}  投资 vip  第1篇\n" == run(tmp_path, "tag", first[:6], "+投资", "+vip").stdout
    assert f"{first}  投资  第1篇\n" == run(tmp_path, "tag", first, "-vip", "－没有").stdout
    assert f"{first}  投资  第1篇\n" == run(tmp_path, "tag", first).stdout
    assert f"{second}  starred  第2篇\n" == run(tmp_path, "star", second).stdout
    assert f"{second}  好 文  第2篇\n" == run(tmp_path, "note", second, "好\n文").stdout
    assert f"{second}  marked as read  第2篇\n" == run(tmp_path, "read", second).stdout
    assert [[first], [second], [second], [second]] == [
        listed(tmp_path, *options)
        for options in (("--tag", "投资"), ("--starred",), ("--read",), ("--note", "文"))
    ]
    assert "★" in run(tmp_path, "list", "--starred").stdout
    for undone in (("unstar", second), ("unread", second), ("note", second, "--delete")):
        assert 0 == run(tmp_path, *undone).code
    assert [[], [], []] == [
        listed(tmp_path, *options) for options in (("--starred",), ("--read",), ("--note", "文"))
    ]


def test_all_that_a_query_finds(tmp_path: Path, keys: list[str]) -> None:
    """And those that are named, each once."""
    first, second, third = keys
    done = run(tmp_path, "tag", third, first, "+喝的", "--query", "茶 OR 酒", "--json")

    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [third, first, second] == [row["key"] for row in rows]
    assert [["喝的"]] * 3 == [row["tags"] for row in rows]
    assert 3 == len(run(tmp_path, "search", "tag:喝的", "--json").stdout.splitlines())
    none = run(tmp_path, "star", "--query", "没有的词")
    assert (0, "", True) == (none.code, none.stdout, "nothing was changed" in none.stderr)


def test_one_that_is_not_held_stops_no_other(tmp_path: Path, keys: list[str]) -> None:
    """It is named, and the code says that something failed."""
    done = run(tmp_path, "star", "zzzzzzzzzz", keys[0])

    assert (1, f"{keys[0]}  starred  第1篇\n") == (done.code, done.stdout)
    assert "zzzzzzzzzz" in done.stderr
    assert 64 == run(tmp_path, "star").code
    assert 64 == run(tmp_path, "star", "--query", "title:").code


def test_an_edit_is_noticed_by_the_next_command(tmp_path: Path, keys: list[str]) -> None:
    """Search finds it at once; a deleted file is asked about once, with both commands."""
    run(tmp_path, "status")
    with opened(tmp_path) as store:
        paths = {key: store.get(key).path for key in keys}
    place = tmp_path / paths[keys[0]]
    place.write_text(place.read_text(encoding="utf-8") + "我写的\n", encoding="utf-8")
    (tmp_path / paths[keys[1]]).unlink()

    done = run(tmp_path, "search", "mine:我写的", "--json")

    assert [keys[0]] == [json.loads(line)["key"] for line in done.stdout.splitlines()]
    assert "taken in: 1 file" in done.stderr
    assert f"remove --undo {keys[1]}" in done.stderr
    again = run(tmp_path, "list")
    assert ("", 0) == (again.stderr, run(tmp_path, "verify").code)


def test_tags_are_listed_yours_and_wechats_apart(tmp_path: Path) -> None:
    """The most frequent first; a word that is both stands in both lists."""
    with opened(tmp_path) as store:
        keys = [keep(store, article(number, tags=("茶",))).key for number in (1, 2)]
    run(tmp_path, "tag", *keys, "+投资")
    run(tmp_path, "tag", keys[0], "+茶")

    shown = run(tmp_path, "tags", "--lang", "en").stdout
    rows = [json.loads(line) for line in run(tmp_path, "tags", "--json").stdout.splitlines()]

    assert (
        "your tags (`tag` gives them):\n     2  投资\n     1  茶\n"
        "tags on WeChat's pages:\n     2  茶\n" == shown
    )
    assert [("own", "投资", 2), ("own", "茶", 1), ("wechat", "茶", 2)] == [
        (row["whose"], row["tag"], row["articles"]) for row in rows
    ]


def test_what_stands_in_the_file_is_what_tag_and_note_show(tmp_path: Path) -> None:
    """Written there a moment ago in Obsidian, in whatever form: the first command that asks knows."""
    with opened(tmp_path) as store:
        kept = keep(store, article(1))
    place = tmp_path / kept.path
    text = place.read_text(encoding="utf-8")
    place.write_text(
        text.replace("---\n", '---\ntags: [投资, "#读书"]\nnote: |\n  一\n  二\n', 1),
        encoding="utf-8",
    )

    assert "投资 读书" in run(tmp_path, "tag", kept.key).stdout
    assert "一 二" in run(tmp_path, "note", kept.key).stdout


@pytest.mark.parametrize(
    "typed", ["star {key} nobody9", "remove {key} nobody9", "retry a1 nobody9"]
)
def test_what_is_not_there_is_named_once(tmp_path: Path, keys: list[str], typed: str) -> None:
    """Where several are given, each that fails is told apart from the others."""
    done = run(tmp_path, *typed.format(key=keys[0]).split())

    told = [line for line in done.stderr.splitlines() if "nobody9" in line]
    assert (1, [1]) == (done.code, [line.count("nobody9") for line in told])
    assert told[0].startswith("error: ")
