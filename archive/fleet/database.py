"""The way to the queue: its address, opening it, and what its errors mean."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from archive.errors import BadConfig, QueueTrouble
from archive.fleet import schema
from scraper.messages import mark
from scraper.redact import redact

if TYPE_CHECKING:
    import psycopg
    from procrastinate import App
    from procrastinate.manager import JobManager
    from psycopg.rows import DictRow
    from psycopg_pool import AsyncConnectionPool

_FORM = mark("the queue's address is not of the form postgresql://HOST/DATABASE")
#: A connection whose other end has vanished is noticed after some 20 s, not after two hours.
_CONNECTION: Mapping[str, Any] = {
    "connect_timeout": 10,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 2,
    "tcp_user_timeout": 20_000,
    "options": f"-c search_path={schema.SCHEMA}",
    "application_name": "wechat-archive",
}
#: Nobody waits for a lock, nor holds one, for longer: a program that stands still in the middle of a
#: transaction must not keep the others from an exit's row. Milliseconds.
_BOUNDS = "-c lock_timeout=10000 -c idle_in_transaction_session_timeout=10000"
_OLDEST = 14


@dataclass(frozen=True, slots=True)
class Queue:
    """An open queue. Whatever it does raises psycopg's or procrastinate's errors; ``is_gone`` tells
    a lost connection from the others.
    """

    app: App
    pool: AsyncConnectionPool[psycopg.AsyncConnection[DictRow]]

    @property
    def jobs(self) -> JobManager:
        """Procrastinate's."""
        return self.app.job_manager

    async def rows(self, query: str, /, **values: Any) -> list[dict[str, Any]]:
        """One statement, in a transaction of its own."""
        async with self.pool.connection() as conn:
            cursor = await conn.execute(query, values)
            return await cursor.fetchall() if cursor.description is not None else []

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[psycopg.AsyncConnection[DictRow]]:
        """A connection; what is done on it holds when the block ends."""
        async with self.pool.connection() as conn:
            yield conn


def check_installed() -> None:
    """Raises BadConfig where the extra is missing."""
    from importlib.util import find_spec

    if any(find_spec(name) is None for name in ("procrastinate", "psycopg", "psycopg_pool")):
        raise BadConfig(
            mark(
                "the extra `fleet` is not installed: pip install 'wechat-archive[fleet]' "
                "(or: uv tool install 'wechat-archive[fleet]')"
            )
        )
    try:
        import psycopg  # noqa: F401 - without libpq it is installed and useless
    except ImportError as error:
        raise BadConfig(
            mark("psycopg finds no libpq: pip install 'wechat-archive[fleet]' brings it along")
        ) from error


def checked(address: str) -> str:
    """A queue's address. Raises BadConfig, without quoting it: it may hold a password."""
    try:
        scheme = urlsplit(address).scheme
    except ValueError:
        scheme = ""
    if scheme not in ("postgresql", "postgres"):
        raise BadConfig(_FORM)
    check_installed()
    from psycopg import ProgrammingError
    from psycopg.conninfo import conninfo_to_dict

    try:
        conninfo_to_dict(address)
    except ProgrammingError:
        raise BadConfig(_FORM) from None
    return address


@asynccontextmanager
async def connection(
    address: str, *, autocommit: bool = True
) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
    """One connection outside any pool. Raises QueueTrouble."""
    import psycopg

    try:
        conn = await psycopg.AsyncConnection.connect(
            checked(address), autocommit=autocommit, **_CONNECTION
        )
    except psycopg.OperationalError as error:
        raise unreachable(error) from error
    async with conn:
        if conn.info.server_version < _OLDEST * 10_000:
            raise QueueTrouble(
                mark("the queue needs PostgreSQL {version} or newer", version=_OLDEST)
            )
        yield conn


def unreachable(error: BaseException) -> QueueTrouble:
    """What to say about a connection that could not be made or was lost."""
    said = redact(" ".join(str(error).split()))[:300]
    return QueueTrouble(mark("the queue cannot be used: {error}", error=said))


async def check_schema(conn: psycopg.AsyncConnection[Any]) -> None:
    """Raises QueueTrouble where the tables are not those that this program works with."""
    import psycopg

    try:
        has = await schema.applied(conn)
    except psycopg.errors.UndefinedTable:
        raise QueueTrouble(
            mark(
                "the queue has no tables yet: run `wechat-archive fleet init` as a user of the "
                "database who may make them"
            )
        ) from None
    except psycopg.errors.InsufficientPrivilege:
        raise QueueTrouble(
            mark(
                "the queue's user may not read its tables: docs/fleet.md names the rights it needs"
            )
        ) from None
    if schema.wanted() - has:
        raise QueueTrouble(
            mark(
                "the queue's tables are of an older version: run `wechat-archive fleet init` as the "
                "user who made them"
            )
        )
    if ours := {name for name in has if name.startswith("fleet_")} - schema.wanted():
        raise QueueTrouble(
            mark(
                "the queue was made by a newer version of this program ({step}): update this one",
                step=max(ours),
            )
        )


@asynccontextmanager
async def open_queue(address: str, *, connections: int = 2) -> AsyncIterator[Queue]:
    """An open queue. Raises QueueTrouble where it cannot be reached or has other tables."""
    import logging

    import psycopg
    from procrastinate import App, PsycopgConnector
    from psycopg.rows import dict_row

    # Both tell of every try to connect again; we say once what matters.
    for name in ("psycopg.pool", "procrastinate"):
        logging.getLogger(name).setLevel(logging.ERROR)
    async with connection(address) as conn:
        await check_schema(conn)
    connector = PsycopgConnector(
        conninfo=address,
        kwargs={
            **_CONNECTION,
            "options": f"{_CONNECTION['options']} {_BOUNDS}",
            "row_factory": dict_row,
        },
        min_size=1,
        max_size=connections,
        timeout=10.0,
        reconnect_timeout=5.0,
    )
    app = App(connector=connector)
    # Also where opening is ended half-way: the pool's tasks are at work then already, and one that
    # is just connecting takes no notice of being cancelled when the event loop closes.
    try:
        try:
            await app.open_async()
        except (psycopg.Error, OSError) as error:
            raise unreachable(error) from error
        yield Queue(
            app, cast("AsyncConnectionPool[psycopg.AsyncConnection[DictRow]]", connector.pool)
        )
    finally:
        await app.close_async()


def is_gone(error: BaseException) -> bool:
    """Whether the connection is lost, or the server goes down or comes up: it is to be opened
    again.
    """
    import psycopg

    causes = (error, error.__cause__)
    return any(
        isinstance(
            one,
            psycopg.OperationalError
            | psycopg.InterfaceError
            | psycopg.errors.ForeignKeyViolation  # a worker that was taken for dead
            | psycopg.errors.IdleInTransactionSessionTimeout
            | QueueTrouble,
        )
        for one in causes
    )
