"""What is promised of the tables of formats: one module, one line; help and manuals follow or a
test fails.
"""

from __future__ import annotations

import inspect
import pkgutil
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

from archive import exporters, importers
from archive.importers.formats import format_of
from tests import pages
from tests.command import wechat_archive


@pytest.mark.parametrize("known", importers.FORMATS, ids=lambda known: known.name)
def test_each_import_format_is_told_of(known: importers.ImportFormat) -> None:
    """Its name and label stand in the help, its row in both manuals."""
    shown = " ".join(wechat_archive("import", "--help").stdout.split())

    assert f"{known.name} {known.label}" in shown
    assert known.chinese in pages.read("docs/commands.zh-CN.md")
    assert f"| `{known.name}` |" in pages.read("docs/commands.zh-CN.md")


@pytest.mark.parametrize("known", exporters.FORMATS.values(), ids=lambda known: known.name)
def test_each_export_format_is_told_of_and_can_be_written(known: exporters.ExportFormat) -> None:
    """Its name and label stand in the help, its row in both manuals, its module writes."""
    shown = " ".join(wechat_archive("export", "--help").stdout.split())

    assert f"{known.name} {known.target} {known.label}" in shown
    assert known.chinese in pages.read("docs/commands.zh-CN.md")
    assert f"| `{known.name}` |" in pages.read("docs/commands.zh-CN.md")
    assert callable(import_module(f"archive.exporters.{known.name}").write)


def test_every_module_of_a_format_stands_in_its_table() -> None:
    """A new format is a module and a line: neither can be forgotten."""
    reading = {
        module.FORMAT.name
        for module in _modules(importers)
        if isinstance(getattr(module, "FORMAT", None), importers.ImportFormat)
    }
    writing = {
        module.__name__.rpartition(".")[2]
        for module in _modules(exporters)
        if inspect.isfunction(write := getattr(module, "write", None))
        and [*inspect.signature(write).parameters] == ["export"]
    }

    assert reading == {known.name for known in importers.FORMATS}
    assert writing == set(exporters.FORMATS)


def _modules(package: ModuleType) -> list[ModuleType]:
    names = pkgutil.iter_modules(package.__path__)
    return [import_module(f"{package.__name__}.{module.name}") for module in names]


def test_no_ending_belongs_to_two_formats() -> None:
    """A name says one format, or its first bytes decide: lines of JSON are an export of ours, or
    somebody's list.
    """
    plain = [
        ending
        for known in importers.FORMATS
        if known.begins(b"") is False
        for ending in known.endings
    ]

    assert [".jsonl", ".ndjson"] == sorted({one for one in plain if plain.count(one) > 1})


@pytest.mark.parametrize(
    ("name", "begins", "format"),
    [
        ("a.md", b"# x", "markdown"),
        ("a.markdown", b"<html>", "page"),
        ("a.html", b"", "page"),
        ("a.html", b"From: <x>\r\nContent-Type: multipart/related; boundary=x\r\n", "page"),
        ("a.txt", b"HTTP/1.1 200 OK\r\n", "page"),
        ("a.txt", b"# x", "markdown"),
        ("a.json", b'[{"link": ""}]', "article list"),
        ("a.json", b'{"base_resp": {}, "title": "x"}', "page"),
        ("a.jsonl", b'{"key": "nah6k1g3pa", "path": "articles/x.md"', "json lines"),
        ("a.jsonl", b'{"link": ""}', "article list"),
        ("a.WARC.GZ", b"\x1f\x8b", "warc"),
    ],
)
def test_name_and_first_bytes_say_which_format_it_is(
    tmp_path: Path, name: str, begins: bytes, format: str
) -> None:
    """Where both speak, what is in the file wins."""
    (tmp_path / name).write_bytes(begins)

    assert format == format_of(tmp_path / name).name
