"""Recordings from anybody: broken off, lying, too deep, too large. What stands before the trouble is
taken, the trouble is told, and memory does not grow with the file.
"""

from __future__ import annotations

import base64
import gzip
import io
import json
import random
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archive.errors import BadInput
from archive.saved import har
from scraper.traffic.exchange import Exchange
from tests.conftest import ROOT
from tests.share import share
from tests.traffic.test_har import run
from tests.weixin.recorded import Recording
from tests.weixin.site import Site

ADDRESS = "https://mp.weixin.qq.com/s/0123456789abcdefghijkl"


def recording(*texts: str) -> bytes:
    """One with these answers."""
    made = Recording()
    for text in texts:
        made.add(ADDRESS, text)
    return made.har()


def bodies(data: bytes) -> list[str]:
    """The answers that can be read, and how it ended otherwise."""
    found: list[str] = []
    try:
        for one in har.read(io.BytesIO(data)):
            found.append(one.body.decode() if isinstance(one, Exchange) else one.why)
    except BadInput as error:
        found.append(f"BadInput: {error}")
    return found


def test_what_stands_before_a_break_is_taken() -> None:
    """Cut at every hundredth byte: each exchange that is whole is there, and the break is told."""
    whole = recording("一", "二", "三")
    found = {cut: bodies(whole[:cut]) for cut in range(0, len(whole), 100)}

    for texts in found.values():
        assert texts[:-1] == ["一", "二", "三"][: len(texts) - 1]
        assert texts[-1].startswith("BadInput: ")
    assert ["一", "二", "三"] == bodies(whole)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("arrays", b'{"log":{"entries":[' + b"[" * 100_000),
        ("objects", b'{"log":{"entries":[' + b'{"a":' * 100_000),
        ("a number", b'{"log":{"entries":[' + b"1" * 100_000),
        ("a list", b"[]"),
        ("nothing", b""),
        ("a page", b"<html></html>"),
        ("bytes", bytes(range(256)) * 10),
        ("an endless gzip", gzip.compress(b'{"log":', mtime=0)[:-8]),
        ("no gzip", b"\x1f\x8b" + b"x" * 100),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_recording_is_told(name: str, data: bytes) -> None:
    """In one sentence, at once."""
    (said,) = bodies(data) or ["BadInput: empty"]
    assert said.startswith("BadInput: ")
    assert len(said) < 400


def test_what_is_no_text_is_told_in_words() -> None:
    """The parser's own, not as Python writes bytes."""
    said = "it is no recording (HAR): lexical error: invalid char in json text."

    assert [f"BadInput: {said}"] == bodies(b"\xb8\xc2\xda\xadL$4\xb4\xda\xef:\x9f" * 9)


def test_lies_in_an_exchange_fail_it_alone(tmp_path: Path) -> None:
    """A wrong size, text that is no base64, a status that is no number, headers that are none."""
    article = Site().article("没有撒谎的一篇")
    made = Recording().page(article)
    made.add(ADDRESS, "abcde", encoding="base64")
    made.add(ADDRESS, "x", size=-1, mimeType=["no", {"text": "at all"}])
    for entry in made.entries[1:]:
        entry["request"]["headers"] = [1, [2], {"name": 3}, None]
        entry["time"] = "1e999"
        entry["startedDateTime"] = "tomorrow"
    made.entries[2]["response"]["status"] = "fine"
    made.entries.insert(1, {"request": None, "response": 7})

    found = run(tmp_path, made.har())

    assert (1, 1) == (found["saved"], found["exit_code"])
    assert 1 == found["failed"]


def test_a_text_that_is_too_long_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the middle of escapes and characters of several bytes; the next exchange is read."""
    monkeypatch.setattr(har, "LONGEST_TEXT", 1000)
    monkeypatch.setattr(har, "_PIECE", 64)
    for text in ("x" * 5000, '"\\\n' * 3000, "字" * 3000, "\x00\x01é\U0001f600" * 2000):
        long, after = bodies(recording(text, "后面的"))
        assert "MB is passed over" in long
        assert "后面的" == after


@given(st.lists(st.text(max_size=60), max_size=4), st.integers(3, 40))
@settings(max_examples=60, deadline=None)
def test_the_bound_changes_nothing_of_what_is_shorter(texts: list[str], piece: int) -> None:
    """Whatever is in the texts, and wherever the pieces of the file end."""
    given_texts = [text.encode("utf-8", "replace").decode() for text in texts]
    data = recording(*given_texts)
    before, har._PIECE = har._PIECE, piece  # type: ignore[misc]
    try:
        assert given_texts == bodies(data)
    finally:
        har._PIECE = before  # type: ignore[misc]


#: Reads what stands on its standard input and says how many exchanges came, and its peak in MB.
CHILD = """
import sys
from archive.saved import har
from tests.memory import peak_mb
found = sum(1 for _ in har.read(sys.stdin.buffer))
print(found, round(peak_mb()))
"""


@pytest.mark.long
def test_memory_does_not_grow_with_the_file() -> None:
    """A recording of hundreds of megabytes, with a text of a gigabyte's like in it, is read in what
    its largest useful answer needs.
    """
    size = share(1600, least=160) * 2**20
    rng = random.Random(7)
    noise = base64.b64encode(rng.randbytes(3 * 2**20)).decode()
    entry = json.dumps(Recording().add("https://example.org/x", "").entries[0]).encode()
    other = entry.replace(b'"text": ""', b'"text": "' + noise.encode() + b'"')
    wanted = json.dumps(Recording().add(ADDRESS, "要的").entries[0]).encode()
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT
    )
    assert child.stdin is not None
    assert child.stdout is not None
    child.stdin.write(b'{"log": {"entries": [' + wanted)
    written = 0
    while written < size:
        child.stdin.write(b"," + other)
        written += len(other)
    bomb = entry.replace(b"https://example.org/x", ADDRESS.encode()).partition(b'"text": "')
    child.stdin.write(b"," + bomb[0] + bomb[1])
    for _ in range(size // 2 // len(noise)):
        child.stdin.write(noise.encode())
    child.stdin.write(bomb[2] + b"," + wanted + b"]}}")
    child.stdin.close()
    found, peak = map(int, child.stdout.read().split())
    child.stdout.close()

    assert 0 == child.wait()
    assert 3 == found
    assert peak < 400
