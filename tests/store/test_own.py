"""What a person adds to articles: tags, stars, notes, edits, from the database into the file and back."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import pytest

from archive.db.noticing import MARK, look
from archive.document.layout import is_untouched
from archive.document.own import Own, own_of
from archive.document.own_block import with_own
from archive.document.own_lines import own_lines
from archive.errors import BadInput
from archive.search import search
from archive.search.matching import article_ids, matching
from archive.store import Store, taking_in
from archive.store.own import Marking
from archive.store.taking_in import Noticed, notice_all
from archive.verify import check
from scraper.errors import Gone
from tests.command import wechat_archive
from tests.store.make import LATER, NOW, article, keep, opened
from tests.store.test_kills import KILLER

HEAD = "---\ntitle: 一\n# 我的注释\nkey: 0123456789\naliases: [甲, 乙] # 别名\n{own}check: x\n---\n\n正文\n"


@pytest.mark.parametrize(
    ("own", "now", "expected"),
    [
        ("", Own(), ""),
        ("", Own(starred=True), "starred: true\n"),
        ("tags: [投资]\n", Own(tags=("投资",)), "tags: [投资]\n"),
        ("tags: [投资]\n", Own(), ""),
        ("tags: 投资, 读书\n", Own(tags=("投资", "读书")), "tags: 投资, 读书\n"),
        (
            "tags:\n- 投资 # 要紧\n# 下面的不常用\n- 旧\n",
            Own(tags=("投资", "新")),
            'tags:\n- 投资 # 要紧\n- "新"\n# 下面的不常用\n',
        ),
        ("note: |\n  一\n  二\n# 尾\n", Own(note="三"), 'note: "三"\n# 尾\n'),
        ("read: yes\nstarred: 2026-11-28\n", Own(read=True, starred=True), None),
    ],
)
def test_only_the_lines_of_the_marks_change(own: str, now: Own, expected: str | None) -> None:
    """Comments, unknown names and the way a list is written stay as a person has them."""
    text = HEAD.format(own=own)

    made = with_own(text, now)

    assert HEAD.format(own=own if expected is None else expected) == made


def test_what_cannot_be_written_without_loss_is_not_written() -> None:
    """A block in braces has no lines of its own."""
    with pytest.raises(BadInput, match=r"not YAML|cannot be added to"):
        with_own("---\n{title: 一, key: 二}\n---\n正文\n", Own(starred=True))


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (
            {"tags": ["#投资", "投资", " 读书 ", 2024, None, {"a": 1}]},
            Own(tags=("投资", "读书", "2024")),
        ),
        ({"tags": "a, b，c"}, Own(tags=("a", "b", "c"))),
        ({"starred": "是", "read": "false"}, Own(starred=True)),
        ({"starred": 0, "read": 1}, Own(read=True)),
        ({"note": ["一", "二"]}, Own(note="一\n二")),
        ({"note": "  ", "tags": {"a": 1}}, Own()),
    ],
)
def test_marks_are_read_as_people_write_them(values: dict[str, object], expected: Own) -> None:
    """Obsidian's lists and check boxes, an older file's text, words in Chinese."""
    assert expected == own_of(values)


def test_lines_of_ones_own_are_those_the_article_does_not_have() -> None:
    """However a line is marked up, and whatever its links lead to."""
    plain = "# 题\n\n第一段 [甲](https://a.b/c)\n\n- 第二段\n"
    edited = "# 题\n\n**第一段** [甲](../x.md)\n\n> 第二段\n\n- [ ] 我的 ==想法== [[笔记|见此]]\n"

    assert "我的 想法 见此" == own_lines(edited, plain)


def edit(root: Path, path: str, change: Callable[[str], str]) -> None:
    place = root / path
    place.write_text(change(place.read_text(encoding="utf-8")), encoding="utf-8")


def noticed(store: Store) -> list[str]:
    """What is taken in now; what is told of a file that only this program wrote is nothing."""
    return [one.what for one in notice_all(store, LATER)]


def found(store: Store, query: str) -> list[int]:
    return sorted(hit.article_id for hit in search(store.db.conn, query))


def test_marks_go_into_the_file_and_come_back_from_it(tmp_path: Path) -> None:
    """Set by a command, seen in the front matter, changed there, and set again."""
    with opened(tmp_path) as store:
        one = keep(store, article(1, tags=("微信的",)))
        keep(store, article(2))
        held = store.stored(one.article_id)
        store.edits.mark(held, Marking.of(add=["投资"], starred=True, note="好文"), NOW)
        text = (tmp_path / one.path).read_text(encoding="utf-8")
        assert is_untouched(text)
        assert 'tags:\n  - "投资"\nstarred: true\nnote: "好文"\n' in text
        assert 'wechat_tags:\n  - "微信的"\n' in text
        assert [[1], [1], [1], [1], [1], [2], [1], []] == [
            found(store, query)
            for query in (
                *("tag:投资", "is:starred", "note:好", "mine:好文", "好文"),
                *("-is:noted", "topic:微信的", "tag:微信的"),
            )
        ]

        # Obsidian takes quotes away and writes lists its own way.
        edit(
            tmp_path,
            one.path,
            lambda text: (
                text.replace('"', "", 6)
                .replace('tags:\n  - "投资"\nstarred: true', "tags: [投资, 读书]\nread: true")
                .replace('note: "好文"', "note: 更好")
            ),
        )
        assert ["marks"] == noticed(store)
        assert Own(tags=("投资", "读书"), read=True, note="更好") == store.own(one.article_id)
        assert [[1], [], [2]] == [
            found(store, query) for query in ("tag:读书", "is:starred", "is:unread")
        ]
        text = (tmp_path / one.path).read_text(encoding="utf-8")
        assert is_untouched(text)  # nothing but marks was changed: later links still reach the file
        assert [] == noticed(store)
        assert [] == list(check(tmp_path))


def test_a_persons_words_are_kept_searched_and_never_written_over(tmp_path: Path) -> None:
    """Also when the author changes the article, and when marks change afterwards."""
    with opened(tmp_path) as store:
        one = keep(store, article(1, text="正文一"))
        held = store.stored(one.article_id)
        edit(
            tmp_path,
            one.path,
            lambda text: text.replace("---\n\n#", "x: 我的\n---\n\n#") + "\n我写的话\n",
        )
        assert ["edited"] == noticed(store)
        assert [[1], [1], [], [1]] == [
            found(store, query) for query in ("我写的话", "mine:我写", "mine:正文一", "is:edited")
        ]
        store.edits.mark(held, Marking.of(add=["投资"]), NOW)
        text = (tmp_path / one.path).read_text(encoding="utf-8")
        assert ("我写的话" in text, "x: 我的" in text, '- "投资"' in text) == (True, True, True)
        assert [] == noticed(store)

        keep(store, article(1, text="作者改了"), now=LATER)
        assert text == (tmp_path / one.path).read_text(encoding="utf-8")
        assert [1] == found(store, "mine:我写的话")

        edit(tmp_path, one.path, lambda text: text.replace("我写的话", "又改了"))
        assert ["edited"] == noticed(store)
        assert [text] == [
            state.markdown for state in store.edits.states(one.article_id) if not state.current
        ]
        assert [[], [1]] == [found(store, query) for query in ("我写的话", "又改了")]
        assert ["edited"] == [
            finding.sort for finding in check(tmp_path) if finding.path == one.path
        ]
        store.db.conn.execute("DELETE FROM search_mine")
        assert "index" not in {finding.sort for finding in check(tmp_path)}


def test_an_edit_taken_back_is_kept_as_a_version(tmp_path: Path) -> None:
    """The file is this program's again, and nothing of one's own is found in it."""
    with opened(tmp_path) as store:
        one = keep(store, article(1))
        before = (tmp_path / one.path).read_text(encoding="utf-8")
        edit(tmp_path, one.path, lambda text: text + "我的\n")
        noticed(store)
        (tmp_path / one.path).write_text(before, encoding="utf-8")

        assert ["back"] == noticed(store)
        assert (None, []) == (store.edits.text(one.article_id), found(store, "mine:我的"))
        assert [before + "我的\n"] == [
            state.markdown for state in store.edits.states(one.article_id) if not state.current
        ]
        assert [] == list(check(tmp_path))


def with_line_ends_of_windows(root: Path, path: str) -> bytes:
    data = (root / path).read_bytes().replace(b"\n", b"\r\n")
    (root / path).write_bytes(data)
    return data


@pytest.mark.parametrize("tag", ["", "投资"])
def test_line_ends_of_an_editor_are_no_edit(tmp_path: Path, tag: str) -> None:
    """The file goes on getting new links, also where one of the four names was changed with them."""
    with opened(tmp_path) as store:
        one = keep(store, article(1, links=(2,)))
        if tag:
            edit(
                tmp_path, one.path, lambda text: text.replace("\n---\n", f"\ntags: {tag}\n---\n", 1)
            )
        with_line_ends_of_windows(tmp_path, one.path)

        assert (["marks"], []) == (noticed(store), noticed(store))

        two = keep(store, article(2))
        text = (tmp_path / one.path).read_bytes().decode()
        assert is_untouched(text)
        assert f"{two.key}%5D.md)" in text
        assert ((tag,) if tag else ()) == store.own(one.article_id).tags
        assert store.edits.text(one.article_id) is None
    assert [] == list(check(tmp_path))


def test_words_of_ones_own_keep_their_line_ends(tmp_path: Path) -> None:
    """Also when marks are set in that file and what it links to arrives."""
    with opened(tmp_path) as store:
        one = keep(store, article(1, links=(2,)))
        edit(tmp_path, one.path, lambda text: text + "\n我的话\n")
        data = with_line_ends_of_windows(tmp_path, one.path)

        assert ["edited"] == noticed(store)
        keep(store, article(2))
        assert data == (tmp_path / one.path).read_bytes()
        assert [1] == found(store, "mine:我的话")
        store.edits.mark(store.stored(one.article_id), Marking.of(starred=True), NOW)
        assert data == (tmp_path / one.path).read_bytes().replace(b"starred: true\r\n", b"")


def test_a_front_matter_that_cannot_be_read_keeps_the_marks(tmp_path: Path) -> None:
    """The text is searched; a mark is refused with the file's name, and nothing changes."""
    with opened(tmp_path) as store:
        one = keep(store, article(1))
        held = store.stored(one.article_id)
        store.edits.mark(held, Marking(starred=True), NOW)
        edit(tmp_path, one.path, lambda text: text.replace("title:", "title: [", 1) + "\n我的话\n")

        assert ["unreadable"] == noticed(store)
        assert ([1], Own(starred=True)) == (found(store, "mine:我的话"), store.own(one.article_id))
        broken = (tmp_path / one.path).read_bytes()
        with pytest.raises(BadInput, match=r"not YAML|cannot be read"):
            store.edits.mark(held, Marking(read=True), NOW)
        assert broken == (tmp_path / one.path).read_bytes()
        assert Own(starred=True) == store.own(one.article_id)


