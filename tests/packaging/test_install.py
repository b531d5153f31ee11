"""The ways to install, each in an empty environment: what comes out runs the README's first command
against the small mp.weixin.qq.com; CI takes one of them, another each day. And what looks through files
that are built elsewhere."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests import pages
from tests.share import drawn_for, share
from tests.weixin import default_site
from tests.weixin.server import Internet

FOLDER = pages.ROOT / "packaging"
DOCKERFILE = FOLDER / "Dockerfile"
VERSION = tomllib.loads(pages.read("pyproject.toml"))["project"]["version"]
#: Beside the interpreter that runs the tests.
TOOLS = Path(sys.executable).parent


def run(*command: str, env: Mapping[str, str] | None = None, cwd: Path | None = None) -> str:
    """What a program says; fails with it where it fails."""
    done = subprocess.run(
        command, env=env, cwd=cwd, capture_output=True, text=True, check=False, timeout=500
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


# --- files that are built elsewhere -----------------------------------------------------------


def test_the_dockerfile_is_as_hadolint_wants_it() -> None:
    """Not a word."""
    assert "" == run(str(TOOLS / "hadolint"), "--no-color", str(DOCKERFILE))


def test_the_formula_is_ruby() -> None:
    """As far as can be said without Homebrew."""
    ruby = shutil.which("ruby")
    if ruby is None:
        pytest.skip("ruby is not on this machine")
    assert "Syntax OK\n" == run(ruby, "-c", str(FOLDER / "homebrew" / "wechat-archive.rb"))


def test_the_changelog_has_a_dated_heading_for_the_version() -> None:
    """What the release script looks for before it tags."""
    assert re.search(rf"^## {re.escape(VERSION)} – \d{{4}}-\d\d-\d\d$", _changelog(), re.M)


def _changelog() -> str:
    return pages.read("CHANGELOG.md")


# --- the ways to install ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    run(
        *(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps"),
        *("--wheel-dir", str(folder), str(pages.ROOT)),
    )
    return next(folder.glob("wechat_archive-*.whl"))


def _empty(home: Path) -> dict[str, str]:
    """The environment of somebody who has nothing but the system's Python and package index."""
    home.mkdir()
    kept = {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "SSL_"))}
    return {
        **kept,
        "HOME": str(home),
        "PATH": f"{home / 'bin'}:/usr/local/bin:/usr/bin:/bin",
        "LANG": "C.UTF-8",
    }


def by_uv(wheel: Path, home: Path) -> Path:
    """``uv tool install``."""
    env = _empty(home) | {
        "UV_TOOL_DIR": str(home / "tools"),
        "UV_TOOL_BIN_DIR": str(home / "bin"),
        "UV_CACHE_DIR": str(home / "cache"),
        **_index_for_uv(),
    }
    uv = str(TOOLS / "uv")
    run(uv, "tool", "install", "--quiet", "--python", sys.executable, str(wheel), env=env)
    return home / "bin" / "wechat-archive"


def _index_for_uv() -> dict[str, str]:
    """uv reads no pip.conf: where this machine's pip looks, uv does."""
    names = {
        "global.index-url": "UV_DEFAULT_INDEX",
        "global.extra-index-url": "UV_INDEX",
        "global.find-links": "UV_FIND_LINKS",
    }
    listed = run(sys.executable, "-m", "pip", "config", "list")
    found = {}
    for line in listed.splitlines():
        name, _, value = line.partition("=")
        if name in names:
            places = value.strip("'\"").split()
            found[names[name]] = " ".join(place for place in places if _is_there(place))
    return {name: value for name, value in found.items() if value}


def _is_there(place: str) -> bool:
    path = place.removeprefix("file://")
    return not path.startswith("/") or Path(path).is_dir()


def by_pipx(wheel: Path, home: Path) -> Path:
    """``pipx install``."""
    env = _empty(home) | {
        "PIPX_HOME": str(home / "pipx"),
        "PIPX_BIN_DIR": str(home / "bin"),
        "PIPX_DEFAULT_PYTHON": sys.executable,
    }
    run(str(TOOLS / "pipx"), "install", "--quiet", "--backend", "pip", str(wheel), env=env)
    return home / "bin" / "wechat-archive"


