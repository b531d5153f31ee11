"""CSV: one article a line, for spreadsheets."""

from __future__ import annotations

import csv
import io
import re
from typing import Any

from archive.db import article_columns
from archive.exporters.export import Export
from archive.store import Stored, counts
from scraper.controls import escape_controls
from scraper.models import Article
from scraper.zone import CHINA

#: What makes a spreadsheet run a cell as a formula, half and full width; OWASP's list and
#: LibreOffice's additions.
_FORMULA = re.compile(r"^[\s\u200b\ufeff]*[=+\-@＝＋－＠|%]|^[\t\r\n]")
#: The newest counts, and when they were seen.
COUNTS = tuple(f"{name}_count" for name in counts.NAMES)
#: What a spreadsheet shows, in this order; a column that is declared later stands behind these.
_SHEET = (
    "key", "title", "account", "author", "published", "place", "kind", "original", "characters", "images", "digest",
    "wechat_tags", "album", "url", "path", "gone", "gone_reason", "modified", "archived",
    *COUNTS, "counted",
)  # fmt: skip


#: Spreadsheets take 32,767 characters a cell.
_LONGEST_CELL = 32_000
#: Without this byte order mark Excel takes Chinese for something else.
_MARK = b"\xef\xbb\xbf"


def csv_columns() -> tuple[str, ...]:
    """The names of the columns: facts of the archive, and what only the article says."""
    declared = article_columns.ARTICLES.csv_fields()
    return (*_SHEET, *(name for name in declared if name not in _SHEET), "mine")


def write(export: Export) -> None:
    """The names of the columns, then one line an article. No cell can begin a formula."""
    columns = csv_columns()
    _ = export.articles  # raises where none matches, before the names of the columns are written
    with export.opened() as file:
        file.write(_MARK + _line(columns))

        def one(stored: Stored) -> None:
            article = export.store.article(stored.article_id)
            look = export.store.counts.last(stored.article_id)
            mine = export.store.edits.text(stored.article_id)
            lines = mine.lines[:_LONGEST_CELL] if mine else None
            facts = _facts(stored, article, look, lines)
            cells = [
                safe_cell(_cell(facts[name] if name in facts else getattr(stored, name)))
                for name in columns
            ]
            file.write(_line(cells))
            export.report.articles += 1

        export.each(one)


def safe_cell(value: str) -> str:
    """``value`` so that no spreadsheet runs it, and no terminal that it is shown on: an apostrophe
    before what would begin a formula, control characters written out."""
    value = escape_controls(value.replace("\0", ""))
    return f"'{value}" if _FORMULA.match(value) else value


def _facts(
    stored: Stored, article: Article, look: counts.Look | None, mine: str | None
) -> dict[str, Any]:
    """What stands in a table otherwise than in the row of the article, or not at all there."""
    return {
        "kind": stored.kind_name,
        "published": stored.published_day or stored.published,
        "original": {True: "yes", False: "no"}.get(article.original)
        if article.original is not None
        else None,
        "characters": len(article.text),
        "wechat_tags": ", ".join(article.tags),
        "tags": ", ".join(stored.own_tags),
        "album": article.album.title if article.album else None,
        "counted": look.seen if look else None,
        "mine": mine,
        **{one: getattr(look.counts, one[:-6]) if look else None for one in COUNTS},
    }


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if hasattr(value, "astimezone"):
        return str(value.astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S"))
    return str(value)


def _line(cells: Any) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerow(cells)
    return out.getvalue().encode("utf-8", "replace")
