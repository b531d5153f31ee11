"""What is promised of ``export``: other programs read it, nothing in it can run, nothing in the
archive changes.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import re
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from warcio.archiveiterator import ArchiveIterator
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from archive.exporters import Selection, export
from archive.exporters.csv import safe_cell
from archive.exporters.tree import xhtml
from archive.importers import import_files
from scraper.controls import escape_controls
from scraper.models import Album, Article, Page
from tests.command import wechat_archive
from tests.keep.archives import NOW, contents, fill, opened, three_linked
from tests.keep.articles import page
from tests.store.make import list_album
from tests.weixin.media import png

PAYLOADS = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '<a href="javascript:alert(1)">x</a>',
    '<a href="data:text/html,<script>alert(1)</script>">x</a>',
    "<svg/onload=alert(1)>",
    '<iframe src="https://evil.example"></iframe>',
    '<p style="background:url(https://evil.example)">x</p>',
    '<math><mi xlink:href="javascript:alert(1)">x</mi></math>',
    '<p data-card="x&quot; onclick=alert(1)">x</p>',
    "</article></body><script>alert(1)</script>",
    "<template><script>alert(1)</script></template>",
    '<a href="  jAvAsCrIpT:alert(1)">x</a>',
    '<a href="https://[bad">x</a>',
    '<form action="https://evil.example"><input name=a></form>',
    '<meta http-equiv="refresh" content="0;url=https://evil.example">',
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Three articles, 1 and 2 linked with each other, one picture held."""
    return three_linked(tmp_path / "a")


def test_the_files_come_out_of_the_database_alone(root: Path, tmp_path: Path) -> None:
    """``export markdown`` writes every file and image as the archive has them, also after all files
    were lost.
    """
    before = contents(root)
    shutil.rmtree(root / "articles")

    report = export(root, "markdown", tmp_path / "out")

    assert (3, 1) == (report.articles, report.images)
    assert before == contents(tmp_path / "out")
    assert 0 == export(root, "markdown", tmp_path / "out").images


def test_a_web_page_needs_nothing_else_and_runs_nothing(root: Path, tmp_path: Path) -> None:
    """One file an article: image inside, a policy that forbids everything else, links to the other
    files.
    """
    export(root, "html", tmp_path / "out")

    pages = {p.name: p.read_text(encoding="utf-8") for p in (tmp_path / "out").rglob("*.html")}
    assert pages.pop("index.html")
    first = next(text for name, text in pages.items() if "文章1" in name)
    assert 3 == len(pages)
    assert "Content-Security-Policy\" content=\"default-src 'none'; img-src data:" in first
    assert 1 == first.count('<img src="data:image/png;base64,')
    assert not re.search(r"<(?:script|link|iframe)|\ssrc=\"http|\son\w+=", first)
    assert re.search(r'href="[^"]*文章2[^"]*\.html"', first)
    assert "文章1: 岩茶 &amp; &lt;香气&gt;" in first


@pytest.mark.parametrize("payload", PAYLOADS)
def test_no_payload_survives_in_a_web_page_or_a_book(tmp_path: Path, payload: str) -> None:
    """Not even a body that was tampered with in the database brings script or a foreign address
    into an export.
    """
    with opened(tmp_path / "a") as (store, _):
        article = Article(
            title=payload,
            body=f"<p>vor</p>{payload}<p>nach</p>",
            text="x",
            url="https://x.example/1",
        )
        store.keep(article, address="https://x.example/1", now=NOW)

    export(tmp_path / "a", "html", tmp_path / "out")
    export(tmp_path / "a", "epub", tmp_path / "book.epub", title=payload)

    text = next((tmp_path / "out" / "articles").rglob("*.html")).read_text(encoding="utf-8")
    with zipfile.ZipFile(tmp_path / "book.epub") as book:
        documents = [
            text,
            *(
                book.read(n).decode()
                for n in book.namelist()
                if n.endswith((".xhtml", ".opf", ".ncx"))
            ),
        ]
    for document in documents:
        tags = "".join(
            re.findall(
                r"<[^>]*>", document.replace('<meta http-equiv="Content-Security-Policy"', "")
            )
        )
        assert not re.search(
            r"<script|<iframe|<form|<svg|<math|javascript:|data:text|\son\w+\s*=|evil", tags, re.I
        )


