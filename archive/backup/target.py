"""Whether a folder may be backed up into: an empty one, or this archive's own older backup."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from archive.db.errors import sqlite_errors
from archive.db.identity import Identity, identity
from archive.db.names import ARCHIVE_DB
from archive.db.opening import connect
from archive.errors import ArchiveError, BadInput, CannotCreate
from scraper.messages import mark, mark_plural


@dataclass(frozen=True, slots=True, kw_only=True)
class _Holding:
    """``articles``: key → title, and when it was last compared with the server's page."""

    who: Identity
    articles: dict[str, tuple[str, str]]
    former_keys: frozenset[str]
    sources: frozenset[str]


def refuse_foreign(root: Path, target: Path) -> None:
    """Raises BadInput where there is no archive, or ``target`` is no place for a backup at all.

    Looks only, so that nothing is put into a folder that turns out to be somebody's photographs.
    """
    if not (root / ARCHIVE_DB).exists():
        raise BadInput(mark("there is no archive at {root}: nothing to back up", root=root))
    here, there = root.resolve(), target.resolve()
    if here == there or here in there.parents or there in here.parents:
        raise BadInput(
            mark(
                "{target} and the archive {root} lie inside each other: choose another folder",
                target=target,
                root=root,
            )
        )
    if target.exists() and not target.is_dir():
        raise CannotCreate(mark("{target} is a file: give a folder", target=target))
    if target.is_dir() and not (target / ARCHIVE_DB).exists():
        _refuse_filled(target)


def _refuse_filled(target: Path) -> None:
    if (target / f".{ARCHIVE_DB}.part").is_file():
        return  # a first backup that was killed
    foreign = [path.name for path in target.iterdir() if not path.name.startswith(".")]
    if foreign:
        raise BadInput(
            mark(
                "{target} holds other things ({foreign}, …): give an empty folder or an "
                "earlier backup",
                target=target,
                foreign=foreign[0],
            )
        )


def what_is_lost(root: Path, target: Path) -> str | None:
    """A sentence on what the archive in ``target`` is and what a backup over it would lose; None
    where it is this archive's own older backup, or there is none. Raises ArchiveError."""
    if not (target / ARCHIVE_DB).exists():
        return None
    source = _read(root)
    try:
        there = _read(target)
    except ArchiveError as error:
        return mark("what {target} holds cannot be read ({error})", target=target, error=error)
    reason = _reason(source, there)
    if reason is None:
        return None
    return mark(
        "{target} {reason}; a backup over it would lose {loss}",
        target=target,
        reason=reason,
        loss=_loss(source, there),
    )


def _read(root: Path) -> _Holding:
    place = root / ARCHIVE_DB
    with sqlite_errors(place), closing(connect(place, readonly=True)) as conn:
        return _Holding(
            who=identity(conn),
            articles={
                str(key): (str(title), str(checked))
                for key, title, checked in conn.execute("SELECT key, title, checked FROM articles")
            },
            former_keys=_column(conn, "SELECT key FROM former_keys"),
            sources=_column(conn, "SELECT address FROM sources"),
        )


def _column(conn: sqlite3.Connection, sql: str) -> frozenset[str]:
    return frozenset(str(row[0]) for row in conn.execute(sql))


def _reason(source: _Holding, there: _Holding) -> str | None:
    ours, theirs = source.who, there.who
    if ours.archive_id is None or theirs.archive_id is None:
        # Made before archives had identities: its own backup if it has nothing of its own.
        alien = _only_there(source, there) or _newer_there(source, there)
        return mark("may be another archive, or a newer one") if alien else None
    if ours.archive_id != theirs.archive_id:
        return mark("is another archive")
    if theirs.copied_at is None:
        return mark("is no backup but this archive itself, or a plain copy of it")
    if not theirs.is_unused_backup:
        return mark("was used as an archive since it was copied")
    if ours.generation < theirs.generation:
        return mark("is newer than the archive")
    return None


def _only_there(source: _Holding, there: _Holding) -> list[str]:
    return [
        title
        for key, (title, _) in there.articles.items()
        if key not in source.articles and key not in source.former_keys
    ]


def _newer_there(source: _Holding, there: _Holding) -> list[str]:
    return [
        title
        for key, (title, checked) in there.articles.items()
        if key in source.articles and checked > source.articles[key][1]
    ]


def _loss(source: _Holding, there: _Holding) -> str:
    only, newer = _only_there(source, there), _newer_there(source, there)
    sources = there.sources - source.sources
    parts = [
        *(
            [
                mark_plural(
                    "{n} article that only it holds ({only!r})",
                    "{n} articles that only it holds ({only!r}, …)",
                    len(only),
                    only=only[0],
                )
            ]
            if only
            else []
        ),
        *(
            [
                mark_plural(
                    "the newer state of {n} article ({newer!r})",
                    "the newer state of {n} articles ({newer!r}, …)",
                    len(newer),
                    newer=newer[0],
                )
            ]
            if newer
            else []
        ),
        *(
            [mark_plural("{n} watched source", "{n} watched sources", len(sources))]
            if sources
            else []
        ),
    ]
    return (
        mark("{parts}", parts=parts)
        if parts
        else mark("no article, but its own queue and settings")
    )
