"""The end of a `run`: what a person asked to be told of goes out. Whatever goes wrong here is told
and never the run's."""

from __future__ import annotations

import logging
import random
import shutil
import sqlite3
from collections.abc import Callable, Coroutine, Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archive import i18n
from archive.crawl.cooldown import CoolDown
from archive.crawl.login import has_expired
from archive.db.running import address_of_page
from archive.errors import ArchiveError
from archive.notify import searches
from archive.notify.conditions import Condition, told, told_of
from archive.notify.gather import gather
from archive.notify.starred import starred_keys
from archive.run.drift import drifts, newest_lack
from archive.run.network import exits_of
from scraper.errors import ScrapeError
from scraper.redact import redact_url

if TYPE_CHECKING:
    from archive.config import Config
    from archive.run.session import ArchiveSession
    from scraper.clock import Clock

_LOG = logging.getLogger(__name__)
MEBIBYTE = 1024 * 1024
#: Less than this is little room; it is enough again with a quarter more, so that nothing flutters.
LITTLE_ROOM = 1024 * MEBIBYTE
#: A source that fails so often in a row is told of.
_FAILURES = 3


def tell(
    session: ArchiveSession,
    clock: Clock,
    rng: random.Random,
    drive: Callable[[Coroutine[Any, Any, None]], None],
) -> None:
    """Gather what is to be told and hand it over. Raises Interrupted from ``drive`` alone."""
    try:
        _tell(session, clock, rng, drive)
    except (ArchiveError, ScrapeError, OSError, sqlite3.Error) as error:
        _LOG.warning("alerts wait for the next run: %s", error)


def _tell(
    session: ArchiveSession,
    clock: Clock,
    rng: random.Random,
    drive: Callable[[Coroutine[Any, Any, None]], None],
) -> None:
    conn, config = session.frontier.conn, session.config
    if not (config.notify or config.exec or searches.saved(conn)):
        return
    from archive.notify.deliver import Delivery
    from archive.notify.ways import Surroundings, configured

    ways, now = configured(config), clock.now()
    found = list(conditions(session, now))
    given_up = gather(conn, ways, starred_keys(conn), found, now)
    if given_up:
        _LOG.warning("alerts that no way took for 30 days are given up: %d", given_up)
    delivery = Delivery(
        around=Surroundings(config=config, clock=clock, rng=rng),
        language=language(config),
        page=page_address(session.root, config),
    )
    drive(delivery.all(conn, ways))


def language(config: Config) -> str:
    """Of messages: as the settings say, else as the environment does, which for cron is none."""
    return i18n.of_environment() if config.lang == "auto" else i18n.best([config.lang])


def page_address(root: Path, config: Config) -> str | None:
    """Where the archive is read: as the settings say, else where `serve` runs now."""
    return config.page_url or address_of_page(root)


# --- what is so now ---------------------------------------------------------------------------


def conditions(session: ArchiveSession, now: datetime) -> Iterator[Condition]:
    """Everything that is told when it begins and when it ends."""
    conn = session.frontier.conn
    yield from _exits(conn, session.config)
    yield _login(conn, session.config)
    yield Condition(
        kind="login", subject="discuss", name="discuss", holds=has_expired(conn), facts={}
    )
    yield from _sources(conn)
    yield from _drifts(conn)
    yield _disk(conn, session.root)


def _exits(conn: sqlite3.Connection, config: Config) -> Iterator[Condition]:
    for exit in exits_of(config):
        block = CoolDown(conn, exit.name).last()
        until = block.until.isoformat(timespec="seconds") if block else None
        facts = {"until": until, "shown": block.shown} if block else {}
        yield Condition(
            kind="blocked",
            subject=exit.name,
            name=exit.name,
            holds=block is not None,
            facts=facts,
        )


def _login(conn: sqlite3.Connection, config: Config) -> Condition:
    """Cookies are given, and pages want a login all the same."""
    given = config.cookies or any(exit.cookies for exit in config.exits)
    (count,) = conn.execute("SELECT count(*) FROM frontier WHERE error_code = 'login'").fetchone()
    return Condition(
        kind="login",
        subject="cookies",
        name="cookies",
        holds=bool(given and count),
        facts={"addresses": count},
    )


def _sources(conn: sqlite3.Connection) -> Iterator[Condition]:
    rows = conn.execute("SELECT id, address, title, attempts, error FROM sources").fetchall()
    for row in rows:
        holds = row["attempts"] >= _FAILURES
        yield Condition(
            kind="source",
            subject=str(row["id"]),
            name=row["title"] or redact_url(row["address"]),
            holds=holds,
            facts={"times": row["attempts"], "error": row["error"]} if holds else {},
        )


def _drifts(conn: sqlite3.Connection) -> Iterator[Condition]:
    """What began is over when none of the newest articles lacks the field any more: where good and
    bad pages take turns, most may lack it today and not tomorrow, and nothing should flutter."""
    found = {drift.field: drift for drift in drifts(conn)}
    lacking = newest_lack(conn)
    for field in sorted(found.keys() | told_of(conn, "drift")):
        facts = found[field].as_dict() if field in found else {}
        facts.pop("field", None)
        holds = field in found or field in lacking
        yield Condition(kind="drift", subject=field, name=field, holds=holds, facts=facts)


def _disk(conn: sqlite3.Connection, root: Path) -> Condition:
    free = shutil.disk_usage(root).free
    enough = LITTLE_ROOM * 5 // 4 if told(conn, "disk", "archive") else LITTLE_ROOM
    return Condition(
        kind="disk",
        subject="archive",
        name="archive",
        holds=free < enough,
        facts={"free": free // MEBIBYTE},
    )