@given(st.text(alphabet="<>/ab p\"'&;=\x00\x0b\ufffe\ud800\U0001f600中", max_size=80))
def test_whatever_the_body_is_a_chapter_is_well_formed(body: str) -> None:
    """Any text at all becomes XML that a strict reader opens."""
    etree.fromstring(f"<body>{xhtml(body, image=lambda url: None, link=lambda url: None)}</body>")


def test_lines_of_json_hold_everything(root: Path, tmp_path: Path) -> None:
    """One object an article with the facts of ``list --json``, text, HTML, links with the keys of
    what is held.
    """
    export(root, "jsonl", tmp_path / "a.jsonl")

    lines = [
        json.loads(line) for line in (tmp_path / "a.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    by_title = {line["title"]: line for line in lines}
    first, second = by_title["文章1: 岩茶 & <香气>"], by_title["文章2: 岩茶 & <香气>"]
    assert 3 == len(lines)
    assert second["key"] == first["links"][0]["key"]
    assert "引用 * 不是列表" in first["text"]
    assert "<strong>重点。</strong>" in first["html"]
    assert next(iter(first["image_files"].values())).startswith("media/")
    assert first["article"]["account"]["name"] == first["account"]


def test_a_spreadsheet_opens_it_and_runs_nothing(tmp_path: Path) -> None:
    """UTF-8 with a mark that Excel needs; a title that begins a formula is a text."""
    with opened(tmp_path / "a") as (store, _):
        title = '=HYPERLINK("https://evil.example","x")'
        store.keep(
            Article(title=title, text="a\nb", body="<p>a</p>", author="@sum"), address="u", now=NOW
        )

    export(tmp_path / "a", "csv", tmp_path / "a.csv")

    data = (tmp_path / "a.csv").read_bytes()
    row = next(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))
    assert data.startswith(b"\xef\xbb\xbfkey,title,")
    assert ('\'=HYPERLINK("https://evil.example","x")', "'@sum", "3") == (
        row["title"],
        row["author"],
        row["characters"],
    )


@given(st.text())
def test_no_cell_begins_a_formula(value: str) -> None:
    """OWASP's list, half and full width, also behind white space."""
    cell = safe_cell(value)

    assert not cell.strip().startswith(("=", "+", "-", "@", "＝", "＋", "－", "＠", "|", "%"))
    shown = escape_controls(value.replace("\0", ""))
    assert cell in (shown, f"'{shown}")


def test_a_book_has_contents_images_and_inner_links(root: Path, tmp_path: Path) -> None:
    """The parts of an EPUB in the required order; each chapter in both tables of contents; links
    lead inside.
    """
    export(root, "epub", tmp_path / "b.epub", title="我的书")

    with zipfile.ZipFile(tmp_path / "b.epub") as book:
        names = book.namelist()
        assert ("mimetype", zipfile.ZIP_STORED) == (names[0], book.infolist()[0].compress_type)
        assert b"application/epub+zip" == book.read("mimetype")
        chapters = [n for n in names if n.endswith(".xhtml") and "nav" not in n]
        for name in [*chapters, "EPUB/nav.xhtml", "EPUB/toc.ncx", "EPUB/package.opf"]:
            etree.fromstring(book.read(name))
        nav, ncx = book.read("EPUB/nav.xhtml").decode(), book.read("EPUB/toc.ncx").decode()
        assert [3, 3, 3] == [len(chapters), nav.count("<li>"), ncx.count("<navPoint")]
        first = book.read(chapters[0]).decode()
        assert f'href="{chapters[1].removeprefix("EPUB/")}"' in first
        assert 1 == len([n for n in names if n.startswith("EPUB/images/")])
        assert "我的书" in book.read("EPUB/package.opf").decode()


def test_a_long_book_has_a_part_for_each_year(tmp_path: Path) -> None:
    """In both tables of contents, in the order of the book; a reader of EPUB 2 finds the same
    places.
    """
    with opened(tmp_path / "a") as (store, _):
        for number in range(14):
            when = datetime(2022 + number // 5, 3, 1 + number, tzinfo=UTC) if number < 13 else None
            article = Article(title=f"题{number}", text="x", body="<p>x</p>", published=when)
            store.keep(article, address=f"https://x.example/{number}", now=NOW)
    export(tmp_path / "a", "epub", tmp_path / "b.epub")

    with zipfile.ZipFile(tmp_path / "b.epub") as book:
        nav, ncx = book.read("EPUB/nav.xhtml"), book.read("EPUB/toc.ncx")
    parts = etree.fromstring(nav).findall(".//{*}nav/{*}ol/{*}li")
    points = etree.fromstring(ncx).findall(".//{*}navMap/{*}navPoint")
    assert {"2022": 5, "2023": 5, "2024": 3, "日期不详": 1} == {
        str(part.findtext("{*}a")): len(part.findall("{*}ol/{*}li")) for part in parts
    }
    assert [5, 5, 3, 1] == sorted((len(one.findall("{*}navPoint")) for one in points), reverse=True)
    orders = [int(one.get("playOrder", "")) for one in etree.fromstring(ncx).iter("{*}navPoint")]
    assert orders == [*range(1, 19)]


def test_exported_pages_have_contents_that_can_be_searched(root: Path, tmp_path: Path) -> None:
    """Each article by year, with account and day, a link that leads there; no script but the page's
    own.
    """
    export(root, "html", tmp_path / "out")

    body = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    links = [unquote(link) for link in re.findall(r'<a href="([^"]*)"', body)]
    assert 3 == len(links)
    assert all((tmp_path / "out" / link).is_file() for link in links)
    assert "文章1: 岩茶 &amp; &lt;香气&gt;</a> <span>" in body
    (script,) = re.findall(r"<script>(.*?)</script>", body, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in body
    assert "default-src 'none'" in body
    assert re.search(r"<input [^>]*hidden>", body)  # shown by the script alone


def test_the_same_articles_give_the_same_book(root: Path, tmp_path: Path) -> None:
    """Byte for byte, so that a book under version control or in a backup changes only when its
    articles do.
    """
    export(root, "epub", tmp_path / "1.epub")
    export(root, "epub", tmp_path / "2.epub")

    assert (tmp_path / "1.epub").read_bytes() == (tmp_path / "2.epub").read_bytes()


def test_an_album_is_a_book_in_its_own_order(root: Path, tmp_path: Path) -> None:
    """``--album`` takes its members in the order that the album lists them."""
    with opened(root) as (store, _):
        found = sorted(store.articles(), key=lambda stored: stored.title)
        wanted = [(found[2].url or "", "c"), (found[0].url or "", "a")]
        list_album(store, Album(id="1", title="岩茶"), wanted)

    export(root, "epub", tmp_path / "a.epub", Selection(album="岩茶"))

    with zipfile.ZipFile(tmp_path / "a.epub") as book:
        titles = re.findall(r"<li><a [^>]*>文章(\d)", book.read("EPUB/nav.xhtml").decode())
    assert ["3", "1"] == titles


def epubcheck() -> list[str] | None:
    """How epubcheck is started here, if it is."""
    for jar in (Path("/usr/share/java/epubcheck.jar"), Path("/usr/bin/epubcheck")):
        if shutil.which("java") and jar.exists():
            return ["java", "-jar", str(jar)]
    return None


@pytest.mark.long
@pytest.mark.skipif(epubcheck() is None, reason="epubcheck (apt install epubcheck) is not here")
def test_epubcheck_finds_nothing(corpus: Path, tmp_path: Path) -> None:
    """A book of all real pages has no error and no warning."""
    fill(
        tmp_path / "a",
        (Page(url=p.as_uri(), body=p.read_bytes()) for p in (corpus / "pages").glob("*.html")),
    )
    export(tmp_path / "a", "epub", tmp_path / "all.epub")

    command = epubcheck()
    assert command
    result = subprocess.run(
        [*command, str(tmp_path / "all.epub")], capture_output=True, text=True, check=False
    )

    assert "0 fatals / 0 errors / 0 warnings" in result.stdout + result.stderr
    assert 0 == result.returncode


def records(path: Path) -> Iterator[tuple[str, str, bytes]]:
    """(type, address, payload) of each record."""
    with path.open("rb") as file:
        for record in ArchiveIterator(file, check_digests="raise"):
            assert "WARC/1.1" == record.rec_headers.protocol
            yield (
                record.rec_type,
                record.rec_headers.get_header("WARC-Target-URI"),
                record.content_stream().read(),
            )


@pytest.mark.parametrize("name", ["a.warc.gz", "a.warc"])
def test_warcio_reads_the_exchanges_back_equal(root: Path, tmp_path: Path, name: str) -> None:
    """Each body as received, at the address where it ended, digests right; what told of its
    encoding is renamed.
    """
    report = export(root, "warc", tmp_path / name)

    found = list(records(tmp_path / name))
    assert ["warcinfo", *["response", "request"] * 3, "resource"] == [kind for kind, _, _ in found]
    assert [page(n, links=links).body for n, links in ((1, (2,)), (2, (1,)), (3, ()))] == [
        body for kind, _, body in found if kind == "response"
    ]
    assert png(1) == found[-1][2]
    assert (8, 1) == (report.records, report.images)


def test_a_warc_makes_the_archive_again(root: Path, tmp_path: Path) -> None:
    """Exported and imported: the same pages with the same facts, the same files, the images too."""
    export(root, "warc", tmp_path / "a.warc.gz")

    report = import_files(tmp_path / "b", [tmp_path / "a.warc.gz"])

    assert (3, 1, 0) == (report.counts["new"], report.media, report.exit_code)
    with opened(root) as (_, old), opened(tmp_path / "b") as (_, new):
        assert [old.get(n) for n in (1, 2, 3)] == [new.get(n) for n in (1, 2, 3)]
    assert {
        k: re.sub(r"archived: .*\n|check: .*\n", "", v.decode(errors="replace"))
        for k, v in contents(root).items()
    } == {
        k: re.sub(r"archived: .*\n|check: .*\n", "", v.decode(errors="replace"))
        for k, v in contents(tmp_path / "b").items()
    }


def test_pages_from_files_are_resources_and_come_back_as_files(tmp_path: Path) -> None:
    """Nobody saw an exchange, so the WARC claims none; imported, the page still has no time of a
    fetch.
    """
    fill(tmp_path / "a", [page(1, fetched=None)])
    export(tmp_path / "a", "warc", tmp_path / "a.warc.gz")

    assert ["warcinfo", "resource"] == [kind for kind, _, _ in records(tmp_path / "a.warc.gz")]
    import_files(tmp_path / "b", [tmp_path / "a.warc.gz"])
    with opened(tmp_path / "b") as (_, new):
        found = new.get(1)
    assert (None, page(1, fetched=None).body) == (found.fetched, found.body)


@pytest.mark.parametrize(
    "said", ["[]", "{", '{"request": [1, [2]], "redirects": 3, "url": {}}', "null", '"x"']
)
def test_what_a_foreign_warc_says_of_an_exchange_is_not_trusted(tmp_path: Path, said: str) -> None:
    """Our own extension field with nonsense in it costs nothing but itself."""
    with (tmp_path / "a.warc").open("wb") as file:
        writer = WARCWriter(file, gzip=False, warc_version="WARC/1.1")
        found = page(1)
        head = StatusAndHeaders("200 OK", [("Content-Type", "text/html")], protocol="HTTP/1.1")
        writer.write_record(
            writer.create_warc_record(
                found.url,
                "response",
                payload=io.BytesIO(found.body),
                length=len(found.body),
                http_headers=head,
                warc_headers_dict={"X-Wechat-Archive-Exchange": said},
            )
        )

    report = import_files(tmp_path / "b", [tmp_path / "a.warc"])

    assert ({"new": 1}, 0) == (dict(report.counts), report.exit_code)


def test_a_target_that_cannot_be_written_says_so(root: Path, tmp_path: Path) -> None:
    """Nothing half-written is left, and the message tells what to do."""
    (tmp_path / "file").write_text("x")

    result = wechat_archive(
        "export", "jsonl", str(tmp_path / "file" / "a.jsonl"), "--archive", str(root)
    )

    assert result.code in (73, 74)
    assert "The archive is untouched" in result.stderr


def test_standard_output_and_choices(root: Path) -> None:
    """``-`` is stdout; a search chooses; nothing found is an error that names the way out."""
    line = wechat_archive("export", "jsonl", "-", "--search", "第2篇", "--archive", str(root))
    none = wechat_archive("export", "csv", "-", "--account", "niemand", "--archive", str(root))

    assert ("文章2: 岩茶 & <香气>", 1) == (
        json.loads(line.stdout.splitlines()[0])["title"],
        len(line.stdout.splitlines()),
    )
    assert (1, "") == (none.code, none.stdout)
    assert "no article matches" in none.stderr
