"""``import traffic.har``: what a reader's own client received becomes articles, lists, counts and
comments, and nothing of the reader does.
"""

from __future__ import annotations

import gzip
import json
import sqlite3
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import archive
from archive.importers import import_files, job, leftover
from archive.importers.formats import contents
from archive.importers.items import ImportItem
from archive.store import Store
from tests.command import wechat_archive
from tests.store.make import opened
from tests.weixin import media
from tests.weixin.recorded import Recording
from tests.weixin.server import Internet
from tests.weixin.site import Published, Site
from tests.weixin.talk import SECRETS, Said, messages_answer, with_session

PICTURE = "https://mmbiz.qpic.cn/mmbiz_png/abcdefghijklmnopq/640?wx_fmt=png"
SHOT = "https://mmbiz.qpic.cn/mmbiz_jpg/commentshot0123456/0"
BAR = {
    "user_info": {
        "appmsg_bar_data": {
            "read_num": 100001,
            "old_like_count": 7,
            "like_count": 3,
            "share_count": 2,
            "comment_count": 2,
        }
    }
}
SAID = [
    Said(
        id=101,
        text="写得好[强]",
        likes=12,
        top=True,
        liked=True,
        pictures=[SHOT],
        replies=[Said(id=1, text="谢谢支持", author="测试号", own=True, to="一位读者")],
    ),
    Said(id=102, text="第二条", author="另一位", place="上海"),
]


@pytest.fixture
def article() -> Published:
    """An article that shows one picture."""
    return Site().article("一天的阅读", pictures=[PICTURE])


def run(tmp_path: Path, har: bytes, *options: str, name: str = "day.har") -> dict[str, Any]:
    """What ``import`` says of a recording."""
    (tmp_path / name).write_bytes(har)
    said = wechat_archive(
        "import", str(tmp_path / name), "--json", *options, "--archive", str(tmp_path / "a")
    )
    found: dict[str, Any] = json.loads(said.stdout)
    return found


def day(article: Published) -> Recording:
    """A page with its counts, its picture, its comments, and the counts once more."""
    return (
        Recording()
        .page(article, **BAR)
        .add(f"{PICTURE}&tp=webp&wxfrom=5&wx_lazy=1", media.png(1), kind="image/png")
        .comments(article, SAID, total=417)
        .add(SHOT, media.jpeg(2), kind="image/jpeg")
        .counts(article, read_num=100001, old_like_num=8, like_num=4, share_num=2)
    )


def test_a_recording_becomes_an_article_with_all_that_stands_around_it(
    tmp_path: Path, article: Published
) -> None:
    """Page, picture, counts and comments, each where it belongs, with the times of the answers."""
    found = run(tmp_path, day(article).har())

    assert (1, 2, 2, 3, 0) == tuple(
        found[name] for name in ("saved", "media", "counts", "comments", "failed")
    )
    with archive.open(tmp_path / "a") as library:
        everything = library.everything(article.long)
        assert "2026-09-01T02:00:01+00:00" == everything["archived"]
        assert [
            {"seen": "2026-09-01T02:00:01+00:00", "origin": "page", "read": 100001, "like": 7,
             "looking": 3, "share": 2, "comment": 2, "collect": None},
            {"seen": "2026-09-01T02:00:05+00:00", "origin": "traffic", "read": 100001, "like": 8,
             "looking": 4, "share": 2, "comment": None, "collect": None},
        ] == everything["count_history"]  # fmt: skip
        talk = everything["discussion"]
        assert (417, 2, "2026-09-01T02:00:03+00:00") == (
            talk["total"], talk["held"], talk["complete"],
        )  # fmt: skip
        first, second = talk["comments"]
        assert {
            "author": "一位读者", "text": "写得好[强]", "likes": 12, "place": "广东", "pinned": True,
            "liked_by_author": True, "by_author": False, "pictures": [SHOT], "gone": None,
        }.items() <= first.items()  # fmt: skip
        assert [("测试号", "谢谢支持", True, "一位读者")] == [
            (one["author"], one["text"], one["by_author"], one["to"]) for one in first["replies"]
        ]
        assert ("第二条", "上海") == (second["text"], second["place"])


def test_the_same_recording_again_changes_nothing(tmp_path: Path, article: Published) -> None:
    """Nor does one in another wrapping: plain, gzip, and mitmproxy's zlib."""
    har = day(article).har()
    run(tmp_path, har)
    before = rows(tmp_path / "a")

    again = [
        run(tmp_path, har),
        run(tmp_path, gzip.compress(har), name="day.har.gz"),
        run(tmp_path, zlib.compress(har), name="day.zhar"),
    ]

    assert [(0, 1, 0, 0, 0, 0)] * 3 == [
        tuple(found[n] for n in ("saved", "held", "media", "counts", "comments", "failed"))
        for found in again
    ]
    assert before == rows(tmp_path / "a")


