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
    the help and the manuals, ``chinese`` is the same for Chinese readers: catalogue and manual
    take it from here.
    """

    name: str
    target: Target
    label: str
    chinese: str


_TABLE = (
    ExportFormat(
        "markdown",
        "DIR",
        "the archive's files, from the database alone",
        "存档里的那些文件，只凭数据库写出",
    ),
    ExportFormat(
        "html",
        "DIR",
        "one self-contained page an article, images inside; contents with a search",
        "每篇文章一个自足的网页，图片在内；另有可搜索标题的目录页",
    ),
    ExportFormat(
        "jsonl",
        "FILE",
        "one JSON object an article, with text and HTML",
        "每篇文章一个 JSON 对象，含文字和 HTML",
    ),
    ExportFormat(
        "csv",
        "FILE",
        "for spreadsheets; no cell can run as a formula",
        "给电子表格用，任何单元格都不会被当成公式",
    ),
    ExportFormat("epub", "FILE", "a book with contents and images", "一本带目录和图片的书"),
    ExportFormat(
        "pdf",
        "FILE",
        "one book to read and print; --each: a folder, one PDF an article",
        "一本可读可印的书；--each：一个目录，每篇文章一个 PDF",
    ),
    ExportFormat(
        "feed",
        "DIR",
        "Atom, RSS and JSON feeds as files, for static hosting",
        "Atom、RSS、JSON 订阅源文件，供静态网站使用",
    ),
    ExportFormat(
        "warc",
        "FILE",
        "the raw pages as received, WARC/1.1 (.warc or .warc.gz)",
        "收到时的原始页面，WARC/1.1（.warc 或 .warc.gz）",
    ),
)
FORMATS: dict[str, ExportFormat] = {known.name: known for known in _TABLE}
