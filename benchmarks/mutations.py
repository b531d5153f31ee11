"""Small faults that can be put into a Python module, one at a time: what mutants.py draws from."""

from __future__ import annotations

import ast
import difflib
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

_SWAPS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.And: ast.Or, ast.Or: ast.And,
    ast.Add: ast.Sub, ast.Sub: ast.Add,
}  # fmt: skip
#: Calls by which something is on disk, or is one transaction, or is held by one command.
DURABLE = {
    "fsync", "flush_folder", "flush", "write", "replace", "unlink", "commit", "rollback", "execute",
    "truncate", "ftruncate", "acquire", "release", "close", "require_own", "require_own_database",
    "set_aside", "checkpoint", "transaction", "replacing", "suppress", "begin",
}  # fmt: skip


@dataclass(frozen=True)
class Mutation:
    """A fault: the line it stands on, its kind, and ``apply``, which puts it into the tree."""

    line: int
    kind: str
    apply: Callable[[], None]


@dataclass(frozen=True)
class Mutant:
    """A faulty module: ``number`` among its mutations, the ``line`` of the fault, the ``diff``."""

    number: int
    line: int
    text: str
    diff: str


def plain(source: str) -> str:
    """``source`` as its tree is written out: without comments, a statement a line."""
    return ast.unparse(ast.parse(source))


def mutations(tree: ast.Module) -> Iterator[Mutation]:
    """Each a fault that can be put into ``tree``, in the order of the walk."""
    for node in ast.walk(tree):
        line = getattr(node, "lineno", 1)
        if isinstance(node, ast.Compare):
            for at, operator in enumerate(node.ops):
                if swap := _SWAPS.get(type(operator)):
                    yield Mutation(line, "compare", _setter(node.ops, at, swap()))
        elif isinstance(node, ast.BoolOp | ast.BinOp):
            if swap := _SWAPS.get(type(node.op)):
                yield Mutation(line, "operator", _setter(node, "op", swap()))
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            yield Mutation(line, "not", _setter(node, "op", ast.UAdd()))
        elif isinstance(node, ast.Constant) and isinstance(node.value, int):
            changed = not node.value if isinstance(node.value, bool) else node.value + 1
            yield Mutation(line, "constant", _setter(node, "value", changed))
        yield from _dropped(node)


def _setter(place: Any, name: str | int, value: object) -> Callable[[], None]:
    if isinstance(name, int):
        return lambda: place.__setitem__(name, value)
    return lambda: setattr(place, name, value)


def _dropped(node: ast.AST) -> Iterator[Mutation]:
    """A call or a raise left out; what stands under a ``with``, without it."""
    for name in ("body", "orelse", "finalbody"):
        block = getattr(node, name, None)
        for at, statement in enumerate(block if isinstance(block, list) else ()):
            call = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call)
            if call or isinstance(statement, ast.Raise):
                kind = "raise" if isinstance(statement, ast.Raise) else "call"
                yield Mutation(statement.lineno, kind, _setter(block, at, ast.Pass()))
            elif isinstance(statement, ast.With) and not _binds(statement):
                bare = ast.If(test=ast.Constant(value=True), body=statement.body, orelse=[])
                yield Mutation(statement.lineno, "with", _setter(block, at, bare))


def _binds(statement: ast.With) -> bool:
    """Without it the names it gives would be missing, which any test notices."""
    return any(item.optional_vars is not None for item in statement.items)


def is_durable(mutation: Mutation, lines: list[str]) -> bool:
    """Whether the fault takes away something that durability rests on."""
    if mutation.kind not in {"call", "raise", "with"}:
        return False
    names = set(_names(lines[mutation.line - 1]))
    return mutation.kind in {"raise", "with"} or bool(names & DURABLE)


def _names(line: str) -> Iterator[str]:
    word = ""
    for letter in line + " ":
        if letter.isidentifier() or (word and letter.isdigit()):
            word += letter
        elif word:
            yield word
            word = ""


def mutants(source: str, count: int, seed: int, *, durable: bool = False) -> Iterator[Mutant]:
    """``count`` faulty versions of ``source``, drawn with ``seed``; only those that ``durable``
    things rest on, if asked for."""
    before = plain(source)
    lines = before.splitlines()
    every = list(mutations(ast.parse(before)))
    wanted = [at for at, fault in enumerate(every) if not durable or is_durable(fault, lines)]
    for number in sorted(random.Random(seed).sample(wanted, min(count, len(wanted)))):
        tree = ast.parse(before)
        fault = list(mutations(tree))[number]
        fault.apply()
        after = ast.unparse(ast.fix_missing_locations(tree))
        if after != before:
            yield Mutant(number, fault.line, after, changed(before, after))


def changed(before: str, after: str) -> str:
    """The lines that differ, as a diff without its head."""
    diff = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=0)
    return "\n".join(line for line in list(diff)[2:] if not line.startswith("@@"))
