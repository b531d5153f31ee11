"""What is promised of the rows of an archive: pictures, earlier contents, two records of one article,
and what mends them. Each change is made whole or not at all.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from archive.errors import Corrupt, NotHeld
from archive.store import Store
from archive.store.maintenance import Maintenance
from archive.store.media import Media
from archive.store.merging import Merging
from archive.store.taking_in import notice_all
from archive.store.versions import Versions
from scraper.errors import Later
from tests.faults import Fault, failing
from tests.store.make import (
    LATER,
    NOW,
    Download,
    article,
    keep,
    long_address,
    nameless,
    opened,
    short_address,
)

PICTURE = "https://mmbiz.qpic.cn/mmbiz_png/{}/640"
ONE, TWO, THREE = (PICTURE.format(name) for name in ("ONE", "TWO", "THREE"))


def dump(store: Store) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table."""
    conn = store.db.conn
    tables = conn.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%'"
    ).fetchall()
    return {
        name: sorted(map(tuple, conn.execute(f'SELECT * FROM "{name}"')), key=repr)
        for (name,) in tables
    }


def texts(store: Store, article_id: int) -> list[str]:
    """Each content, oldest first."""
    return [store.version(article_id, v.number).text for v in store.versions(article_id)]


# --- pictures


def test_a_picture_that_did_not_come_is_noted_and_told_where_that_is_news(tmp_path: Path) -> None:
    """The file says why; the same again writes nothing, and no failure hides a picture that is
    held.
    """
    with opened(tmp_path) as store:
        kept = keep(store, article(1, images=(ONE,)))
        store.write_stale_files()
        written = []
        for error in (Later("503"), Later("503"), Later(" 429 \n later "), ValueError()):
            store.media_failed(ONE, error, NOW, NOW)
            (missing,) = store.missing_media(NOW)
            written.append((missing.attempts, missing.error, store.write_stale_files()))
        assert [
            (1, "503", 1),
            (2, "503", 0),
            (3, "429 later", 1),
            (4, "ValueError", 1),
        ] == written
        assert "ValueError" in (tmp_path / kept.path).read_text(encoding="utf-8")

        store.add_media(ONE, Download(b"1"), NOW)
        assert (1, []) == (store.write_stale_files(), store.missing_media(LATER))
        store.media_failed(ONE, Later("503"), NOW, NOW)
        assert 0 == store.write_stale_files()


def test_so_many_missing_pictures_are_given_as_were_asked_for(tmp_path: Path) -> None:
    """Those whose time has come, longest waiting first, then those that nobody asked for yet."""
    with opened(tmp_path) as store:
        keep(store, article(1, images=(ONE, TWO, THREE)))
        store.media_failed(TWO, Later("503"), NOW, NOW)
        store.media_failed(PICTURE.format("NEVER"), Later("404"), NOW, None)

        def found(limit: int | None = None, *, untried: bool = False) -> list[str]:
            return [one.url for one in store.missing_media(NOW, limit, untried=untried)]

        assert [TWO] == found() == found(1) == found(1, untried=True)
        assert [TWO, ONE] == found(2, untried=True)
        assert [TWO, ONE, THREE] == found(untried=True) == found(9, untried=True)


def test_a_damaged_picture_is_fetched_again(tmp_path: Path) -> None:
    """It is due at once, with the reason, and the article shows the far address meanwhile."""
    with opened(tmp_path) as store:
        keep(store, article(1, images=(ONE,)))
        path = store.add_media(ONE, Download(b"1"), NOW)
        store.write_stale_files()
        digest = hashlib.sha256(b"1").hexdigest()
        assert {digest: {1}} == store.articles_using([digest])
        store.maintenance.forget_media(digest, path, NOW)

        assert [(ONE, "the file was damaged or missing")] == [
            (one.url, one.error) for one in store.missing_media(NOW)
        ]
        assert (None, False, 1) == (
            store.media_path(ONE),
            (tmp_path / path).exists(),
            store.write_stale_files(),
        )


def test_the_same_bytes_are_stored_once(tmp_path: Path) -> None:
    """Under each address that they came from; which articles show them is known by any of its
    sizes.
    """
    with opened(tmp_path) as store:
        keep(store, article(1, images=(ONE,)))
        keep(store, article(2, images=(TWO,)))
        keep(store, article(3, images=(TWO.replace("/640", "/0"),)))
        paths = {store.add_media(url, Download(b"same"), NOW) for url in (ONE, TWO)}
        digest = hashlib.sha256(b"same").hexdigest()

        assert 1 == len(paths)
        assert {digest: {1, 2, 3}} == store.articles_using([digest])


# --- earlier contents


