"""What every test stands on: no socket leaves loopback, and the real pages where they are at
hand.
"""

from __future__ import annotations

import ipaddress
import os
import socket
import tarfile
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests.share import is_drawn, seed

# Time limits inside a test lie on a busy machine, so Hypothesis keeps none; the same examples on
# every run in CI, so that a red line there is red here too.
settings.register_profile("default", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("default"), derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "default")

pytest_plugins = ["tests.weixin.fixtures"]


def pytest_configure() -> None:
    """One seed for all workers, also where a day ends meanwhile."""
    os.environ.setdefault("LONG_SEED", str(seed()))


def pytest_report_header() -> str:
    """So that a red line can be run again."""
    return f"shares of long tests: LONG_SEED={seed()}"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Of the long tests today's share."""
    rest = [one for one in items if one.get_closest_marker("long") and not is_drawn(one.nodeid)]
    if rest:
        config.hook.pytest_deselected(items=rest)
        items[:] = [one for one in items if one not in set(rest)]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--accept",
        action="store_true",
        help="tests/cases: write what comes out now beside each page",
    )


ROOT = Path(__file__).resolve().parent.parent
_THE_USERS_OWN = {"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE"}
CORPUS_ARCHIVE = ROOT.parent / "shared" / "corpus" / "corpus.tar.xz"


def _is_loopback(host: object) -> bool:
    if host in ("localhost", "", None):
        return True
    try:
        return ipaddress.ip_address(str(host).partition("%")[0]).is_loopback
    except ValueError:
        return False


@pytest.fixture(autouse=True)
def _nothing_leaves_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse every connection and name look-up that is not for this machine, whatever library
    asks.
    """
    connect, connect_ex, look_up = (
        socket.socket.connect,
        socket.socket.connect_ex,
        socket.getaddrinfo,
    )

    def check(family: int, address: Any) -> None:
        if family in (socket.AF_INET, socket.AF_INET6) and not _is_loopback(address[0]):
            raise AssertionError(f"a test tried to reach {address!r}")

    def guarded_connect(self: socket.socket, address: Any) -> None:
        check(self.family, address)
        connect(self, address)

    def guarded_connect_ex(self: socket.socket, address: Any) -> int:
        check(self.family, address)
        return connect_ex(self, address)

    def guarded_look_up(host: Any, *args: Any, **kwargs: Any) -> Any:
        if not _is_loopback(host.decode() if isinstance(host, bytes) else host):
            raise AssertionError(f"a test tried to look up {host!r}")
        return look_up(host, *args, **kwargs)

    monkeypatch.setattr(socket.socket, "connect", guarded_connect)
    monkeypatch.setattr(socket.socket, "connect_ex", guarded_connect_ex)
    monkeypatch.setattr(socket, "getaddrinfo", guarded_look_up)


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """A user's proxies, archive and language must not reach the tests, nor the tests them."""
    for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        if os.environ.get(name, "").startswith("zh"):
            monkeypatch.setenv(name, "C.UTF-8")
    for name in list(os.environ):
        if name.upper() in _THE_USERS_OWN or name.startswith("WECHAT_ARCHIVE"):
            monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def _a_busy_machine_sees_every_edit(monkeypatch: pytest.MonkeyPatch) -> None:
    """What looks for changed files for some hundredths of a second may see none where eight tests
    run at once.
    """
    monkeypatch.setattr("archive.cli.noticed.LOOK", 60.0)
    monkeypatch.setattr("archive.web.site._LOOK", 60.0)


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of real pages (``pages/``, ``status/``, …). They are other people's texts, so they
    stay outside.
    """
    if not CORPUS_ARCHIVE.exists():
        pytest.skip(
            "the real pages (../shared/corpus/corpus.tar.xz beside the checkout) are not here"
        )
    stamp = CORPUS_ARCHIVE.stat()
    # One copy for all test workers and later runs, named by what it was unpacked from.
    home = (
        Path(tempfile.gettempdir())
        / f"wechat-archive-corpus-{os.getuid()}-{stamp.st_size}-{int(stamp.st_mtime)}"
    )
    if not (home / "corpus").is_dir():
        fresh = tmp_path_factory.mktemp("corpus")
        with tarfile.open(CORPUS_ARCHIVE, "r:xz") as pages:
            pages.extractall(fresh, filter="data")
        try:
            fresh.rename(home)
        except OSError:  # another worker was quicker, or another filesystem: use what there is
            home = home if (home / "corpus").is_dir() else fresh
    return home / "corpus"
