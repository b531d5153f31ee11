"""A disk that loses its power: what a command wrote, as the system calls tell it, and what may be
left of it.

A command runs under ``strace``; its writes, flushes, renames and removals are read off. Then, for
any moment, the states are built in which the disk may wake up: nothing is there but what was
flushed; or the folders ran ahead of the files, so that names are there and their bytes are not; or
half of the bytes are.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.conftest import ROOT

_CALLS = (
    "openat,pwrite64,write,ftruncate,fsync,fdatasync,rename,renameat,renameat2,unlink,unlinkat,link,linkat,mkdir,"
    "mkdirat,lseek"
)
_LINE = re.compile(r"^\d+\s+(?P<call>\w+)\((?P<arguments>.*)\)\s+= (?P<result>\d+)")
_HEX = re.compile(r'"((?:\\x[0-9a-f]{2})*)"|<((?:\\x[0-9a-f]{2})+)>')
WAYS = ("flushed", "names", "half")


@dataclass(frozen=True, slots=True)
class Call:
    """One call that changes the disk; ``paths`` are absolute, ``at`` is the offset of a write."""

    name: str
    paths: tuple[str, ...]
    data: bytes = b""
    at: int | None = None


def record(
    log: Path, *argv: str, env: Mapping[str, str] | None = None, codes: Sequence[int] = (0,)
) -> list[Call]:
    """Run ``wechat-archive ARGV`` and give its calls, in their order; what it says into a pipe too
    (``told``).
    """
    strace = ["strace", "-f", "-qq", "-y", "-xx", "-s", "33554432", "-e", f"trace={_CALLS}"]
    command = [*strace, "-o", str(log), sys.executable, "-m", "archive.cli", *argv]
    given = {**os.environ, **(env or {})}
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, env=given)
    assert done.returncode in codes, done.stderr
    with log.open(encoding="ascii") as lines:
        return [call for line in lines if (call := _call(line)) is not None]


def _call(line: str) -> Call | None:
    found = _LINE.match(line)
    if found is None:
        return None
    texts = [
        bytes.fromhex((a or b).replace("\\x", "")) for a, b in _HEX.findall(found["arguments"])
    ]
    name, arguments = found["call"], found["arguments"]
    if name in ("pwrite64", "write"):
        offset = int(arguments.rpartition(", ")[2]) if name == "pwrite64" else None
        written = int(found["result"])
        return Call("write", (texts[0].decode(),), texts[1][:written], offset)
    if name == "lseek":
        return Call("seek", (texts[0].decode(),), at=int(found["result"]))
    if name == "ftruncate":
        return Call("truncate", (texts[0].decode(),), at=int(arguments.rpartition(", ")[2]))
    if name in ("fsync", "fdatasync"):
        return Call("flush", (texts[0].decode(),))
    paths = tuple(text.decode() for text in texts if text.startswith(b"/"))
    if name == "openat":
        created = "O_CREAT" in arguments
        cut = "O_TRUNC" in arguments
        return Call("create" if not cut else "recreate", paths[-1:]) if created else None
    return Call(name.removesuffix("at2").removesuffix("at"), paths)


def told(calls: Sequence[Call]) -> str:
    """What the command had said by then."""
    said = (c.data for c in calls if c.name == "write" and c.paths[0].startswith("pipe:"))
    return b"".join(said).decode()


@dataclass
class _Inode:
    data: bytes = b""
    flushed: bytes = b""
    position: int = 0


@dataclass
class Disk:
    """The files below ``root`` as they are, and as they are for sure."""

    root: str
    names: dict[str, _Inode] = field(default_factory=dict)
    flushed_names: dict[str, _Inode] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for path in sorted(Path(self.root).rglob("*")):
            if path.is_file():
                data = path.read_bytes()
                self.names[str(path)] = _Inode(data, data, len(data))
        self.flushed_names = dict(self.names)

    def do(self, call: Call) -> bool:
        """Apply a call; whether it belongs to this disk and changes what may be left."""
        paths = [
            path for path in call.paths if path.startswith(f"{self.root}/") or path == self.root
        ]
        if not paths or any(path.endswith("-shm") for path in paths):
            return False  # SQLite makes its index anew
        getattr(self, f"_{call.name}")(call, *paths)
        return call.name not in ("mkdir", "seek")

    def _create(self, _call: Call, path: str) -> None:
        self.names.setdefault(path, _Inode()).position = 0

    def _recreate(self, call: Call, path: str) -> None:
        self._create(call, path)
        self.names[path].data = b""

    def _seek(self, call: Call, path: str) -> None:
        if path in self.names and call.at is not None:
            self.names[path].position = call.at

    def _write(self, call: Call, path: str) -> None:
        inode = self.names[path]
        at = inode.position if call.at is None else call.at
        before = inode.data[:at].ljust(at, b"\0")
        inode.data = before + call.data + inode.data[at + len(call.data) :]
        inode.position = at + len(call.data)

    def _truncate(self, call: Call, path: str) -> None:
        assert call.at is not None
        self.names[path].data = self.names[path].data[: call.at].ljust(call.at, b"\0")

    def _flush(self, _call: Call, path: str) -> None:
        if path in self.names:
            self.names[path].flushed = self.names[path].data
            return
        inside = {
            name for name in {*self.names, *self.flushed_names} if name.rpartition("/")[0] == path
        }
        for name in inside:
            if name in self.names:
                self.flushed_names[name] = self.names[name]
            else:
                self.flushed_names.pop(name, None)

    def _rename(self, _call: Call, source: str, target: str) -> None:
        self.names[target] = self.names.pop(source)

    def _unlink(self, _call: Call, path: str) -> None:
        self.names.pop(path, None)

    def _link(self, _call: Call, *paths: str) -> None:
        if paths[0] in self.names:
            self.names[paths[-1]] = self.names[paths[0]]

    def _mkdir(self, _call: Call, *_paths: str) -> None:
        pass

    def left(self, way: str) -> dict[str, bytes]:
        """What may be there after the power comes back, in one of ``WAYS``."""
        names = self.flushed_names if way == "flushed" else self.names
        return {path: self._bytes(inode, way) for path, inode in names.items()}

    def _bytes(self, inode: _Inode, way: str) -> bytes:
        if way != "half" or inode.data == inode.flushed:
            return inode.flushed
        middle = len(inode.data) // 2
        return inode.data[:middle] + inode.flushed[middle:]


def states(disk: Disk, calls: Sequence[Call]) -> Iterator[tuple[int, str, dict[str, bytes]]]:
    """After each call: what may be left, each different state once."""
    seen = set()
    for number, call in enumerate(calls):
        if disk.do(call):
            for way in WAYS:
                left = disk.left(way)
                mark = hash(tuple(sorted(left.items())))
                if mark not in seen:
                    seen.add(mark)
                    yield number, way, left


def wake(left: dict[str, bytes], root: str, place: Path) -> Path:
    """The folder ``root`` as it was left, in ``place``."""
    for path, data in left.items():
        target = place / Path(path).relative_to(root)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    place.mkdir(parents=True, exist_ok=True)
    return place
