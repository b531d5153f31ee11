"""Articles coming in: one record and one file each."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from archive.db.files import Disk
from archive.document.layout import is_untouched
from archive.errors import Corrupt, DiskTrouble, NotHeld
from archive.saved.pictures import LocalImage
from scraper.errors import Gone, Unrecognised
from scraper.models import Account, Album, Article, Edit, Link
from tests.store.make import (
    ACCOUNT,
    LATER,
    NOW,
    article,
    keep,
    long_address,
    nameless,
    opened,
    short_address,
    snapshot,
)
from tests.store.test_records import dump
from tests.weixin.media import png


def test_a_kept_article_can_be_had_again_as_it_was(tmp_path: Path) -> None:
    """Nothing that the page said is lost on the way through the database."""
    found = article(
        1, links=(2, 3), images=("https://mmbiz.qpic.cn/mmbiz_png/ID/640",), tags=("甲", "乙")
    )
    with opened(tmp_path) as store:
        kept = keep(store, found)

        assert kept.change == "new"
        assert store.article(kept.article_id) == found


def test_the_file_stands_where_the_row_says(tmp_path: Path) -> None:
    """And is exactly what the row's hash says."""
    with opened(tmp_path) as store:
        kept = keep(store, article(1))
        text = (tmp_path / kept.path).read_text(encoding="utf-8")

        assert text == store.markdown(kept.article_id)
        assert is_untouched(text)


def test_what_was_just_written_is_not_read_again(tmp_path: Path) -> None:
    """A new article: its row, which holds the whole text, is at hand for its checksums, its file
    and its hash; and what it cannot have yet is not taken away."""
    asked: list[str] = []
    with opened(tmp_path) as store:
        keep(store, article(1))
        store.db.conn.set_trace_callback(asked.append)
        keep(store, article(2, links=(1, 3)))
        store.db.conn.set_trace_callback(None)

    assert [sql for sql in asked if sql.startswith(("SELECT * FROM articles", "DELETE"))] == []


@pytest.mark.parametrize("refresh", [False, True])
def test_the_same_again_writes_nothing(tmp_path: Path, refresh: bool) -> None:
    """Not a byte, not an mtime; without refresh not a row either."""
    with opened(tmp_path) as store:
        kept = keep(store, article(1, links=(2,)))
        keep(store, article(2, links=(1,)))
        before, rows = snapshot(tmp_path), store.db.conn.total_changes

        again = keep(store, article(1, links=(2,)), now=LATER, refresh=refresh)

        assert again == replace(kept, change="unchanged")
        assert snapshot(tmp_path) == before
        assert store.db.conn.total_changes - rows == (1 if refresh else 0)
        assert store.stored(kept.article_id).checked == (LATER if refresh else NOW)


def test_every_address_of_an_article_finds_its_one_record(tmp_path: Path) -> None:
    """Short, long, with other tokens, or as WeChat's escapes write it: one record, one file."""
    with opened(tmp_path) as store:
        kept = keep(store, article(1))
        again = keep(store, article(1, address=short_address(1)), short_address(1))

        assert (again.article_id, again.change) == (kept.article_id, "unchanged")
        for name in (
            kept.key,
            kept.key[:6],
            kept.path,
            str(tmp_path / kept.path),
            short_address(1),
            short_address(1).replace("https", "http") + "?scene=21",
            long_address(1).replace("&", "&amp;"),
            long_address(1).replace("http:", "https:").replace("sn=", "sn=0") + "&scene=126",
            f"看「{short_address(1)}」这篇",
        ):
            found = store.find(name)
            assert found is not None, name
            assert found.article_id == kept.article_id
        assert store.count() == 1
        assert len(snapshot(tmp_path)) == 1
        assert sorted(store.addresses(kept.article_id)) == sorted(
            [short_address(1), long_address(1).replace("http:", "https:").removesuffix("#rd")]
        )


def test_the_start_of_several_keys_is_refused(tmp_path: Path) -> None:
    """Rather than show an article at random."""
    with opened(tmp_path) as store:
        keep(store, article(1))
        store.db.conn.execute("UPDATE articles SET key = 'aaaaaa1111'")
        keep(store, article(2))
        store.db.conn.execute("UPDATE articles SET key = 'aaaaaa2222' WHERE key != 'aaaaaa1111'")

        with pytest.raises(NotHeld, match="several keys"):
            store.find("aaaaaa")
        store.db.conn.rollback()


