"""What is promised of an import as a whole: the newest capture wins, whatever the order; nothing that
fails or interrupts leaves half an archive.
"""

from __future__ import annotations

import json
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from archive.db.lock import Lock
from archive.db.opening import open_database
from archive.errors import Locked
from archive.importers import import_files
from archive.importers.documents import Documents
from archive.importers.items import ImportItem
from archive.importers.job import _Job
from archive.importers.report import Taken
from archive.search.index import is_current
from archive.store.discussions import in_files
from archive.store.markdown_files import MarkdownFiles
from scraper.models import Article
from scraper.traffic.exchange import Exchange
from tests.faults import failing, signalled
from tests.importers.test_warc import Record, web_archive
from tests.keep.archives import contents, fill, opened
from tests.keep.articles import PICTURE, fields, page
from tests.store.make import NOW, article, nameless, short_address
from tests.weixin.media import png

TOKEN = "<p>pass_ticket=ABCDEFGH12345678%2Babcdefgh&amp;key=0123456789abcdef</p>"


def capture(place: Path, text: str, time: str) -> Path:
    """A web archive with one capture of article 1."""
    return web_archive(place, [Record(page(1).url, page(1, text=text).body, time=time)])


@pytest.mark.parametrize(
    ("second", "change", "texts"),
    [
        pytest.param("2024-05-06T07:08:10Z", "modified", ["甲", "乙"], id="a second later"),
        pytest.param("2024-05-06T07:08:09Z", "held", ["甲"], id="at the same moment"),
        pytest.param("2024-05-06T07:08:08Z", "held", ["甲"], id="a second earlier"),
        pytest.param("at some time", "held", ["甲"], id="nobody knows when"),
    ],
)
def test_a_newer_capture_is_a_version_and_an_older_one_changes_nothing(
    tmp_path: Path, second: str, change: str, texts: list[str]
) -> None:
    """An older page never replaces what is held; its raw page is kept all the same."""
    root = tmp_path / "archive"
    import_files(root, [capture(tmp_path / "a.warc", "甲", "2024-05-06T07:08:09Z")])
    report = import_files(root, [capture(tmp_path / "b.warc", "乙", second)])

    assert {change: 1} == report.counts
    with opened(root) as (store, snapshots):
        held = store.get(page(1).url)
        shown = [
            store.version(held.article_id, v.number).text for v in store.versions(held.article_id)
        ]
        assert page(1, text="乙").body == snapshots.get(2).body
    assert texts == ["甲" if "后文 & a < b。甲" in text else "乙" for text in shown]


def test_raw_pages_stay_as_they_were_received(tmp_path: Path) -> None:
    """Every byte, also what names their reader: only ``scrubbed`` takes that out."""
    saved = tmp_path / "a.html"
    saved.write_bytes(page(1, text=TOKEN).body)
    import_files(tmp_path / "plain", [saved])
    import_files(tmp_path / "scrubbed", [saved], scrubbed=True)

    bodies = []
    for name in ("plain", "scrubbed"):
        with opened(tmp_path / name) as (_, snapshots):
            bodies.append(snapshots.get(1).body)
    assert [True, False] == [body == saved.read_bytes() for body in bodies]


def test_what_was_imported_is_searched_at_once(tmp_path: Path) -> None:
    """The index is in order when an import ends."""
    saved = tmp_path / "a.html"
    saved.write_bytes(page(1).body)
    import_files(tmp_path / "archive", [saved])

    with open_database(tmp_path / "archive" / "archive.db", readonly=True) as db:
        assert is_current(db.conn)


def test_each_picture_is_counted_once(tmp_path: Path) -> None:
    """Of two pages that show the same one, the first brings it."""
    folder = tmp_path / "in"
    (folder / "x_files").mkdir(parents=True)
    (folder / "x_files" / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(64))
    tag = '<img data-src="https://mmbiz.qpic.cn/mmbiz_png/A/640" src="x_files/a.png">'
    for number in (1, 2):
        (folder / f"{number}.html").write_bytes(
            page(number).body.replace("后文".encode(), ("后文" + tag).encode())
        )
    report = import_files(tmp_path / "archive", [folder])

    assert ({"new": 2}, 1) == (report.counts, report.media)


