"""Several things given to one command: one that fails is told, and the others are done."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import click

from archive.cli.common import App


def each(app: App, given: Sequence[str], do: Callable[[str], object]) -> None:
    """``do`` for each of ``given``. One alone raises its own error; of several, each that fails is
    told by its name, and when all are done the command ends with 1.
    """
    if len(given) == 1:
        do(given[0])
        return
    from archive.run.items import one_item

    failed = []
    for name in given:
        with one_item(name, lambda error, name=name: failed.append(f"{name}: {error}")):  # type: ignore[misc]
            do(name)
    for line in failed:
        app.tell(line, level="error")
    if failed:
        raise click.exceptions.Exit(1)