def test_a_file_from_before_tags_stood_apart_gives_none_of_wechats(tmp_path: Path) -> None:
    """A person adds theirs among them; only theirs are theirs."""
    with opened(tmp_path) as store:
        one = keep(store, article(1, tags=("微信的", "也是")))
        edit(
            tmp_path,
            one.path,
            lambda text: text.replace("wechat_tags:", "tags:\n  - 我的", 1),
        )

        assert ["marks"] == noticed(store)
        assert Own(tags=("我的",)) == store.own(one.article_id)
        text = (tmp_path / one.path).read_text(encoding="utf-8")
        assert 'wechat_tags:\n  - "微信的"\n  - "也是"\n' in text


def test_a_moved_file_is_followed(tmp_path: Path) -> None:
    """By the key in it; its pictures and what links to it lead there."""
    with opened(tmp_path) as store:
        one = keep(store, article(1))
        keep(store, article(2, links=(1,)))
        notice_all(store, NOW)
        place = tmp_path / "articles" / "我的" / "深" / "新名.md"
        place.parent.mkdir(parents=True)
        (tmp_path / one.path).rename(place)

        (told,) = notice_all(store, LATER)
        store.write_stale_files()

        path = "articles/我的/深/新名.md"
        assert Noticed("moved", one.key, path, "第1篇") == told
        assert path == store.stored(one.article_id).path
        assert "新名.md" in store.markdown(2)
        assert [] == list(check(tmp_path))


