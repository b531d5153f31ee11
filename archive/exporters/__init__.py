"""The archive in other forms: Markdown, web pages, JSON Lines, CSV, EPUB, WARC."""

from __future__ import annotations

from archive.exporters.formats import FORMATS, ExportFormat
from archive.exporters.job import export
from archive.exporters.report import ExportReport
from archive.exporters.select import Selection

__all__ = ["FORMATS", "ExportFormat", "ExportReport", "Selection", "export"]