def test_addresses_that_were_waiting_before_are_not_counted_again(tmp_path: Path) -> None:
    """``links`` tells of those that this import brought."""
    for number in (1, 2):
        (tmp_path / f"{number}.md").write_text(
            f"# 第{number}篇\n\n原文链接: {fields(number).long}\n\n[下一篇]({fields(7).long})\n\n"
            f"[另一篇]({fields(7 + number).long})\n",
            encoding="utf-8",
        )
    first = import_files(tmp_path / "archive", [tmp_path / "1.md"])
    second = import_files(tmp_path / "archive", [tmp_path / "2.md"])

    assert (2, 1) == (first.links, second.links)


def test_a_file_that_fails_before_the_first_article_fails_alone(tmp_path: Path) -> None:
    """Names are gathered before articles are taken in; that loop goes on, too."""
    fill(tmp_path / "a", [page(1), page(2)])
    with failing((Documents.note_address,), "archive.importers.documents:_address_in") as has_fired:
        report = import_files(tmp_path / "b", [tmp_path / "a" / "articles"])

    assert has_fired()
    assert ({"new": 2, "failed": 1}, 1) == (report.counts, report.exit_code)


def test_a_signal_lets_the_import_finish_what_it_writes(tmp_path: Path) -> None:
    """The files that lead to each other are whole, and the command says which signal it was."""
    for number in (1, 2, 3):
        (tmp_path / f"{number}.html").write_bytes(page(number, links=(1, 2, 3)).body)
    import_files(tmp_path / "quiet", [tmp_path])
    target = "archive.store.markdown_files:MarkdownFiles._written"
    with signalled(signal.SIGTERM, (MarkdownFiles.write_stale_files,), target) as came:
        report = import_files(tmp_path / "stopped", [tmp_path])

    assert came()
    assert (signal.SIGTERM, 143) == (report.signal, report.exit_code)
    assert contents(tmp_path / "quiet").keys() == contents(tmp_path / "stopped").keys()
    with opened(tmp_path / "stopped") as (store, _):
        assert 0 == store.write_stale_files()


def test_many_raw_pages_are_packed_before_an_import_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Few wait for the next `run`."""
    monkeypatch.setattr("archive.snapshots.keeper.WORTH_REPACKING", 0)
    monkeypatch.setattr("archive.importers.job.PAGES_A_REPACK", 2)
    waiting = []
    for number in (1, 2):
        (tmp_path / f"{number}.html").write_bytes(page(number).body)
        import_files(tmp_path / "archive", [tmp_path / f"{number}.html"])
        with opened(tmp_path / "archive") as (_, snapshots):
            waiting.append(snapshots.waiting())

    assert [1, 0] == waiting


def test_a_page_that_does_not_say_who_it_is_is_found_by_its_addresses(tmp_path: Path) -> None:
    """The one that it was kept for and the one that was asked for, as our own files tell them."""
    body = page(1).body.replace(b"MzA5MTIzNDU2Nw==", b"").replace(b"2247480001", b"")
    first, second = (f"https://mp.weixin.qq.com/s/{letter * 22}" for letter in "AB")
    said = json.dumps({"url": first, "address": second})
    file = web_archive(tmp_path / "a.warc", [Record(first, body, said=said)])
    import_files(tmp_path / "archive", [file])
    again = import_files(tmp_path / "archive", [file])

    assert {"held": 1} == again.counts
    with opened(tmp_path / "archive") as (store, snapshots):
        held = store.get(first)
        assert held.article_id == store.get(second).article_id
        assert None is store.stored(held.article_id).mid
        assert [True, False] == [
            snapshots.latest_id(address) is not None for address in (second, first)
        ]


def test_a_link_to_elsewhere_stays_whatever_it_is_called(tmp_path: Path) -> None:
    """Only a file beside is one of ours, not an address that ends as our names do."""
    keys = fill(tmp_path / "a", [page(1)])
    far = f"https://example.com/a%20[{keys[0]}].md"
    anchor = f'<p><a href="{far}">别处</a></p>'
    fill(tmp_path / "a", [page(2, text=anchor)])
    import_files(tmp_path / "b", [tmp_path / "a" / "articles"])

    for name in ("a", "b"):
        with opened(tmp_path / name) as (store, _):
            assert far in store.article(store.get(page(2).url).article_id).body.replace(
                "%5B", "["
            ).replace("%5D", "]")


def test_what_was_taken_in_is_kept_while_an_import_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kill repeats the last few pages and no more; how far it came is told page by page."""
    monkeypatch.setattr("archive.importers.job.ITEMS_A_COMMIT", 2)
    folder = tmp_path / "in"
    folder.mkdir()
    for number in range(1, 5):
        (folder / f"{number}.html").write_bytes(page(number).body)
    told: list[tuple[int, int]] = []
    kept: list[int] = []

    def progress(done: int, total: int, name: str) -> None:
        if name == "importing":
            told.append((done, total))
            with open_database(tmp_path / "archive" / "archive.db", readonly=True) as db:
                kept.append(db.conn.execute("SELECT count(*) FROM articles").fetchone()[0])

    import_files(tmp_path / "archive", [folder], progress=progress)

    assert [(1, 4), (2, 4), (3, 4), (4, 4)] == told
    assert [0, 2, 2, 4] == kept


