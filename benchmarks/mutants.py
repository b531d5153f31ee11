"""Do the tests catch faults? Small faults are put into the modules that keep, find, fetch and
judge, one at a time, and the tests that run the faulty line are run.

    python -m benchmarks.mutants map                      which quick test runs which line (once)
    python -m benchmarks.mutants map --tests tests/store/test_files.py    the same of what is new
    python -m benchmarks.mutants run                      the modules of mutants.toml, with its seed
    python -m benchmarks.mutants run archive/db/files.py --count 30 --seed 2
    python -m benchmarks.mutants run --tests tests/store/test_files.py    once more what was missed
    python -m benchmarks.mutants report                   the table, and what nobody noticed

Works in copies of the checkout, so that nothing here is touched; what was found stands in
``--state`` (``.mutants``), so that a run may be ended and go on. ``--durable`` draws only faults
that durability rests on: a flush, a commit, a lock, a raise left out. A fault that changes nothing
is set aside in mutants.toml, by its lines, with the reason; all others count.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import hashlib
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks.code_swap import Functions, functions, swapped
from benchmarks.mutations import Mutant, mutants, plain

ROOT = Path(__file__).resolve().parent.parent
PLAN = Path(__file__).with_suffix(".toml")
#: Seconds of tests that a fault gets, as they were timed for the map. Those that noticed other faults
#: of the module come first, then quick ones.
PATIENCE = 25
#: A mutant that loops for ever is noticed too. Seconds, on a busy machine.
TIMEOUT = 150
#: What pytest ends with where a test is not found, or conftest.py cannot be imported.
NOT_FOUND = 4
#: One that eats all memory as well.
MEMORY = 4 << 30


@dataclass(frozen=True)
class Job:
    """One fault to try."""

    module: str
    source: str
    seed: int
    durable: bool
    mutant: Mutant

    @property
    def key(self) -> str:
        digest = hashlib.sha256(plain(self.source).encode()).hexdigest()[:12]
        return f"{self.module}:{digest}:{self.mutant.number}"


def jobs(modules: dict[str, int], seed: int, *, durable: bool) -> list[Job]:
    """The faults drawn for ``modules``, a count each."""
    found = []
    for module, count in modules.items():
        source = (ROOT / module).read_text(encoding="utf-8")
        drawn = mutants(source, count, seed, durable=durable)
        found += [Job(module, source, seed, durable, mutant) for mutant in drawn]
    return found


def copied(folder: Path, modules: list[str]) -> Path:
    """A checkout in ``folder`` to be broken, its ``modules`` written out plainly."""
    checkout = folder / "checkout"
    left_out = shutil.ignore_patterns(".git", ".venv", ".*_cache", ".mutants", ".hypothesis")
    shutil.copytree(ROOT, checkout, ignore=left_out)
    for module in modules:
        place = checkout / module
        place.write_text(plain(place.read_text(encoding="utf-8")), encoding="utf-8")
    return checkout


def environment(checkout: Path) -> dict[str, str]:
    """Tests that start the program find the faulty one, and no compiled file of an earlier one."""
    return os.environ | {"PYTHONPATH": str(checkout), "PYTHONDONTWRITEBYTECODE": "1", "CI": "1"}


def write_map(state: Path, modules: list[str], tests: list[str]) -> None:
    """``map.json``: for each module its lines and the tests that run them, and the tests' times. What
    was mapped before stays."""
    with tempfile.TemporaryDirectory() as folder:
        checkout = copied(Path(folder), modules)
        command = [sys.executable, "-m", "pytest", "-q", "-n", "1", "--durations=0"]
        command += ["--durations-min=0", "-vv", "-p", "no:cacheprovider", "--cov"]
        settings = (
            Path(folder) / "coveragerc"
        )  # these modules alone: the rest runs at its own speed
        settings.write_text("\n    ".join(["[run]\ninclude =", *modules]) + "\n")
        command += [f"--cov-config={settings}", "--cov-context=test", "--cov-report=", *tests]
        done = subprocess.run(
            command,
            cwd=checkout,
            env=environment(checkout),
            capture_output=True,
            text=True,
            check=False,
        )
        print(done.stdout[-2000:])
        from coverage import CoverageData

        data = CoverageData(str(checkout / ".coverage"))
        data.read()
        failed = set(re.findall(r"^(?:FAILED|ERROR) (\S+)", done.stdout, re.MULTILINE))
        timed = _times(done.stdout)
        lines = {
            module: {
                str(line): sorted({name.partition("|")[0] for name in names if name} - failed)
                for line, names in data.contexts_by_lineno(str(checkout / module)).items()
            }
            for module in modules
        }
    known = read_map(state)
    for module, found in lines.items():
        merged = known["lines"].setdefault(module, {})
        for line, names in found.items():
            merged[line] = sorted({*merged.get(line, ()), *names})
    known["times"] |= timed
    (state / "map.json").write_text(json.dumps(known))


def read_map(state: Path) -> dict[str, Any]:
    """``lines``: module → line → tests; ``times``: test → seconds."""
    try:
        known: dict[str, Any] = json.loads((state / "map.json").read_text())
    except FileNotFoundError:
        known = {"lines": {}, "times": {}}
    return known


def _times(output: str) -> dict[str, float]:
    found: dict[str, float] = {}
    for seconds, test in re.findall(
        r"^([\d.]+)s (?:call|setup|teardown) +(\S.*)$", output, re.MULTILINE
    ):
        found[test] = found.get(test, 0.0) + float(seconds)
    return found


def chosen(job: Job, known: dict[str, Any], noticed: Mapping[str, int]) -> list[str]:
    """The tests that run the faulty line, as far as PATIENCE goes: those that ``noticed`` other
    faults first, those of a file named like the module or its room, one case of each test, the
    quick ones first, then its other cases; for a line of the module itself, which runs at its
    import, those of its whole."""
    lines = known["lines"].get(job.module, {})
    tests = lines.get(str(job.mutant.line)) or sorted(
        {name for names in lines.values() for name in names}
    )
    times, spent = known["times"], 0.0
    found: list[str] = []
    variants: Counter[str] = Counter()
    ordered: list[tuple[int, bool, int, float, str]] = []
    for test in sorted(tests, key=lambda name: times.get(name, 1.0)):
        function = test.partition("[")[0]
        ordered.append(
            (
                -noticed.get(test, 0),
                not _is_about(test, job.module),
                variants[function],
                times.get(test, 1.0),
                test,
            )
        )
        variants[function] += 1
    for *_, seconds, test in sorted(ordered):
        spent += seconds
        if found and spent > PATIENCE:
            break
        found.append(test)
    return found


def _is_about(test: str, module: str) -> bool:
    """``tests/store/test_files.py`` of ``db/files``, ``tests/keep/test_backup.py`` of
    ``backup/contents``."""
    place = Path(module)
    return Path(test.partition("::")[0]).stem in {f"test_{place.stem}", f"test_{place.parent.name}"}


@dataclass(frozen=True)
class Outcome:
    """``how`` the tests end with a fault: ``red``, ``green`` or ``timeout``; and ``by`` which."""

    how: str
    by: str = ""


def outcome(checkout: Path, tests: list[str], job: Job | None, loaded: Functions) -> Outcome:
    """Forks: everything is loaded already, and the faulty functions get their faulty code."""
    with tempfile.NamedTemporaryFile(dir=checkout.parent) as said:
        child = os.fork()
        if not child:
            with contextlib.suppress(BaseException):
                os._exit(_test(checkout, tests, job, loaded, Path(said.name)))
            os._exit(70)
        end = time.monotonic() + TIMEOUT
        while time.monotonic() < end:
            done, status = os.waitpid(child, os.WNOHANG)
            if done:
                by = said.read().decode()
                is_lost = os.waitstatus_to_exitcode(status) == NOT_FOUND and not by
                if is_lost and any("[" in test for test in tests):  # a case has another name now
                    whole = list(dict.fromkeys(test.partition("[")[0] for test in tests))
                    return outcome(checkout, whole, job, loaded)
                return Outcome("green") if status == 0 else Outcome("red", by)
            time.sleep(0.02)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return Outcome("timeout")


class _Naming:
    """A plugin of pytest that writes down which test failed."""

    def __init__(self, place: Path) -> None:
        self._place = place

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.failed:
            self._place.write_text(report.nodeid)


def _test(checkout: Path, tests: list[str], job: Job | None, loaded: Functions, said: Path) -> int:
    import pytest

    os.setsid()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    nothing = os.open(os.devnull, os.O_RDWR)
    for handle in (0, 1, 2):
        os.dup2(nothing, handle)
    if job is not None and not swapped(loaded, plain(job.source), job.mutant.text):
        for name in [name for name in sys.modules if name.partition(".")[0] in _OWN]:
            del sys.modules[name]
    base = tempfile.mkdtemp(dir=checkout.parent)
    # No plugin is needed, and loading them takes twice the time of most tests.
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    options = ["-q", "-x", "-p", "no:cacheprovider", f"--basetemp={base}/t"]
    options += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]  # loaded before the fork
    return int(pytest.main([*options, *tests], plugins=[_Naming(said)]))


#: What is loaded from the checkout.
_OWN = ("archive", "scraper", "tests")


def load_all(checkout: Path, tests: list[str]) -> None:
    """Import the tests and all that they use from the checkout, once for all mutants."""
    os.chdir(checkout)
    os.environ.update(environment(checkout))
    sys.dont_write_bytecode = True
    sys.path.insert(0, str(checkout))
    files = {test.partition("::")[0] for test in tests}
    for name in ["tests.conftest", *sorted(files)]:
        import_module(name.removesuffix(".py").replace("/", "."))


def try_all(todo: list[Job], state: Path, tests: list[str]) -> None:
    """Each fault of ``todo``, its result a line of ``results.jsonl`` at once."""
    known = read_map(state)
    with tempfile.TemporaryDirectory() as folder:
        checkout = copied(Path(folder), sorted({job.module for job in todo}))
        every = tests or [
            test
            for module in {job.module for job in todo}
            for names in known["lines"].get(module, {}).values()
            for test in names
        ]
        load_all(checkout, every)
        gc.freeze()  # so that no collection in a child copies the pages it shares
        noticed: dict[str, Counter[str]] = {}
        loaded: Functions = {}
        sound_tests: set[str] = set()
        for job in todo:
            begin = time.monotonic()
            if job.module not in noticed:
                before = [r for r in results(state).values() if r["module"] == job.module]
                noticed[job.module] = Counter(r["by"] for r in before if r.get("by"))
                loaded = functions(checkout / job.module)
            run = tests or chosen(job, known, noticed[job.module])
            found = _tried(checkout, run, job, loaded, sound_tests) if run else Outcome("green")
            noticed[job.module] += Counter([found.by] if found.by else [])
            _note(state, job, found, len(run), time.monotonic() - begin)


def _tried(
    checkout: Path, tests: list[str], job: Job, loaded: Functions, sound_tests: set[str]
) -> Outcome:
    """With the faulty module in its place. A test that is red without the fault too tells nothing;
    ``sound_tests`` are known to be green then."""
    place = checkout / job.module
    sound = place.read_text(encoding="utf-8")
    place.write_text(job.mutant.text, encoding="utf-8")
    found = outcome(checkout, tests, job, loaded)
    place.write_text(sound, encoding="utf-8")
    blamed = found.by or tests[0]
    if found.how != "red" or blamed in sound_tests:
        return found
    if outcome(checkout, [blamed], None, loaded).how == "green":
        sound_tests.add(blamed)
        return found
    rest = [test for test in tests if test != blamed]
    return _tried(checkout, rest, job, loaded, sound_tests) if rest else Outcome("green")


def _note(state: Path, job: Job, found: Outcome, tests: int, seconds: float) -> None:
    row = {
        "key": job.key, "module": job.module, "seed": job.seed, "durable": job.durable,
        "line": job.mutant.line, "how": found.how, "by": found.by, "tests": tests,
        "seconds": round(seconds, 1), "diff": job.mutant.diff,
    }  # fmt: skip
    with (state / "results.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(row, ensure_ascii=False) + "\n")


def results(state: Path) -> dict[str, dict[str, Any]]:
    """The last word on each fault; noticed once is noticed."""
    found: dict[str, dict[str, Any]] = {}
    with contextlib.suppress(FileNotFoundError), (state / "results.jsonl").open() as file:
        for line in file:
            row = json.loads(line)
            if row["key"] not in found or found[row["key"]]["how"] == "green":
                found[row["key"]] = row
    return found


def set_aside(plan: dict[str, Any]) -> dict[tuple[str, str], str]:
    """``(module, diff)`` of the faults that change nothing, with the reason."""
    return {
        (row["module"], row["diff"].strip()): row["reason"] for row in plan.get("set_aside", [])
    }


def report(todo: list[Job], state: Path, plan: dict[str, Any]) -> int:
    """The table by module, then what nobody noticed. 1 where there is any."""
    known, aside = results(state), set_aside(plan)
    counts: dict[str, list[int]] = {}
    missed: list[dict[str, Any]] = []
    for job in todo:
        row = known.get(job.key)
        if row is None:
            continue
        tally = counts.setdefault(job.module, [0, 0, 0])
        if row["how"] == "green" and (job.module, row["diff"].strip()) in aside:
            tally[2] += 1
            continue
        tally[1] += 1
        tally[0] += row["how"] != "green"
        missed += [row] if row["how"] == "green" else []
    for row in missed:
        print(f"{row['module']}:{row['line']} ({row['tests']} tests)\n{row['diff']}\n")
    for module, (noticed, tried, equal) in counts.items():
        print(
            f"{noticed:4} of {tried:4}  {noticed / max(tried, 1):6.1%}  {equal:3} set aside  {module}"
        )
    noticed, tried, equal = (sum(tally[at] for tally in counts.values()) for at in range(3))
    print(
        f"{noticed:4} of {tried:4}  {noticed / max(tried, 1):6.1%}  {equal:3} set aside  of {len(todo)}"
    )
    return 1 if missed else 0


def _workers(todo: list[Job], count: int, state: Path, tests: list[str]) -> None:
    children = []
    for at in range(count):
        child = os.fork()
        if not child:
            try_all(todo[at::count], state, tests)
            os._exit(0)
        children.append(child)
    for child in children:
        os.waitpid(child, 0)


def _asked(given: argparse.Namespace, plan: dict[str, Any]) -> Iterator[Job]:
    seed = plan["seed"] if given.seed is None else given.seed
    part = plan["durable" if given.durable else "modules"]
    modules = {name: given.count or part.get(name, 20) for name in given.modules or part}
    yield from jobs(modules, seed, durable=given.durable)


def main() -> int:
    """1 where a fault was not noticed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("what", choices=["map", "run", "report"])
    parser.add_argument("modules", nargs="*")
    parser.add_argument("--count", type=int)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--durable", action="store_true")
    parser.add_argument("--tests", nargs="+", default=[])
    parser.add_argument("--again", action="store_true", help="what was missed once more")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--state", type=Path, default=ROOT / ".mutants")
    given = parser.parse_intermixed_args()
    given.state.mkdir(exist_ok=True)
    plan = tomllib.loads(PLAN.read_text(encoding="utf-8"))
    if given.what == "map":
        write_map(
            given.state, sorted({*plan["modules"], *plan["durable"]}), given.tests or plan["tests"]
        )
        return 0
    todo = list(_asked(given, plan))
    if given.what == "run":
        known = results(given.state)
        left = [
            job
            for job in todo
            if job.key not in known
            or ((given.tests or given.again) and known[job.key]["how"] == "green")
        ]
        _workers(left, given.workers, given.state, given.tests)
    return report(todo, given.state, plan)


if __name__ == "__main__":
    sys.exit(main())
