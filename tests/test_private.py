"""What begins with ``_`` is used where it is made, and nowhere else."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCES = sorted(path for name in ("archive", "scraper") for path in (ROOT / name).rglob("*.py"))

#: Documented names of others that begin so: lxml's type, a NamedTuple's methods, ``os._exit``.
PUBLIC = {"_Element", "_replace", "_make", "_asdict", "_fields", "_exit"}


def made(tree: ast.Module) -> set[str]:
    """The private names that a file defines: functions, classes, variables, attributes, fields."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            names.add(node.attr)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            names.add(node.value)  # __slots__
    return names


def taken(tree: ast.Module) -> Iterator[str]:
    """The private names that a file takes from somewhere: ``thing._name``, ``from x import
    _name``.
    """
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.ImportFrom) and node.module != "__future__":
            yield from (alias.name for alias in node.names)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_nobody_reaches_into_another_module(path: Path) -> None:
    """Who needs more of it makes it public, with a name and a promise."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    own = made(tree)
    foreign = {
        name
        for name in taken(tree)
        if name.startswith("_") and not name.startswith("__") and name not in own | PUBLIC
    }

    assert set() == foreign
