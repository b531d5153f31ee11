"""The archive in other forms: Markdown, web pages, JSON Lines, CSV, EPUB, WARC."""

from __future__ import annotations

from archive.export.job import FORMATS, export
from archive.export.report import ExportReport
from archive.export.select import Selection

__all__ = ["FORMATS", "ExportReport", "Selection", "export"]
