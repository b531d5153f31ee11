"""list, show, diff, convert as a user types them; and the archive as a Python object."""

from __future__ import annotations

import json
import threading
import tracemalloc
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import archive
from archive.crawl.frontier import SqliteFrontier
from archive.db.files import Disk
from archive.db.lock import Lock
from archive.db.transactions import transaction
from archive.errors import Locked, NotHeld
from scraper import urls
from scraper.crawl.protocols import Candidate
from scraper.errors import Gone
from scraper.models import Link
from tests.command import Result, wechat_archive
from tests.store.make import (
    LATER,
    NOW,
    Download,
    article,
    keep,
    long_address,
    opened,
    short_address,
)
from tests.weixin.pages import article_page, status_page

PICTURE = "https://mmbiz.qpic.cn/mmbiz_png/AAAAID/640"
JSON_LOG = ("--log-format", "json", "--archive")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """An archive with a linked pair, two versions, a tombstone and an image."""
    place = tmp_path / "archive"
    with opened(place) as store:
        store.add_media(PICTURE, Download(b"png"), NOW)
        keep(
            store,
            article(1, title="早安", links=(2, 3), images=(PICTURE,), text="旧", tags=("晨",)),
        )
        keep(
            store,
            article(2, links=(1,), published=datetime(2023, 1, 1, tzinfo=UTC)),
            short_address(2),
        )
        keep(store, article(4, title="没了", published=datetime(2021, 1, 1, tzinfo=UTC), kind=8))
        store.gone(long_address(4), Gone("x", reason="deleted", shown="已删除"), NOW)
        keep(
            store,
            article(
                1,
                title="早安",
                links=(2, 3),
                images=(PICTURE,),
                text="新",
                tags=("晨",),
                edges=(Link(url="https://example.com/", relation="source"),),
            ),
            now=LATER,
        )
    return place


def run(root: Path, *args: str) -> Result:
    return wechat_archive("--archive", str(root), *args)


def rows(result: Result) -> list[dict[str, Any]]:
    assert result.code == 0, result.stderr
    return [json.loads(line) for line in result.stdout.splitlines()]


TAKES_AN_ARTICLE = (
    *("show", "diff", "similar", "tag", "note", "star", "unstar", "read", "unread"),
    *("export jsonl -", "remove"),
)


@pytest.mark.parametrize("typed", TAKES_AN_ARTICLE)
@pytest.mark.parametrize("way", ["key", "start", "address", "file", "whole"])
def test_an_article_is_called_alike_by_every_command(root: Path, typed: str, way: str) -> None:
    """By its key or the first six characters, any address of it, the path of its file."""
    with opened(root) as store:
        held = store.get(long_address(1))
    names = {
        "key": held.key,
        "start": held.key[:6],
        "address": long_address(1),
        "file": held.path,
        "whole": str(root / held.path),
    }

    result = run(root, *typed.split(), names[way])

    assert 0 == result.code, result.stderr


@pytest.mark.parametrize(
    "typed",
    [
        *("list", "accounts", "albums", "tags", "group", "watch", "watch --list", "alert list"),
        *("status --failed", "status --listed", "remove --list", "search 茶"),
    ],
)
def test_an_empty_list_is_told(tmp_path: Path, typed: str) -> None:
    """On stderr, so that a person sees that it is empty and a program gets an empty list."""
    with opened(tmp_path):
        pass

    result = run(tmp_path, *typed.split())

    assert "" == result.stdout
    assert result.stderr


@pytest.mark.parametrize("command", ["retry", "forget"])
@pytest.mark.parametrize("way", ["key", "start", "address", "path"])
def test_the_queue_knows_an_article_by_any_name(root: Path, command: str, way: str) -> None:
    """Each address under which it waits is meant, once."""
    with opened(root) as store:
        held = store.get(long_address(1))
        waits = Candidate(address=urls.parse(long_address(1)), refresh=True)
        SqliteFrontier(store.db.conn).enqueue(waits, NOW)
    names = {
        "key": held.key,
        "start": held.key[:6],
        "address": long_address(1),
        "path": held.path,
    }

    result = run(root, command, names[way])

    assert (0, "1 address ") == (result.code, result.stderr[:10])


