"""What ``save`` and ``run`` share: options of the network, progress while a person watches, how a report is shown."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import click

from archive.cli.common import App

if TYPE_CHECKING:
    from archive.run.report import Result, RunReport

F = TypeVar("F", bound=Callable[..., Any])
_LOG = logging.getLogger("wechat-archive")


class Duration(click.ParamType[float]):
    """``90``, ``90s``, ``15m``, ``6h``, ``30d``."""

    name = "duration"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Seconds; fails with what was expected."""
        from archive.config import seconds

        try:
            found = seconds(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)
        return found


def network_options(command: F) -> F:
    """The options that say how requests are made."""
    options = [
        click.option(
            "--interval",
            type=Duration(),
            help="Between two requests to mp.weixin.qq.com [default: 3s, jittered].",
        ),
        click.option(
            "--images",
            type=click.Choice(["none", "remote", "local"]),
            help="Fetch images, or leave their addresses.",
        ),
        click.option("--user-agent", metavar="TEXT", help="The User-Agent to send."),
        click.option(
            "--cookies", metavar="FILE", help="Netscape cookies file of your own browser session."
        ),
        click.option("--proxy", metavar="URL", help="Proxy for all requests."),
        click.option("--no-snapshots", is_flag=True, help="Do not keep the raw pages."),
        click.option(
            "--now", "anyway", is_flag=True, help="Try although WeChat asked for a pause."
        ),
        click.option("--wait", is_flag=True, help="Wait for another command that is writing."),
        click.option("--json", "as_json", is_flag=True, help="End with one JSON object on stdout."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


@dataclass(frozen=True, slots=True)
class Listeners:
    """Who hears of each result, and of images: how many of how many."""

    on_result: Callable[[Result], None]
    on_image: Callable[[int, int], None]


@contextmanager
def listeners(app: App) -> Iterator[Listeners]:
    """A progress line while a person sees stderr; else each result in the log."""
    if not app.is_interactive:
        yield Listeners(_log, lambda done, total: None)
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        line = progress.add_task("starting …", total=None)
        counts = {"done": 0, "failed": 0}

        def on_result(result: Result) -> None:
            counts["failed" if result.change == "failed" else "done"] += 1
            name = result.title or result.address
            progress.update(
                line, description=f"{counts['done']} done, {counts['failed']} failed · {name[:60]}"
            )
            if result.change not in ("held", "unchanged", "skipped"):
                console.print(_describe(result), markup=False, highlight=False, soft_wrap=True)

        def on_image(done: int, total: int) -> None:
            progress.update(line, description=f"{counts['done']} done · image {done} of {total}")

        yield Listeners(on_result, on_image)


def show(app: App, report: RunReport, *, as_json: bool, always_summarise: bool) -> None:
    """Tell what a command did, and end with its exit code. ``always_summarise``: the summary also when all is fine."""
    if as_json:
        import json

        click.echo(json.dumps(report.as_dict(), ensure_ascii=False))
    told = app.is_interactive or app.verbosity > 0
    if not told:
        for result in (*report.results, *report.source_errors):
            if result.change == "failed" or (result.change == "waiting" and result.exit_code):
                app.tell(_describe(result), level="warning")
    if (always_summarise and not as_json) or report.exit_code:
        app.tell(report.line(), level="warning" if report.exit_code else "info")
    click.get_current_context().exit(report.exit_code)


def _log(result: Result) -> None:
    level = logging.WARNING if result.change == "failed" else logging.INFO
    if result.change == "failed" and not _LOG.isEnabledFor(logging.INFO):
        return  # said at the end, once
    _LOG.log(level, "%s", _describe(result))


def _describe(result: Result) -> str:
    if result.change in ("failed", "gone", "waiting"):
        later = f" Next try: {result.due[:16].replace('T', ' ')} UTC" if result.due else ""
        error = (result.error or "").rstrip(".")
        return f"{result.change}: {result.address}: {error}{'.' if later and error[-1:] not in '?!' else ''}{later}"
    return f"{result.change}: {result.path or result.address}"
