"""Writing an export whole or not at all, and pictures for it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from archive.db.files import flush_folder, make_folders, open_regular, read_regular, replacing
from archive.errors import CannotCreate, DiskTrouble
from scraper.messages import mark, strerror


@contextmanager
def written(target: Path) -> Iterator[IO[bytes]]:
    """The file ``target``, in place only when everything was written and flushed to the disk.

    Raises CannotCreate or DiskTrouble, saying what to do.
    """
    try:
        with replacing(target) as file:
            yield file
    except OSError as error:
        kind = (
            CannotCreate
            if isinstance(error, PermissionError | NotADirectoryError | IsADirectoryError)
            else DiskTrouble
        )
        said = strerror(error)
        raise kind(
            mark(
                "cannot write {target}: {said}. The archive is untouched; choose another place.",
                target=target,
                said=said,
            )
        ) from error


def put(target: Path, data: bytes) -> bool:
    """Write a file unless it is that already; whether it was written."""
    with suppress(OSError):
        if target.lstat().st_size == len(data) and read_regular(target) == data:
            return False
    with written(target) as file:
        file.write(data)
    return True


def link_or_copy(source: Path, target: Path) -> bool:
    """``target`` with the bytes of ``source``: the same file on this disk, a copy on another. False
    where it is there.

    Only for files that are never changed in place, as media are (named by their content).
    """
    if target.exists() and target.stat().st_size == source.stat().st_size:
        return False
    try:
        make_folders(target.parent)
        part = target.with_name(f".{target.name}.part")
        part.unlink(missing_ok=True)
        try:
            os.link(source, part)
        except OSError:
            shutil.copy2(source, part)
            handle = open_regular(part)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)
        part.replace(target)
        flush_folder(target.parent)
    except OSError as error:
        raise DiskTrouble(
            mark(
                "cannot write {target}: {what}. The archive is untouched.",
                target=target,
                what=strerror(error),
            )
        ) from error
    return True
