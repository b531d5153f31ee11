"""The parse benchmark runs for anyone: on our own pages, without the peers."""

from __future__ import annotations

import json
import sys

import pytest

from benchmarks import parse
from tests.quality import gate


def test_the_benchmark_runs_on_our_pages_and_leaves_out_absent_peers(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It names the absent peers on stderr and gives a row for every other converter."""
    monkeypatch.setattr(parse, "PEERS", {"no-such-peer": lambda: __import__("no_such_peer")})
    monkeypatch.setattr(sys, "argv", ["parse", str(gate.HERE / "pages"), "--repeat", "1", "--json"])
    assert parse.main() == 0
    out, err = capsys.readouterr()
    found = json.loads(out)
    assert [row["name"] for row in found["converters"]] == [
        "wechat-archive",
        "  pages of today",
        "bs4 + markdownify",
    ]
    assert found["converters"][0]["kept"] == 1.0
    assert "no-such-peer: not installed" in err
