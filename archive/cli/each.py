"""Several things given to one command: one that fails is told, and the others are done."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import click

from archive.cli.common import App
from scraper.messages import mark, message_of


def about(name: str, error: Exception) -> str:
    """What an error says, behind the name of what it is about where it does not say that itself."""
    said = message_of(error)
    return said if name in said else mark("{name}: {error}", name=name, error=error)


def each(app: App, given: Sequence[str], do: Callable[[str], object]) -> None:
    """``do`` for each of ``given``. One alone raises its own error; of several, each that fails is
    told by its name, and when all are done the command ends with 1.
    """
    if len(given) == 1:
        do(given[0])
        return
    from archive.run.items import one_item

    failed: list[str] = []

    def note(name: str, error: Exception) -> None:
        failed.append(mark("error: {what}", what=about(name, error)))

    for name in given:
        with one_item(name, partial(note, name)):
            do(name)
    for line in failed:
        app.tell(line, level="error")
    if failed:
        raise click.exceptions.Exit(1)
