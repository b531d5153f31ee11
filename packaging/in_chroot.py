"""Go through the Dockerfile without a container engine: its own steps in a chroot of Debian, then the
command of the image as the user of the image, its health check, and SIGTERM.

    python3 packaging/in_chroot.py FOLDER [--mirror URL] [--bind PATH]…

As root, with ``debootstrap``. ``FOLDER/base`` is made where it is not there, and kept: the next time
only the steps run, in a fresh copy, ``FOLDER/image``. ``--bind`` shows a folder of this machine inside
(a package index on the disk, for one). Both stages run in one chroot: that the second installs
nothing but what the first built is said by its ``--no-index``.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
#: Stands for `python:3-slim`: a Python whose `pip` may install, before everything else on the PATH.
PYTHON = "/usr/local/image-python"
PATH = f"{PYTHON}/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def steps(dockerfile: str) -> Iterator[tuple[str, str]]:
    """Instructions and their arguments, lines that go on joined."""
    kept = [line for line in dockerfile.splitlines() if not line.startswith("#")]
    for line in re.sub(r"\\\n", " ", "\n".join(kept)).splitlines():
        if line.strip():
            word, _, rest = line.partition(" ")
            yield word, rest.strip()


class Image:
    """The chroot, and what the instructions set: folder, user, environment."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folder = "/"
        self.user = ""
        passed = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
        self.environment = {"PATH": PATH, "HOME": "/root", "LANG": "C.UTF-8", **passed}

    def inside(self, path: str) -> Path:
        return self.root / path.lstrip("/")

    def command(self, *words: str) -> list[str]:
        """To run ``words`` where the instructions say, as who they say."""
        user = [f"--userspec={self.user}"] if self.user else []
        changed = ["sh", "-c", 'cd "$0" && exec "$@"', self.folder, *words]
        return ["chroot", *user, str(self.root), *changed]

    def run(self, *words: str) -> None:
        """Raises CalledProcessError."""
        subprocess.run(self.command(*words), env=self.environment, check=True)

    def take(self, word: str, rest: str) -> None:
        """Do what an instruction says; the others only say how the image is run."""
        if word == "WORKDIR":
            self.folder = rest
            self.inside(rest).mkdir(parents=True, exist_ok=True)
        elif word == "COPY":
            *sources, target = rest.split()
            for source in sources:
                self.copy(ROOT / source, self.inside(self.folder) / target)
        elif word == "RUN":
            self.run("sh", "-c", re.sub(r"^(--\S+\s+)+", "", rest))
        elif word == "USER":
            self.user = rest
        elif word == "ENV":
            self.environment |= dict(pair.split("=", 1) for pair in shlex.split(rest))

    def copy(self, source: Path, target: Path) -> None:
        if source.is_dir():
            unwanted = shutil.ignore_patterns("__pycache__")
            shutil.copytree(source, target, dirs_exist_ok=True, ignore=unwanted)
        else:
            target.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)


@contextlib.contextmanager
def mounted(root: Path, folders: list[str]) -> Iterator[None]:
    """``folders`` of this machine, inside."""
    done: list[Path] = []
    try:
        for folder in folders:
            place = root / folder.lstrip("/")
            place.mkdir(parents=True, exist_ok=True)
            subprocess.run(["mount", "--bind", folder, str(place)], check=True)
            done.append(place)
        yield
    finally:
        for place in reversed(done):
            subprocess.run(["umount", str(place)], check=False)


def base(root: Path, mirror: str | None) -> None:
    """Debian with a Python of its own, once."""
    if (root / PYTHON.lstrip("/")).exists():
        return
    wanted = "--include=python3,python3-venv,ca-certificates"
    place = [str(root), *([mirror] if mirror else ())]
    subprocess.run(["debootstrap", "--variant=minbase", wanted, "stable", *place], check=True)
    subprocess.run(["chroot", str(root), "python3", "-m", "venv", PYTHON], check=True)


def let_out(root: Path) -> None:
    """What this machine needs to reach a package index, inside: names, pip's settings, CA files."""
    settings = ["/etc/resolv.conf", "/etc/pip.conf", "/root/.config/pip/pip.conf"]
    authorities = [os.environ.get("SSL_CERT_FILE", ""), os.environ.get("PIP_CERT", "")]
    for shared in filter(os.path.isfile, settings + authorities):
        place = root / shared.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.unlink(missing_ok=True)
        shutil.copy(shared, place)


def serve(image: Image, said: dict[str, str]) -> None:
    """The image's command: healthy within a minute, and ended at once when it is told to."""
    words = [*json.loads(said["ENTRYPOINT"]), *json.loads(said["CMD"])]
    check = json.loads(said["HEALTHCHECK"].partition("CMD ")[2])
    server = subprocess.Popen(image.command(*words), env=image.environment)
    try:
        ends = time.monotonic() + 60
        while subprocess.run(
            image.command(*check), env=image.environment, stderr=subprocess.DEVNULL, check=False
        ).returncode:
            if time.monotonic() > ends or server.poll() is not None:
                raise SystemExit("the image's command does not become healthy")
            time.sleep(1)
    finally:
        server.send_signal(signal.SIGTERM)
        code = server.wait(20)
    if code not in (0, -signal.SIGTERM, 128 + signal.SIGTERM):
        raise SystemExit(f"SIGTERM ended the image's command with {code}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--mirror", help="where debootstrap takes Debian from")
    parser.add_argument("--bind", action="append", default=[], help="a folder to show inside")
    given = parser.parse_args()

    folder = given.folder.resolve()
    base(folder / "base", given.mirror)
    shutil.rmtree(folder / "image", ignore_errors=True)
    subprocess.run(["cp", "-a", str(folder / "base"), str(folder / "image")], check=True)
    let_out(folder / "image")
    image = Image(folder / "image")
    said: dict[str, str] = {}
    with mounted(image.root, ["/proc", "/dev", *given.bind]):
        for word, rest in steps((ROOT / "packaging" / "Dockerfile").read_text("utf-8")):
            print(f"== {word} {rest}", flush=True)
            image.take(word, rest)
            said[word] = rest
        serve(image, said)
    print("the image's steps were run, its command answered its health check and ended when told")


if __name__ == "__main__":
    main()
