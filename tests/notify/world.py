"""An archive with alerts, a scripted internet, and a receiver that notes what it gets."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from archive.config import WayConfig
from archive.db.opening import open_database
from archive.notify import outbox, searches
from scraper.errors import Gone
from tests.crawl.archives import World
from tests.crawl.fakes import long
from tests.crawl.pages import page

#: Writes what it reads to a file of its own name a line, so that a test can look.
_NOTES = """
import pathlib, sys
with pathlib.Path(sys.argv[1]).open("ab") as file:
    file.write(sys.stdin.buffer.read() + b"\\n")
"""


class AlertWorld(World):
    """``told`` are the messages that the command of ``--exec`` got."""

    def __init__(self, root: Path, **config: Any) -> None:
        super().__init__(root, images="none", **config)
        open_database(root / "archive.db").close()
        self.place = root.parent / "told"
        self.script_of_exec = root.parent / "notes.py"
        self.script_of_exec.write_text(_NOTES)

    @property
    def exec(self) -> str:
        """The command of ``--exec``: python without site packages, which starts in 10 ms."""
        return f"python3 -IS '{self.script_of_exec}' '{self.place}'"

    @property
    def told(self) -> list[dict[str, Any]]:
        """Everything that came, in its order."""
        if not self.place.exists():
            return []
        return [json.loads(line) for line in self.place.read_text(encoding="utf-8").splitlines()]

    def alert(self, name: str, query: str) -> None:
        """``alert add``."""
        with open_database(self.root / "archive.db") as db:
            searches.add(db.conn, name, query, self.clock.now())

    def publish(self, number: int, text: str = "正文", title: str | None = None) -> None:
        """Article ``number`` as it stands on WeChat from now on."""
        self.script.on(long(number), page(number, text=text, title=title))

    def delete(self, number: int) -> None:
        """Its author deletes it."""
        self.script.on(long(number), Gone("gone", reason="deleted", shown="该内容已被发布者删除"))

    def waiting(self, way: str) -> outbox.WayState:
        """How a way did."""
        with open_database(self.root / "archive.db", readonly=True) as db:
            return outbox.state_of(db.conn, way)


def titles(message: dict[str, Any]) -> dict[str, list[str]]:
    """Saved search → the titles of a message."""
    return {
        match["alert"]: [article["title"] for article in match["articles"]]
        for match in message["matches"]
    }


def hook(url: str = "https://hook.example/x", **given: Any) -> WayConfig:
    """A webhook."""
    return WayConfig(**{"name": "hook", "webhook": url, **given})
