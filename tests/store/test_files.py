"""Writing files: whole or not at all."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from archive.db.files import Disk, Files, inside, replacing, require_own_database
from archive.db.names import TEMPORARY
from archive.db.opening import connect
from archive.errors import ArchiveError, CannotCreate, Corrupt, DiskTrouble


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
    """Never half of one, and no leftovers; whatever the disk said is told, and what to do. No
    error: it is the new.
    """
    Files(tmp_path).write("a/old.md", b"old" * 100)
    disk, told = FullDisk(calls, number), []
    try:
        Files(tmp_path, disk).write("a/old.md", b"new" * 100)
    except DiskTrouble as trouble:
        told.append((trouble.exit_code, str(tmp_path / "a/old.md") in str(trouble)))
    failed = disk.left < 0
    assert told == ([(74, True)] if failed else [])
    assert failed or Files(tmp_path).read("a/old.md") == b"new" * 100
    assert Files(tmp_path).read("a/old.md") in (b"old" * 100, b"new" * 100)
    assert list((tmp_path / TEMPORARY).iterdir()) == []


def test_leftovers_of_killed_commands_are_swept(tmp_path: Path) -> None:
    """They lie in one place, so that finding them costs nothing."""
    files = Files(tmp_path)
    files.write("a.md", b"x")
    (tmp_path / TEMPORARY / f"123-{16 * 'd'}").write_bytes(b"half")

    assert files.sweep() == 1
    assert files.sweep() == 0
    assert Files(tmp_path / "nowhere").sweep() == 0


@pytest.mark.parametrize("path", ["../x", "/etc/x", "a/../../x", "", ".."])
def test_nothing_is_written_outside_the_archive(tmp_path: Path, path: str) -> None:
    """Whatever made up the path."""
    with pytest.raises(ArchiveError, match="outside"):
        Files(tmp_path / "archive").write(path, b"x")


def test_only_leftovers_are_swept(tmp_path: Path) -> None:
    """By name and kind: what else lies in the folder is somebody's own, and what a link leads to is
    too.
    """
    files = Files(tmp_path / "archive")
    files.write("a.md", b"x")
    (tmp_path / "own.txt").write_text("mine")
    folder = tmp_path / "archive" / TEMPORARY
    (folder / "notes.txt").write_text("mine")
    (folder / f"7-{16 * 'a'}").symlink_to(tmp_path / "own.txt")
    (folder / f"8-{16 * 'b'}").mkdir()

    assert files.sweep() == 0
    assert len(list(folder.iterdir())) == 3


def test_a_link_in_place_of_the_temporary_folder_is_refused(tmp_path: Path) -> None:
    """In a folder from somebody else it may lead to anything; nothing there is deleted or
    written.
    """
    (tmp_path / "own").mkdir()
    leftover = tmp_path / "own" / f"7-{16 * 'a'}"
    leftover.write_text("mine")
    (tmp_path / "archive").mkdir()
    (tmp_path / "archive" / TEMPORARY).symlink_to(tmp_path / "own")
    files = Files(tmp_path / "archive")

    with pytest.raises(CannotCreate, match="is a link"):
        files.sweep()
    with pytest.raises(CannotCreate, match="is a link"):
        files.write("a.md", b"x")
    assert [leftover] == list((tmp_path / "own").iterdir())


@pytest.mark.parametrize(
    "path", ["link/x.md", "link", "deep/er/x.md", "\0", "x\0y", "\ud800", b"x", 7, None]
)
def test_a_path_that_leads_out_is_refused(tmp_path: Path, path: object) -> None:
    """By a link on the way as by ``..``; what is no path at all too."""
    (tmp_path / "archive" / "deep").mkdir(parents=True)
    (tmp_path / "archive" / "link").symlink_to(tmp_path)
    (tmp_path / "archive" / "deep" / "er").symlink_to("../..")
    with pytest.raises(Corrupt, match="outside"):
        inside(tmp_path / "archive", path)


def test_a_link_that_stays_inside_is_followed(tmp_path: Path) -> None:
    """And so is one on the way to the archive's own folder, which the person named."""
    (tmp_path / "real" / "2024").mkdir(parents=True)
    (tmp_path / "real" / "year").symlink_to("2024")
    (tmp_path / "archive").symlink_to("real")
    files = Files(tmp_path / "archive")
    files.write("year/x.md", b"x")

    assert (tmp_path / "real" / "2024" / "x.md").read_bytes() == b"x"
    assert files.read("2024/x.md") == b"x"


