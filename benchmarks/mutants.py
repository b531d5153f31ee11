"""Do the tests catch faults? Small faults are put into a module one at a time, and its tests are
run.

    python -m benchmarks.mutants archive/db/files.py --tests tests/store/test_files.py --count 30 --seed 1

Works in a copy of the checkout, so that nothing here is touched. Prints each fault that no test
noticed, as a diff, and the share that was noticed. A fault that changes nothing counts as unnoticed
until somebody looks at it.
"""

from __future__ import annotations

import argparse
import ast
import difflib
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
#: A mutant that loops for ever is noticed too.
TIMEOUT = 300

_SWAPS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.And: ast.Or, ast.Or: ast.And,
    ast.Add: ast.Sub, ast.Sub: ast.Add,
}  # fmt: skip


def mutations(tree: ast.Module) -> Iterator[Callable[[], None]]:
    """Each a fault that can be put into ``tree``, in the order of the text."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            for at, operator in enumerate(node.ops):
                if swap := _SWAPS.get(type(operator)):
                    yield lambda n=node, i=at, s=swap: n.ops.__setitem__(i, s())  # type: ignore[misc]
        elif isinstance(node, ast.BoolOp | ast.BinOp):
            if swap := _SWAPS.get(type(node.op)):
                yield lambda n=node, s=swap: setattr(n, "op", s())  # type: ignore[misc]
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            yield lambda n=node: setattr(n, "op", ast.UAdd())  # type: ignore[misc]
        elif isinstance(node, ast.Constant) and isinstance(node.value, int):
            changed = not node.value if isinstance(node.value, bool) else node.value + 1
            yield lambda n=node, v=changed: setattr(n, "value", v)  # type: ignore[misc]
        yield from _dropped(node)


def _dropped(node: ast.AST) -> Iterator[Callable[[], None]]:
    """A call or a raise left out."""
    for name in ("body", "orelse", "finalbody"):
        block = getattr(node, name, None)
        for at, statement in enumerate(block if isinstance(block, list) else ()):
            call = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call)
            if call or isinstance(statement, ast.Raise):
                yield lambda b=block, i=at: b.__setitem__(i, ast.Pass())  # type: ignore[misc]


def mutants(source: str, count: int, seed: int) -> Iterator[str]:
    """``count`` faulty versions of ``source``, drawn with ``seed``."""
    total = sum(1 for _ in mutations(ast.parse(source)))
    for number in sorted(random.Random(seed).sample(range(total), min(count, total))):
        tree = ast.parse(source)
        list(mutations(tree))[number]()
        yield ast.unparse(ast.fix_missing_locations(tree))


def noticed(checkout: Path, tests: list[str]) -> bool:
    """Whether the tests are red there."""
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests]
    try:
        done = subprocess.run(
            command, cwd=checkout, capture_output=True, check=False, timeout=TIMEOUT
        )
    except subprocess.TimeoutExpired:
        return True
    return done.returncode != 0


def main() -> int:
    """1 where a fault was not noticed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("module", type=Path)
    parser.add_argument("--tests", nargs="+", required=True)
    parser.add_argument("--count", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        checkout = Path(folder) / "checkout"
        shutil.copytree(ROOT, checkout, ignore=shutil.ignore_patterns(".git", ".venv", ".*_cache"))
        place = checkout / given.module
        source = place.read_text(encoding="utf-8")
        plain = ast.unparse(ast.parse(source))
        place.write_text(plain, encoding="utf-8")
        if noticed(checkout, given.tests):
            raise SystemExit("the tests are red without any fault")
        found = [0, 0]
        for text in mutants(source, given.count, given.seed):
            place.write_text(text, encoding="utf-8")
            red = noticed(checkout, given.tests)
            found[red] += 1
            if not red:
                lines = difflib.unified_diff(
                    plain.splitlines(), text.splitlines(), lineterm="", n=1
                )
                print("\n".join(list(lines)[2:]), flush=True)
        print(f"{given.module}: {found[1]} of {sum(found)} noticed, seed {given.seed}")
    return 1 if found[0] else 0


if __name__ == "__main__":
    sys.exit(main())
