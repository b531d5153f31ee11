"""Writing files: whole or not at all."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from archive.db.files import Disk, Files
from archive.db.names import TEMPORARY
from archive.errors import ArchiveError, CannotCreate, DiskTrouble


class FullDisk(Disk):
    """Has no room left after so many calls."""

    def __init__(self, calls: int, number: int = errno.ENOSPC) -> None:
        self.left = calls
        self._number = number

    def _spend(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise OSError(self._number, os.strerror(self._number))

    def write(self, handle: int, data: memoryview) -> int:
        self._spend()
        return super().write(handle, data[: max(1, len(data) // 2)])

    def fsync(self, handle: int) -> None:
        self._spend()

    def replace(self, source: Path, target: Path) -> None:
        self._spend()
        super().replace(source, target)

    def mkdir(self, folder: Path) -> None:
        self._spend()
        super().mkdir(folder)


def test_a_file_is_written_with_its_folders(tmp_path: Path) -> None:
    """And nothing else is left."""
    files = Files(tmp_path)
    files.write("a/b/c.md", "内容".encode())

    assert files.read("a/b/c.md") == "内容".encode()
    assert list((tmp_path / TEMPORARY).iterdir()) == []


@pytest.mark.parametrize("calls", range(12))
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EDQUOT])
def test_a_failing_disk_leaves_the_old_file_or_the_new(
    tmp_path: Path, calls: int, number: int
) -> None:
    """Never half of one, and no leftovers; the error says what to do."""
    Files(tmp_path).write("a/old.md", b"old" * 100)
    disk = FullDisk(calls, number)
    try:
        Files(tmp_path, disk).write("a/old.md", b"new" * 100)
    except DiskTrouble as trouble:
        assert str(tmp_path / "a/old.md") in str(trouble)
        assert trouble.exit_code == 74
    assert Files(tmp_path).read("a/old.md") in (b"old" * 100, b"new" * 100)
    assert list((tmp_path / TEMPORARY).iterdir()) == []


def test_leftovers_of_killed_commands_are_swept(tmp_path: Path) -> None:
    """They lie in one place, so that finding them costs nothing."""
    files = Files(tmp_path)
    files.write("a.md", b"x")
    (tmp_path / TEMPORARY / "123-dead").write_bytes(b"half")

    assert files.sweep() == 1
    assert files.sweep() == 0
    assert Files(tmp_path / "nowhere").sweep() == 0


@pytest.mark.parametrize("path", ["../x", "/etc/x", "a/../../x", "", ".."])
def test_nothing_is_written_outside_the_archive(tmp_path: Path, path: str) -> None:
    """Whatever made up the path."""
    with pytest.raises(ArchiveError, match="outside"):
        Files(tmp_path / "archive").write(path, b"x")


def test_a_folder_in_the_way_is_said_plainly(tmp_path: Path) -> None:
    """A file where a folder should be: 73, with the path."""
    (tmp_path / "articles").write_text("I am a file")
    with pytest.raises(CannotCreate, match="articles"):
        Files(tmp_path).write("articles/x/y.md", b"x")


def test_a_link_to_another_disk_is_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rename cannot cross disks: then the file is written over there and renamed there."""

    class TwoDisks(Disk):
        def replace(self, source: Path, target: Path) -> None:
            if source.parent != target.parent:
                raise OSError(errno.EXDEV, "Invalid cross-device link")
            super().replace(source, target)

    files = Files(tmp_path, TwoDisks())
    files.write("media/ab/x.png", b"png")

    assert files.read("media/ab/x.png") == b"png"
    assert sorted(path.name for path in (tmp_path / "media/ab").iterdir()) == ["x.png"]


def test_removing_what_is_not_there_is_fine(tmp_path: Path) -> None:
    """It is gone, which is what was asked for."""
    Files(tmp_path).remove("no.md")
    assert Files(tmp_path).read("no.md") is None
    assert Files(tmp_path).sha256("no.md") is None