def test_a_device_or_a_pipe_is_not_read(tmp_path: Path) -> None:
    """Opening it could wait for ever."""
    (tmp_path / "articles").mkdir()
    os.mkfifo(tmp_path / "articles" / "x.md")
    with pytest.raises(CannotCreate, match="not a regular file"):
        Files(tmp_path).read("articles/x.md")
    assert list(Files(tmp_path).walk("articles")) == []


class Noted(Disk):
    """Notes what is flushed, and what is renamed."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def fsync(self, handle: int) -> None:
        self.calls.append(f"flush {Path(f'/dev/fd/{handle}').resolve().name}")
        super().fsync(handle)

    def replace(self, source: Path, target: Path) -> None:
        self.calls.append(f"rename to {target.name}")
        super().replace(source, target)

    def mkdir(self, folder: Path) -> None:
        self.calls.append(f"make {folder.name}")
        super().mkdir(folder)

    def unlink(self, path: Path) -> None:
        self.calls.append(f"remove {path.name}")
        super().unlink(path)


def test_everything_written_is_flushed(tmp_path: Path) -> None:
    """Each new folder in the one above it, the bytes before they get their name, the name, and a
    name's removal.
    """
    disk = Noted()
    root = tmp_path.resolve() / "archive"
    Files(root, disk).write("a/b.md", b"x")
    temporary = disk.calls.pop(6)
    Files(root, disk).remove("a/b.md")

    assert temporary.startswith(f"flush {os.getpid()}-")
    assert disk.calls == [
        *("make archive", f"flush {tmp_path.name}", "make a", "flush archive"),
        *("make .tmp", "flush archive"),
        *("rename to b.md", "flush a"),
        *("remove b.md", "flush a"),
    ]


def test_a_file_outside_an_archive_is_replaced_whole(tmp_path: Path) -> None:
    """Flushed like any other; a link that waits under the name of the half-written file is not
    followed.
    """
    disk = Noted()
    (tmp_path / "own.txt").write_text("mine")
    (tmp_path / ".book.epub.part").symlink_to("own.txt")
    with replacing(tmp_path / "book.epub", disk=disk) as file:
        file.write(b"book")

    assert disk.calls == [
        *("flush .book.epub.part", "rename to book.epub", f"flush {tmp_path.name}"),
    ]
    assert (tmp_path / "own.txt").read_text() == "mine"
    assert ["book.epub", "own.txt"] == sorted(path.name for path in tmp_path.iterdir())


def test_a_replacement_that_fails_leaves_the_old_file(tmp_path: Path) -> None:
    """And no half-written one."""
    (tmp_path / "x").write_text("old")

    def write() -> None:
        with replacing(tmp_path / "x") as file:
            file.write(b"new")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write()
    assert ["x"] == [path.name for path in tmp_path.iterdir()]
    assert (tmp_path / "x").read_text() == "old"


def test_a_folder_in_the_way_is_said_plainly(tmp_path: Path) -> None:
    """A file where a folder should be: 73, with the path."""
    (tmp_path / "articles").write_text("I am a file")
    with pytest.raises(CannotCreate, match="articles"):
        Files(tmp_path).write("articles/x/y.md", b"x")


def test_another_disk_may_be_mounted_inside(
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


def handles() -> int:
    """How many this process has open."""
    return len(list(Path("/dev/fd").iterdir()))


def test_no_handle_stays_open(tmp_path: Path) -> None:
    """Whether it went well or not: a command writes thousands of files."""
    files = Files(tmp_path)
    (tmp_path / "folder").mkdir()
    before = handles()
    files.write("a.md", b"x")
    assert (files.read("a.md"), files.sha256("no.md")) == (b"x", None)
    for failing in (lambda: files.read("folder"), lambda: files.sha256("folder")):
        with pytest.raises(CannotCreate, match=r"cannot read .*folder"):
            failing()
    with pytest.raises(DiskTrouble):
        Files(tmp_path, FullDisk(0)).write("a.md", b"y")

    assert before == handles()


def test_the_disk_that_failed_first_is_the_one_that_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the leftover cannot be taken away either: the next command sweeps it."""
    (tmp_path / TEMPORARY).mkdir()

    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(Path, "unlink", refuse)
    with pytest.raises(DiskTrouble, match="No space left"):
        Files(tmp_path, FullDisk(1)).write("a.md", b"x" * 10)
    monkeypatch.undo()

    assert Files(tmp_path).sweep() == 1


