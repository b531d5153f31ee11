"""What is named as a target may be anything: a person's file, the archive's own, a device."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from archive.exporters.formats import FORMATS
from tests.command import wechat_archive
from tests.keep.archives import fill
from tests.keep.articles import page


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One article."""
    root = tmp_path_factory.mktemp("targets") / "archive"
    fill(root, [page(1)])
    (root / "config.toml").write_text('images = "none"\n')
    return root


@pytest.mark.parametrize("name", ["config.toml", "archive.db", "own.json", "link.json"])
def test_metadata_for_datasette_is_written_over_nothing(
    root: Path, tmp_path: Path, name: str
) -> None:
    """Neither over the archive's own files nor a person's, nor through a link to one."""
    own = tmp_path / "own.json"
    own.write_text("mine")
    (tmp_path / "link.json").symlink_to(own)
    target = (root if name in ("config.toml", "archive.db") else tmp_path) / name
    before = target.read_bytes()
    result = wechat_archive("reindex", "--datasette", str(target), "--archive", str(root))

    assert (result.code != 0, before, b"mine") == (True, target.read_bytes(), own.read_bytes())
    assert result.code != 70


def test_an_address_that_is_none_in_the_settings_is_shown_without_its_password(
    tmp_path: Path,
) -> None:
    """`config` says the settings in force, whatever a proxy is called in them."""
    (tmp_path / "config.toml").write_text('proxy = "http://u:secret@[::1"\n')
    result = wechat_archive("config", "--archive", str(tmp_path))

    assert (result.code, "secret" in result.stdout + result.stderr) == (0, False)


@pytest.mark.parametrize(
    "form", [name for name, known in FORMATS.items() if known.target == "FILE"]
)
def test_an_export_to_a_pipe_is_refused(root: Path, tmp_path: Path, form: str) -> None:
    """At once, and nothing is left beside it."""
    os.mkfifo(tmp_path / "pipe")
    result = wechat_archive("export", form, str(tmp_path / "pipe"), "--archive", str(root))

    assert (73, ["pipe"]) == (result.code, [path.name for path in tmp_path.iterdir()])
    assert "is no file but a device or a pipe" in result.stderr
