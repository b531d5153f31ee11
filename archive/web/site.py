"""What the pages of one server share."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from pathlib import Path

from starlette.requests import Request

from archive.db.noticing import is_due
from archive.library import Library
from archive.store.taking_in import notice
from archive.web.jobs import Jobs
from archive.web.settings import Settings

#: Seconds between two looks for changed files, and how long one may take: enough for some 3,000
#: files, and less than half of what a page may cost. Of more files each look sees other ones.
_BETWEEN_LOOKS, _LOOK = 3.0, 0.01

#: The files of ``static/`` and what they are.
STATIC = {
    "page.css": "text/css; charset=utf-8",
    "page.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}


@dataclass(slots=True)
class Site:
    """One archive behind one server. Pages run in several threads: ``library`` may be used by all
    of them.
    """

    root: Path
    settings: Settings
    library: Library = field(init=False)
    jobs: Jobs = field(init=False)
    streams: int = 0  #: of server-sent events that are open
    closing: bool = False
    _looked: float = -_BETWEEN_LOOKS

    def __post_init__(self) -> None:
        self.library = Library(self.root)
        self.jobs = Jobs(self.root)

    def notice(self) -> None:
        """Keep what somebody did to files since the last look: at most every few seconds."""
        now = time.monotonic()
        if self.settings.read_only or now - self._looked < _BETWEEN_LOOKS:
            return
        self._looked = now
        if is_due(self.root, _LOOK):
            notice(self.root, command="wechat-archive serve", seconds=_LOOK)

    def end_streams(self) -> None:
        """Let every stream of events end."""
        self.closing = True
        self.jobs.wake()

    def close(self) -> None:
        """Let go of the archive."""
        self.end_streams()
        self.library.close()


def site_of(request: Request) -> Site:
    """The site that answers this request."""
    site: Site = request.app.state.site
    return site


@cache
def static_file(name: str) -> tuple[bytes, str]:
    """The bytes of a static file and the mark of its version."""
    body = resources.files("archive.web").joinpath("static", name).read_bytes()
    return body, hashlib.sha256(body).hexdigest()[:12]
