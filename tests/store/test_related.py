"""The front matter says each link once, and gives all of them back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

import archive
from archive.document import frontmatter, related
from archive.document.layout import article_of
from scraper.models import Account, Album, Article, Link, Reprint
from tests.store.make import long_address

ONE, TWO, THREE = long_address(1), long_address(2), long_address(3)
ALBUM = "https://mp.weixin.qq.com/mp/appmsgalbum?__biz=Mz==&action=getalbum&album_id=7"
TEXT = (
    Link(url=ONE, relation="text", text="第一篇"),
    Link(url=TWO, relation="text", text="看这里"),
)


def values_of(article: Article) -> dict[str, Any]:
    return frontmatter.read(archive.to_markdown(article))[0]


def whole(**given: Any) -> Article:
    """An article whose page has every sort of link."""
    links = (
        *TEXT,
        Link(url=ONE, relation="ainfos", text="第一篇"),
        Link(url=TWO, relation="ainfos", text="第二篇 的题目"),
        Link(url=ALBUM, relation="album", text="合集"),
        Link(url=ONE, relation="album_previous", text="上一篇"),
        Link(url=THREE, relation="album_next"),
        Link(url=ALBUM, relation="tag", text="合集"),
        Link(url=THREE, relation="reprint", text="原号"),
        Link(url="https://example.com/", relation="source"),
    )
    return Article(
        title="题",
        account=Account(name="号"),
        tags=("合集",),
        album=Album(id="7", title="合集", url=ALBUM, previous=ONE, next=THREE),
        reprint=Reprint(account="原号", url=THREE),
        source_url="https://example.com/",
        **{"links": links, **given},
    )


def test_what_stands_elsewhere_is_not_said_again() -> None:
    """A related read that the text links to under the same words is its words; the album's links
    are the album's.
    """
    values = values_of(whole())

    assert values["related"] == ["第一篇", f"第二篇 的题目 {TWO}"]
    assert values["album"]["previous_title"] == "上一篇"
    assert "links" not in values


@pytest.mark.parametrize(
    "links",
    [
        whole().links,
        TEXT,
        (*TEXT, Link(url=ALBUM, relation="tag", text="别的标签")),
        (*TEXT, Link(url=THREE, relation="ainfos", text=f"题目 {ONE}")),
        (*TEXT, Link(url=ONE, relation="ainfos")),
        (*TEXT, Link(url="weixin://a b", relation="ainfos", text="怪")),
        (
            *TEXT,
            Link(url=ONE, relation="album_next", text="x"),
            Link(url=ONE, relation="ainfos", text="倒过来"),
        ),
    ],
)
def test_every_link_comes_back(links: tuple[Link, ...]) -> None:
    """In order, with relation and words, whatever the page has."""
    article = whole(links=links)
    read = article_of(values_of(article))

    assert related.resolved(read.links, TEXT) == tuple(
        link for link in links if link.relation != "text"
    )


def test_a_page_without_album_links_gets_none() -> None:
    """An album named in the page's data alone, as importers know it, makes no edges up."""
    article = replace(whole(), links=())

    assert article_of(values_of(article)).links == ()


def test_words_that_a_person_removed_resolve_to_nothing() -> None:
    """A file edited by hand loses that one related read, and nothing else goes wrong."""
    read = article_of(values_of(whole()))

    assert [
        link.text for link in related.resolved(read.links, ()) if link.relation == "ainfos"
    ] == ["第二篇 的题目"]