def test_list_shows_a_line_an_article_newest_first(root: Path) -> None:
    """Key, day in China, account, title; what is gone says so."""
    lines = run(root, "list").stdout.splitlines()

    assert [line.split("  ", 1)[1] for line in lines] == [
        "2023-01-01  投资实习所  第2篇",
        "2022-10-27  投资实习所  早安",
        "2021-01-01  投资实习所  没了  [gone: deleted]",
    ]


def test_list_json_has_every_name_on_every_line(root: Path) -> None:
    """At least those that the README promises."""
    found = rows(run(root, "list", "--json"))

    promised = {"key", "title", "author", "account", "published", "url", "kind", "path", "images"}
    assert all(promised <= row.keys() for row in found)
    assert len({tuple(row) for row in found}) == 1
    assert found[1]["images"] == 1
    assert found[1]["published"] == "2022-10-27T04:18:00+00:00"
    assert (root / found[1]["path"]).is_file()


@pytest.mark.parametrize(
    ("options", "titles"),
    [
        (["--gone"], ["没了"]),
        (["--not-gone"], ["第2篇", "早安"]),
        (["--since", "2022"], ["第2篇", "早安"]),
        (["--until", "2022-10-26"], ["没了"]),
        (["--until", "2022-10-27"], ["早安", "没了"]),
        (["--since", "2022-10-27", "--until", "2022-10"], ["早安"]),
        (["--account", "投资实习所", "--limit", "1"], ["第2篇"]),
        (["--account", "投资", "--limit", "1"], ["第2篇"]),
        (["--account", "nobody"], []),
        (["--kind", "picture"], ["没了"]),
        (["--topic", "晨"], ["早安"]),
        (["--title", "早"], ["早安"]),
        (["--oldest-first"], ["没了", "早安", "第2篇"]),
        (["--edited"], []),
    ],
)
def test_list_can_be_narrowed(root: Path, options: list[str], titles: list[str]) -> None:
    """Filters add up; days are China's."""
    assert [row["title"] for row in rows(run(root, "list", "--json", *options))] == titles


@pytest.mark.parametrize("command", [["list"], ["export", "jsonl", "-"]])
def test_a_kind_that_there_is_not_is_told(root: Path, command: list[str]) -> None:
    """Not an empty list: the message names the kinds that there are."""
    done = run(root, *command, "--kind", "film")
    assert done.code == 64
    assert "'film' is no kind of article; there are: article, video" in done.stderr
    assert run(root, "list", "--kind", "unknown-99").code == 0


def test_a_day_that_is_none_is_a_usage_error(root: Path) -> None:
    """64, and the forms that are understood."""
    result = run(root, "list", "--since", "yesterday")

    assert result.code == 64
    assert "2022-10-27" in result.stderr


def test_show_prints_the_file(root: Path) -> None:
    """By key, by six characters of it, by any address, by path."""
    row = rows(run(root, "list", "--json", "--title", "早安"))[0]
    text = (root / row["path"]).read_text(encoding="utf-8")

    for name in (row["key"], row["key"][:6], long_address(1), row["path"]):
        assert run(root, "show", name).stdout == text
    assert "旧" in run(root, "show", row["key"], "--version", "1").stdout


def test_show_json_says_everything(root: Path) -> None:
    """The facts of list, and addresses, images with their files, links, text."""
    found = rows(run(root, "show", long_address(1), "--json"))[0]
    listed = rows(run(root, "list", "--json", "--title", "早安"))[0]

    assert found.items() >= listed.items()
    assert found["text"] == "新"
    assert (found["wechat_tags"], found["tags"]) == (["晨"], [])
    assert [link["title"] for link in found["links"]] == ["第2篇", None, None]
    assert (root / found["image_files"][0]["path"]).read_bytes() == b"png"
    assert found["addresses"] == [long_address(1).replace("http:", "https:").removesuffix("#rd")]


def test_show_versions_is_a_list(root: Path) -> None:
    """When each was seen and what differs."""
    first, second = json.loads(run(root, "show", long_address(1), "--versions", "--json").stdout)

    assert (first["number"], first["seen"], first["changes"], first["current"]) == (
        1,
        NOW.isoformat(),
        {},
        False,
    )
    assert (second["number"], second["seen"], second["current"]) == (2, LATER.isoformat(), True)
    assert second["changes"]["text"] == {"added": 1, "removed": 1}
    assert "text: +1 -1" in run(root, "show", long_address(1), "--versions").stdout