def test_a_deleted_file_is_asked_about_once(tmp_path: Path) -> None:
    """And not written again by whatever changes, until a person says so."""
    with opened(tmp_path) as store:
        one = keep(store, article(1))
        notice_all(store, NOW)
        (tmp_path / one.path).unlink()

        assert ["missing"] == noticed(store)
        assert [] == noticed(store)
        keep(store, article(1, text="改了"), now=LATER)
        store.edits.mark(store.stored(one.article_id), Marking(starred=True), NOW)
        assert not (tmp_path / one.path).exists()
        assert ["deleted"] == [finding.sort for finding in check(tmp_path)]

        store.edits.write_again(one.article_id, LATER)
        assert "starred: true" in (tmp_path / one.path).read_text(encoding="utf-8")
        assert ([], []) == (noticed(store), list(check(tmp_path)))


def test_a_page_does_not_wait_for_everything_that_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the disk with all articles is not there, some of them are noted at each look beside
    something else, and in the end all."""
    monkeypatch.setattr(taking_in, "_AT_ONCE", 2)
    with opened(tmp_path) as store:
        kept = [keep(store, article(number)) for number in range(1, 6)]
        notice_all(store, NOW)
    for one in kept:
        (tmp_path / one.path).unlink()

    looks = [taking_in.notice(tmp_path, command="serve", seconds=60.0) for _ in range(4)]

    assert [2, 2, 1, 0] == [len(found) for found in looks]
    assert {one.key for one in kept} == {found.key for look in looks for found in look}


def test_a_look_for_missing_files_ends_in_time(tmp_path: Path) -> None:
    """However many are missing: with a clock that goes a second a glance, what is found grows with
    the seconds, and everything is known only when all were found."""
    with opened(tmp_path) as store:
        kept = [keep(store, article(number)) for number in range(1, 6)]
        notice_all(store, NOW)
        for one in kept:
            (tmp_path / one.path).unlink()

        looks = [
            look(store.db.conn, tmp_path, seconds=n, clock=itertools.count().__next__)
            for n in range(30)
        ]

    found = [len(seen.missing) for seen in looks]
    assert sorted(found) == found
    assert {0, 1, 2, 3, 4, 5} == set(found)
    assert all(len(seen.missing) == 5 for seen in looks if seen.until is not None)


def test_a_look_reads_only_what_was_changed(tmp_path: Path) -> None:
    """Also a file that came with an old time of modification; and never for longer than allowed."""
    with opened(tmp_path) as store:
        kept = [keep(store, article(number)) for number in range(1, 5)]
        notice_all(store, NOW)
        known = store.db.conn.execute("SELECT value FROM meta WHERE name = ?", (MARK,)).fetchone()[
            0
        ]
        store.db.conn.execute("UPDATE meta SET value = ? WHERE name = ?", (known + 10**15, MARK))
        assert 0 == look(store.db.conn, tmp_path).read
        store.db.conn.execute("UPDATE meta SET value = ? WHERE name = ?", (known, MARK))
        edit(tmp_path, kept[2].path, lambda text: text + "我的\n")
        old = (NOW - timedelta(days=900)).timestamp()
        os.utime(tmp_path / kept[2].path, (old, old))

        late = look(store.db.conn, tmp_path, seconds=-1)
        seen = look(store.db.conn, tmp_path)

        assert (None, []) == (late.until, late.changed)
        assert [kept[2].article_id] == seen.changed


def test_what_a_query_means_without_ranking(tmp_path: Path) -> None:
    """All of them, or those of a few that are asked about."""
    with opened(tmp_path) as store:
        for number in range(1, 6):
            keep(store, article(number, text="茶" if number % 2 else "酒"))
        conn = store.db.conn

        assert {1, 3, 5} == set(article_ids(conn, "茶"))
        assert {3} == matching(conn, "茶", [2, 3])
        assert {2} == matching(conn, "-茶", [2, 3])
        assert set() == matching(conn, "茶", [])


def test_edited_text_is_shown_and_exported(tmp_path: Path) -> None:
    """As Markdown the file as a person left it; on pages and in books its text, with the article's
    own picture and link."""
    picture = "https://mmbiz.qpic.cn/mmbiz_png/ONE/640"
    with opened(tmp_path) as store:
        store.add_media(picture, Picture(), NOW)
        one = keep(store, article(1, images=(picture,), links=(2,), text="正文"))
        keep(store, article(2))
        store.write_stale_files()
        edit(tmp_path, one.path, lambda text: text + "\n**我的**想法\n")
        noticed(store)
        shown = store.shown(one.article_id)

        assert store.shown_markdown(one.article_id) == (tmp_path / one.path).read_text("utf-8")
        assert "<strong>我的</strong>想法" in shown.body
        assert [picture] == [image.url for image in shown.images if image.role != "cover"]
        assert store.article(2) == store.shown(2)
    for form, name in (("html", "out"), ("markdown", "md"), ("jsonl", "x.jsonl")):
        done = wechat_archive("--archive", str(tmp_path), "export", form, str(tmp_path / name))
        assert 0 == done.code, done.stderr
    page = next((tmp_path / "out").rglob(f"*{one.key}*.html")).read_text("utf-8")
    assert "<strong>我的</strong>想法" in page
    assert "**我的**想法" in (tmp_path / "md" / one.path).read_text("utf-8")
    assert "**我的**想法" in wechat_archive("--archive", str(tmp_path), "show", one.key).stdout


class Picture:
    body, type, extension = b"\x89PNG", "image/png", "png"


@pytest.mark.parametrize("left", range(0, 60, 7))
def test_a_kill_between_file_and_row_loses_no_mark_and_no_article(
    tmp_path: Path, left: int
) -> None:
    """Marks, edits, a removal and its undo, killed at one write after the other: what comes next
    finds a sound archive in which everything is held or was removed, and finishes."""
    script = (
        KILLER
        + """