def test_what_is_not_held_is_not_found(tmp_path: Path) -> None:
    """And says so in words."""
    with opened(tmp_path) as store:
        keep(store, article(1))

        assert store.find(short_address(2)) is None
        assert store.find("nothing like a key") is None
        with pytest.raises(NotHeld, match="wechat-archive list"):
            store.get("zzzzzzzzzz")


def test_an_identity_in_the_address_serves_a_page_without_one(tmp_path: Path) -> None:
    """Pages before 2014 do not always say who they are; their long address does."""
    with opened(tmp_path) as store:
        kept = keep(store, nameless(1), long_address(1))
        assert store.get(long_address(1)).mid == "1"
        again = keep(store, article(1), short_address(1))

        assert again.article_id == kept.article_id
        assert store.stored(kept.article_id).mid == "1"


def test_a_provisional_record_takes_its_identity_when_that_is_known(tmp_path: Path) -> None:
    """The path stays, the old key still finds it, and links that waited for the identity lead to
    it.
    """
    with opened(tmp_path) as store:
        keep(store, article(5, links=(1,)))
        first = keep(store, replace(nameless(1), address=short_address(1)), short_address(1))
        now_known = keep(store, article(1), short_address(1), now=LATER)

        assert (now_known.article_id, now_known.path) == (first.article_id, first.path)
        assert now_known.key != first.key
        for name in (first.key, now_known.key, long_address(1), short_address(1)):
            assert store.get(name).article_id == first.article_id
        assert [edge.target_id for edge in store.edges(store.get(long_address(5)).article_id)] == [
            first.article_id
        ]


def test_what_comes_with_an_identity_is_taken_over(tmp_path: Path) -> None:
    """Account, date and address of the page that says who it is reach the row and the file; that is
    no new version.
    """
    with opened(tmp_path) as store:
        whole = article(1)
        half = replace(
            whole,
            account=Account(),
            published=None,
            mid=None,
            idx=None,
            url=None,
            address=short_address(1),
        )
        first = keep(store, half, short_address(1))
        keep(store, whole, short_address(1), now=LATER)

        assert store.article(first.article_id) == whole
        assert store.versions(first.article_id)[0].number == 1
        assert "发布时间: " in (tmp_path / first.path).read_text(encoding="utf-8")
        before = snapshot(tmp_path)
        keep(store, half, short_address(1), now=LATER)
        assert snapshot(tmp_path) == before


def test_two_records_of_one_article_become_one(tmp_path: Path) -> None:
    """Addresses, links, the old key and the other content go over; one file is left."""
    with opened(tmp_path) as store:
        whole = keep(store, article(1))
        half = keep(
            store,
            replace(nameless(1, text="没有身份的旧内容"), address=short_address(1)),
            short_address(1),
        )
        keep(store, article(3, links=()), short_address(3))
        assert whole.article_id != half.article_id

        kept = keep(store, article(1), short_address(1), now=LATER)

        assert kept.article_id == whole.article_id
        assert store.get(half.key).article_id == whole.article_id
        assert store.get(short_address(1)).article_id == whole.article_id
        assert [version.title for version in store.versions(whole.article_id)] == ["第1篇", "第1篇"]
        assert {path for path in snapshot(tmp_path) if "第1篇" in path} == {whole.path}
        assert store.count() == 2


def test_versions_of_two_records_are_put_in_order(tmp_path: Path) -> None:
    """By when each content was seen; one that both had stands there once."""
    half = replace(nameless(1, text="零"), address=short_address(1))
    with opened(tmp_path) as store:
        keep(store, half, short_address(1), now=NOW)
        keep(
            store,
            replace(half, text="一", body="<p>一</p>"),
            short_address(1),
            now=NOW + timedelta(days=2),
        )
        whole = keep(store, article(1, text="二"), now=NOW + timedelta(days=1))
        keep(store, article(1, text="三"), now=NOW + timedelta(days=3))
        keep(store, article(1, text="三"), short_address(1), now=NOW + timedelta(days=4))

        versions = store.versions(whole.article_id)
        texts = [store.version(whole.article_id, version.number).text for version in versions]
        assert texts == ["零", "二", "一", "三"]
        assert [version.number for version in versions] == [1, 2, 3, 4]
        assert store.stored(whole.article_id).archived == NOW


