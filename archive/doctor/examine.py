"""Every check, one after the other; whatever goes wrong in one is that check's failure, and the
others go on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from archive.db.errors import sqlite_errors
from archive.db.names import ARCHIVE_DB
from archive.doctor import alerts, folder, machine, network, timers
from archive.doctor.finding import Finding, fail
from archive.doctor.surroundings import Surroundings
from archive.errors import ArchiveError
from scraper.errors import ScrapeError
from scraper.messages import changed, mark, message_of
from scraper.redact import redact

Check = Callable[[Path, Surroundings], Iterable[Finding]]
#: In the order that they are shown in.
CHECKS: dict[str, Check] = {
    "python": machine.python,
    "sqlite": machine.sqlite,
    "extras": machine.extras,
    "fonts": machine.fonts,
    "folder": folder.permissions,
    "disk": folder.disk,
    "settings": folder.settings,
    "archive": folder.archive,
    "clock": folder.clock,
    "pause": folder.pause,
    "proxy": network.proxy,
    "certificates": network.certificates,
    "timer": timers.timer,
    "alerts": alerts.alerts,
}


def examine(root: Path, around: Surroundings | None = None) -> Iterator[Finding]:
    """What each check finds about this machine and the archive in ``root``, which need not be there
    yet.
    """
    around = around or Surroundings()
    for name, check in CHECKS.items():
        try:
            with sqlite_errors(root / ARCHIVE_DB):
                yield from check(root, around)
        except (ArchiveError, ScrapeError) as error:
            yield fail(name, message_of(error), mark("see what it says"), error.exit_code)
        except Exception as error:
            said: str = mark(
                "could not be looked at: {name}: {error}", name=type(error).__name__, error=error
            )
            said = changed(said, redact)
            yield fail(name, said, mark("please report it"), 70)


__all__ = ["CHECKS", "Surroundings", "examine"]