def test_an_earlier_content_is_read_anew_in_its_place(tmp_path: Path) -> None:
    """By a better parser: its number and time stay, what it says is new; there is no other."""
    with opened(tmp_path) as store:
        kept = keep(store, article(1, text="一"))
        keep(store, article(1, text="二"), now=LATER)
        better = article(1, text="一，更完整", title="更好")
        store.remake_version(kept.article_id, 1, better, parser_version=9)

        first, second = store.versions(kept.article_id)
        assert (1, NOW, "更好", 9) == (first.number, first.seen, first.title, first.parser_version)
        assert (LATER, ["一，更完整", "二"]) == (second.seen, texts(store, kept.article_id))
        with pytest.raises(NotHeld, match="no earlier version 2"):
            store.remake_version(kept.article_id, 2, better, parser_version=9)


def test_an_earlier_content_is_put_back_once(tmp_path: Path) -> None:
    """From a file that still holds it; what the article is now counts as later."""
    with opened(tmp_path) as store:
        kept = keep(store, article(1, text="三"))
        put = [
            store.maintenance.restore_version(
                kept.article_id, number, article(1, text=text), NOW, 1, None
            )
            for number, text in ((2, "二"), (1, "一"), (2, "另一个二"))
        ]

        assert [True, True, False] == put
        assert ["一", "二", "三"] == texts(store, kept.article_id)
        assert [1, 2, 3] == [version.number for version in store.versions(kept.article_id)]


def test_files_of_earlier_contents_say_when_they_changed(tmp_path: Path) -> None:
    """The first never did; a file that somebody has in that place stays as it is."""
    with opened(tmp_path, versions="files") as store:
        kept = keep(store, article(1, text="一"))
        own = tmp_path / kept.path.replace(".md", ".v3.md")
        own.write_text("自己的")
        for day in (1, 2, 3):
            keep(store, article(1, text="二三四"[day - 1]), now=NOW + timedelta(days=day))
        first, second, third, last = store.versions(kept.article_id)
        heads = []
        for version in (first, second):
            assert version.path is not None
            heads.append((tmp_path / version.path).read_text(encoding="utf-8").split("---")[1])

        assert [False, True] == ["changed:" in head for head in heads]
        rows = store.db.conn.execute("SELECT * FROM versions ORDER BY number").fetchall()
        for row, head in zip(rows, heads, strict=False):  # mended, they are what they were
            (tmp_path / row["path"]).unlink()
            store.maintenance.write_version_file(row, row["path"])
            assert head == (tmp_path / row["path"]).read_text(encoding="utf-8").split("---")[1]
        assert "自己的" == own.read_text()
        assert (None, [1, 2, 3, 4]) == (
            last.path if last.path != kept.path else None,
            [v.number for v in (first, second, third, last)],
        )


# --- two records of one article


def test_a_content_that_both_records_had_is_there_once(tmp_path: Path) -> None:
    """Also where it is what both show now."""
    half = replace(nameless(1), address=short_address(1))
    with opened(tmp_path) as store:
        keep(store, half, short_address(1))
        whole = keep(store, article(1))
        assert 2 == store.count()
        keep(store, article(1), short_address(1), now=LATER)

        assert (1, ["第1篇的正文"]) == (store.count(), texts(store, whole.article_id))


def test_a_damaged_content_becomes_no_version(tmp_path: Path) -> None:
    """It is told, and the two records stay as they are until it is mended."""
    half = replace(nameless(1, text="旧"), address=short_address(1))
    with opened(tmp_path) as store:
        other = keep(store, half, short_address(1))
        keep(store, article(1))
        store.db.conn.execute(
            "UPDATE articles SET text = text || 'x' WHERE id = ?", (other.article_id,)
        )
        with pytest.raises(Corrupt, match="changed since"):
            keep(store, article(1), short_address(1), now=LATER)
        assert 2 == store.count()


def test_a_persons_text_of_the_other_record_is_kept(tmp_path: Path) -> None:
    """Where two records become one the other file goes; what somebody wrote into it does not."""
    half = replace(nameless(1, text="旧"), address=short_address(1))
    with opened(tmp_path) as store:
        other = keep(store, half, short_address(1))
        file = tmp_path / other.path
        file.write_text(file.read_text(encoding="utf-8") + "\n我的补充\n", encoding="utf-8")
        notice_all(store, NOW)
        whole = keep(store, article(1))
        keep(store, article(1), short_address(1), now=LATER)

        rows = store.db.conn.execute("SELECT article_id, markdown FROM own_text_versions")
        assert [(whole.article_id, True)] == [(row[0], "我的补充" in row[1]) for row in rows]


def test_an_identity_is_learned_where_a_part_of_it_was_known(tmp_path: Path) -> None:
    """Its account, but not which of its articles."""
    with opened(tmp_path) as store:
        half = replace(article(1), mid=None, idx=None, url=None, address=short_address(1))
        first = keep(store, half, short_address(1))
        second = keep(store, article(1), short_address(1), now=LATER)

        assert first.article_id == second.article_id
        assert ("1", "1") == (store.stored(1).mid, store.stored(1).idx)
        assert store.get(first.key).article_id == store.get(long_address(1)).article_id