def test_two_articles_with_one_title_never_meet(tmp_path: Path) -> None:
    """Same account, same day, same title."""
    with opened(tmp_path) as store:
        one, two = (keep(store, article(mid, title="早安")) for mid in (1, 2))

        assert one.path != two.path
        assert len(snapshot(tmp_path)) == 2


def test_a_path_stays_when_the_title_changes(tmp_path: Path) -> None:
    """Links from outside the archive keep working."""
    with opened(tmp_path) as store:
        kept = keep(store, article(1, title="旧标题"))
        again = keep(store, article(1, title="新标题"), now=LATER)

        assert (again.change, again.path) == ("modified", kept.path)
        assert "# 新标题" in (tmp_path / kept.path).read_text(encoding="utf-8")


def test_each_distinct_content_stays_as_a_version(tmp_path: Path) -> None:
    """When it was seen, what differs, and what WeChat itself says about the edit."""
    edit = Edit(at=LATER, note="修改了 2 个字")
    with opened(tmp_path) as store:
        kept = keep(store, article(1, text="一\n二"))
        changed = article(1, text="一\n三\n四", title="改过", title_modified=True, edits=(edit,))
        keep(store, changed, now=LATER)

        first, second = store.versions(kept.article_id)
        assert (first.number, first.seen, first.title, first.current) == (1, NOW, "第1篇", False)
        assert (second.number, second.seen, second.title, second.current) == (
            2,
            LATER,
            "改过",
            True,
        )
        assert second.changes == {
            "title": ["第1篇", "改过"],
            "text": {"added": 2, "removed": 1},
            "edits": [{"at": LATER.isoformat(), "note": "修改了 2 个字"}],
            "title_modified": True,
        }
        assert second.title_modified
        assert store.version(kept.article_id, 1) == article(1, text="一\n二")
        assert store.version(kept.article_id, 2) == changed
        with pytest.raises(NotHeld, match="no version 3, only 1, 2:"):
            store.version(kept.article_id, 3)


def test_earlier_versions_can_be_files_too(tmp_path: Path) -> None:
    """versions = "files": the file beside it shows what was there before."""
    with opened(tmp_path, versions="files") as store:
        kept = keep(store, article(1, text="旧文字"))
        keep(store, article(1, text="新文字"), now=LATER)

        old = tmp_path / (store.versions(kept.article_id)[0].path or "")
        assert old.name == Path(kept.path).name.replace(".md", ".v1.md")
        assert "旧文字" in old.read_text(encoding="utf-8")
        assert "新文字" in (tmp_path / kept.path).read_text(encoding="utf-8")


def test_a_newer_parser_is_no_edit(tmp_path: Path) -> None:
    """The same words with other markup, seen by a newer parser, replace the content without a
    version.
    """
    with opened(tmp_path) as store:
        kept = keep(store, article(1), parser_version=1)
        better = replace(article(1), body="<p><strong>第1篇的正文</strong></p>")
        again = keep(store, better, parser_version=2, now=LATER)

        assert (again.change, len(store.versions(kept.article_id))) == ("reparsed", 1)
        assert store.article(kept.article_id).body == better.body
        assert store.stored(kept.article_id).parser_version == 2


def test_reading_a_kept_page_again_makes_no_version(tmp_path: Path) -> None:
    """Not even where the words differ: the page is the same, only the parser got better."""
    with opened(tmp_path) as store:
        kept = keep(store, article(1), parser_version=1)
        again = keep(store, article(1, text="更完整的正文"), parser_version=2, again=True)
        once_more = keep(store, article(1, text="更完整的正文"), parser_version=2, again=True)

        assert [again.change, once_more.change] == ["reparsed", "unchanged"]
        assert len(store.versions(kept.article_id)) == 1


def test_a_tombstone_leaves_the_body_as_it_is(tmp_path: Path) -> None:
    """Its date and reason stand in the front matter; the address is not asked for nothing twice."""
    gone = Gone("deleted by its author", reason="deleted", shown="该内容已被发布者删除")
    with opened(tmp_path) as store:
        kept = keep(store, article(1))
        before = (tmp_path / kept.path).read_text(encoding="utf-8")

        assert store.gone(short_address(9), gone, NOW) is None
        assert store.gone(long_address(1), gone, LATER) == kept.key
        after = (tmp_path / kept.path).read_text(encoding="utf-8")
        files = snapshot(tmp_path)
        assert store.gone(long_address(1), gone, LATER) == kept.key

        assert snapshot(tmp_path) == files
        assert before.partition("\n# ")[2] == after.partition("\n# ")[2]
        assert 'gone:\n  date: "2026-12-01T09:00:00+00:00"\n  reason: "deleted"' in after
        assert [found.key for found in store.articles(gone=True)] == [kept.key]
        assert store.article(kept.article_id) == article(1)