def test_two_commands_may_make_the_same_folder(tmp_path: Path) -> None:
    """Whoever is later finds it there."""

    class Twice(Disk):
        def mkdir(self, folder: Path) -> None:
            folder.mkdir()
            super().mkdir(folder)

    Files(tmp_path, Twice()).write("a/b/c.md", b"x")

    assert Files(tmp_path).read("a/b/c.md") == b"x"


def test_files_are_found_in_one_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Folder by folder, whatever order the disk gives them in; links are passed over."""
    names = [f"articles/{folder}/{name}.md" for folder in "abc" for name in "xy"]
    for name in reversed(names):
        Files(tmp_path).write(name, b"x")
    (tmp_path / "articles" / "a" / "z.md").symlink_to("x.md")
    scandir = os.scandir

    @contextmanager
    def backwards(place: str) -> Iterator[list[os.DirEntry[str]]]:
        with scandir(place) as found:
            yield sorted(found, key=lambda one: one.name, reverse=True)

    monkeypatch.setattr(os, "scandir", backwards)
    assert names == list(Files(tmp_path).walk("articles"))


def test_a_link_in_place_of_a_database_is_refused(tmp_path: Path) -> None:
    """Of SQLite's files beside it too; what is missing is fine."""
    require_own_database(tmp_path / "none.db")
    (tmp_path / "own.txt").write_text("mine")
    for name in ("x.db", "y.db-wal", "z.db-journal"):
        (tmp_path / name).symlink_to("own.txt")
        with pytest.raises(CannotCreate, match=f"{name} is a link, and links are not followed"):
            require_own_database(tmp_path / f"{name[:1]}.db")
    os.mkfifo(tmp_path / "p.db-shm")
    with pytest.raises(CannotCreate, match="is not a regular file"):
        require_own_database(tmp_path / "p.db")
    with pytest.raises(CannotCreate, match="is a link"):
        connect(tmp_path / "x.db")


@pytest.mark.parametrize("failing", [False, True])
def test_no_leftover_stays_on_the_other_disk(tmp_path: Path, failing: bool) -> None:
    """Neither in the archive's own folder of half-written files."""

    class TwoDisks(Disk):
        def replace(self, source: Path, target: Path) -> None:
            if source.parent != target.parent:
                raise OSError(errno.EXDEV, "Invalid cross-device link")
            if failing:
                raise OSError(errno.ENOSPC, "No space left on device")
            super().replace(source, target)

    files = Files(tmp_path, TwoDisks())
    if failing:
        with pytest.raises(DiskTrouble):
            files.write("media/x.png", b"png")
    else:
        files.write("media/x.png", b"png")

    assert [] == list((tmp_path / TEMPORARY).iterdir())
    assert ([] if failing else ["x.png"]) == [p.name for p in (tmp_path / "media").iterdir()]


