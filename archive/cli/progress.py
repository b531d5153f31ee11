"""A progress bar on stderr while a person watches; nothing otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from archive.cli.common import App
from archive.cli.console import stderr_console
from archive.i18n import gettext as _


class Step(Protocol):
    """``step(done, total)`` as the work goes on; with a ``name`` where it is another work from now
    on.
    """

    def __call__(self, done: int, total: int, name: str = "", /) -> None: ...


@contextmanager
def progress(app: App, what: str) -> Iterator[Step]:
    """Gives ``step(done, total)`` to call as the work goes on."""
    if not app.is_interactive:
        yield lambda done, total, name="": None
        return
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=stderr_console(), transient=True) as bar:
        line = bar.add_task(what, total=None)

        def step(done: int, total: int, name: str = "", /) -> None:
            bar.update(line, completed=done, total=total, description=_(name) if name else what)

        yield step
