"""Joins the two packages: one run from addresses to a ``RunReport``. Cron, one-off commands and
tests all call it.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from archive.run.report import Result, RunReport

if TYPE_CHECKING:
    from archive.config import Config

__all__ = ["Result", "RunReport", "run", "save"]


def save(
    root: Path | str,
    addresses: Iterable[str],
    config: Config | None = None,
    *,
    refresh: bool = False,
    anyway: bool = False,
    wait: bool = False,
) -> RunReport:
    """Fetch and keep articles: addresses in any form, saved pages, folders of them.

    ``config`` (default: the archive's own settings) says how far to follow and what images to
    fetch; ``refresh`` fetches what is held again; ``anyway`` ignores a cool-down; ``wait`` waits
    for another command that writes. Raises ArchiveErrors about the archive as a whole; what happens
    to one address stands in the report.
    """
    from archive.config import load
    from archive.run.inputs import read
    from archive.run.runner import Runner

    root = Path(root)
    runner = Runner(root=root, config=config or load(root), anyway=anyway, wait=wait)
    return runner.save(read(addresses), refresh=refresh)


def run(
    root: Path | str, config: Config | None = None, *, anyway: bool = False, wait: bool = False
) -> RunReport:
    """Do everything that is due: sources, waiting addresses, missing images, rechecks. Raises
    ArchiveErrors.
    """
    from archive.config import load
    from archive.run.runner import Runner

    root = Path(root)
    return Runner(root=root, config=config or load(root), anyway=anyway, wait=wait).run()
