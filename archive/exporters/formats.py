"""The formats that ``export`` writes: each is one module here with ``write(export)``, and one line
of this table.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Target = Literal["DIR", "FILE"]


@dataclass(frozen=True, slots=True)
class ExportFormat:
    """``name`` as the command line knows it; the module of that name in ``archive.exporters``
    writes it.

    ``target``: a folder of files, or one file (which may be standard output). ``label`` stands in
    the help.
    """

    name: str
    target: Target
    label: str


_TABLE = (
    ExportFormat("markdown", "DIR", "the archive's files, from the database alone"),
    ExportFormat(
        "html", "DIR", "one self-contained page an article, images inside; contents with a search"
    ),
    ExportFormat("jsonl", "FILE", "one JSON object an article, with text and HTML"),
    ExportFormat("csv", "FILE", "for spreadsheets; no cell can run as a formula"),
    ExportFormat("epub", "FILE", "a book with contents and images"),
    ExportFormat("pdf", "FILE", "one book to read and print; --each: a folder, one PDF an article"),
    ExportFormat("feed", "DIR", "Atom, RSS and JSON feeds as files, for static hosting"),
    ExportFormat("warc", "FILE", "the raw pages as received, WARC/1.1 (.warc or .warc.gz)"),
)
FORMATS: dict[str, ExportFormat] = {known.name: known for known in _TABLE}
