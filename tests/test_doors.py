"""The public doors of ``archive``, for programs."""

from __future__ import annotations

import inspect
import subprocess
import sys
from importlib.metadata import version

import archive
import archive.errors


def test_every_error_can_be_caught_by_its_name() -> None:
    """``except archive.Locked``: whatever ``archive.errors`` holds."""
    errors = {
        name
        for name, one in inspect.getmembers(archive.errors, inspect.isclass)
        if issubclass(one, archive.errors.ArchiveError)
    }

    assert {"__version__", "body_markdown", "to_markdown", *errors} == set(archive.__all__)
    assert all(getattr(archive, name) is getattr(archive.errors, name) for name in errors)


def test_the_version_is_that_of_the_package() -> None:
    """As ``wechat-archive --version`` says it."""
    assert version("wechat-archive") == archive.__version__


def test_a_star_import_hides_nothing_of_python() -> None:
    """``archive.open`` is there, under its own name only."""
    names: dict[str, object] = {}
    exec("from archive import *", names)

    assert "open" not in names
    assert callable(archive.open)


def test_the_package_is_the_program() -> None:
    """``python -m archive``, where the command is not on the PATH."""
    done = subprocess.run(
        [sys.executable, "-m", "archive", "--version"], capture_output=True, text=True, check=False
    )

    assert (0, version("wechat-archive")) == (done.returncode, done.stdout.split()[-1])
