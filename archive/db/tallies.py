"""How many there are of what lists and ``status`` count, so that nobody has to count: numbers in a
table, kept by triggers in the transaction of whoever changes a row.

Counting a million articles reads an index of 30 MB, and asking how many of them are gone their whole
table. A kind of tally says once which rows of which table count, under which name and how much; its
triggers, its first numbers, what an archive of before has instead, and what `verify` compares all
follow from that.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from archive.db.columns import has_table
from scraper.records import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """Rows of ``table`` for which ``where`` holds, by ``name``, each for ``amount``: SQL in which
    ``{row}`` is the row. ``columns``: what of it they read."""

    kind: str
    table: str
    name: str = "''"
    where: str = "1"
    amount: str = "1"
    columns: tuple[str, ...] = ()

    def added(self, row: str, sign: str = "") -> str:
        """The statement that counts a row (in a trigger ``NEW`` or ``OLD``), if it counts."""
        name, where, amount = self._of(row)
        return (
            f"INSERT INTO tallies (kind, name, number) SELECT '{self.kind}', {name}, {sign}{amount} "
            f"WHERE {where} ON CONFLICT (kind, name) DO UPDATE SET number = number + excluded.number;"
        )

    @property
    def counted(self) -> str:
        """The query that counts: names and numbers."""
        name, where, amount = self._of(self.table)
        return (
            f"SELECT {name} AS name, sum({amount}) AS number FROM {self.table} WHERE {where} "
            "GROUP BY 1 HAVING number != 0"
        )

    def triggers(self) -> Iterator[str]:
        """What keeps the numbers."""
        yield self._trigger("came", "INSERT", self.added("NEW"))
        yield self._trigger("went", "DELETE", self.added("OLD", "-"))
        if self.columns:
            event = f"UPDATE OF {', '.join(self.columns)}"
            differs = " OR ".join(f"OLD.{name} IS NOT NEW.{name}" for name in self.columns)
            both = f"{self.added('OLD', '-')} {self.added('NEW')}"
            yield self._trigger("changed", event, both, f"WHEN {differs}")

    def _trigger(self, how: str, event: str, body: str, when: str = "") -> str:
        return (
            f"CREATE TRIGGER tally_{self.kind}_{how} AFTER {event} ON {self.table} "
            f"{when} BEGIN {body} END"
        )

    def _of(self, row: str) -> tuple[str, str, str]:
        return tuple(part.format(row=row) for part in (self.name, self.where, self.amount))  # type: ignore[return-value]


#: Whether a file is held, still to come, or will not come.
_STATE = (
    "CASE WHEN {row}.sha256 IS NOT NULL THEN 'held' WHEN {row}.due IS NOT NULL THEN 'missing' "
    "ELSE 'lost' END"
)
#: The year in China; NULL for a time that SQLite cannot read.
_YEAR = "strftime('%Y', {row}.published, '+8 hours')"

KINDS = {
    one.kind: one
    for one in (
        Kind("article", "articles"),
        Kind("gone", "articles", where="{row}.gone IS NOT NULL", columns=("gone",)),
        Kind("parser", "articles", "{row}.parser_version", columns=("parser_version",)),
        Kind(
            "account",
            "articles",
            "{row}.account_id",
            "{row}.account_id IS NOT NULL",
            columns=("account_id",),
        ),
        Kind("year", "articles", _YEAR, f"{_YEAR} IS NOT NULL", columns=("published",)),
        Kind("version", "versions"),
        Kind("topic", "tags", "{row}.tag", columns=("tag",)),
        Kind("waiting", "frontier", where="{row}.open", columns=("open",)),
        Kind(
            "failed",
            "frontier",
            "{row}.error_code || CASE WHEN {row}.open THEN ' open' ELSE ' closed' END",
            "{row}.error_code IS NOT NULL",
            columns=("error_code", "open"),
        ),
        Kind("image", "media_addresses", _STATE, columns=("sha256", "due")),
        Kind("recording", "recordings", _STATE, columns=("sha256", "due")),
        Kind(
            "recording_bytes",
            "recordings",
            where="{row}.sha256 IS NOT NULL",
            amount="coalesce((SELECT bytes FROM media WHERE sha256 = {row}.sha256), 0)",
            columns=("sha256",),
        ),
    )
}

DDL: tuple[str, ...] = (
    """CREATE TABLE tallies (             -- how many rows there are, kept by triggers
        kind TEXT NOT NULL,           -- article, gone, parser, account, year, version, topic, waiting, failed, image, …
        name TEXT NOT NULL,           -- of what: an account's number, a year in China, a tag, …; '' where there is one
        number INTEGER NOT NULL,
        PRIMARY KEY (kind, name)
    ) WITHOUT ROWID""",
    *(trigger for kind in KINDS.values() for trigger in kind.triggers()),
    # what `status` and `list` ask for besides, without reading the rows
    "CREATE INDEX articles_archived ON articles(archived)",
    "CREATE INDEX frontier_due ON frontier(due) WHERE open",
    "CREATE INDEX frontier_failed_due ON frontier(error_code, due) "
    "WHERE open AND error_code IS NOT NULL",
)


def fill(conn: sqlite3.Connection) -> None:
    """Count everything. Inside the caller's transaction."""
    conn.execute("DELETE FROM tallies")
    for kind in KINDS.values():
        conn.execute(
            f"INSERT INTO tallies SELECT '{kind.kind}', name, number FROM ({kind.counted})"
        )


def exist(conn: sqlite3.Connection) -> bool:
    """False in an archive of before there were tallies, opened for reading."""
    return has_table(conn, "tallies")


def numbers(conn: sqlite3.Connection, kind: str) -> dict[str, int]:
    """How many there are of a kind, by name. Counted where nobody has kept them."""
    if not exist(conn):
        return _counted(conn, kind)
    sql = "SELECT name, number FROM tallies WHERE kind = ? AND number != 0"
    return {row[0]: row[1] for row in conn.execute(sql, (kind,))}


def number(conn: sqlite3.Connection, kind: str, name: str = "") -> int:
    """How many there are of one name."""
    if not exist(conn):
        return _counted(conn, kind).get(name, 0)
    sql = "SELECT number FROM tallies WHERE kind = ? AND name = ?"
    row = conn.execute(sql, (kind, name)).fetchone()
    return 0 if row is None else int(row[0])


def wrong(conn: sqlite3.Connection) -> list[str]:
    """The kinds whose numbers are not what a count gives."""
    if not exist(conn):
        return []
    return [kind for kind in KINDS if numbers(conn, kind) != _counted(conn, kind)]


def _counted(conn: sqlite3.Connection, kind: str) -> dict[str, int]:
    if not has_table(conn, KINDS[kind].table):  # older still
        return {}
    return {str(row[0]): row[1] for row in conn.execute(KINDS[kind].counted)}
