"""From paths given to the files to look at, whatever their number, and what was passed over."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from archive.errors import NoSuchInput
from archive.importers.formats import by_name
from archive.importers.report import PassedOver
from archive.saved import files
from scraper.messages import mark, strerror

_SKIPPED_FOLDERS = re.compile(r"^\.|_files$|\.files$|^assets$|^media$|^node_modules$")
#: A copy that the archive lays beside a file that a person changed.
_BESIDE = re.compile(r"\.new(?:-\d+)?\.md$")
_VERSION = re.compile(r"\.v(\d+)\.md$")
#: Documents that exporters of articles write and nothing here reads; a person who has them wants to
#: know.
_DOCUMENTS = frozenset(
    {".doc", ".docx", ".pdf", ".epub", ".mobi", ".azw3", ".xls", ".xlsx", ".zip", ".rar", ".7z"}
)


@dataclass(slots=True)
class Walk:
    """``files`` to read, in a steady order; ``missing`` paths that are not there; ``passed_over``
    what cannot be read or must not be opened, each with the reason."""

    files: list[Path] = field(default_factory=list)
    missing: list[Path] = field(default_factory=list)
    passed_over: list[PassedOver] = field(default_factory=list)


def walk(paths: Iterable[Path]) -> Walk:
    """Those given, and in folders those of a kind that can be read. Raises BadInput where none is
    there.
    """
    found = Walk()
    for path in paths:
        if not os.path.lexists(path) or not path.exists():
            found.missing.append(path)
        elif path.is_dir():
            found.files += sorted(_below(path, found), key=_in_order)
        else:
            found.files.append(path)
    if found.missing and not (found.files or found.passed_over):
        raise NoSuchInput(
            mark("{missing}: there is no such file or folder", missing=found.missing[0])
        )
    return found


def _below(folder: Path, found: Walk) -> list[Path]:
    """The files of a folder and of those in it, however deep."""
    taken, todo = [], [folder]
    while todo:
        try:
            entries = list(os.scandir(todo.pop()))
        except OSError as error:
            found.passed_over.append(PassedOver(Path(error.filename or folder), strerror(error)))
            continue
        for entry in entries:
            path = Path(entry.path)
            if entry.is_dir(follow_symlinks=False):
                todo += [] if _SKIPPED_FOLDERS.search(entry.name) else [path]
            elif not entry.name.startswith(".") and not _BESIDE.search(entry.name):
                taken += [path] if _is_wanted(path, found) else []
    return taken


def _is_wanted(path: Path, found: Walk) -> bool:
    try:
        kind = files.special(path)
    except OSError as error:  # a link that leads nowhere
        kind = strerror(error)
    if kind == "a folder":  # a link to one; its own files are found where they are
        return False
    known = by_name(path)
    if kind is None and known and known.is_wanted(path):
        return True
    if kind is not None:
        found.passed_over.append(PassedOver(path, kind))
    elif path.suffix.lower() in _DOCUMENTS:
        why = (
            mark("no page is in it")
            if known
            else mark("import reads no {suffix} files", suffix=path.suffix.lower())
        )
        found.passed_over.append(PassedOver(path, why))
    return False


def _in_order(path: Path) -> tuple[str, int, str]:
    """By name; an article's file before those of its earlier versions, which are put behind it."""
    number = version_of(path)
    if number:
        return path.as_posix().rpartition(f".v{number}.md")[0], number, path.name
    return path.with_suffix("").as_posix(), 0, path.name


def version_of(path: Path) -> int | None:
    """Which earlier version of an article a file of ours holds."""
    found = _VERSION.search(path.name)
    return int(found[1]) if found else None
