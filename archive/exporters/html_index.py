"""Pure. The contents of exported pages: every article by year, the newest first, and a search over
titles.

The list is plain HTML; the search is a few lines of script that the page's policy allows by their
hash. Without script everything is still there.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from archive.document.layout import relative
from archive.exporters.tree import text
from scraper.zone import day_in_china

NAME = "index.html"
_STYLE = """
:root{color-scheme:light dark}body{margin:2rem auto;padding:0 1rem;max-width:48rem;line-height:1.6;
font-family:system-ui,"PingFang SC","Noto Sans CJK SC","Microsoft YaHei",sans-serif;overflow-wrap:anywhere}
input{box-sizing:border-box;width:100%;padding:.5rem;font:inherit}ol{list-style:none;padding:0}
li{padding:.2rem 0}li span{color:GrayText;font-size:.9rem}
""".strip()
_SCRIPT = """
const box = document.querySelector("input"), rows = [...document.querySelectorAll("li")];
const sections = document.querySelectorAll("section");
const search = () => {
  const words = box.value.normalize("NFKC").toLowerCase().split(/\\s+/).filter(Boolean);
  for (const row of rows) {
    const shown = row.textContent.normalize("NFKC").toLowerCase();
    row.hidden = !words.every(word => shown.includes(word));
  }
  for (const section of sections) section.hidden = !section.querySelector("li:not([hidden])");
};
box.hidden = false;
box.addEventListener("input", search);
search();
""".strip()


def _hash(source: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()}'"


POLICY = (
    f"default-src 'none'; style-src {_hash(_STYLE)}; script-src {_hash(_SCRIPT)}; "
    "base-uri 'none'; form-action 'none'"
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One exported page: its file, from the folder of the contents, and what is said of it
    there.
    """

    name: str
    title: str
    account: str | None = None
    published: datetime | None = None

    @property
    def day(self) -> str:
        """The day in China; empty where it is not known."""
        return day_in_china(self.published) if self.published else ""


def page(entries: Iterable[Entry]) -> bytes:
    """The contents of ``entries``."""
    newest = sorted(entries, key=lambda entry: (entry.day, entry.name), reverse=True)
    years = groupby(newest, key=lambda entry: entry.day[:4])
    sections = "\n".join(_section(year, [*of_year]) for year, of_year in years)
    return (
        '<!DOCTYPE html>\n<html lang="zh-CN">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="referrer" content="no-referrer">\n'
        '<meta name="viewport" content="width=device-width,initial-scale=1">\n'
        f"<title>公众号文章</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        f"<h1>公众号文章</h1>\n<p>{len(newest)} 篇</p>\n"
        '<input type="search" placeholder="搜索标题、公众号、日期" aria-label="搜索" hidden>\n'
        f"{sections}\n<script>{_SCRIPT}</script>\n</body>\n</html>\n"
    ).encode("utf-8", "replace")


def _section(year: str, entries: Sequence[Entry]) -> str:
    rows = "\n".join(map(_row, entries))
    return f"<section>\n<h2>{year or '日期不详'}</h2>\n<ol>\n{rows}\n</ol>\n</section>"


def _row(entry: Entry) -> str:
    facts = " · ".join(filter(None, (entry.day, entry.account)))
    link = f'<a href="{text(relative(entry.name, NAME))}">{text(entry.title)}</a>'
    return f"<li>{link} <span>{text(facts)}</span></li>"
