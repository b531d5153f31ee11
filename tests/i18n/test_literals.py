"""What a person reads goes through ``archive.i18n``: no sentence in the code bypasses it.

Files where some still do are named in ``tests/i18n/untranslated.txt`` with how many, a list that
only gets shorter.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from archive.errors import ArchiveError
from scraper.errors import ScrapeError

ROOT = Path(__file__).resolve().parent.parent.parent
LIST = Path(__file__).with_name("untranslated.txt")
#: Answers to programs, in English whoever asks.
_API = ROOT / "archive" / "web" / "api"
_WORDS = re.compile(r"[A-Za-z]{3}")
#: Errors of Python's own, and those that never leave their module: nobody reads them.
_INSIDE = frozenset(
    {
        *("AssertionError", "AttributeError", "KeyError", "TypeError", "ValueError", "OSError"),
        *("Active", "BadFrame", "Impure", "Interrupted", "Malformed", "SystemExit", "Unwritable"),
        *("ImportError", "NotImplementedError", "RuntimeError"),
    }
)


def _classes(root: type[Exception]) -> Iterator[str]:
    yield root.__name__
    for inner in root.__subclasses__():
        yield from _classes(inner)


_ERRORS = frozenset({*_classes(ArchiveError), *_classes(ScrapeError), "UsageError"})
#: What marks or says a message.
_MESSAGES = frozenset({"_", "gettext", "mark", "mark_plural", "ngettext", "plural"})
#: Functions that show their first argument to a person, or keep it to be shown.
_SAYING = frozenset({"say", "tell", "echo", "progress", "secho", "print"})


def bypassing() -> Iterator[tuple[str, int, str]]:
    """``(file, line, text)`` of each sentence that no translator ever sees."""
    for package in ("scraper", "archive"):
        for path in sorted((ROOT / package).rglob("*.py")):
            if _API in path.parents:
                continue
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                text = _said(node)
                if text is not None and _WORDS.search(text):
                    yield path.relative_to(ROOT).as_posix(), getattr(node, "lineno", 0), text


def _said(node: ast.AST) -> str | None:
    """The English of an error or of something shown; None where it is translated, or is none."""
    if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
        call = node.exc
        if _name(call.func) in _INSIDE:
            return None
    elif isinstance(node, ast.Call) and _name(node.func) in _SAYING | _ERRORS:
        call = node
    else:
        return None
    return _literal(call.args[0]) if call.args else None


def _name(function: ast.expr) -> str:
    return ast.unparse(function).rpartition(".")[2]


def _literal(argument: ast.expr) -> str:
    """The fixed words of a text or an f-string, also of several put together."""
    if isinstance(argument, ast.Constant):
        return argument.value if isinstance(argument.value, str) else ""
    if isinstance(argument, ast.JoinedStr):
        return " ".join(_literal(part) for part in argument.values)
    if isinstance(argument, ast.BinOp):
        return f"{_literal(argument.left)} {_literal(argument.right)}"
    if isinstance(argument, ast.IfExp):
        return f"{_literal(argument.body)} {_literal(argument.orelse)}"
    return ""


def listed() -> dict[str, int]:
    """The list: a file and how many of its sentences bypass the catalogue, a line."""
    lines = LIST.read_text(encoding="utf-8").splitlines()
    return {name: int(number) for name, _, number in (line.rpartition(" ") for line in lines)}


def test_what_a_person_reads_can_be_translated() -> None:
    """No new sentence bypasses the catalogue: write it with ``mark``, in archive/cli and
    archive/web with ``_`` (CONTRIBUTING.md, "A message").
    """
    known, found = listed(), Counter(name for name, _, _ in bypassing())
    more = {name for name, number in found.items() if number > known.get(name, 0)}

    assert [] == [f"{name}:{line}: {text}" for name, line, text in bypassing() if name in more]


def test_the_list_only_gets_shorter() -> None:
    """What has become translatable is taken off: ``python -m tests.i18n.test_literals`` writes it
    anew.
    """
    found = Counter(name for name, _, _ in bypassing())

    assert {} == {name: number for name, number in listed().items() if number > found[name]}


if __name__ == "__main__":
    counts = Counter(name for name, _, _ in bypassing())
    LIST.write_text("".join(f"{name} {number}\n" for name, number in counts.items()))


def test_no_message_hides_in_an_f_string() -> None:
    """Before Python 3.12 nothing that collects messages sees into one: it would stay English."""
    hidden = [
        f"{path.relative_to(ROOT).as_posix()}:{node.lineno}"
        for package in ("scraper", "archive")
        for path in sorted((ROOT / package).rglob("*.py"))
        for outer in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(outer, ast.JoinedStr)
        for node in ast.walk(outer)
        if isinstance(node, ast.Call) and _name(node.func) in _MESSAGES
        if node.args and isinstance(node.args[0], ast.Constant)
    ]

    assert [] == hidden
