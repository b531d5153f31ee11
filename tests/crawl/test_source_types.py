"""Types of watched sources: one module and one line in the table, and each stands in help and
manual.
"""

from __future__ import annotations

import pkgutil
from pathlib import Path

import pytest

from archive.crawl import source_types
from archive.crawl.source_types import TYPES, identify, source_type
from archive.crawl.source_types.base import SourceType
from scraper.errors import NotAnAddress
from tests.command import wechat_archive
from tests.crawl.fakes import short

#: Modules of the room that several types share.
SHARED = {"base", "pages", "listings"}
DOCS = Path(__file__).resolve().parents[2] / "docs"
ALBUM = "https://mp.weixin.qq.com/mp/appmsgalbum?__biz=MzI0&action=getalbum&album_id=77"
FEED = '<rss version="2.0"><channel><title>a</title></channel></rss>'


def by_name(type: SourceType) -> str:
    return type.name


def test_every_module_of_a_type_stands_in_the_table() -> None:
    """A new type is a module and a line: neither can be forgotten."""
    modules = {module.name for module in pkgutil.iter_modules(source_types.__path__)} - SHARED

    assert len(TYPES) == len(modules)
    assert {type.name for type in TYPES} == {name.removesuffix("_file") for name in modules}


@pytest.mark.parametrize("type", TYPES, ids=by_name)
def test_a_type_is_named_in_help_and_manual(type: SourceType) -> None:
    """`watch --help` names it by its label; docs/commands.md, which shows that help, too."""
    help = " ".join(wechat_archive("watch", "--help").stdout.split()).lower()
    manual = " ".join((DOCS / "commands.md").read_text(encoding="utf-8").split()).lower()

    assert type.label.lower() in help
    assert type.label.lower() in manual
    assert type.chinese in (DOCS / "commands.zh-CN.md").read_text(encoding="utf-8")
    assert source_type(type.name) is type


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (short(1), "article"),
        (ALBUM, "album"),
        ("https://f.example/rss", "feed"),
        ("feed.xml", "feed"),
        ("subscriptions.opml", "opml"),
        ("bookmarks.html", "bookmarks"),
        ("list.txt", "list"),
    ],
)
def test_what_is_given_is_told_by_what_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str, expected: str
) -> None:
    """An address by its form, a file by what stands in it."""
    monkeypatch.chdir(tmp_path)
    Path("feed.xml").write_text(FEED)
    Path("subscriptions.opml").write_text("<opml version='2.0'><body/></opml>")
    Path("bookmarks.html").write_text("<!DOCTYPE NETSCAPE-Bookmark-file-1>")
    Path("list.txt").write_text(f"{short(1)}\n")

    assert identify(given)[1].name == expected


def test_what_is_nothing_of_the_kind_is_told() -> None:
    """Neither an address nor a file."""
    with pytest.raises(NotAnAddress, match="neither an address nor a file"):
        identify("no such thing")
