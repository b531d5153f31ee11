"""Whoever mistypes a name is told so, and where the names are listed."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from archive.cli.export import command as export_command
from archive.cli.list import command as list_command
from archive.search.fields import FIELDS
from tests.command import wechat_archive
from tests.keep.archives import fill
from tests.keep.articles import page

#: A value that means something and that no article has.
NOBODY = {"since": "2035", "until": "1999", "kind": "music", "search": "title:nobody"}
#: Options that choose no articles by what they are.
OTHERS = {"archive", "log_format", "lang", "limit", "offset", "sort", "base_url"}
LISTED = {
    "account": "accounts", "album": "albums", "tag": "tags", "topic": "tags", "group": "group",
}  # fmt: skip


def _filters(command: click.Command) -> list[str]:
    return [
        option.opts[0].removeprefix("--")
        for option in command.params
        if isinstance(option, click.Option) and not option.is_flag and not option.count
        if option.name not in OTHERS
    ]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two articles."""
    root = tmp_path_factory.mktemp("unmatched") / "archive"
    fill(root, [page(1), page(2)])
    return root


def _said(field: str, value: str) -> str:
    if field not in LISTED:
        return f"no article matches {field}:{value}"
    return (
        f"no article matches {field}:{value}: `wechat-archive {LISTED[field]}` lists what there is"
    )


@pytest.mark.parametrize("name", _filters(list_command))
def test_list_tells_a_filter_that_nothing_matches(root: Path, name: str) -> None:
    """Each option that takes a value, on stderr, also with --json, also beside one that matches."""
    value = NOBODY.get(name, "nobody")
    shown = {"since": "2035-01-01", "until": "1999-12-31"}.get(name, value)
    for other in ("--json", "--unread"):
        result = wechat_archive("list", f"--{name}", value, other, "--archive", str(root))
        expected = f"nothing found\n{_said(name, shown)}\n"
        assert (result.code, result.stdout, result.stderr) == (0, "", expected)


@pytest.mark.parametrize("name", [n for n in _filters(export_command) if n != "title"])
def test_export_tells_a_filter_that_nothing_matches(root: Path, tmp_path: Path, name: str) -> None:
    """The same, and no file is made."""
    value = NOBODY.get(name, "nobody")
    shown = {"since": "2035-01-01", "until": "1999-12-31"}.get(name, value)
    target = tmp_path / "x.csv"
    result = wechat_archive(
        "export", "csv", str(target), f"--{name}", value, "--archive", str(root)
    )
    said = "no article matches title:nobody" if name == "search" else _said(name, shown)
    assert (result.code, result.stderr) == (1, f"error: {said}\n")
    assert not target.exists()


@pytest.mark.parametrize("field", [name for name in FIELDS if name not in ("in", "gone")])
def test_search_tells_a_filter_that_nothing_matches(root: Path, field: str) -> None:
    """Each field of the query language, where nothing is found; with a word that is there."""
    values = {
        **dict.fromkeys(("since", "after", "date"), "2035"),
        **dict.fromkeys(("until", "before"), "1999"),
        **{"kind": "music", "has": "video", "is": "starred"},
    }
    value = values.get(field, "nobody")
    result = wechat_archive("search", f"岩茶 {field}:{value}", "--archive", str(root))
    expected = f"nothing found\n{_said(field, value)}\n"
    assert (result.code, result.stdout, result.stderr) == (0, "", expected)


def test_filters_that_match_apart_are_no_slip(root: Path) -> None:
    """Each has articles, both together have none: nothing is mistyped."""
    result = wechat_archive("search", "title:文章1 title:文章2", "--archive", str(root))
    assert (result.code, result.stderr) == (0, "nothing found\n")


def test_what_is_done_to_all_that_is_found_tells_it_too(root: Path) -> None:
    """`star --query`, `remove --query` change nothing and say why."""
    for command in ("star", "unread", "remove"):
        result = wechat_archive(command, "--query", "album:7", "--archive", str(root))
        expected = f"nothing is found by that query: nothing was changed\n{_said('album', '7')}\n"
        assert (result.code, result.stdout, result.stderr) == (0, "", expected)


def test_a_group_that_is_not_there_is_told(root: Path) -> None:
    """So is an account of which nothing is held, which is put into it all the same."""

    def group(*arguments: str) -> tuple[str, str]:
        result = wechat_archive("group", *arguments, "--archive", str(root))
        assert result.code == 0
        return result.stdout, result.stderr

    none = "there are no groups: `wechat-archive group NAME +ACCOUNT` makes one\n"
    assert ("", none) == group()
    assert ("", "no group is called 茶: `wechat-archive group` lists them\n") == group("茶")
    assert ("茶  某号\n", "no article of 某号 is held yet\n") == group("茶", "+某号")
    assert ("茶  某号\n茶  测试号\n", "") == group("茶", "+测试号")
    assert ("茶  某号\n茶  测试号\n", "旧号 was not in 茶\n") == group("茶", "-旧号")
    wechat_archive("watch", __file__, "--group", "酒", "--archive", str(root))
    assert ("茶  某号\n茶  测试号\n酒  -\n", "") == group()


def test_groups_are_shown_of_an_archive_that_cannot_be_written(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As everything that only reads: on a read-only disk, and while another command migrates."""
    monkeypatch.setattr("archive.db.beside.open_beside", None)
    for arguments in ((), ("茶",)):
        assert 0 == wechat_archive("group", *arguments, "--archive", str(root)).code


def test_keys_and_filters_are_not_mixed(root: Path, tmp_path: Path) -> None:
    """A filter beside keys would be passed over."""
    target = tmp_path / "x.csv"
    arguments = ("export", "csv", str(target), "abcdef", "--tag", "x")
    result = wechat_archive(*arguments, "--archive", str(root))
    assert (result.code, target.exists()) == (64, False)
    assert "give keys, or options that choose articles, not both." in result.stderr
