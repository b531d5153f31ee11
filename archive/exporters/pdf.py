"""PDF by WeasyPrint: one book of all articles, or one file an article.

A book has a title page, contents with page numbers, a bookmark for each article and heading, and the
running title and page number on each page. Set for Chinese: justified, no line beginning with a
closing mark, code and long addresses broken where they must.

Nothing is fetched: pictures come from the archive, everything else is refused.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import PurePosixPath
from typing import Any

from lxml import etree

from archive.errors import BadConfig
from archive.exporters import discussion
from archive.exporters.export import Export, Progress
from archive.exporters.formulas import MOST_DRAWN, svg
from archive.exporters.html import head
from archive.exporters.links import links_within
from archive.exporters.pictures import held
from archive.exporters.report import ExportReport
from archive.exporters.tree import inner, limited, text
from archive.store import Store, Stored
from scraper.messages import mark
from scraper.zone import day_in_china

#: The scheme of pictures inside a document: ``held:`` and the address percent-free, as a number.
_SCHEME = "held:"
#: Families that have Chinese on Debian, macOS and Windows, in this order.
_SERIF = '"Noto Serif CJK SC","Source Han Serif SC","Songti SC",SimSun,serif'
_SANS = '"Noto Sans CJK SC","Source Han Sans SC","PingFang SC","Microsoft YaHei",sans-serif'
_MONO = '"Noto Sans Mono CJK SC","Source Han Mono SC","DejaVu Sans Mono",Menlo,monospace'
STYLE = f"""
@page{{size:A4;margin:24mm 22mm 22mm;
@top-center{{content:string(running);font:8pt {_SANS};color:#777;height:12mm;overflow:hidden}}
@bottom-center{{content:counter(page);font:8pt {_SANS};color:#777}}}}
@page title{{@top-center{{content:none}}@bottom-center{{content:none}}}}
@page contents{{@top-center{{content:none}}}}
html{{font:10.5pt/1.75 {_SERIF};line-break:strict;overflow-wrap:anywhere;hyphens:none}}
p{{margin:.6em 0;text-align:justify;orphans:2;widows:2}}
h1,h2,h3,h4,h5,h6{{font-family:{_SANS};line-height:1.35;break-after:avoid;text-align:left}}
h1{{font-size:19pt;margin:0 0 .3em;string-set:running content();bookmark-level:1}}
h2{{font-size:14pt}}h3{{font-size:12pt}}h4,h5,h6{{font-size:10.5pt}}
article{{break-before:page}}article:first-child{{break-before:auto}}
.facts{{font-size:8.5pt;color:#666;margin:.2em 0;text-align:left}}
.digest,blockquote{{border-left:2pt solid #999;margin:.8em 0;padding-left:1em;color:#444}}
.gone,.card{{border:.5pt solid #999;padding:.4em .8em;break-inside:avoid}}
img{{max-width:100%;max-height:215mm;height:auto}}
figure{{margin:.8em 0;text-align:center;break-inside:avoid}}
figcaption{{font-size:8.5pt;color:#666}}
pre,code{{font-family:{_MONO};font-size:8.5pt}}
pre{{white-space:pre-wrap;line-height:1.45;background:#f3f3f1;padding:.7em .9em;text-align:left}}
code{{background:#f3f3f1}}pre code{{background:none}}
table{{border-collapse:collapse;font-size:9pt;margin:.8em 0;max-width:100%}}
td,th{{border:.5pt solid #999;padding:.3em .5em;text-align:left}}td p,th p{{margin:0;text-align:left}}
.comments{{margin-top:2em;border-top:.5pt solid #999;font-size:9.5pt}}.comments ol{{list-style:none;padding-left:0}}
.comments ol ol{{border-left:1.5pt solid #999;padding-left:1em}}.gone-comment{{color:#777}}
tr{{break-inside:avoid}}a{{color:#0b5f58;text-decoration:none}}hr{{border:0;border-top:.5pt solid #bbb}}
.title{{page:title;padding-top:70mm;text-align:center}}.title h1{{font-size:26pt;text-align:center;bookmark-level:none}}
.title p{{text-align:center;color:#666}}
.contents{{page:contents;break-before:page;break-after:page}}.contents h2{{bookmark-level:none}}
.contents ol{{list-style:none;padding:0}}
.contents li{{margin:.3em 0;font-size:9.5pt;line-height:1.5;text-align:left}}
.contents a{{color:inherit}}.contents span{{color:#777;font-size:8.5pt}}
.contents a.page::after{{content:leader(". ") target-counter(attr(href url),page)}}
"""


def write(export: Export) -> None:
    """A book in their order, or a file each. A damaged article is named in the report and left
    out.

    Raises BadConfig where WeasyPrint, or the Pango that it needs, is not installed.
    """
    weasyprint = _weasyprint()
    if export.each_alone:
        _write_each(export, weasyprint)
    else:
        _write_book(export, weasyprint)


def _write_each(export: Export, weasyprint: Any) -> None:
    with export.folder as folder:

        def one(stored: Stored) -> None:
            pictures: dict[str, str] = {}
            body = _article(export.store, stored, {}, pictures, export.report)
            document = _document(stored.title or stored.key, body)
            name = f"{stored.path.removesuffix('.md')}.pdf"
            folder.put(name, _pdf(weasyprint, export.store, document, pictures))
            export.report.articles += 1

        export.each(one)


def _write_book(export: Export, weasyprint: Any) -> None:
    title = export.book_title
    pictures: dict[str, str] = {}
    anchors = {stored.article_id: f"#{stored.key}" for stored in export.articles}
    bodies: list[str] = []
    shown: list[Stored] = []

    def one(stored: Stored) -> None:
        bodies.append(_article(export.store, stored, anchors, pictures, export.report))
        shown.append(stored)
        export.report.articles += 1

    export.each(one)
    around = f"{_title_page(title, shown)}\n{_contents(shown)}\n" if len(shown) > 1 else ""
    document = _document(title, "\n".join([around, "<main>", *bodies, "</main>"]))
    with export.opened() as file, _telling_pages(export.progress):
        file.write(_pdf(weasyprint, export.store, document, pictures))


@contextmanager
def _telling_pages(progress: Progress) -> Iterator[None]:
    """Typesetting is the longest part of a book: each page is told as it is laid out, which is all
    that weasyprint says."""

    class Pages(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if isinstance(record.args, tuple) and record.args and "Page" in record.msg:
                progress(int(str(record.args[0])), 0, mark("typesetting"))

    log, handler = logging.getLogger("weasyprint.progress"), Pages(logging.INFO)
    level, log.propagate = log.level, False
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    try:
        yield
    finally:
        log.removeHandler(handler)
        log.setLevel(level)
        log.propagate = True


def _article(
    store: Store,
    stored: Stored,
    anchors: Mapping[int, str],
    pictures: dict[str, str],
    report: ExportReport,
) -> str:
    """``pictures``: the address inside the document → the path in the archive; grows."""
    article = store.shown(stored.article_id)

    def image(url: str) -> str | None:
        picture = held(store, url)
        if picture is None:
            report.missing_images += 1
            return None
        report.images += 1
        name = f"{_SCHEME}{PurePosixPath(picture.path).name}"
        pictures[name] = picture.path
        return name

    links = links_within(store, stored, anchors)
    body = _with_formulas(limited(article.body, image=image, link=links.get))
    talk = discussion.xhtml(store.discussions.of(stored.article_id), image=image)
    language = text(article.language or "zh-CN")
    return (
        f'<article id="{stored.key}" lang="{language}">\n'
        f"{head(article, stored)}\n{body}\n{talk}\n</article>"
    )


def _with_formulas(root: etree._Element | None) -> str:
    """A body as XHTML, its formulas drawn; those that cannot be are left as TeX."""
    if root is None:
        return ""
    left = MOST_DRAWN
    for element in list(root.iter("code")):
        kinds, tex = element.get("class", "").split(), element.text or ""
        if not {"math", "math-block"} & set(kinds) or len(tex) > left:
            continue
        left -= len(tex)
        drawing = svg(tex, block="math-block" in kinds)
        parent = element.getparent()
        if drawing is not None and parent is not None:
            drawn = etree.fromstring(drawing)
            drawn.tail = element.tail
            parent.replace(element, drawn)
    return inner(root)


def _title_page(title: str, articles: Sequence[Stored]) -> str:
    days = sorted(stored.published for stored in articles if stored.published)
    span = f"{day_in_china(days[0])} – {day_in_china(days[-1])}" if days else ""
    return (
        f'<section class="title"><h1>{text(title)}</h1>'
        f"<p>{len(articles)} 篇</p><p>{span}</p></section>"
    )


def _contents(articles: Sequence[Stored]) -> str:
    rows = "\n".join(
        f'<li><a class="page" href="#{stored.key}">{text(stored.title or stored.key)}'
        f" <span>{day_in_china(stored.published) if stored.published else ''}</span></a></li>"
        for stored in articles
    )
    return f'<nav class="contents"><h2>目录</h2>\n<ol>\n{rows}\n</ol></nav>'


def _document(title: str, body: str) -> str:
    return (
        '<!DOCTYPE html>\n<html lang="zh-CN"><head><meta charset="utf-8">'
        f"<title>{text(title)}</title><style>{STYLE}</style></head>\n<body>\n{body}\n</body></html>"
    )


def _pdf(weasyprint: Any, store: Store, document: str, pictures: Mapping[str, str]) -> bytes:
    """The same bytes for the same document: the file's identifier is a hash of it."""
    page = weasyprint.HTML(string=document, url_fetcher=_fetcher(weasyprint, store, pictures))
    identifier = hashlib.sha256(document.encode("utf-8", "replace")).hexdigest()[:32].encode()
    data: bytes = page.write_pdf(pdf_identifier=identifier, optimize_images=True)
    return data


def _fetcher(weasyprint: Any, store: Store, pictures: Mapping[str, str]) -> Any:
    class Held(weasyprint.urls.URLFetcher):  # type: ignore[misc]
        """Gives the pictures of the archive that the document shows, and nothing else."""

        def fetch(self, url: str, headers: Mapping[str, str] | None = None) -> Any:
            path = pictures.get(url)
            if path is None:
                raise ValueError(f"a PDF shows pictures of the archive alone, not {url}")
            body = store.files.place(path).read_bytes()
            return weasyprint.urls.URLFetcherResponse(url, body)

    return Held()


def _weasyprint() -> Any:
    try:
        import weasyprint
    except ImportError as error:
        raise BadConfig(
            mark(
                "the extra `pdf` is not installed: pip install 'wechat-archive[pdf]' "
                "(or: uv tool install 'wechat-archive[pdf]')"
            )
        ) from error
    except OSError as error:  # seen with WeasyPrint 70 where libpango is missing
        raise BadConfig(
            mark(
                "PDF needs the library Pango: apt install libpango-1.0-0 libpangoft2-1.0-0, "
                "or brew install pango"
            )
        ) from error
    # It tells of every style that it does not know; the styles are ours.
    logging.getLogger("weasyprint").setLevel(logging.CRITICAL)
    logging.getLogger("fontTools").setLevel(logging.CRITICAL)
    return weasyprint
