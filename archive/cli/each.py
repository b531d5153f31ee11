"""Several things given to one command: one that fails is told, and the others are done."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import click

from archive.cli.common import App
from scraper.messages import mark


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
        failed.append(mark("{name}: {error}", name=name, error=error))

    for name in given:
        with one_item(name, partial(note, name)):
            do(name)
    for line in failed:
        app.tell(line, level="error")
    if failed:
        raise click.exceptions.Exit(1)