def test_an_address_that_was_given_to_another_article_joins_no_two(tmp_path: Path) -> None:
    """An identity is for good, an address is not: two that say who they are stay two."""
    with opened(tmp_path) as store:
        keep(store, article(1), short_address(1))
        keep(store, article(2), short_address(1), now=LATER)
        keep(store, article(2), short_address(1), now=LATER)

        assert 2 == store.count()
        assert ["1", "2"] == sorted(str(store.stored(n).mid) for n in (1, 2))


def test_one_without_an_address_is_the_article_of_the_same_title_and_words(tmp_path: Path) -> None:
    """Neither the title alone nor the words alone make it the same."""
    words = "甲乙丙丁戊己庚辛壬癸" * 5
    with opened(tmp_path) as store:
        bare = replace(nameless(1, text=words), account=replace(article(1).account, biz=None))
        kept = keep(store, bare)
        store.maintenance.expect_address(kept.article_id)
        other_words = keep(store, article(2, title="第1篇", text="子丑寅卯辰巳午未申酉" * 5))
        other_title = keep(store, article(3, title="别的", text=words))
        same = keep(store, article(4, title="第1篇", text=words), now=LATER)

        assert 3 == len({kept.article_id, other_words.article_id, other_title.article_id})
        assert kept.article_id == same.article_id


# --- what mends, and what is one


def test_a_content_from_a_sound_source_brings_all_that_follows(tmp_path: Path) -> None:
    """Links, pictures and the file, as from a page."""
    with opened(tmp_path) as store:
        kept = keep(store, article(1))
        store.maintenance.replace_content(
            kept.article_id, article(1, text="好的", links=(7,), images=(ONE,)), LATER
        )
        assert [long_address(7)] == [edge.url for edge in store.edges(kept.article_id)]
        assert "好的" in (tmp_path / kept.path).read_text(encoding="utf-8")

        for table in ("links", "images"):
            store.db.conn.execute(f"DELETE FROM {table}")
        store.maintenance.derive_again(kept.article_id, LATER)
        assert [long_address(7)] == [edge.url for edge in store.edges(kept.article_id)]


@pytest.mark.parametrize("right", [short_address(9), None])
def test_a_damaged_address_is_put_right_or_forgotten(tmp_path: Path, right: str | None) -> None:
    """The damaged one leads nowhere any more."""
    with opened(tmp_path) as store:
        kept = keep(store, article(1), short_address(1))
        store.maintenance.replace_address(short_address(1), right)

        assert store.find(short_address(1)) is None
        found = store.find(short_address(9))
        assert (None if right is None else kept.article_id) == (found and found.article_id)
        assert (right is not None) == (short_address(9) in store.canonical_addresses(1))


def _add(store: Store) -> None:
    store.add_media(ONE, Download(b"1"), NOW)


def _merge(store: Store) -> None:
    keep(store, article(2), short_address(2), now=LATER)


WORK: dict[str, tuple[Callable[..., object], str, Callable[[Store], None]]] = {
    "a picture": (Media.add, "archive.store.articles:Articles.mark_stale", _add),
    "a picture that is damaged": (
        Media.forget,
        "archive.store.recordings:Recordings.forget",
        lambda store: store.maintenance.forget_media(hashlib.sha256(b"2").hexdigest(), None, NOW),
    ),
    "a content": (
        Maintenance.replace_content,
        "archive.store.indexing:index_article",
        lambda store: store.maintenance.replace_content(
            1, article(1, text="好", links=(7,)), LATER
        ),
    ),
    "what follows": (
        Maintenance.derive_again,
        "archive.store.indexing:index_article",
        lambda store: store.maintenance.derive_again(1, LATER),
    ),
    "an earlier content": (
        Versions.restore,
        "archive.store.articles:Articles.update",
        lambda store: [store.maintenance.restore_version(1, 1, article(1), NOW, 1, None)].clear(),
    ),
    "two that are one": (Merging._merge, "archive.store.versions:Versions.renumber", _merge),
}


@pytest.mark.parametrize("what", WORK)
def test_a_change_is_whole_or_not_made(tmp_path: Path, what: str) -> None:
    """Whatever goes wrong in the middle of it, the database is as it was before."""
    body, target, work = WORK[what]
    with opened(tmp_path) as store:
        keep(store, article(1, images=(ONE,)))
        keep(store, replace(nameless(2, text="旧"), address=short_address(2)), short_address(2))
        keep(store, article(2))
        store.add_media(TWO, Download(b"2"), NOW)
        store.db.conn.execute("DELETE FROM images")
        before = dump(store)
        with failing((body,), target) as has_fired, pytest.raises(Fault):
            work(store)

        assert has_fired()
        assert before == dump(store)
        work(store)
        assert before != dump(store)