def test_an_article_that_comes_back_is_no_longer_gone(tmp_path: Path) -> None:
    """Complaints are sometimes withdrawn."""
    with opened(tmp_path) as store:
        kept = keep(store, article(1))
        before = snapshot(tmp_path)[kept.path][0]
        store.gone(long_address(1), Gone("x", reason="complaint"), LATER)
        keep(store, article(1), now=LATER)

        assert store.stored(kept.article_id).gone is None
        assert snapshot(tmp_path)[kept.path][0] == before


def test_a_page_without_content_is_never_kept(tmp_path: Path) -> None:
    """Nor can it replace what is: a status page that looks like an article is still none."""
    with opened(tmp_path) as store:
        kept = keep(store, article(1))
        before = snapshot(tmp_path)
        empty = Article(
            title="第1篇", account=ACCOUNT, mid="1", idx="1", body="<p> </p>", text=" \n"
        )
        with pytest.raises(Unrecognised, match="no text and no pictures"):
            keep(store, empty, long_address(1))

        assert snapshot(tmp_path) == before
        assert store.article(kept.article_id) == article(1)


def test_a_hand_made_change_is_never_overwritten(tmp_path: Path) -> None:
    """The new text goes beside it; the user's own stays, byte for byte."""
    with opened(tmp_path) as store:
        kept = keep(store, article(1))
        place = tmp_path / kept.path
        mine = place.read_text(encoding="utf-8") + "\n我的笔记\n"
        place.write_text(mine, encoding="utf-8")

        again = keep(store, article(1, text="作者改了"), now=LATER)

        assert place.read_text(encoding="utf-8") == mine
        assert again.beside == kept.path.replace(".md", ".new.md")
        assert "作者改了" in (tmp_path / str(again.beside)).read_text(encoding="utf-8")
        assert [found.key for found in store.articles(edited=True)] == [kept.key]


def test_a_change_that_was_taken_back_is_no_change(tmp_path: Path) -> None:
    """When the new text is moved over the old file, everything goes on as if nothing had been."""
    with opened(tmp_path) as store:
        kept = keep(store, article(1))
        place = tmp_path / kept.path
        place.write_text("mine", encoding="utf-8")
        beside = tmp_path / str(keep(store, article(1, text="二"), now=LATER).beside)
        beside.replace(place)
        again = keep(store, article(1, text="三"), now=LATER)

        assert again.beside is None
        assert "三" in place.read_text(encoding="utf-8")
        assert list(snapshot(tmp_path)) == [kept.path]
        assert store.stored(kept.article_id).edited is None


def test_a_file_that_was_removed_is_written_again(tmp_path: Path) -> None:
    """With the next time that the article is seen, changed or not."""
    with opened(tmp_path) as store:
        kept = keep(store, article(1))
        before = snapshot(tmp_path)[kept.path][0]
        (tmp_path / kept.path).unlink()
        keep(store, article(1))

        assert snapshot(tmp_path)[kept.path][0] == before


def test_text_that_nothing_can_hold_is_kept_as_far_as_possible(tmp_path: Path) -> None:
    """Half characters and NUL become replacement characters instead of a crash."""
    with opened(tmp_path) as store:
        kept = keep(store, article(1, title="半\ud83d个", text="零\0"))

        assert store.article(kept.article_id).title == "半\ufffd个"
        assert store.article(kept.article_id).text == "零\ufffd"


def test_accounts_are_called_as_their_newest_article_calls_them(tmp_path: Path) -> None:
    """Accounts change their name; each article keeps the one it was published under."""
    old = article(1, published=NOW, account=replace(ACCOUNT, name="旧名"))
    new = article(2, published=LATER, account=replace(ACCOUNT, name="新名"))
    with opened(tmp_path) as store:
        keep(store, new)
        keep(store, old)

        assert [tuple(row) for row in store.db.conn.execute("SELECT name FROM accounts")] == [
            ("新名",)
        ]
        assert [found.account for found in store.articles()] == ["新名", "旧名"]
        assert len(list(store.articles(account="新名"))) == 2
        assert len(list(store.articles(account="touzi"))) == 2


