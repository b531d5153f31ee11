"""A new index is made beside who writes: nobody waits for it but for a moment at its end."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from archive.db.file_checksums import path_of
from archive.db.lock import Lock
from archive.db.names import INDEX_LOCK
from archive.errors import Locked
from archive.search.api import search
from archive.search.build import Progress
from archive.search.index import set_meta
from archive.search.rebuild import (
    reindex_beside,
    reindex_for_search,
    renew_index,
    wants_reindex,
)
from archive.verify import check
from tests.store.make import LATER, article, keep, long_address, lose, opened


@pytest.fixture
def root(tmp_path: Path) -> Path:
    with opened(tmp_path) as store:
        for number in range(1, 6):
            keep(store, article(number, text=f"早先的正文{number}"))
    return tmp_path


def titles(root: Path, query: str) -> list[str]:
    with closing(sqlite3.connect(root / "archive.db")) as conn:
        return sorted(hit.title for hit in search(conn, query))


def write(root: Path) -> None:
    """What another command does meanwhile: an article comes, one changes, one goes."""
    with Lock(root), opened(root) as store:
        keep(store, article(6, text="新来的正文"))
        keep(store, article(2, text="改写过的正文"), now=LATER)
        lose(store, store.get(long_address(3)))


def once(work: Callable[[], object]) -> Progress:
    """A progress that does something when all articles have been read."""

    def tell(name: str, done: int, total: int) -> None:
        if done == total:
            work()

    return tell


@pytest.mark.parametrize("version", ["", "0.0"])
def test_what_is_written_while_an_index_is_made_stands_in_it(root: Path, version: str) -> None:
    """Also where the index in use is another version's, which notes no words; every word is there
    and no other, and there is no reason to make it again."""
    if version:
        with closing(sqlite3.connect(root / "archive.db")) as conn, conn:
            set_meta(conn, "version", version)

    assert reindex_beside(root, once(lambda: write(root))) == 5

    assert titles(root, "正文") == ["第1篇", "第2篇", "第4篇", "第5篇", "第6篇"]
    assert titles(root, "改写过") == ["第2篇"]
    assert titles(root, "早先的正文2 OR 早先的正文3") == []
    path_of(root / "archive.db").unlink(missing_ok=True)  # so that every word is looked at
    assert list(check(root)) == []
    with closing(sqlite3.connect(root / "archive.db")) as conn:
        assert wants_reindex(conn) is None


def test_searches_meanwhile_answer_from_the_index_in_use(root: Path) -> None:
    """Also for what was just written."""
    found: list[list[str]] = []

    def look() -> None:
        write(root)
        found.append(titles(root, "新来的 OR 改写过"))

    reindex_beside(root, once(look))
    assert found == [["第2篇", "第6篇"]]


def test_who_holds_an_archive_for_a_moment_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Any other holder is told of at once."""
    moment = Lock(tmp_path, brief=True)
    monkeypatch.setattr("archive.db.lock.time.sleep", lambda seconds: moment.release())

    moment.acquire()
    with Lock(tmp_path), pytest.raises(Locked, match="has been writing to"), Lock(tmp_path):
        pass


def test_one_index_is_made_at_a_time(root: Path) -> None:
    """A run leaves it to who makes it; `reindex` says who that is."""
    with closing(sqlite3.connect(root / "archive.db")) as conn:
        with conn:
            set_meta(conn, "version", "0.0")
        with Lock(root, name=INDEX_LOCK, command="wechat-archive reindex"):
            assert not renew_index(root)
            with pytest.raises(Locked, match="'wechat-archive reindex'"):
                reindex_beside(root)
        assert renew_index(root)
        assert not renew_index(root)  # nothing is wrong with it any more


def test_a_search_waits_for_the_index_that_is_being_made(root: Path) -> None:
    """It does not make another one, and does not end because somebody writes."""
    with closing(sqlite3.connect(root / "archive.db")) as conn, conn:
        set_meta(conn, "version", "0.0")
    with ThreadPoolExecutor() as threads:
        begun = []
        reindex_beside(
            root,
            once(lambda: begun.append(threads.submit(reindex_for_search, root, wait=True))),
        )
        assert [one.result() for one in begun] == [0]
    assert len(titles(root, "正文")) == 5
