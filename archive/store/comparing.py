"""What changed between two versions of an article, as a unified diff of their Markdown. Reads
only.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from archive.db.article_columns import Stored
from archive.document.layout import to_markdown
from archive.errors import NotHeld
from archive.store.core import Store
from scraper.messages import mark

_NAME = re.compile(r"(m?)([1-9][0-9]{0,8})")


@dataclass(frozen=True, slots=True)
class Which:
    """A version by its name: ``2``, the second content that WeChat showed; ``m2``, the second state
    of the file that a person made."""

    number: int
    own: bool = False

    @classmethod
    def of(cls, name: str | int) -> Self | None:
        """None for what names none."""
        found = _NAME.fullmatch(str(name).strip().lower())
        return cls(int(found[2]), bool(found[1])) if found else None

    def __str__(self) -> str:
        return f"m{self.number}" if self.own else str(self.number)


def which(held: Stored, name: str | int) -> Which:
    """The version of that name. Raises NotHeld for what names none."""
    found = Which.of(name)
    if found is None:
        raise NotHeld(
            mark(
                "{key} has no version {name}: `wechat-archive show {key} --versions` names them",
                key=held.key,
                name=name,
            )
        )
    return found


def diff(store: Store, held: Stored, older: Which | None, newer: Which | None) -> Iterator[str]:
    """Lines as they stand in a patch, each with its end; none where nothing differs. ``pair`` says
    which two where one or both are not given. Raises NotHeld for a version that is not there,
    Corrupt.
    """
    older, newer = pair(store, held, older, newer)
    among_own = older.own or newer.own
    old, new = (
        text(store, held, which, as_file=among_own).splitlines(keepends=True)
        for which in (older, newer)
    )
    yield from difflib.unified_diff(
        old,
        new,
        f"{held.path} (version {older})",
        f"{held.path} (version {newer})",
        _seen(store, held, older).isoformat(timespec="seconds"),
        _seen(store, held, newer).isoformat(timespec="seconds"),
    )


def pair(
    store: Store, held: Stored, older: Which | None, newer: Which | None
) -> tuple[Which, Which]:
    """Which two to compare. One alone: with the newest of its kind; a person's newest with what
    WeChat shows. None: WeChat's newest two, or where it shows one only, that with a person's newest.
    Raises NotHeld where there is one only."""
    older, newer = _both(held, store.edits.count_states(held.article_id), older, newer)
    if older.number < 1:
        raise NotHeld(mark("{key} has one version only: nothing to compare", key=held.key))
    return older, newer


def _both(
    held: Stored, count: int, older: Which | None, newer: Which | None
) -> tuple[Which, Which]:
    last, last_own = Which(held.version), Which(count, own=True)
    if newer is not None:
        return older or (last if newer.own else Which(newer.number - 1)), newer
    if older is not None:
        return (older, last_own if older.own else last) if older != last_own else (last, older)
    return (last, last_own) if held.version < 2 and count else (Which(held.version - 1), last)


def text(store: Store, held: Stored, which: Which, *, as_file: bool = True) -> str:
    """The Markdown of a version; ``as_file``: the newest with its links and pictures, as the file
    has them. Raises NotHeld, Corrupt."""
    if which.own:
        return store.edits.state(held.article_id, which.number).markdown
    if as_file and which.number == held.version:
        return store.markdown(held.article_id)
    return to_markdown(store.version(held.article_id, which.number))


def _seen(store: Store, held: Stored, which: Which) -> datetime:
    if which.own:
        return store.edits.state(held.article_id, which.number).noticed
    seen = {version.number: version.seen for version in store.versions(held.article_id)}
    return seen[which.number]