@pytest.mark.parametrize("failing", [False, True])
@pytest.mark.parametrize("how", ["move", "rename"])
def test_a_file_goes_to_another_disk_whole_or_stays(
    tmp_path: Path, how: str, failing: bool
) -> None:
    """What is moved there is there with its mode and on disk before the old one goes; where it
    cannot be written, the old one stays and nothing is left over.
    """
    done: list[str] = []

    class TwoDisks(Disk):
        def replace(self, source: Path, target: Path) -> None:
            if source.parent != target.parent:
                raise OSError(errno.EXDEV, "Invalid cross-device link")
            if failing:
                raise OSError(errno.ENOSPC, "No space left on device")
            done.append("replaced")
            super().replace(source, target)

        def fsync(self, handle: int) -> None:
            if stat.S_ISREG(os.fstat(handle).st_mode):
                done.append("flushed")
            super().fsync(handle)

        def unlink(self, path: Path) -> None:
            done.append("removed")
            super().unlink(path)

    files = Files(tmp_path, TwoDisks())
    for folder in ("from", "media", TEMPORARY):
        (tmp_path / folder).mkdir()
    source, target = tmp_path / "from" / "x", tmp_path / "media" / "x"
    source.write_bytes(b"words")
    source.chmod(0o600)

    def work() -> None:
        if how == "move":
            files.move("from/x", "media/x")
        else:
            files.rename(source, target)

    if failing:
        kind, said = (DiskTrouble, "make room") if how == "move" else (OSError, "No space left")
        with pytest.raises(kind, match=said):
            work()
        assert (b"words", []) == (source.read_bytes(), list((tmp_path / "media").iterdir()))
    else:
        work()
        assert (b"words", False) == (target.read_bytes(), source.exists())
        assert 0 == target.stat().st_mode & 0o077 or how == "rename"
        assert ["flushed", "replaced", "removed"] == done[-3:]
    assert [] == list((tmp_path / TEMPORARY).iterdir())


@pytest.mark.parametrize("number", [errno.EACCES, errno.EIO])
def test_a_move_that_is_refused_is_said_plainly(tmp_path: Path, number: int) -> None:
    """It is not taken for another disk: nothing is copied, nothing asked twice."""
    asked: list[Path] = []

    class Refusing(Disk):
        def replace(self, source: Path, target: Path) -> None:
            asked.append(source)
            raise OSError(number, os.strerror(number))

    (tmp_path / "x").write_bytes(b"words")
    kind = CannotCreate if number == errno.EACCES else DiskTrouble
    with pytest.raises(kind, match=os.strerror(number)):
        Files(tmp_path, Refusing()).move("x", "media/x")
    with pytest.raises(OSError, match=os.strerror(number)):
        Files(tmp_path, Refusing()).rename(tmp_path / "x", tmp_path / "y")
    assert [tmp_path / "x"] * 2 == asked
    assert b"words" == (tmp_path / "x").read_bytes()


class OtherDisk(Noted):
    """Another disk is mounted at each folder: a rename does not cross them."""

    def replace(self, source: Path, target: Path) -> None:
        if source.parent != target.parent:
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        super().replace(source, target)


def test_a_file_moves_into_a_folder_that_is_made_for_it(tmp_path: Path) -> None:
    """Both folders are flushed behind it: a power cut leaves it in one of them."""
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "x").write_bytes(b"words")
    disk = Noted()
    Files(tmp_path, disk).move("old/x", "new/deep/y")

    assert b"words" == (tmp_path / "new" / "deep" / "y").read_bytes()
    assert disk.calls == [
        *("make new", f"flush {tmp_path.name}", "make deep", "flush new"),
        *("rename to y", "flush deep", "flush old"),
    ]


def test_a_leftover_on_the_other_disk_is_replaced(tmp_path: Path) -> None:
    """Half of a file that a kill left there; the next try has its name again."""
    (tmp_path / "media").mkdir()
    (tmp_path / "media" / ".x.part").write_bytes(b"hal")
    (tmp_path / "x.part").write_bytes(b"whole")
    Files(tmp_path, OtherDisk()).rename(tmp_path / "x.part", tmp_path / "media" / "x")

    assert {"x": b"whole"} == {p.name: p.read_bytes() for p in (tmp_path / "media").iterdir()}


