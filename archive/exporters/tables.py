"""JSON Lines and CSV: one article a line, for other programs and for spreadsheets."""

from __future__ import annotations

import csv
import io
import json
import re
from typing import IO, Any

from archive import record
from archive.db import article_columns
from archive.exporters.report import ExportReport
from archive.store import Store, Stored
from scraper.models import Article
from scraper.zone import CHINA

#: What makes a spreadsheet run a cell as a formula, half and full width; OWASP's list and LibreOffice's additions.
_FORMULA = re.compile(r"^[\s\u200b\ufeff]*[=+\-@＝＋－＠|%]|^[\t\r\n]")
#: What a spreadsheet shows, in this order; a column that is declared later stands behind these.
_SHEET = (
    "key", "title", "account", "author", "published", "place", "kind", "original", "characters", "images", "digest",
    "tags", "album", "url", "path", "gone", "gone_reason", "modified", "archived",
)  # fmt: skip


def csv_columns() -> tuple[str, ...]:
    """The names of the columns: facts of the archive, and what only the article says."""
    declared = article_columns.ARTICLES.csv_fields()
    return (*_SHEET, *(name for name in declared if name not in _SHEET))


def write_jsonl(store: Store, stored: Stored, file: IO[bytes], report: ExportReport) -> None:
    """One object: the facts of ``list --json``, everything the page said, the body as HTML and as text."""
    article = store.article(stored.article_id)
    said = json.loads(record.dumps(article))
    edges = [
        {"url": e.url, "relation": e.relation, "text": e.text, "key": e.target_key}
        for e in store.edges(stored.article_id)
    ]
    values = {
        **stored.as_dict(),
        "article": said,
        "text": article.text,
        "html": article.body,
        "image_files": {i.url: path for i in article.images if (path := store.media_path(i.url))},
        "links": edges,
    }
    file.write(json.dumps(values, ensure_ascii=False).encode("utf-8", "replace") + b"\n")
    report.articles += 1


def csv_head(file: IO[bytes]) -> None:
    """The byte order mark, without which Excel takes Chinese for something else, and the names of the columns."""
    file.write(b"\xef\xbb\xbf" + _line(csv_columns()))


def write_csv(store: Store, stored: Stored, file: IO[bytes], report: ExportReport) -> None:
    """One line. No cell can begin a formula."""
    article = store.article(stored.article_id)
    file.write(_line([safe_cell(_cell(name, stored, article)) for name in csv_columns()]))
    report.articles += 1


def safe_cell(value: str) -> str:
    """``value`` so that no spreadsheet runs it: an apostrophe before what would begin a formula."""
    value = value.replace("\0", "")
    return f"'{value}" if _FORMULA.match(value) else value


def _cell(name: str, stored: Stored, article: Article) -> str:
    special: dict[str, Any] = {
        "kind": stored.kind_name,
        "original": {True: "yes", False: "no"}.get(article.original)
        if article.original is not None
        else None,
        "characters": len(article.text),
        "tags": ", ".join(article.tags),
        "album": article.album.title if article.album else None,
    }
    value = special[name] if name in special else getattr(stored, name)
    if value is None:
        return ""
    if hasattr(value, "astimezone"):
        return str(value.astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S"))
    return str(value)


def _line(cells: Any) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerow(cells)
    return out.getvalue().encode("utf-8", "replace")
