"""The machine: Python, SQLite, optional parts, fonts."""

from __future__ import annotations

import contextlib
import sqlite3
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from archive.doctor.finding import Finding, fail, ok, warn
from archive.doctor.surroundings import Surroundings
from scraper.messages import mark

OLDEST_PYTHON = (3, 11)
#: `INSERT … RETURNING` of the search index came with 3.35.
OLDEST_SQLITE = (3, 35, 0)
#: Extra → the module that shows that it is installed.
EXTRAS = {
    "socks": "socksio",
    "mcp": "mcp",
    "notify": "apprise",
    "pdf": "weasyprint",
    "video": "yt_dlp",
    "fleet": "procrastinate",
}
#: What sets pages itself and so needs fonts with Chinese signs.
_TYPESETTER = "weasyprint"


def python(_root: Path, _around: Surroundings) -> Iterator[Finding]:
    """Its version."""
    said = mark("{version} at {place}", version=sys.version.split()[0], place=sys.executable)
    if sys.version_info[:2] < OLDEST_PYTHON:
        yield fail("python", said, mark("install Python 3.11 or newer"))
    else:
        yield ok("python", said)


def sqlite(_root: Path, _around: Surroundings) -> Iterator[Finding]:
    """Its version, full-text search, and JSON."""
    said = f"SQLite {sqlite3.sqlite_version}"
    advice = mark("use a Python that is built with a newer SQLite, as `uv python install` brings")
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        yield fail("sqlite", mark("{said}: older than 3.35", said=said), advice)
        return
    missing = list(_missing_features())
    if missing:
        yield fail("sqlite", mark("{said} without {missing}", said=said, missing=missing), advice)
    else:
        yield ok("sqlite", mark("{said} with FTS5 and JSON", said=said))


def _missing_features() -> Iterator[str]:
    needs = {
        "FTS5": "CREATE VIRTUAL TABLE probe USING fts5(text, content='')",
        "JSON": "SELECT json_extract('[1]', '$[0]')",
    }
    with contextlib.closing(sqlite3.connect(":memory:")) as conn:
        for name, statement in needs.items():
            try:
                conn.execute(statement)
            except sqlite3.OperationalError:
                yield name


def extras(_root: Path, _around: Surroundings) -> Iterator[Finding]:
    """Which optional parts are installed; none has to be."""
    there = [name for name, module in EXTRAS.items() if find_spec(module) is not None]
    absent = [name for name in EXTRAS if name not in there]
    said = mark("installed: {names}", names=there or mark("none"))
    if absent:
        said = mark(
            "{said}; `pip install 'wechat-archive[{absent}]'` adds the others",
            said=said,
            absent=",".join(absent),
        )
    yield ok("extras", said)


def fonts(_root: Path, around: Surroundings) -> Iterator[Finding]:
    """Chinese fonts, where pages are set on this machine; a browser and a reader bring their
    own.
    """
    if find_spec(_TYPESETTER) is None:
        return
    listed = around.ask("fc-list", ":lang=zh", "family")
    if listed is None:
        yield warn("fonts", mark("cannot be listed"), mark("install fontconfig and a Chinese font"))
    elif not listed.strip():
        advice = mark("install one, as fonts-noto-cjk: signs would be empty boxes")
        yield warn("fonts", mark("no Chinese font"), advice)
    else:
        yield ok("fonts", mark("{n} with Chinese signs", n=len(listed.splitlines())))
