"""The real pages, through the store and back."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path

import pytest

import scraper
from archive.document import frontmatter, related
from archive.document.layout import article_of
from archive.verify import check
from scraper.models import Article
from tests.store.make import NOW, keep, opened, snapshot


@pytest.fixture(scope="module")
def articles(corpus: Path) -> list[Article]:
    """Every page of the corpus that is an article."""
    found = []
    for path in sorted((corpus / "pages").glob("*.html")):
        try:
            found.append(scraper.parse(scraper.Page(url=path.as_uri(), body=path.read_bytes())))
        except scraper.ScrapeError:
            continue
    return found


def test_real_articles_are_kept_whole(articles: list[Article], tmp_path: Path) -> None:
    """Equal from the database, complete in the front matter, unchanged the second time, sound in
    verify.
    """
    with opened(tmp_path) as store:
        kept = [keep(store, article) for article in articles]
        store.write_stale_files()
        before = snapshot(tmp_path)
        for article, where in zip(articles, kept, strict=True):
            assert store.article(where.article_id) == article
            values, rest = frontmatter.read((tmp_path / where.path).read_text(encoding="utf-8"))
            read = article_of(values)
            for name in ("body", "text", "images", "address"):
                read = replace(read, **{name: getattr(article, name)})
            links = tuple(link for link in article.links if link.relation != "text")
            read = replace(read, links=related.resolved(read.links, article.links))
            assert read == replace(article, links=links), where.path
            assert rest.startswith("\n# ")
            if article.url:
                assert f"原文链接: {article.url}\n" in rest
        again = [keep(store, article) for article in articles]

        assert {change.change for change in again} == {"unchanged"}
        assert snapshot(tmp_path) == before
    assert list(check(tmp_path)) == []


def test_every_link_of_an_index_article_is_an_edge(articles: list[Article], tmp_path: Path) -> None:
    """All 228 related reads of the index article, and what else it links to."""
    index = max(articles, key=lambda article: len(article.links))
    with opened(tmp_path) as store:
        kept = keep(store, index)
        edges = store.edges(kept.article_id)

        assert [(edge.url, edge.relation, edge.text) for edge in edges] == [
            (link.url, link.relation, link.text) for link in index.links
        ]
        assert len([edge for edge in edges if edge.relation == "text" and edge.address]) >= 228


def test_real_articles_lose_nothing_in_their_record(
    articles: list[Article], tmp_path: Path
) -> None:
    """Each field that some page fills survives; kept here so that a new field cannot be
    forgotten.
    """
    filled = {
        field.name
        for article in articles
        for field in fields(Article)
        if getattr(article, field.name)
    }

    assert {
        "title",
        "author",
        "published",
        "place",
        "digest",
        "cover",
        "links",
        "images",
        "album",
        "tags",
    } <= filled
    with opened(tmp_path) as store:
        for article in articles:
            assert store.article(keep(store, article, now=NOW).article_id) == article
