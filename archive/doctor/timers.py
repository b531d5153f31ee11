"""Whether something starts ``run`` by itself: cron, systemd, launchd, or ``serve --every``."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from archive.db.names import ARCHIVE_DB
from archive.db.opening import open_database
from archive.doctor.finding import Finding, ok, warn
from archive.doctor.surroundings import Surroundings
from scraper.messages import mark
from scraper.zone import for_people

PROGRAM = "wechat-archive"
#: A timer that has not run for so long does not run.
STALE = timedelta(days=3)


def timer(root: Path, around: Surroundings) -> Iterator[Finding]:
    """One is set up, or was seen to work; needed only where something is watched or waits."""
    places = _places(around)
    last, needed = _runs(root)
    when = mark("last run {last}", last=for_people(last)) if last else mark("it never ran")
    is_missed = needed and (last is None or around.now - last > STALE)
    if is_missed and not places:
        advice = mark("add one: docs/cron.md has the line for cron and the units for systemd")
        yield warn("timer", mark("none found, and articles wait; {when}", when=when), advice)
    elif is_missed and last is not None:
        advice = mark("look whether it is enabled: systemctl list-timers, or cron's log")
        yield warn(
            "timer", mark("{places}, but nothing ran; {when}", places=places, when=when), advice
        )
    else:
        shown = places or mark("none, and none is needed now")
        yield ok("timer", mark("{places}; {when}", places=shown, when=when))


def _places(around: Surroundings) -> list[str]:
    """Where one is set up."""
    places = [str(file) for file, text in around.timer_files() if _starts(text)]
    if _starts(around.ask("crontab", "-l") or ""):
        places.append("crontab")
    return places


def _starts(text: str) -> bool:
    lines = (line.strip() for line in text.splitlines())
    return any(PROGRAM in line and not line.startswith(("#", ";")) for line in lines)


def _runs(root: Path) -> tuple[datetime | None, bool]:
    """When `run` began last, and whether there is anything for it to do."""
    if not (root / ARCHIVE_DB).exists():
        return None, False
    with open_database(root / ARCHIVE_DB, readonly=True, outdated=True) as db:
        (last,) = db.conn.execute("SELECT max(started) FROM runs WHERE command = 'run'").fetchone()
        (waiting,) = db.conn.execute(
            "SELECT EXISTS (SELECT 1 FROM sources) OR EXISTS (SELECT 1 FROM frontier WHERE open)"
        ).fetchone()
    return (datetime.fromisoformat(last) if last else None), bool(waiting)
