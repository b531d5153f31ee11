"""A progress bar on stderr while a person watches; nothing otherwise."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol, TypeVar

from archive.cli.common import App
from archive.cli.console import stderr_console
from archive.i18n import gettext as _

if TYPE_CHECKING:
    from rich.progress import ProgressColumn

T = TypeVar("T")


class Step(Protocol):
    """``step(done, total)`` as the work goes on; with a ``name`` where it is another work from now
    on. A ``total`` of 0: nobody knows it beforehand.
    """

    def __call__(self, done: int, total: int, name: str = "", /) -> None: ...


def columns() -> tuple[ProgressColumn, ...]:
    """Of a bar: what is done, how far, how many of how many, how long it will still take."""
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn

    return (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )


@contextmanager
def progress(app: App, what: str) -> Iterator[Step]:
    """Gives ``step(done, total)`` to call as the work goes on. What is printed meanwhile stands above
    the bar where both are on one terminal, and goes where it should where they are not."""
    if not app.is_interactive:
        yield lambda done, total, name="": None
        return
    from rich.progress import Progress

    bars = Progress(
        *columns(),
        console=stderr_console(),
        transient=True,
        redirect_stdout=sys.stdout.isatty(),
    )
    with bars as bar:
        line = bar.add_task(what, total=None)

        def step(done: int, total: int, name: str = "", /) -> None:
            said = _(name) if name else what
            bar.update(line, completed=done, total=total or None, description=said)

        yield step


def counted(items: Iterable[T], total: int, step: Step) -> Iterator[T]:
    """Each item, told to ``step`` as it is done with."""
    step(0, total)
    for done, item in enumerate(items, start=1):
        yield item
        step(done, total)
