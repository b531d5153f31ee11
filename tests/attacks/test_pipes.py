"""Whoever reads the output may go at any moment (`| head`): no command calls that a failure."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from archive.exporters import export
from archive.exporters.formats import FORMATS
from tests.keep.archives import fill
from tests.keep.articles import page


class _ReaderGone:
    """A stream whose reader leaves after so many bytes."""

    def __init__(self, room: int) -> None:
        self.room = room

    def write(self, data: bytes) -> int:
        self.room -= len(data)
        if self.room < 0:
            raise BrokenPipeError
        return len(data)

    def flush(self) -> None:
        """Nothing is held back."""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three articles."""
    root = tmp_path_factory.mktemp("pipes") / "archive"
    fill(root, [page(number) for number in range(1, 4)])
    return root


@pytest.mark.parametrize(
    "form", [name for name, known in FORMATS.items() if known.target == "FILE"]
)
@pytest.mark.parametrize("room", [0, 700])
def test_no_article_is_told_as_left_out(root: Path, form: str, room: int) -> None:
    """Before the first byte or in the middle of an article: it is about the output, not about an
    article.
    """
    with pytest.raises(BrokenPipeError):
        export(root, form, _ReaderGone(room))  # type: ignore[arg-type]


def test_an_export_whose_reader_has_gone_ends_quietly(root: Path) -> None:
    """With 0, as `head` would have it, and without a word."""
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", "archive", "--archive", str(root), "export", "jsonl", "-"]
    ended = subprocess.run(command, stdout=write, stderr=subprocess.PIPE, check=False)
    os.close(write)
    assert (ended.returncode, ended.stderr) == (0, b"")
