"""Other archives in: Markdown files, saved pages, other tools' exports, web archives. Never touches
the network.
"""

from __future__ import annotations

from archive.importers.formats import FORMATS
from archive.importers.items import ImportFormat
from archive.importers.job import import_files
from archive.importers.report import ImportReport, Taken

__all__ = ["FORMATS", "ImportFormat", "ImportReport", "Taken", "import_files"]