with opened(root, disk=Killing()) as store:
    held = store.get(key)
    store.edits.mark(held, Marking.of(add=["投资"], note="好"), NOW)
    with open(root / held.path, "a", encoding="utf-8") as file:
        file.write("我的话\\n")
    notice_all(store, LATER)
    store.edits.mark(held, Marking(starred=True), LATER)
    store.removal.remove(held, LATER)
    store.write_stale_files()
    store.removal.undo(key, LATER)
    store.write_stale_files()
"""
    )
    script = script.replace(
        "from tests.store.make import *",
        """from tests.store.make import *
from archive.store.own import Marking
from archive.store.taking_in import notice_all
key = sys.argv[3]
""",
    )
    with opened(tmp_path) as store:
        key = keep(store, article(1, links=(2,))).key
        keep(store, article(2, links=(1,)))
    ran = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path), str(left), key],
        capture_output=True,
        text=True,
    )
    assert ran.returncode in (0, -9), ran.stderr

    with opened(tmp_path) as store:
        store.removal.finish()
        notice_all(store, LATER)
        if store.find(key) is None:
            store.removal.undo(key, LATER)
        store.write_stale_files()
        held = store.get(key)
        assert {"投资"} >= set(held.own_tags)
        assert "starred: true" in store.shown_markdown(held.article_id) or held.starred is None
        assert "我的话" in store.shown_markdown(held.article_id) or held.starred is None
        assert [] == [finding.what for finding in check(tmp_path) if finding.is_fault]


@pytest.mark.parametrize(
    ("shown", "leads_to"),
    [
        ("{name}.md", "https://mp.weixin.qq.com/s?__biz=MzIyMDA3MjMwNw==&mid=2&idx=1"),
        ("../elsewhere/{name}.md#top", "https://mp.weixin.qq.com/s?__biz=MzIyMDA3MjMwNw==&mid=2"),
        ("https://example.com/{name}.md", "https://example.com/"),
        ("{name}.txt", None),
        ("nobody.md", None),
    ],
)
def test_a_link_of_ones_own_text_leads_to_the_article_of_that_file(
    tmp_path: Path, shown: str, leads_to: str | None
) -> None:
    """By the key in its name, wherever it was moved; any other address stays what it is."""
    with opened(tmp_path) as store:
        keep(store, article(1))
        name = quote(Path(keep(store, article(2)).path).stem)
        text = store.markdown(1) + f"\n[二]({shown.format(name=name)})\n"
        store.edits.restore(1, text, NOW)

        found = [link.url for link in store.shown(1).links]
        assert (leads_to is not None) == bool(found)
        assert all(url.startswith(str(leads_to)) for url in found)


def test_marks_outlive_a_lost_database_and_the_article_saved_anew(tmp_path: Path) -> None:
    """They are in the rows at once, and stay in the file whatever has it written again, as the link
    of another article does; no copy stands beside it."""
    marking = Marking.of(add=("投资",), starred=True, note="要点")
    with opened(tmp_path) as store:
        held = store.stored(keep(store, article(1)).article_id)
        said = store.edits.mark(held, marking, NOW)
    file = tmp_path / held.path
    for database in tmp_path.glob("*.db*"):
        database.unlink()

    with opened(tmp_path) as store:
        kept = keep(store, article(1), now=LATER)
        assert kept.beside is None
        assert said == store.own(kept.article_id)
        store.gone(held.key, Gone("deleted", reason="deleted"), LATER)
        notice_all(store, LATER)
        assert said == store.own(kept.article_id)
    assert "要点" in file.read_text("utf-8")
    assert [file] == [*file.parent.iterdir()]


@pytest.mark.parametrize("by", ["repair", "damaged", "link", "author"])
def test_the_file_of_a_lost_folder_is_written_as_a_person_left_it(tmp_path: Path, by: str) -> None:
    """Also where a later state of the article is written, which then goes beside it."""
    with opened(tmp_path) as store:
        held = store.stored(keep(store, article(1)).article_id)
        file = tmp_path / held.path
        file.write_text(mine := file.read_text("utf-8") + "\n我写的一行。\n", "utf-8")
        notice_all(store, NOW)
    if by == "damaged":
        file.write_bytes(b"\xff" * 20)
    else:
        shutil.rmtree(tmp_path / "articles")

    if by in ("repair", "damaged"):
        assert wechat_archive("verify", "--repair", "--archive", str(tmp_path)).code == 0
    else:
        with opened(tmp_path) as store:
            if by == "link":
                store.gone(held.key, Gone("deleted", reason="deleted"), LATER)
            else:
                keep(store, article(1, body="<p>作者改过的。</p>", text="作者改过的。"), now=LATER)
    assert mine == file.read_text("utf-8")
    with opened(tmp_path) as store:
        notice_all(store, LATER)
        assert [(1, True)] == [(one.number, one.current) for one in store.edits.states(1)]
    assert mine == file.read_text("utf-8")