def test_an_edit_of_a_moment_ago_is_listed(tmp_path: Path) -> None:
    """Before any command wrote the file again; the limit counts what is listed."""
    with opened(tmp_path) as store:
        for number in (1, 2, 3):
            kept = keep(store, article(number))
        assert [] == list(store.articles(edited=True))
        place = tmp_path / kept.path
        place.write_text(place.read_text(encoding="utf-8") + "\nmine\n", encoding="utf-8")

        assert [kept.key] == [one.key for one in store.articles(edited=True, limit=1)]


def test_a_full_disk_leaves_the_archive_as_it_was(tmp_path: Path) -> None:
    """At whatever write it happens; the next try succeeds."""
    from tests.store.test_files import FullDisk

    told, kept_nothing = [], []
    for at in range(0, 48, 4):
        root = tmp_path / str(at)
        with opened(root) as store:
            keep(store, article(1, links=(2,)))
            before = snapshot(root)
        disk = FullDisk(at)
        with opened(root, disk=disk) as store:
            try:
                keep(store, article(2, links=(1,)))
            except DiskTrouble as trouble:
                told.append("make room" in str(trouble))
                kept_nothing.append(store.count() == 1 and snapshot(root).items() >= before.items())
            assert len(told) == at // 4 + 1 or disk.left >= 0
        with opened(root) as store:
            keep(store, article(2, links=(1,)))
            assert len(snapshot(root)) == 2
            for found in store.articles():
                assert (root / found.path).read_text(encoding="utf-8") == store.markdown(
                    found.article_id
                )
    assert told == [True] * len(told)
    assert 4 <= len(told) < 12  # it filled early and late, and at last not at all
    assert sum(kept_nothing) >= 3


class Editing(Disk):
    """A person saves the file ``place`` just before the disk does its ``at``-th thing."""

    def __init__(self, at: int) -> None:
        self.left, self.place = at, Path()

    def _edit(self) -> None:
        self.left -= 1
        if self.left == 0:
            self.place.write_text("my own words\n", encoding="utf-8")

    def write(self, handle: int, data: memoryview) -> int:
        self._edit()
        return super().write(handle, data)

    def fsync(self, handle: int) -> None:
        self._edit()

    def mkdir(self, folder: Path) -> None:
        self._edit()
        super().mkdir(folder)


@pytest.mark.parametrize("at", range(1, 9))
@pytest.mark.parametrize("again", ["an author's edit", "a link", "the same file"])
def test_an_edit_made_while_the_file_is_written_is_kept(
    tmp_path: Path, again: str, at: int
) -> None:
    """Whatever writes the file, and whenever a person saves it meanwhile: their words stay."""
    with opened(tmp_path) as store:
        kept = keep(store, article(1, links=(2,)))
    disk = Editing(at)
    disk.place = tmp_path / kept.path
    with opened(tmp_path, disk=disk) as store:
        if again == "an author's edit":
            keep(store, article(1, links=(2,), text="ein anderer Text"), now=LATER)
        elif again == "a link":
            keep(store, article(2))
        else:
            store.db.conn.execute("UPDATE articles SET markdown_hash = 'x', stale = 1")
            store.write_stale_files()

    files = [path.read_text(encoding="utf-8") for path in tmp_path.rglob("*.md")]
    assert (disk.left > 0) or "my own words\n" in files


def test_a_version_that_changed_or_is_not_there_is_never_handed_out(tmp_path: Path) -> None:
    """Flipped bits in an earlier version are told, and a number that nobody has; the newest one is
    the article itself.
    """
    with opened(tmp_path) as store:
        kept = keep(store, article(1, text="eins"))
        keep(store, article(1, text="zwei"), now=LATER)
        assert [store.version(kept.article_id, n).text for n in (1, 2)] == ["eins", "zwei"]
        for number in (0, 3):
            with pytest.raises(NotHeld, match=f"has no version {number}, only 1, 2:"):
                store.version(kept.article_id, number)
        with pytest.raises(NotHeld, match="no earlier version 2"):
            store.remake_version(kept.article_id, 2, article(1), 1)
        store.db.conn.execute("UPDATE versions SET text = 'einz'")
        with pytest.raises(Corrupt):
            store.version(kept.article_id, 1)