def test_show_links_tells_what_is_held_and_what_is_not(root: Path) -> None:
    """Links, backlinks, and what is still missing."""
    found = json.loads(run(root, "show", long_address(1), "--links", "--json").stdout)

    assert [(link["text"], link["title"]) for link in found["links"]][:2] == [
        ("第2篇", "第2篇"),
        ("第3篇", None),
    ]
    assert [link["url"] for link in found["not_held"]] == [long_address(3)]
    assert [link["title"] for link in found["backlinks"]] == ["第2篇"]
    assert "Links to articles not held (1)" in run(root, "show", long_address(1), "--links").stdout


def test_diff_compares_the_newest_two(root: Path) -> None:
    """Unified, with the days on which each was seen."""
    result = run(root, "diff", long_address(1))
    lines = result.stdout.splitlines()

    assert result.code == 0
    assert "-旧" in lines
    assert "+新" in lines
    assert "(version 1)\t2026-11-23" in lines[0]
    assert run(root, "diff", long_address(1), "1", "2").stdout == result.stdout
    assert run(root, "diff", long_address(1), "2", "2").stdout == ""


def test_diff_of_one_version_says_so(root: Path) -> None:
    """And of a version that never was."""
    assert "one version only" in run(root, "diff", long_address(2)).stderr
    result = run(root, "diff", long_address(1), "1", "9")
    assert (result.code, "no version 9, only 1, 2:" in result.stderr) == (1, True)


@pytest.mark.parametrize(
    "command", [["list"], ["show", "abcdefghij"], ["diff", "abcdefghij"], ["verify"]]
)
def test_where_there_is_no_archive_nothing_is_made(tmp_path: Path, command: list[str]) -> None:
    """One line says how to begin."""
    result = run(tmp_path / "none", *command)

    assert result.code == 78
    assert "wechat-archive save" in result.stderr
    assert not (tmp_path / "none").exists()


def test_reading_goes_on_while_somebody_writes(root: Path) -> None:
    """The lock is for writers."""
    with Lock(root), opened(root) as store:
        keep(store, article(9))
        assert run(root, "list").code == 0
        assert run(root, "verify").code == 0
        assert run(root, "verify", "--repair").code == 75


