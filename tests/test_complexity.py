"""Functions with many decisions are named in ``tests/complex_functions.txt``, a list that only gets
shorter.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LIST = ROOT / "tests" / "complex_functions.txt"
MOST = 10
_BRANCHES = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.ExceptHandler, ast.IfExp)


def decisions(function: ast.AST) -> int:
    """McCabe's number, each ``and``, ``or`` and part of a comprehension counted too."""
    number = 1
    for node in ast.walk(function):
        if isinstance(node, (*_BRANCHES, ast.match_case)):
            number += 1
        elif isinstance(node, ast.BoolOp):
            number += len(node.values) - 1
        elif isinstance(node, ast.comprehension):
            number += 1 + len(node.ifs)
    return number


def complex_functions() -> Iterator[tuple[str, int]]:
    """``file:function`` and its number, for each with more than ``MOST``."""
    for package in ("scraper", "archive"):
        for path in sorted((ROOT / package).rglob("*.py")):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            for node in ast.walk(tree):
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                    number = decisions(node)
                    if number > MOST:
                        yield f"{path.relative_to(ROOT).as_posix()}:{node.name}", number


def listed() -> dict[str, int]:
    """The list: a function and its number a line; of two with one name in a file the larger
    counts.
    """
    found: dict[str, int] = {}
    for line in LIST.read_text(encoding="utf-8").splitlines():
        name, _, number = line.rpartition(" ")
        found[name] = max(int(number), found.get(name, 0))
    return found


def test_no_function_grows_complex() -> None:
    """None that is not in the list, none above its number there: split it, or make it plainer."""
    known = listed()

    assert [] == [
        f"{name} {number}" for name, number in complex_functions() if number > known.get(name, MOST)
    ]


def test_the_list_only_gets_shorter() -> None:
    """What has become plain is taken off it: ``python -m tests.test_complexity`` writes it anew."""
    found = dict(complex_functions())

    assert [] == [name for name in listed() if name not in found]


if __name__ == "__main__":
    LIST.write_text("".join(f"{name} {number}\n" for name, number in complex_functions()))