def by_the_image_steps(wheel: Path, home: Path) -> Path:
    """The Dockerfile's own two lines of pip, the second into an empty environment and from nothing
    but what the first built."""
    env = _empty(home)
    build, install = re.findall(r"pip (?:wheel|install) .*", DOCKERFILE.read_text("utf-8"))
    wheels, empty = home / "wheels", home / "empty"
    run(sys.executable, "-m", "venv", str(empty))
    for line in (build, install):
        words = line.rstrip("\\ ").replace("/wheels", str(wheels)).replace("'", "").split()
        words[0] = str(empty / "bin" / "pip")
        run(*words, "--quiet", env=env, cwd=pages.ROOT)
    return empty / "bin" / "wechat-archive"


@pytest.mark.long
def test_nothing_has_to_be_compiled_for_arm64(wheel: Path, tmp_path: Path) -> None:
    """Every library of the image is there built for it: `docker build --platform linux/arm64` needs
    no compiler, which the slim image does not have."""
    python = re.findall(r"^FROM python:(\S+)-slim", DOCKERFILE.read_text("utf-8"), re.M)[-1]
    run(
        *(sys.executable, "-m", "pip", "install", "--dry-run", "--quiet", "--no-warn-conflicts"),
        *("--target", str(tmp_path), "--python-version", python, "--implementation", "cp"),
        *("--platform", "manylinux_2_17_aarch64", "--platform", "manylinux_2_28_aarch64"),
        *("--only-binary", ":all:", f"{wheel}[mcp,notify,socks]"),
    )


WAYS: dict[str, Callable[[Path, Path], Path]] = {
    "uv": by_uv,
    "pipx": by_pipx,
    "image": by_the_image_steps,
}


def first_command() -> list[str]:
    """What the README has people type first against the small internet, without what sets it up."""
    [line] = [line for line in pages.shell_lines("README.md") if "-m tests.weixin --" in line]
    return line.rpartition(".venv/bin/wechat-archive ")[2].split()


@pytest.fixture
def small_internet() -> Iterator[Internet]:
    """With the articles that ``python -m tests.weixin`` has."""
    with Internet(default_site.site()) as running:
        yield running


@pytest.mark.long
@pytest.mark.parametrize("way", drawn_for("install").sample([*WAYS], share(len(WAYS))))
def test_what_is_installed_runs_the_first_command(
    way: str, wheel: Path, tmp_path: Path, small_internet: Internet
) -> None:
    """15 articles are kept and found again, whichever way the program came."""
    program = WAYS[way](wheel, tmp_path / "home")
    env = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "LANG": "C.UTF-8", **small_internet.env}

    assert f"wechat-archive {VERSION}\n" == run(str(program), "--version", env=env)
    done = subprocess.run(
        [str(program), *first_command()], env=env, cwd=tmp_path, capture_output=True, check=False
    )
    assert 1 == done.returncode, done.stderr  # two addresses fail on purpose
    listed = run(str(program), "list", "--json", env=env, cwd=tmp_path).splitlines()
    assert 15 == len(listed)
    hits = run(str(program), "search", "文章", "--json", env=env, cwd=tmp_path).splitlines()
    assert hits
    if way == "image":
        _serves_as_the_image_does(program, env, tmp_path)


def _serves_as_the_image_does(program: Path, env: Mapping[str, str], folder: Path) -> None:
    """The image's default command answers its health check, and ends at once when it is told to."""
    said = re.findall(r"^CMD (\[.*\])$", DOCKERFILE.read_text("utf-8"), re.M)[-1]
    arguments = [word.replace("/data", str(folder)) for word in json.loads(said)]
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [str(program), *arguments, "--port", str(port)],
        env={**env, "WECHAT_ARCHIVE": str(folder / "wechat-archive-data")},
        stderr=subprocess.PIPE,
        text=True,
    )
    assert server.stderr is not None
    try:
        while "http://" not in (line := server.stderr.readline()):  # said once it answers
            assert line, "it has ended"
        with urlopen(f"http://127.0.0.1:{port}/static/icon.svg", timeout=20) as answer:
            assert 200 == answer.status
    finally:
        server.terminate()
        server.communicate(timeout=20)
    assert server.returncode in (0, 143, -15)
    assert 0o600 == (folder / "serve.token").stat().st_mode & 0o777