def rows(root: Path) -> dict[str, list[tuple[object, ...]]]:
    """All that is kept of counts and comments."""
    with sqlite3.connect(root / "archive.db") as conn:
        return {
            table: conn.execute(f"SELECT * FROM {table} ORDER BY 1, 2").fetchall()
            for table in ("counts", "comments", "comment_pictures", "discussions", "media")
        }


def test_nothing_of_the_reader_is_kept_anywhere(tmp_path: Path, article: Published) -> None:
    """No token, cookie, name or portrait: in no database, file, log or answer of a command."""
    recording = day(article)
    recording.add(with_session(article.long), "<html>环境异常</html>")
    recording.add("https://mp.weixin.qq.com/mp/appmsg_comment?action=getcomment", "not JSON")
    (tmp_path / "day.har").write_bytes(recording.har())
    root = str(tmp_path / "a")

    said = [
        wechat_archive("import", str(tmp_path / "day.har"), "--archive", root, "-vv"),
        wechat_archive("show", article.long, "--json", "--archive", root),
        wechat_archive("list", "--json", "--archive", root),
        wechat_archive("verify", "--archive", root),
        wechat_archive("export", "warc", str(tmp_path / "x.warc.gz"), "--archive", root),
        wechat_archive("export", "jsonl", str(tmp_path / "x.jsonl"), "--archive", root),
    ]

    (tmp_path / "day.har").unlink()
    (tmp_path / "raw").write_bytes(gzip.decompress((tmp_path / "x.warc.gz").read_bytes()))
    left = {
        str(path): path.read_bytes() for path in sorted(tmp_path.rglob("*")) if path.is_file()
    } | {f"said {n}": (one.stdout + one.stderr).encode() for n, one in enumerate(said)}
    found = [(at, s) for at, body in left.items() for s in SECRETS if s.encode() in body]
    assert [] == found


def test_lists_are_kept_as_a_source_and_fetched_only_when_asked_for(tmp_path: Path) -> None:
    """Addresses with titles and dates out of getmsg, home and albums; ``--fetch`` takes them."""
    site = Site()
    first, second = site.article("列表里的第一篇"), site.article("列表里的第二篇")
    url = f"https://mp.weixin.qq.com/mp/profile_ext?action=getmsg&__biz={first.fields.biz}&f=json"
    har = Recording().add(with_session(url), messages_answer([first, second])).har()

    found = run(tmp_path, har)

    assert (0, 2, 0) == (found["saved"], found["listed"], found["waiting"])
    with opened(tmp_path / "a") as store:
        assert [
            ("列表里的第二篇", second.fields.published.isoformat(), second.fields.biz),
            ("列表里的第一篇", first.fields.published.isoformat(), first.fields.biz),
        ] == [(one["title"], one["published"], one["biz"]) for one in store.listed.missing()]
        assert 0 == waiting(store)


def test_status_names_what_lists_named_and_is_not_held(tmp_path: Path) -> None:
    """How many in `status` and its JSON, which in a list that `save -i` reads; neither what is held
    nor what a person removed.
    """
    site = Site()
    held, removed, other = (site.article(title) for title in ("存了的", "删掉的", "还没有的"))
    url = f"https://mp.weixin.qq.com/mp/profile_ext?action=getmsg&__biz={held.fields.biz}&f=json"
    har = Recording().page(held).page(removed)
    run(tmp_path, har.add(with_session(url), messages_answer([held, removed, other])).har())

    def said(*argv: str) -> str:
        return wechat_archive(*argv, "--archive", str(tmp_path / "a"), "--lang", "en").stdout

    said("remove", removed.long)
    assert {"missing": 1, "newest": other.fields.published.isoformat()} == json.loads(
        said("status", "--json")
    )["listed"]
    assert "listed   1 article that a list named is not held" in said("status")
    about, address = said("status", "--listed").splitlines()
    assert ("# 2026-07-01 还没有的", True) == (about, f"mid={other.fields.mid}&" in address)


