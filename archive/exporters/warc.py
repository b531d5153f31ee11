"""WARC/1.1 (ISO 28500:2017) of the stored exchanges, as web archives and replay tools read it.

Bodies are kept after content decoding, so the headers that told of it (``content-encoding``,
``transfer-encoding`` and the old length) go by ``X-Archive-Orig-…``, as other tools do; a replay
then sees what fits the bytes. A page that was given as a file is no exchange and becomes a
``resource``. A WARC is made to be handed on: who read a page, as its tokens tell, does not go along
(``scraper.redact.scrub``); else bodies are as received.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from http import HTTPStatus
from io import BytesIO
from pathlib import Path
from typing import IO

from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from archive.db.names import SNAPSHOTS_DB
from archive.db.recording_tables import are_known
from archive.errors import ArchiveError
from archive.exporters.export import Export, left_out
from archive.exporters.pictures import Picture, content, held
from archive.exporters.report import ExportReport
from archive.saved.warc_fields import EXCHANGE
from archive.snapshots import Snapshot, Snapshots
from archive.store import Store, Stored
from scraper import urls
from scraper.clock import utc_now
from scraper.errors import NotAnAddress
from scraper.messages import mark
from scraper.redact import scrub

_ENCODED = frozenset({"content-encoding", "transfer-encoding", "content-length"})


def write(export: Export) -> None:
    """The exchanges about the chosen articles; of the whole archive every exchange there is, and
    the images.
    """
    store, report = export.store, export.report
    place = store.root / SNAPSHOTS_DB
    if not place.exists():
        raise ArchiveError(
            mark(
                "{root} has no {snapshots_db}: no raw pages were kept, so there is nothing "
                "for a WARC",
                root=store.root,
                snapshots_db=SNAPSHOTS_DB,
            )
        )
    target = export.target
    compress = not (isinstance(target, Path) and target.suffix == ".warc")
    with Snapshots(place, readonly=True) as snapshots:
        whole = export.selection.is_all
        total = snapshots.count() if whole else len(export.articles)
        wanted = snapshots.each() if whole else _of_articles(export, snapshots)
        with export.opened() as file:
            writer = write_warc(
                snapshots,
                wanted,
                file,
                report,
                compress=compress,
                progress=lambda done: export.progress(done, total),
            )
            if export.images and whole:
                write_images(writer, store, report)
                write_recordings(writer, store, report)


def _of_articles(export: Export, snapshots: Snapshots) -> Iterator[Snapshot]:
    for stored in export.articles:
        found: list[Snapshot] = []
        with left_out(export.report, stored.key):
            found = _exchanges(export, snapshots, stored)
        yield from found


def _exchanges(export: Export, snapshots: Snapshots, stored: Stored) -> list[Snapshot]:
    """Every exchange about an article: under all its addresses, and those that its versions came
    from. One that is lost is named in the report.
    """
    store, names = export.store, set()
    for address in store.addresses(stored.article_id):
        try:
            names.add(urls.canonical(address))
        except NotAnAddress:
            names.add(address)
    found = {snapshot.id: snapshot for snapshot in snapshots.of(names)}
    for version in store.versions(stored.article_id):
        if version.snapshot_id is not None and version.snapshot_id not in found:
            with left_out(export.report, stored.key):
                found[version.snapshot_id] = snapshots.facts(version.snapshot_id)
    return sorted(found.values(), key=lambda snapshot: snapshot.id)


def write_warc(
    snapshots: Snapshots,
    ids: Iterable[Snapshot],
    file: IO[bytes],
    report: ExportReport,
    *,
    compress: bool = True,
    progress: Callable[[int], None] = lambda done: None,
) -> WARCWriter:
    """Each exchange as a request and a response record; a damaged one is named in the report and
    left out.
    """
    writer = WARCWriter(file, gzip=compress, warc_version="WARC/1.1")
    info = {
        "software": "wechat-archive",
        "format": "WARC/1.1",
        "conformsTo": "https://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/",
    }
    writer.write_record(writer.create_warcinfo_record(None, info))
    report.records += 1
    for done, snapshot in enumerate(ids, start=1):
        with left_out(report, snapshot.address):
            _take(writer, snapshots, snapshot, report)
        progress(done)
    return writer


def write_images(writer: WARCWriter, store: Store, report: ExportReport) -> None:
    """Every held image under each address it was seen at."""
    now = utc_now()
    for (url,) in store.db.conn.execute(
        "SELECT url FROM media_addresses WHERE sha256 IS NOT NULL ORDER BY url"
    ):
        with left_out(report, url):
            _write_image(writer, url, held(store, url), now, report)


def _write_image(
    writer: WARCWriter, url: str, image: Picture | None, now: datetime, report: ExportReport
) -> None:
    if image is None:
        report.missing_images += 1
        return
    data = content(image)
    record = writer.create_warc_record(
        url,
        "resource",
        payload=BytesIO(data),
        length=len(data),
        warc_content_type=image.type,
        warc_headers_dict={"WARC-Date": _date(now)},
    )
    writer.write_record(record)
    report.records += 1
    report.images += 1


def _take(
    writer: WARCWriter, snapshots: Snapshots, snapshot: Snapshot, report: ExportReport
) -> None:
    _write(writer, snapshot, scrub(snapshots.get(snapshot.id).body), report)


def write_recordings(writer: WARCWriter, store: Store, report: ExportReport) -> None:
    """Every held sound and video under the address that it goes by, straight from its file."""
    now = utc_now()
    if not are_known(store.db.conn):
        return
    for address, path, type_ in store.db.conn.execute(
        "SELECT r.address, m.path, m.type FROM recordings r "
        "JOIN media m ON m.sha256 = r.sha256 ORDER BY r.address"
    ).fetchall():
        place = store.files.place(path)
        if not place.is_file():
            continue
        with place.open("rb") as file:
            record = writer.create_warc_record(
                address,
                "resource",
                payload=file,
                length=place.stat().st_size,
                warc_content_type=type_,
                warc_headers_dict={"WARC-Date": _date(now)},
            )
            writer.write_record(record)
        report.records += 1
        report.media += 1


def _write(writer: WARCWriter, snapshot: Snapshot, body: bytes, report: ExportReport) -> None:
    target = snapshot.final_url or snapshot.url
    exchange = {
        "address": snapshot.address,
        "url": snapshot.url,
        "final_url": snapshot.final_url,
        "redirects": snapshot.redirects,
        "request": snapshot.request,
        "fetched": snapshot.fetched.isoformat() if snapshot.fetched else None,
    }
    headers = {
        "WARC-Date": _date(snapshot.fetched or utc_now()),
        # ASCII, as WARC header values of every reader are.
        EXCHANGE: json.dumps(exchange),
    }
    if snapshot.fetched is None:
        record = writer.create_warc_record(
            target,
            "resource",
            payload=BytesIO(body),
            length=len(body),
            warc_content_type="text/html",
            warc_headers_dict=headers,
        )
        writer.write_record(record)
        report.records += 1
        return
    response = writer.create_warc_record(
        target,
        "response",
        payload=BytesIO(body),
        length=len(body),
        http_headers=StatusAndHeaders(
            _status(snapshot.status), _response_headers(snapshot, body), protocol="HTTP/1.1"
        ),
        warc_headers_dict=headers,
    )
    request = writer.create_warc_record(
        target,
        "request",
        http_headers=_request(target, snapshot),
        warc_headers_dict={"WARC-Date": headers["WARC-Date"]},
    )
    writer.write_request_response_pair(request, response)
    report.records += 2


def _response_headers(snapshot: Snapshot, body: bytes) -> list[tuple[str, str]]:
    kept = [
        (f"X-Archive-Orig-{name}" if name in _ENCODED else name, value)
        for name, value in snapshot.response
    ]
    return [*kept, ("Content-Length", str(len(body)))]


def _request(target: str, snapshot: Snapshot) -> StatusAndHeaders:
    _, _, rest = target.partition("://")
    host, slash, path = rest.partition("/")
    headers = [
        ("Host", host),
        *((name, value) for name, value in snapshot.request if name != "host"),
    ]
    return StatusAndHeaders(
        f"GET {slash}{path.partition('#')[0] or ''}" if slash else "GET /",
        headers,
        protocol="HTTP/1.1",
        is_http_request=True,
    )


def _status(code: int) -> str:
    try:
        return f"{code} {HTTPStatus(code).phrase}"
    except ValueError:
        return f"{code} Unknown"


def _date(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
