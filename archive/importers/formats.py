"""The formats that ``import`` reads, each its module's; the first whose beginning or ending fits
reads a file.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from archive.errors import ArchiveError, BadInput
from archive.importers import (
    address_tables,
    article_lists,
    feed_databases,
    har,
    json_lines,
    markdown,
    pages,
    warc,
    zip_files,
)
from archive.importers.budget import cpu_limit
from archive.importers.items import ImportFormat, ImportItem
from archive.saved import files
from scraper.messages import mark, message_of, strerror

FORMATS: tuple[ImportFormat, ...] = (
    har.FORMAT,
    pages.FORMAT,
    article_lists.FORMAT,
    json_lines.FORMAT,
    address_tables.FORMAT,
    feed_databases.FORMAT,
    warc.FORMAT,
    zip_files.FORMAT,
    markdown.FORMAT,
)


def by_name(path: Path) -> ImportFormat | None:
    """The format that a file's name says; None where it says nothing."""
    name = path.name.lower()
    return next((known for known in FORMATS if name.endswith(known.endings)), None)


def format_of(path: Path) -> ImportFormat:
    """By the name and the first bytes. Raises BadInput for what is no file, or of no format;
    OSError.
    """
    head = files.head(path)
    named = [known for known in FORMATS if path.name.lower().endswith(known.endings)]
    begun = [known for known in FORMATS if known.begins(head)]
    # Both agree, else what is in it: browsers give bundles the ending .html.
    both = [known for known in begun if known in named]
    for known in (*both, *begun, *named):
        return known
    if b"\0" in head:
        raise BadInput(mark("it is of no format that import reads"))
    return markdown.FORMAT


def contents(path: Path) -> Iterator[ImportItem]:
    """What stands in one file. Raises nothing for what is in it: that is an item with ``error``."""
    try:
        known = format_of(path)
        yield from known.read(path) if known.streams else _within_bounds(known.read(path))
    except OSError as error:
        yield ImportItem(source=str(path), path=path, error=strerror(error))
    except (ArchiveError, ValueError) as error:
        yield ImportItem(source=str(path), path=path, error=message_of(error))


def _within_bounds(items: Iterator[ImportItem]) -> Iterator[ImportItem]:
    while True:
        with cpu_limit():
            item = next(items, None)
        if item is None:
            return
        yield item