def test_convert_prints_markdown_and_stores_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From a file, a folder, or standard input."""
    monkeypatch.chdir(tmp_path)
    page = article_page(title="一篇文章", body="<p>正文在此</p>")
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages" / "one.html").write_bytes(page)
    from_file = wechat_archive("convert", "pages/one.html")

    assert from_file.code == 0, from_file.stderr
    assert from_file.stdout.startswith('---\ntitle: "一篇文章"')
    assert from_file.stdout.endswith("\n正文在此\n")
    assert wechat_archive("convert", "pages").stdout == from_file.stdout
    assert wechat_archive("convert", "-", stdin=page).stdout == from_file.stdout
    assert wechat_archive("convert", "--body", "pages").stdout == "正文在此\n"
    assert (
        json.loads(wechat_archive("convert", "--json", "pages").stdout)["markdown"]
        == from_file.stdout
    )
    assert "nothing was lost" in wechat_archive("convert", "--losses", "pages").stderr
    assert [path.name for path in tmp_path.iterdir()] == ["pages"]


def test_convert_says_what_a_page_is_that_is_no_article(tmp_path: Path) -> None:
    """Told on stderr; the others go on."""
    (tmp_path / "a.html").write_bytes(status_page("deleted"))
    (tmp_path / "b.html").write_bytes(article_page(title="还在", body="<p>正文</p>"))
    alone = wechat_archive("convert", str(tmp_path / "a.html"))
    both = wechat_archive("convert", str(tmp_path))

    assert (alone.code, alone.stdout) == (1, "")
    assert (both.code, "还在" in both.stdout) == (1, True)
    assert "a.html" in both.stderr
    assert wechat_archive("convert", str(tmp_path / "none.html")).code == 64


def test_a_library_reads_what_is_kept(root: Path) -> None:
    """For programs: facts, whole articles, Markdown, links, versions."""
    with archive.open(root) as library:
        kept = library.get(long_address(1))

        assert library.article(kept.key).text == "新"
        assert library.markdown(kept.key) == (root / kept.path).read_text(encoding="utf-8")
        assert [found.title for found in library.articles(gone=False)] == ["第2篇", "早安"]
        assert [edge.target_title for edge in library.links(kept.key)] == ["第2篇", None, None]
        assert len(library.versions(kept.key)) == 2
        assert [hit.title for hit in library.search("早安", limit=5)] == ["早安"]
        with pytest.raises(NotHeld):
            library.get("zzzzzzzzzz")
    library.close()


def test_opening_makes_an_archive(tmp_path: Path) -> None:
    """Unless somebody else is making it at that moment."""
    with archive.open(tmp_path / "new") as library:
        assert list(library.articles()) == []
    with Lock(tmp_path / "other"), pytest.raises(Locked):
        archive.open(tmp_path / "other")


def test_a_library_serves_several_threads(root: Path) -> None:
    """One object, read from all sides."""
    errors: list[BaseException] = []
    with archive.open(root) as library:

        def read() -> None:
            try:
                for _ in range(20):
                    assert library.get(long_address(1)).title == "早安"
                    assert len(list(library.articles())) == 3
            except BaseException as error:
                errors.append(error)

        threads = [threading.Thread(target=read) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert errors == []


class Unsynced(Disk):
    """Does not wait for the disk: nothing here is about power cuts."""

    def fsync(self, handle: int) -> None:
        pass


@pytest.mark.long
def test_ten_thousand_articles_are_listed_with_flat_memory(tmp_path: Path) -> None:
    """One at a time, however many there are."""
    with opened(tmp_path, eager=False, disk=Unsynced()) as store, transaction(store.db.conn):
        for mid in range(10_000):
            keep(store, article(mid, text="字" * 2000))
    tracemalloc.start()
    with archive.open(tmp_path) as library:
        count = sum(1 for _ in library.articles())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert count == 10_000
    assert peak < 8_000_000


def test_with_json_logs_every_line_on_stderr_is_json(tmp_path: Path) -> None:
    """Failures, the summary and the last error too, so that a program can read them all."""
    archive = str(tmp_path / "archive")
    (tmp_path / "page.html").write_bytes(article_page(title="题"))
    results = [
        wechat_archive(
            "save", str(tmp_path / "page.html"), "nothing", "--images", "none", *JSON_LOG, archive
        ),
        wechat_archive("show", "zzzzzzzz", *JSON_LOG, archive),
        wechat_archive("convert", str(tmp_path / "no.html"), *JSON_LOG, archive),
        wechat_archive("nonsense", *JSON_LOG, archive),
    ]

    for result in results[:3]:
        lines = [json.loads(line) for line in result.stderr.splitlines()]
        assert lines
        assert {tuple(line) for line in lines} == {("time", "level", "logger", "message")}
    assert [result.code for result in results] == [1, 1, 64, 64]


def test_convert_names_the_page_that_it_cannot_read(tmp_path: Path) -> None:
    """Each of them, in plain words; the others are printed."""
    (tmp_path / "gone.html").write_bytes(status_page("deleted"))
    (tmp_path / "page.html").write_bytes(article_page(title="题"))
    names = [str(tmp_path / name) for name in ("no.html", "gone.html", "page.html")]
    result = wechat_archive("convert", *names)

    assert (result.code, "\n# 题\n" in result.stdout) == (1, True)
    assert result.stderr.splitlines() == [
        f"error: {names[0]}: it cannot be read: No such file or directory",
        f"error: {names[1]}: its author deleted it (该内容已被发布者删除)",
    ]


def test_losses_are_told_as_every_message_is(tmp_path: Path) -> None:
    """``--log-format json``: JSON too, in English; else in the reader's language."""
    page = tmp_path / "page.html"
    page.write_bytes(article_page(title="题", body='<p>文</p><canvas id="c"></canvas>'))
    asked = ("convert", "--losses", str(page))

    logged = wechat_archive("--lang", "zh", "--log-format", "json", *asked).stderr.splitlines()
    told = wechat_archive("--lang", "zh", *asked).stderr

    assert [f"{page}: 1 × drawing near '文'"] == [json.loads(line)["message"] for line in logged]
    assert f"{page}：1 × " in told
