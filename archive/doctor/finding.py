"""Pure: what a check found."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from archive.json_fields import AsDict, json_field

Level = Literal["ok", "warn", "fail"]
CONFIGURATION = 78


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding(AsDict):
    """One line: ``check`` what was looked at, ``said`` what was seen, ``advice`` what to do (empty
    where all is fine), ``exit_code`` what a failure ends the command with, as in docs/cron.md."""

    check: str
    level: Level
    said: str
    advice: str = ""
    exit_code: int = json_field(default=CONFIGURATION, hidden=True)


def ok(check: str, said: str) -> Finding:
    """All is fine."""
    return Finding(check=check, level="ok", said=said)


def warn(check: str, said: str, advice: str) -> Finding:
    """It works, and something should be done."""
    return Finding(check=check, level="warn", said=said, advice=advice)


def fail(check: str, said: str, advice: str, exit_code: int = CONFIGURATION) -> Finding:
    """It does not work before something is done."""
    return Finding(check=check, level="fail", said=said, advice=advice, exit_code=exit_code)


def exit_code(findings: Iterable[Finding]) -> int:
    """That of the first failure; 0 where none is, warnings or not."""
    return next((one.exit_code for one in findings if one.level == "fail"), 0)
