"""What is promised of folders: all that can be read is found, what cannot is told, nothing
hangs.
"""

from __future__ import annotations

import os
import socket
import subprocess
from pathlib import Path

import pytest

from archive.importers import import_files
from tests.command import wechat_archive
from tests.keep.articles import page


def test_documents_of_other_kinds_are_told(tmp_path: Path) -> None:
    """Whoever has .docx and .pdf in a folder hears that they were not read; pictures and styles are
    nobody's loss.
    """
    for name in ("a.html", "b.docx", "sub/c.PDF", "d.png", "e.css"):
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / name).write_bytes(page(1).body)

    result = wechat_archive("import", str(tmp_path / "in"), "--archive", str(tmp_path / "a"))

    assert (0, "import: 1 new, 2 passed over\n") == (result.code, result.stdout)
    assert f"passed over: {tmp_path / 'in/b.docx'}: import reads no .docx files" in result.stderr
    assert f"{tmp_path / 'in/sub/c.PDF'}" in result.stderr


def test_named_pipes_sockets_and_devices_are_passed_over(tmp_path: Path) -> None:
    """None of them is opened: the first would wait for ever, the last never ends."""
    folder = tmp_path / "in"
    folder.mkdir()
    os.mkfifo(folder / "pipe.md")
    (folder / "zero.html").symlink_to("/dev/zero")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(os.path.relpath(folder / "s.json"))
        (folder / "e.html").write_bytes(page(1).body)

        report = import_files(tmp_path / "a", [folder])

    passed = {path.name: why for path, why in report.passed_over}
    assert {"pipe.md": "a named pipe", "zero.html": "a device", "s.json": "a socket"} == passed
    assert ({"new": 1}, 0) == (dict(report.counts), report.exit_code)


@pytest.mark.parametrize("name", ["pipe.md", "pipe [abcdefghjk].md", "pipe.html", "pipe.json"])
def test_a_named_pipe_given_by_name_is_refused(tmp_path: Path, name: str) -> None:
    """By its name and with the reason."""
    os.mkfifo(tmp_path / name)
    report = import_files(tmp_path / "a", [tmp_path / name])

    assert ["it is a named pipe, not a file"] == [taken.error for taken in report.failures]


def test_a_missing_file_among_good_ones_is_one_failure(tmp_path: Path) -> None:
    """The others are taken in; exit code 1."""
    (tmp_path / "e.html").write_bytes(page(1).body)
    report = import_files(tmp_path / "a", [tmp_path / "gone.md", tmp_path / "e.html"])

    assert ({"new": 1, "failed": 1}, 1) == (dict(report.counts), report.exit_code)
    assert [(str(tmp_path / "gone.md"), "there is no such file or folder")] == [
        (taken.source, taken.error) for taken in report.failures
    ]


def test_folders_may_be_nested_deeper_than_python_recurses(tmp_path: Path) -> None:
    """1,100 levels, as a hostile or broken unpacker leaves them."""
    place = tmp_path / "in"
    place.mkdir()
    here = os.open(place, os.O_RDONLY)
    for _ in range(1100):
        os.mkdir("d", dir_fd=here)
        deeper = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = deeper
    os.close(here)
    (place / "e.html").write_bytes(page(1).body)

    counts = dict(import_files(tmp_path / "a", [place]).counts)
    subprocess.run(["rm", "-rf", str(place)], check=True)  # Python's own removal recurses

    assert {"new": 1} == counts


def test_a_loop_of_links_ends(tmp_path: Path) -> None:
    """Folders that are links are not entered; a link that leads nowhere is told."""
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "again").symlink_to(folder)
    (folder / "lost.md").symlink_to(tmp_path / "nowhere.md")
    (folder / "e.html").write_bytes(page(1).body)
    report = import_files(tmp_path / "a", [folder])

    assert {"new": 1} == dict(report.counts)
    assert ["lost.md"] == [path.name for path, _ in report.passed_over]