def test_what_a_list_names_is_fetched_with_what_stands_around_it(
    tmp_path: Path, internet: Internet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``--fetch``: articles that only a list named come from the web, and the comments in the same
    recording find them.
    """
    for name, value in internet.env.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "config.toml").write_text('interval = 0\nimages = "none"\n')
    article = internet.site.article("列表里的一篇")
    url = f"https://mp.weixin.qq.com/mp/profile_ext?action=getmsg&__biz={article.fields.biz}&f=json"
    recording = Recording().add(with_session(url), messages_answer([article]))
    recording.comments(article, SAID).counts(article, read_num=9, like_num=1)

    found = run(tmp_path, recording.har(), "--fetch")

    assert (1, 3, 1, 0, 1) == (
        found["waiting"], found["comments"], found["counts"], found["unmatched"],
        found["fetched"]["new"],
    )  # fmt: skip
    assert [one for one in SECRETS if any(one in asked for asked in internet.log.urls())] == []


def waiting(store: Store) -> int:
    """Addresses that the next run would fetch."""
    return int(store.db.conn.execute("SELECT count(*) FROM frontier WHERE open").fetchone()[0])


def test_comments_come_in_several_answers(tmp_path: Path, article: Published) -> None:
    """Page after page of one look is one look: only its last answer says that these are all."""
    recording = Recording().page(article)
    recording.comments(article, SAID[:1], total=2, more=True, buffer="")
    recording.comments(article, SAID[1:], buffer="at-1", total=2)

    run(tmp_path, recording.har())

    with opened(tmp_path / "a") as store:
        held = store.discussions.of(store.get(article.long).article_id)
        assert held is not None
        assert (2, True) == (held.present, held.complete is not None)


def test_comments_come_and_go(tmp_path: Path, article: Published) -> None:
    """What a whole look does not show any more is gone, what comes back is there again, and a part
    of a list proves nothing.
    """
    one, two = SAID
    three = Said(id=103, text="第三条")
    looks = [
        ([one, two], False), ([two, three], False), ([three], True), ([one, three], False),
    ]  # fmt: skip
    seen = []
    recording = Recording().page(article)
    for said, more in looks:
        recording.comments(article, said, total=len(said), more=more)
        run(tmp_path, recording.har())
        with opened(tmp_path / "a") as store:
            held = store.discussions.of(store.get(article.long).article_id)
            assert held is not None
            seen.append({kept.comment.id: kept.gone is None for kept in held.comments})

    assert [
        {"101": True, "102": True},
        {"101": False, "102": True, "103": True},
        {"101": False, "102": True, "103": True},
        {"101": True, "102": False, "103": True},
    ] == seen


def test_answers_about_articles_that_are_not_held_are_told(
    tmp_path: Path, article: Published
) -> None:
    """They are no failure: once the article is held, the same recording brings them."""
    around = Recording().comments(article, SAID).counts(article, read_num=5, like_num=1)

    first = run(tmp_path, around.har())
    run(tmp_path, Recording().page(article).har(), name="page.har")
    second = run(tmp_path, around.har())

    assert [(2, 0, 0, 0), (0, 3, 1, 0)] == [
        tuple(found[n] for n in ("unmatched", "comments", "counts", "exit_code"))
        for found in (first, second)
    ]


def test_counts_out_of_another_tools_json(tmp_path: Path, article: Published) -> None:
    """wechat-article-exporter's, with the time of its file."""
    listed = [
        {"link": article.long, "title": article.title, "content": "正文", "readNum": 12,
         "oldLikeNum": 3, "likeNum": 2, "shareNum": 1, "commentNum": 0},
    ]  # fmt: skip
    found = run(tmp_path, json.dumps(listed).encode(), name="export.json")

    assert (1, 1) == (found["saved"], found["counts"])
    with opened(tmp_path / "a") as store:
        last = store.counts.last(store.get(article.long).article_id)
        assert last is not None
        assert (12, 3, 2, 1, 0) == (
            last.counts.read, last.counts.like, last.counts.looking, last.counts.share,
            last.counts.comment,
        )  # fmt: skip


def test_a_changed_comment_is_found_and_left_out(tmp_path: Path, article: Published) -> None:
    """Never handed out; ``verify`` names it, a repair forgets it, and the rest stays."""
    run(tmp_path, day(article).har())
    root = tmp_path / "a"
    with sqlite3.connect(root / "archive.db") as conn:
        conn.execute("UPDATE comments SET text = '改过' WHERE comment_id = '102'")
    (root / "archive.db.seal").unlink(missing_ok=True)

    shown = wechat_archive("show", article.long, "--comments", "--archive", str(root))
    found = wechat_archive("verify", "--archive", str(root))
    mended = wechat_archive("verify", "--repair", "--archive", str(root))

    assert (65, 65, 0) == (shown.code, found.code, mended.code)
    assert "comment" in found.stdout
    with opened(root) as store:
        held = store.discussions.of(store.get(article.long).article_id)
        assert held is not None
        assert ["101"] == [kept.comment.id for kept in held.comments]
    assert 0 == wechat_archive("verify", "--archive", str(root)).code


def test_what_goes_with_its_article(tmp_path: Path, article: Published) -> None:
    """Counts and comments go when the article's row does."""
    run(tmp_path, day(article).har())
    with opened(tmp_path / "a") as store:
        store.db.conn.execute("PRAGMA foreign_keys = ON")
        store.db.conn.execute("DELETE FROM articles")
        left = {
            table: store.db.conn.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
            for table in ("counts", "comments", "comment_pictures", "discussions")
        }
    assert {"counts": 0, "comments": 0, "comment_pictures": 0, "discussions": 0} == left


@pytest.mark.parametrize(
    ("room", "turned", "times"), [(1 << 20, False, 1), (1 << 20, True, 1), (0, False, 3)]
)
def test_a_recording_is_read_once(
    tmp_path: Path,
    article: Published,
    monkeypatch: pytest.MonkeyPatch,
    room: int,
    turned: bool,
    times: int,
) -> None:
    """Whatever comes first in it, as long as what waits for its article fits into memory; the same
    comes out where it does not.
    """
    recording, read = day(article), list[Path]()
    if turned:
        recording.entries.reverse()
    (tmp_path / "day.har").write_bytes(recording.har())
    monkeypatch.setattr(job, "LEFT_IN_MEMORY", room)

    def counted(path: Path) -> Iterator[ImportItem]:
        read.append(path)
        return contents(path)

    monkeypatch.setattr(job, "contents", counted)
    monkeypatch.setattr(leftover, "contents", counted)

    report = import_files(tmp_path / "a", [tmp_path / "day.har"])

    assert (1, 2, 2, 3, 0) == (
        report.counts["new"], report.media, report.counts_seen, report.comments, report.unmatched
    )  # fmt: skip
    assert times == len(read)


def test_save_takes_a_recording_too(tmp_path: Path, article: Published) -> None:
    """As ``import`` does."""
    (tmp_path / "day.har").write_bytes(day(article).har())
    done = wechat_archive("save", str(tmp_path / "day.har"), "--archive", str(tmp_path / "a"))

    assert 0 == done.code, done.stderr
    assert "1 new, 2 images, 2 looks at counts, 3 comments" in done.stderr


def test_save_goes_on_to_addresses_behind_a_recording(
    tmp_path: Path, internet: Internet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a recording that cannot be read and an address the address is saved, and the report has
    both."""
    (tmp_path / "broken.har").write_bytes(b'{"log": {"entries": [{"request"')
    for name, value in internet.env.items():
        monkeypatch.setenv(name, value)
    article = internet.site.article("照样收下")
    done = wechat_archive(
        "save", str(tmp_path / "broken.har"), article.short, "--json", "--interval", "0",
        "--archive", str(tmp_path / "a"),
    )  # fmt: skip

    assert 1 == done.code
    said = json.loads(done.stdout)
    assert (1, 1) == (said["saved"], said["failed"])
    assert [("failed", "bad-input"), ("new", None)] == [
        (one["change"], one.get("error", {}).get("class")) for one in said["results"]
    ]


def test_the_python_door_takes_a_recording_too(tmp_path: Path, article: Published) -> None:
    """``Library.save`` keeps pages, pictures, counts and comments of a recording, tells each as it
    does addresses, and a second time finds nothing new."""
    (tmp_path / "day.har").write_bytes(day(article).har())
    heard: list[str] = []
    with archive.open(tmp_path / "a") as library:
        first = library.save(
            [str(tmp_path / "day.har")], on_result=lambda result: heard.append(result.change)
        )
        again = library.save([str(tmp_path / "day.har")])
        (held,) = library.articles()
        all_of_it = library.everything(held.key)

    assert (["new"], 1, 2, 0) == (heard, first.saved, first.images, first.exit_code)
    assert (0, 1, 0) == (again.saved, again.unchanged, again.images)
    assert ("traffic", 8) == (all_of_it["counts"]["origin"], all_of_it["counts"]["like"])
    assert 2 == len(all_of_it["discussion"]["comments"])


def test_comments_are_searched(tmp_path: Path, article: Published) -> None:
    """``in:comments``: the words stand in a comment or reply, in whatever script; without it the
    article's own text is asked.
    """
    run(tmp_path, day(article).har())

    def found(query: str) -> int:
        done = wechat_archive("search", query, "--json", "--archive", str(tmp_path / "a"))
        assert 0 == done.code, done.stderr
        return len(done.stdout.splitlines())

    asked = {
        "in:comments 支持": 1, "支持": 0, "in:comments 謝謝": 1, "in:comments 正文": 0,
        "in:comments": 1, "in:comments 支持 account:测试号": 1, "in:comments 支持 -第二条": 0,
        "in:comments (不在 OR 写得好)": 1,
    }  # fmt: skip
    assert asked == {query: found(query) for query in asked}
    nested = wechat_archive("search", "茶 OR in:comments", "--archive", str(tmp_path / "a"))
    assert 64 == nested.code
