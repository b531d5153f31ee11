"""Columns declared once, as the fields of a dataclass: what else knows them is derived from that.

From one declaration come the table's definition, the row that is written, the object that is read,
the checksum over a row, ``--json`` and CSV, and the migration that adds a column later. Field types
say the SQL: ``str`` is ``TEXT NOT NULL``, ``int | None`` is ``INTEGER``, a ``datetime`` is TEXT,
ISO 8601 in UTC.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping
from dataclasses import field, fields
from datetime import UTC, datetime
from functools import cached_property
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from scraper.records import dataclass

if TYPE_CHECKING:
    import sqlite3

T = TypeVar("T")

_SQL_TYPES = {str: "TEXT", int: "INTEGER", datetime: "TEXT"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column. ``name`` in the database, ``field`` in the dataclass (None: not read into it)."""

    name: str
    field: str | None = None
    sql: str = ""
    is_time: bool = False
    comment: str = ""
    page: str | None = None  #: where an ``Article`` has it, such as ``account.biz``
    computed: str | None = None  #: an SQL expression instead of a column
    since: str | None = None  #: the migration that added it; None: the first
    json: bool = True  #: shown by ``--json``
    csv: bool = False  #: exported as CSV

    def read(self, value: Any) -> Any:
        """What stands in the database, as the dataclass has it."""
        return datetime.fromisoformat(value) if self.is_time and value else value

    def write(self, value: Any) -> Any:
        """The other way round: times in UTC, to the second."""
        if self.is_time and value is not None:
            return value.astimezone(UTC).isoformat(timespec="seconds")
        return value


def column(comment: str = "", *, name: str | None = None, sql: str = "", **options: Any) -> Any:
    """A field that is a column; ``sql`` adds a constraint, ``options`` are those of ``Column``."""
    return field(metadata={"column": {"comment": comment, "name": name, "sql": sql, **options}})


class Table(Generic[T]):
    """The table ``name``: a dataclass's columns, and ``others`` that are not read into it.

    Raises TypeError for a field that is no column, or one added later that old rows cannot have.
    """

    def __init__(
        self, name: str, made: type[T], others: tuple[Column, ...] = (), constraints: str = ""
    ) -> None:
        self.name = name
        self.made = made
        self.constraints = constraints
        hints = typing.get_type_hints(made)
        self.read_columns = tuple(
            _declared(one.name, hints[one.name], one.metadata)
            for one in fields(typing.cast(Any, made))
        )
        self.columns = tuple(one for one in (*self.read_columns, *others) if one.computed is None)
        #: The columns that a checksum covers: those of the first day, and those that came later.
        self.checked = tuple(
            sorted(one.name for one in self.columns if one.field and one.since is None)
        )
        self.checked_later = tuple(
            sorted(one.name for one in self.columns if one.field and one.since is not None)
        )

    @cached_property
    def unsaid(self) -> dict[str, int | None]:
        """What a row has where nothing is said of a column: its default, or nothing."""
        return {one.name: _default(one.sql) for one in self.columns}

    def create(self) -> str:
        """The definition with the columns of the first day, as the first migration makes it."""
        first = [one for one in self.columns if one.since is None]
        lines = [f"{one.name} {one.sql}" for one in first]
        ends = [","] * len(lines) if self.constraints else [*[","] * (len(lines) - 1), ""]
        shown = [
            f"{line + end:<38}-- {one.comment}" if one.comment else line + end
            for one, line, end in zip(first, lines, ends, strict=True)
        ]
        body = "\n        ".join([*shown, *([self.constraints] if self.constraints else [])])
        return f"CREATE TABLE {self.name} (\n        {body}\n    )"

    def add_columns(self, conn: sqlite3.Connection, migration: str) -> None:
        """Add the columns that came with ``migration``, whose step calls this."""
        held = {row[1] for row in conn.execute(f"PRAGMA table_info({self.name})")}
        for one in self.columns:
            if one.since == migration and one.name not in held:
                conn.execute(f"ALTER TABLE {self.name} ADD COLUMN {one.name} {one.sql}")

    def select(self, alias: str) -> str:
        """What to select so that ``read`` and a checksum find all they need."""
        named = [f"{alias}.{one.name}" for one in self.columns if one.field]
        computed = [
            f"{one.computed.format(alias)} AS {one.name}"
            for one in self.read_columns
            if one.computed
        ]
        return ", ".join([*named, f"{alias}.head_check", *computed])

    def read(self, row: Mapping[str, Any] | sqlite3.Row) -> T:
        """A row of ``select`` as an object."""
        return self.made(
            **{one.field: one.read(row[one.name]) for one in self.read_columns if one.field}
        )

    def checked_values(self, row: Any) -> list[Any]:
        """What the checksum of a row is made over.

        A column that came later counts only with a value: without one, a row's checksum is what it
        was before there was the column.
        """
        values = [row[name] for name in self.checked]
        later = [[n, row[n]] for n in self.checked_later if row[n] is not None]
        return [*values, *later]

    def page_values(self, article: object) -> dict[str, Any]:
        """The columns that an article's page says."""
        return {
            one.name: one.write(attrgetter(one.page)(article)) for one in self.columns if one.page
        }

    def as_dict(self, made: T) -> dict[str, Any]:
        """Names and values for ``--json``: every name is always there; times are ISO 8601, UTC."""
        values = {
            one.field: getattr(made, one.field)
            for one in self.read_columns
            if one.field and one.json
        }
        return {
            name: value.isoformat() if isinstance(value, datetime) else value
            for name, value in values.items()
        }

    def csv_fields(self) -> tuple[str, ...]:
        """The fields that CSV shows."""
        return tuple(one.field for one in self.read_columns if one.field and one.csv)


def _declared(name: str, hint: Any, metadata: Mapping[str, Any]) -> Column:
    if "column" not in metadata:
        raise TypeError(f"{name} is no column: declare it with column(…)")
    options = dict(metadata["column"])
    kind, required = _kind_of(name, hint)
    if options.get("since") and required:
        raise TypeError(f"{name} came later: rows of before have none, so its type allows None")
    constraint = options.pop("sql")
    is_key = constraint.startswith("PRIMARY KEY")
    sql = _SQL_TYPES[kind] + (" NOT NULL" if required and not is_key else "")
    return Column(
        **{
            **options,
            "name": options["name"] or name,
            "field": name,
            "sql": f"{sql} {constraint}".strip(),
            "is_time": kind is datetime,
        }
    )


def _default(sql: str) -> int | None:
    """The number behind ``DEFAULT``; no column has a default of another type."""
    value = sql.partition("DEFAULT ")[2]
    return int(value) if value else None


def _kind_of(name: str, hint: Any) -> tuple[type, bool]:
    """The type that a field's hint names, and whether it has to be there."""
    union = typing.get_origin(hint) in (types.UnionType, typing.Union)
    choices = typing.get_args(hint) if union else (hint,)
    kinds = [kind for kind in choices if kind is not type(None)]
    if len(kinds) != 1 or kinds[0] not in _SQL_TYPES:
        raise TypeError(f"{name}: a column is str, int or datetime, or one of them or None")
    return kinds[0], type(None) not in choices


def has_table(conn: sqlite3.Connection, name: str) -> bool:
    """Whether the database has a table of that name: an older archive that is only read lacks what
    later versions added."""
    sql = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?"
    return conn.execute(sql, (name,)).fetchone() is not None
