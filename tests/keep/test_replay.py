"""What is promised of ``export warc`` to other people's tools: pywb replays the pages byte for
byte.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
import urllib.request
from pathlib import Path
from urllib.error import URLError

import pytest

from archive.exporters import export
from tests.keep.archives import fill
from tests.keep.articles import page

#: Where pywb is, if it is: on the path, or in an environment of its own (it needs older libraries
#: than we do).
PYWB = shutil.which(
    "wb-manager", path=os.pathsep.join([os.environ.get("PYWB_BIN", ""), os.environ.get("PATH", "")])
)


@pytest.mark.long
@pytest.mark.skipif(
    PYWB is None, reason="pywb is not here (pip install pywb, $PYWB_BIN names its bin folder)"
)
def test_pywb_replays_the_pages(tmp_path: Path) -> None:
    """The raw replay (``id_``) of each address gives the bytes that were received."""
    assert PYWB
    fill(tmp_path / "a", [page(1), page(2, links=(1,))])
    export(tmp_path / "a", "warc", tmp_path / "a.warc.gz")
    for command in (["init", "c"], ["add", "c", str(tmp_path / "a.warc.gz")]):
        subprocess.run([PYWB, *command], cwd=tmp_path, check=True, capture_output=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [Path(PYWB).with_name("wayback"), "-p", str(port), "-b", "127.0.0.1"],
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for number, links in ((1, ()), (2, (1,))):
            wanted = page(number, links=links)
            assert wanted.body == _get(f"http://127.0.0.1:{port}/c/2026id_/{wanted.url}")
    finally:
        server.terminate()
        server.wait(timeout=20)


def _get(url: str) -> bytes:
    for _ in range(100):
        try:
            with urllib.request.urlopen(url, timeout=20) as answer:
                body: bytes = answer.read()
                return body
        except URLError as error:
            if not isinstance(error.reason, ConnectionRefusedError):
                raise
            time.sleep(0.2)
    raise AssertionError("pywb did not start")
