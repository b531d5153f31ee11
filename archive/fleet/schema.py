"""The queue's tables, made and migrated by ``fleet init``.

Everything lies in one schema of the database: procrastinate's tables, and ours, which begin with
``fleet_``. ``fleet_migrations`` names each step that was applied, procrastinate's files and ours
alike, so that ``init`` finds out by itself what a newer version of either adds.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    import psycopg

SCHEMA = "wechat_archive"
#: Procrastinate of before these is never found in a queue of ours.
_FIRST = (
    """
    CREATE TABLE fleet_exits (         -- one public address that mp.weixin.qq.com is asked from
        name text PRIMARY KEY,
        pace double precision NOT NULL,       -- seconds between an answer and the next request
        next_at timestamptz NOT NULL DEFAULT now(),  -- not before this
        lease_worker bigint,                  -- who has a request in flight, at most until
        lease_until timestamptz,
        held_until timestamptz,               -- a captcha came, and no archive has judged it yet
        level integer NOT NULL DEFAULT 0,     -- blocks in a row, as judged
        blocked_until timestamptz,
        reason text, shown text,
        has_cookies boolean NOT NULL DEFAULT false,
        requests bigint NOT NULL DEFAULT 0,
        asked timestamptz                     -- when its last request ended
    )
    """,
    """
    CREATE TABLE fleet_workers (       -- who takes jobs; its heartbeat is procrastinate's
        id bigint PRIMARY KEY REFERENCES procrastinate_workers(id) ON DELETE CASCADE,
        exit text NOT NULL REFERENCES fleet_exits(name),
        host text NOT NULL,
        version text NOT NULL,
        started timestamptz NOT NULL DEFAULT now(),
        requests bigint NOT NULL DEFAULT 0
    )
    """,
    """
    CREATE TABLE fleet_requests (      -- from being asked until the archive has stored the answer
        key text PRIMARY KEY,                 -- of archive and address: asked again it is the same
        archive text NOT NULL,
        exit text NOT NULL,
        job bigint,                           -- procrastinate's
        url text NOT NULL,
        referer text,
        budget integer,                       -- requests it may take, redirects included
        asked timestamptz NOT NULL DEFAULT now(),
        answer jsonb,                         -- NULL: none yet
        body bytea,                           -- zstd
        answered timestamptz
    )
    """,
    # what is packed already is not packed again
    "ALTER TABLE fleet_requests ALTER COLUMN body SET STORAGE EXTERNAL",
    "CREATE INDEX fleet_requests_archive ON fleet_requests (archive)",
)
#: Ours, in order; a released one never changes.
STEPS: dict[str, tuple[str, ...]] = {"fleet_1": _FIRST}


async def init(conn: psycopg.AsyncConnection[object]) -> list[str]:
    """Make or migrate everything; the names of the steps that were applied now.

    ``conn`` commits by itself. Each step stands in a transaction with its name, so that a kill
    leaves a queue that the next ``init`` finishes. Only one ``init`` works at a time.
    """
    from psycopg import sql

    await conn.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(SCHEMA)))
    await conn.execute(
        "CREATE TABLE IF NOT EXISTS fleet_migrations "
        "(name text PRIMARY KEY, applied timestamptz NOT NULL DEFAULT now())"
    )
    await conn.execute("SELECT pg_advisory_lock(hashtext(%s))", (SCHEMA,))
    done: list[str] = []
    try:
        known = await applied(conn)
        if not known:
            await _fresh(conn)
            done.append("procrastinate")
            known = await applied(conn)
        for name, statements in _outstanding(known):
            async with conn.transaction():
                for statement in statements:
                    await conn.execute(statement)
                await _note(conn, name)
            done.append(name)
    finally:
        await conn.execute("SELECT pg_advisory_unlock(hashtext(%s))", (SCHEMA,))
    return done


async def applied(conn: psycopg.AsyncConnection[object]) -> set[str]:
    """The steps that the queue has had. Raises psycopg's UndefinedTable where there is none."""
    cursor = await conn.execute("SELECT name FROM fleet_migrations")
    return {str(cast("tuple[object, ...]", row)[0]) for row in await cursor.fetchall()}


def wanted() -> set[str]:
    """The steps that this program works with."""
    return {*_files(), *STEPS}


def _outstanding(known: set[str]) -> list[tuple[str, tuple[str, ...]]]:
    theirs = [(name, (path.read_text(encoding="utf-8"),)) for name, path in _files().items()]
    return [step for step in (*theirs, *STEPS.items()) if step[0] not in known]


async def _fresh(conn: psycopg.AsyncConnection[object]) -> None:
    """Procrastinate as it is today, with all its migrations noted as applied."""
    from procrastinate.schema import SchemaManager

    async with conn.transaction():
        await conn.execute(SchemaManager.get_schema())
        for name in _files():
            await _note(conn, name)


async def _note(conn: psycopg.AsyncConnection[object], name: str) -> None:
    await conn.execute("INSERT INTO fleet_migrations (name) VALUES (%s)", (name,))


def _files() -> dict[str, Path]:
    """Procrastinate's migrations by name, in their order."""
    from procrastinate.schema import SchemaManager

    folder = Path(SchemaManager.get_migrations_path())
    return {path.stem: path for path in sorted(folder.glob("*.sql"))}