def test_who_imports_while_another_writes_is_told_at_once(tmp_path: Path) -> None:
    """It waits where that is asked for, and writes nothing here."""
    (tmp_path / "a.html").write_bytes(page(1).body)
    with (
        Lock(tmp_path / "archive", command="wechat-archive run"),
        pytest.raises(Locked, match="run"),
    ):
        import_files(tmp_path / "archive", [tmp_path / "a.html"])

    assert not (tmp_path / "archive" / "archive.db").exists()


@pytest.mark.parametrize(("asked", "shown"), [({}, False), ({"comments": True}, True)])
def test_files_show_comments_where_that_is_asked_for(
    tmp_path: Path, asked: dict[str, Any], shown: bool
) -> None:
    """As in every other command that writes files."""
    (tmp_path / "a.html").write_bytes(page(1).body)
    import_files(tmp_path / "archive", [tmp_path / "a.html"], **asked)

    with opened(tmp_path / "archive") as (store, _):
        assert shown == in_files(store.db.conn)


@pytest.mark.parametrize(
    ("given", "counts"),
    [
        ([article(1), article(2)], {"new": 2}),
        ([article(1), article(1)], {"new": 1, "held": 1}),
        ([article(1, title=""), article(2)], {"failed": 1, "new": 1}),
        ([replace(nameless(1), address=short_address(1))] * 2, {"new": 1, "held": 1}),
    ],
)
def test_articles_of_other_programs_are_taken_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: list[Article], counts: dict[str, int]
) -> None:
    """By identity or by address; one without a title is told, and the others go on."""
    items = [ImportItem(source=str(n), path=tmp_path, article=one) for n, one in enumerate(given)]
    monkeypatch.setattr("archive.importers.job.contents", lambda path: iter(items))
    (tmp_path / "a.html").write_bytes(b"")
    told: list[Taken] = []
    report = import_files(tmp_path / "archive", [tmp_path / "a.html"], tell=told.append)

    assert counts == report.counts
    assert ["it has no title"] * counts.get("failed", 0) == [one.error for one in told if one.error]


def test_a_picture_that_fails_fails_alone(tmp_path: Path) -> None:
    """Those behind it come along, also where they stand before the page that shows them."""
    shown = "".join(f'<img data-src="{PICTURE.format(n)}">' for n in (1, 2))
    pictures = [Record(PICTURE.format(n), png(n)) for n in (1, 2)]
    file = web_archive(
        tmp_path / "a.warc", [*pictures, Record(page(1).url, page(1, text=shown).body)]
    )
    with failing((_Job._take_pictures,), "archive.importers.job:_Job._image") as has_fired:
        report = import_files(tmp_path / "archive", [file])

    assert has_fired()
    assert ({"new": 1, "failed": 1}, 1) == (report.counts, report.media)


def test_counts_that_fail_fail_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a recording of the network: those behind them are taken all the same."""
    addresses = [f"https://mp.weixin.qq.com/mp/getappmsgext?n={n}" for n in range(3)]
    items = [
        ImportItem(source=url, path=tmp_path, exchange=Exchange(url=url, body=b"{}"), seen=NOW)
        for url in addresses
    ]
    monkeypatch.setattr("archive.importers.job.contents", lambda path: iter(items))
    (tmp_path / "a.har").write_bytes(b"")
    told: list[Taken] = []
    with failing((_Job._take_around,), "archive.importers.around:Around.take") as has_fired:
        report = import_files(tmp_path / "archive", [tmp_path / "a.har"], tell=told.append)

    assert has_fired()
    assert [addresses[0]] == [one.source for one in told if one.error]
    assert 2 == report.unmatched  # they are of no article that is held
