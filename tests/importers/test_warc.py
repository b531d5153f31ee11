"""What is promised of web archives: every capture of an article and every picture of WeChat's hosts
is found in them, and nothing else is taken for one.
"""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from archive.importers import import_files
from archive.importers.formats import contents
from archive.importers.items import ImportItem
from scraper.models import Page
from tests.keep.archives import opened
from tests.keep.articles import PICTURE, page
from tests.weixin.media import png

ARTICLE = page(1).url
TIME = "2024-05-06T07:08:09Z"


@dataclass(frozen=True)
class Record:
    """What stands in a file: ``status`` is the line after the protocol, None for a `resource`."""

    url: str
    body: bytes
    status: str | None = "200 OK"
    said: str = "{}"
    time: str = TIME


def web_archive(place: Path, records: Sequence[Record]) -> Path:
    """A WARC file with ``records``."""
    with place.open("wb") as file:
        writer = WARCWriter(file, gzip=False, warc_version="WARC/1.1")
        for record in records:
            head = [("Content-Type", "text/html"), ("Content-Length", str(len(record.body)))]
            http = record.status is not None and StatusAndHeaders(
                record.status, head, protocol="HTTP/1.1"
            )
            writer.write_record(
                writer.create_warc_record(
                    record.url,
                    "response" if http else "resource",
                    payload=io.BytesIO(record.body),
                    length=len(record.body),
                    http_headers=http or None,
                    warc_headers_dict={
                        "WARC-Date": record.time,
                        "X-Wechat-Archive-Exchange": record.said,
                    },
                )
            )
    return place


def pages(found: Sequence[ImportItem]) -> list[tuple[str, int]]:
    """The pages among what was found: where, and how they were answered."""
    return [(item.page.url, item.page.status) for item in found if item.page is not None]


@pytest.mark.parametrize(
    ("record", "taken"),
    [
        pytest.param(Record(ARTICLE, page(1).body), (ARTICLE, 200), id="an answer"),
        pytest.param(Record(ARTICLE, page(1).body, status=None), (ARTICLE, 200), id="a resource"),
        pytest.param(Record(ARTICLE, page(1).body, status=""), (ARTICLE, 200), id="no status"),
        pytest.param(Record(ARTICLE, b"<p>gone", status="404 Not Found"), (ARTICLE, 404), id="404"),
        pytest.param(Record(ARTICLE, b"busy", status="503 Busy"), (ARTICLE, 503), id="503"),
        pytest.param(Record(ARTICLE, b"", status="300 Choices"), None, id="300"),
        pytest.param(Record(ARTICLE, b"", status="302 Found"), None, id="302"),
        pytest.param(Record(ARTICLE, b"", status="399 x"), None, id="399"),
        pytest.param(Record(ARTICLE, b"bad", status="400 Bad"), (ARTICLE, 400), id="400"),
        pytest.param(Record("https://example.com/s/x", b"<p>x"), None, id="another site"),
        pytest.param(
            Record("https://mp.weixin.qq.com/mp/appmsgalbum?__biz=MzA5&album_id=7", b"<p>x"),
            None,
            id="an album",
        ),
    ],
)
def test_answers_of_articles_are_pages(
    tmp_path: Path, record: Record, taken: tuple[str, int] | None
) -> None:
    """With the status that the server gave; a redirect is none, nor is what is no article."""
    found = list(contents(web_archive(tmp_path / "a.warc", [record])))

    assert pages(found) == ([] if taken is None else [taken])
    assert [item.error for item in found if item.error] == (
        ["no page of mp.weixin.qq.com is in it"] if taken is None else []
    )


def test_pictures_of_wechat_come_along(tmp_path: Path) -> None:
    """Those that a server gave; neither an error page in the place of one nor another site's."""
    file = web_archive(
        tmp_path / "a.warc",
        [
            Record(PICTURE.format(1), png(1)),
            Record(PICTURE.format(2), b"<p>not found", status="404 Not Found"),
            Record(PICTURE.format(3), png(3), status="302 Found"),
            Record("https://example.com/a.png", png(4)),
            Record(ARTICLE, page(1).body),
        ],
    )

    found = list(contents(file))
    report = import_files(tmp_path / "archive", [file])

    assert [item.image for item in found if item.image] == [(PICTURE.format(1), png(1))]
    assert (report.counts, report.media, report.exit_code) == ({"new": 1}, 1, 0)


def test_pictures_alone_are_no_pages(tmp_path: Path) -> None:
    """A file with nothing but pictures is told to hold no page."""
    file = web_archive(tmp_path / "a.warc", [Record(PICTURE.format(1), png(1))])

    assert [item.error for item in contents(file)] == [None, "no page of mp.weixin.qq.com is in it"]


def test_a_damaged_record_is_named_by_its_number(tmp_path: Path) -> None:
    """What stands before it is taken in, and the fourth is told to be the fourth."""
    file = web_archive(tmp_path / "a.warc", [Record(page(n).url, page(n).body) for n in (1, 2, 3)])
    with file.open("ab") as end:
        end.write(b"WARC/1.1\r\nX: " + b"y" * 2**21)

    *good, bad = contents(file)

    assert pages(good) == [(page(n).url, 200) for n in (1, 2, 3)]
    assert (bad.source, bad.page) == (f"{file}, record 4", None)
    assert str(bad.error) == "the headers are longer than 1 MB"


def test_what_our_own_exports_say_of_an_exchange_comes_back(tmp_path: Path) -> None:
    """The address that was asked for, where it ended, what lay between, and what was sent."""
    said = {
        "url": "https://mp.weixin.qq.com/s/AbCdEfGhIjKlMnOpQrStUv",
        "final_url": ARTICLE,
        "redirects": ["https://mp.weixin.qq.com/s/Between"],
        "request": [["user-agent", "Mozilla/5.0"], ["accept", "*/*"]],
        "address": "https://mp.weixin.qq.com/s/AbCdEfGhIjKlMnOpQrStUv",
    }
    file = web_archive(tmp_path / "a.warc", [Record(ARTICLE, page(1).body, said=json.dumps(said))])

    (item,) = contents(file)
    import_files(tmp_path / "archive", [file])
    with opened(tmp_path / "archive") as (_, snapshots):
        kept = snapshots.get(1)

    assert item.address == said["address"]
    assert (
        kept
        == item.page
        == Page(
            url="https://mp.weixin.qq.com/s/AbCdEfGhIjKlMnOpQrStUv",
            body=page(1).body,
            final_url=ARTICLE,
            status=200,
            headers=(("content-type", "text/html"),),
            redirects=("https://mp.weixin.qq.com/s/Between",),
            request=(("user-agent", "Mozilla/5.0"), ("accept", "*/*")),
            fetched=datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC),
        )
    )


def test_a_page_may_be_as_large_as_it_may_be_and_no_larger(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is larger is told with the bound, and the others are taken all the same."""
    monkeypatch.setattr("archive.importers.warc.LARGEST", 2**20)
    bodies = [b"x" * size for size in (2**20 - 1, 2**20, 2**20 + 1)]
    records = [Record(page(n).url, body) for n, body in enumerate([*bodies, b"x"], start=1)]

    found = list(contents(web_archive(tmp_path / "a.warc", records)))

    assert [len(item.page.body) if item.page else item.error for item in found] == [
        *(2**20 - 1, 2**20, "it is larger than 1 MB", 1),
    ]