def test_a_picture_whose_file_was_lost_is_written_again(tmp_path: Path) -> None:
    """It comes once more, under the same name; while it is there, nothing is written."""
    image = LocalImage(png(1), "image/png", "png")
    with opened(tmp_path) as store:
        path = store.add_media("https://mmbiz.qpic.cn/mmbiz_png/a/640", image, NOW)
        stamp = (tmp_path / path).stat().st_mtime_ns
        assert store.add_media("https://mmbiz.qpic.cn/mmbiz_png/a/640", image, NOW) == path
        assert (tmp_path / path).stat().st_mtime_ns == stamp
        (tmp_path / path).unlink()
        store.add_media("https://mmbiz.qpic.cn/mmbiz_png/a/640", image, LATER)
        assert (tmp_path / path).read_bytes() == png(1)


@pytest.mark.parametrize(
    ("query", "matches"),
    [
        ("咖啡", True),
        ("红茶", False),
        ("album:读书", True),
        ("album:旅行", False),
        ("account:投资实习所", True),
        ("account:别人", False),
    ],
)
def test_whether_an_article_would_be_found_is_told_without_keeping_it(
    tmp_path: Path, query: str, matches: bool
) -> None:
    """By its words as by what stands around them; nothing of it is written."""
    url = "https://mp.weixin.qq.com/mp/appmsgalbum?__biz=MzA5&action=getalbum&album_id=77"
    album = Album(id="77", title="读书", url=url)
    edge = Link(url=url, relation="album", text="读书")
    new = article(1, text="咖啡的历史", album=album, edges=(edge,))
    with opened(tmp_path) as store:
        keep(store, article(2))
        before = dump(store)

        assert matches == store.would_match(new, long_address(1), query, NOW)
        assert before == dump(store)


@pytest.mark.parametrize(
    ("state", "stays"), [("ours", False), ("edited", True), ("named by a row", True)]
)
def test_a_file_that_no_row_names_any_more_goes(tmp_path: Path, state: str, stays: bool) -> None:
    """Once: not what a person wrote, nor what a row names after all."""
    with opened(tmp_path) as store:
        kept = keep(store, article(1))
        path = kept.path if state == "named by a row" else "articles/old.md"
        text = store.markdown(kept.article_id) + ("mine\n" if state == "edited" else "")
        (tmp_path / path).write_text(text, encoding="utf-8")
        store.db.conn.execute("INSERT INTO doomed_files VALUES (?)", (path,))
        store.db.conn.commit()
        store.write_stale_files()

        assert stays == (tmp_path / path).exists()
    with opened(tmp_path) as store:
        assert [] == store.db.conn.execute("SELECT * FROM doomed_files").fetchall()


def test_a_file_that_a_person_deleted_is_not_due(tmp_path: Path) -> None:
    """Whatever changes in it: nothing waits to be written, and nothing is."""
    with opened(tmp_path) as store:
        kept = keep(store, article(1, links=(2,)))
        (tmp_path / kept.path).unlink()
        store.db.conn.execute("INSERT INTO missing_files (article_id, noticed) VALUES (1, '')")
        store.db.conn.commit()
        keep(store, article(2))

        assert 0 == store.write_stale_files()
        assert not (tmp_path / kept.path).exists()


def test_what_is_new_or_changed_waits_for_saved_searches(tmp_path: Path) -> None:
    """Once there is one; what is seen again is neither."""
    with opened(tmp_path) as store:
        keep(store, article(1))
        store.db.conn.execute(
            "INSERT INTO alerts (name, query, added, seen) VALUES ('', '', '', 0)"
        )
        store.db.conn.commit()
        keep(store, article(2))
        keep(store, article(1, text="新"), now=LATER)
        keep(store, article(2), now=LATER, refresh=True)

        noted = store.db.conn.execute("SELECT article_id, change FROM article_changes")
        assert [(2, "new"), (1, "modified")] == [tuple(row) for row in noted]


def test_a_page_that_never_says_who_it_is_is_one_article_under_all_its_addresses(
    tmp_path: Path,
) -> None:
    """By account, day and title, until it is known which one it is."""
    with opened(tmp_path) as store:
        first = keep(store, nameless(1), short_address(1))
        again = keep(store, nameless(1), short_address(2))
        other = keep(store, nameless(2), short_address(3))

        assert (first.article_id, "unchanged") == (again.article_id, again.change)
        assert other.article_id != first.article_id
