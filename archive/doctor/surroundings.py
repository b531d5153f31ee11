"""What the checks ask the machine, in one place, so that tests can say how it is."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from scraper.clock import utc_now

#: Where systemd, cron and launchd keep what they start.
TIMER_PLACES = (
    "~/.config/systemd/user/*.service",
    "/etc/systemd/system/*.service",
    "/etc/systemd/user/*.service",
    "/etc/crontab",
    "/etc/cron.d/*",
    "/etc/cron.hourly/*",
    "/etc/cron.daily/*",
    "~/Library/LaunchAgents/*.plist",
)
_LONGEST = 256 * 1024
_PATIENCE = 10  #: seconds that a program gets to answer


@dataclass(frozen=True, slots=True)
class Surroundings:
    """This machine."""

    now: datetime = field(default_factory=utc_now)
    timer_places: tuple[str, ...] = TIMER_PLACES
    mounts: Path = Path("/proc/mounts")

    def ask(self, *command: str) -> str | None:
        """What a program of this machine prints; None where it is not there, fails, or does not
        answer.
        """
        if shutil.which(command[0]) is None:
            return None
        try:
            done = subprocess.run(
                command,
                capture_output=True,
                text=True,
                errors="replace",
                stdin=subprocess.DEVNULL,
                timeout=_PATIENCE,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            return None
        return done.stdout if done.returncode == 0 else None

    def free_bytes(self, place: Path) -> int:
        """Room on the disk of ``place`` for who asks."""
        return shutil.disk_usage(place).free

    def free_files(self, place: Path) -> int | None:
        """How many files can still be made there; None where the file system does not count
        them.
        """
        found = os.statvfs(place)
        return found.f_favail if found.f_files else None

    def file_system(self, place: Path) -> str | None:
        """What the file system of ``place`` is called (``ext4``, ``nfs4``), where the machine says
        so.
        """
        try:
            lines = self.mounts.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            return None
        found: tuple[int, str | None] = (-1, None)
        for line in lines:
            parts = line.split(" ")
            if len(parts) < 3:
                continue
            mount = Path(parts[1].replace("\\040", " "))
            if place.resolve().is_relative_to(mount) and len(mount.parts) >= found[0]:
                found = (len(mount.parts), parts[2])
        return found[1]

    def timer_files(self) -> Iterable[tuple[Path, str]]:
        """The files that start something by time, and what stands in them, as far as they may be
        read.
        """
        for pattern in self.timer_places:
            place = Path(pattern).expanduser()
            for file in sorted(place.parent.glob(place.name)):
                try:
                    if file.is_file() and file.stat().st_size <= _LONGEST:
                        yield file, file.read_text(encoding="utf-8", errors="replace")
                except OSError:
                    continue
