"""What the captions of pictures say is found, as what the text says."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from archive.search.api import count, search
from archive.search.documents import documents
from archive.search.index import Index
from tests.search.library import filled, hard_drafts
from tests.search.test_in_step import postings


@pytest.fixture
def conn(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """Three articles, the second with pictures: one caption of its own, one that the text says too,
    one without.
    """
    first, second, third = hard_drafts(3, longest=60)
    drafts = [
        first,
        replace(second, title="图说", text="正文说到晚霞", digest=None, has=frozenset()),
        third,
    ]
    with filled(tmp_path, drafts) as opened:
        captions = ("點擊閃卡，\n生成知识卡片", "晚霞", "")
        with opened:
            opened.executemany(
                "INSERT INTO images(article_id, position, url, role, alt) VALUES (2, ?, '', 'body', ?)",
                enumerate(captions, 10),
            )
            for doc in documents(opened, [2]):
                Index(opened).put(doc)
        yield opened


@pytest.mark.parametrize("query", ["闪卡", "点击闪卡，生成", "知识卡片 晚霞", "闪卡 -地图"])
def test_a_caption_is_found(conn: sqlite3.Connection, query: str) -> None:
    """By character, over its line break, together with the text, newest or best."""
    assert [2] == [hit.article_id for hit in search(conn, query)]
    assert [2] == [hit.article_id for hit in search(conn, query, newest=True)]
    assert 1 == count(conn, query).number


def test_the_snippet_shows_the_caption(conn: sqlite3.Connection) -> None:
    """Where the text does not say it; else the text."""
    assert "點擊[閃卡]， 生成知识卡片" == search(conn, "闪卡")[0].snippet.marked()
    assert "正文说到[晚霞]" == search(conn, "晚霞 闪卡")[0].snippet.marked()


def test_a_caption_leaves_with_its_article(conn: sqlite3.Connection) -> None:
    """No token of it is left."""
    assert "闪卡" in [term for term, _ in postings(conn)]
    with conn:
        Index(conn).remove(2)
    assert "闪卡" not in [term for term, _ in postings(conn)]
    conn.execute("INSERT INTO search_terms(search_terms) VALUES ('integrity-check')")