def test_what_the_other_disk_said_is_what_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where nothing could be begun there."""
    (tmp_path / "media").mkdir()
    (tmp_path / "x").write_bytes(b"words")

    def refuse(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("archive.db.files.open_regular", refuse)
    with pytest.raises(OSError, match="No space left"):
        Files(tmp_path, OtherDisk()).rename(tmp_path / "x", tmp_path / "media" / "x")


def test_a_folder_goes_with_all_that_is_in_it(tmp_path: Path) -> None:
    """Of a link in it the link alone: what it leads to is somebody's own."""
    files = Files(tmp_path)
    files.write("own/mine.txt", b"mine")
    for name in ("a", "b/c", "b/d/e"):
        files.write(f"out/{name}", b"x")
    (tmp_path / "out" / "b" / "link").symlink_to(tmp_path / "own")
    files.remove_folder("out")
    files.remove_folder("none")

    assert not (tmp_path / "out").exists()
    assert b"mine" == files.read("own/mine.txt")


def test_empty_folders_go_with_those_in_them(tmp_path: Path) -> None:
    """Not what holds a file at any depth, nor what is asked to stay, nor what a link leads to."""
    for name in ("articles/empty/er", "articles/full/empty", "articles/kept", "own/empty"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "articles" / "full" / "x.md").write_text("mine")
    (tmp_path / "articles" / "linked").symlink_to(tmp_path / "own")
    (tmp_path / "link").symlink_to(tmp_path / "own")
    files = Files(tmp_path)
    for folder in ("articles", "link", "none", "articles/full/x.md"):
        files.remove_empty_folders(folder, ["kept"])

    left = ["articles", "articles/full", "articles/kept", "articles/linked", "own", "own/empty"]
    assert left == sorted(
        path.relative_to(tmp_path).as_posix()
        for path in tmp_path.rglob("*")
        if path.is_dir() and path.name != "link"
    )
    assert "mine" == (tmp_path / "articles" / "full" / "x.md").read_text()


@pytest.mark.parametrize(("mask", "mode"), [(0, 0o666), (0o022, 0o644), (0o077, 0o600)])
def test_files_have_the_mode_that_the_umask_leaves(tmp_path: Path, mask: int, mode: int) -> None:
    """Nobody may run them; who may read them is up to the person."""
    before = os.umask(mask)
    try:
        Files(tmp_path / "archive").write("x.md", b"x")
        with replacing(tmp_path / "book.epub") as file:
            file.write(b"x")
    finally:
        os.umask(before)

    places = (tmp_path / "archive" / "x.md", tmp_path / "book.epub")
    assert [mode, mode] == [place.stat().st_mode & 0o777 for place in places]


def test_the_disk_itself_is_asked_to_flush(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bytes of a file, and the folder that has its name."""
    flushed: list[str] = []
    fsync = os.fsync

    def flush(handle: int) -> None:
        flushed.append(Path(f"/dev/fd/{handle}").resolve().name)
        fsync(handle)

    (tmp_path / TEMPORARY).mkdir()
    monkeypatch.setattr(os, "fsync", flush)
    Files(tmp_path).write("x.md", b"x")

    assert (2, tmp_path.name) == (len(flushed), flushed[1])
    assert flushed[0].startswith(f"{os.getpid()}-")


def test_who_reads_very_many_files_looks_at_each_folder_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For links on the way; a link in the file's own place is never followed out."""
    for name in ("a/1", "a/2", "a/3", "b/1"):
        Files(tmp_path / "archive").write(name, name.encode())
    (tmp_path / "own.txt").write_text("mine")
    (tmp_path / "archive" / "a" / "link").symlink_to(tmp_path / "own.txt")
    looked: list[object] = []

    def look(root: Path, path: object) -> Path:
        looked.append(path)
        return inside(root, path)

    monkeypatch.setattr("archive.db.files.inside", look)
    files = Files(tmp_path / "archive").steady()
    found = [files.read(name) for name in ("a/1", "a/2", "a/3", "b/1")]

    assert ([b"a/1", b"a/2", b"a/3", b"b/1"], ["a/1", "b/1"]) == (found, looked)
    with pytest.raises(Corrupt, match="outside"):
        files.read("a/link")
