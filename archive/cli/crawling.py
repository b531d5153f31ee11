"""What ``save`` and ``run`` share: options of the network, progress while a person watches, how a
report is shown.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial, wraps
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click

from archive.cli.common import App, Count
from archive.cli.console import stderr_console
from archive.i18n import gettext as _
from archive.i18n import recognised
from scraper.controls import escape_controls
from scraper.messages import Message, mark
from scraper.records import dataclass
from scraper.zone import for_people

if TYPE_CHECKING:
    from archive.config import Config
    from archive.run.report import Result, RunReport
    from archive.run.runner import Runner

F = TypeVar("F", bound=Callable[..., Any])
_LOG = logging.getLogger("wechat-archive")


class Size(click.ParamType[int]):
    """``500KB``, ``200MB``, ``2GB``, or bytes."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Bytes; fails with what was expected."""
        from archive.config import size

        try:
            found = size(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)
        return found


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


#: The options that are settings of the same name.
_SETTINGS = (
    *("interval", "images", "media", "max_media", "max_height"),
    *("user_agent", "cookies", "proxy"),
)


@dataclass(frozen=True, slots=True)
class Network:
    """What ``network_options`` were given."""

    settings: dict[str, Any]
    anyway: bool
    wait: bool
    as_json: bool

    def config(self, app: App, **others: Any) -> Config:
        """The settings in force with these options. Raises BadConfig."""
        return app.config.option(**others, **self.settings)

    def runner(self, app: App, config: Config, report: RunReport, heard: Listeners) -> Runner:
        """What does the work, heard by ``heard``."""
        from archive.run.runner import Runner

        return Runner(
            root=app.root,
            config=config,
            anyway=self.anyway,
            wait=self.wait,
            report=report,
            on_result=heard.on_result,
            on_image=heard.on_image,
            on_recording=heard.on_recording,
            on_progress=heard.on_progress,
            on_indexing=heard.on_indexing,
            jobs=os.cpu_count() or 1,
        )


def network_options(command: F) -> F:
    """The options that say how requests are made; the command gets them as ``network``."""
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
        click.option(
            "--media",
            type=click.Choice(["none", "audio", "all"]),
            help="Keep sound and video: none, sound alone [default], or all.",
        ),
        click.option(
            "--max-media", type=Size(), help="No sound or video larger than this [default: 200MB]."
        ),
        click.option(
            "--max-height",
            type=Count(1),
            metavar="N",
            help="No video higher than this, in pixels [default: 720].",
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

    @wraps(command)
    def gathered(**given: Any) -> Any:
        settings = {name: given.pop(name) for name in _SETTINGS}
        settings["snapshots"] = False if given.pop("no_snapshots") else None
        anyway, wait, as_json = (given.pop(name) for name in ("anyway", "wait", "as_json"))
        return command(**given, network=Network(settings, anyway, wait, as_json))

    found = cast(F, gathered)
    for option in reversed(options):
        found = option(found)
    return found


@dataclass(frozen=True, slots=True)
class Listeners:
    """Who hears of each result; of images, recordings, addresses and articles indexed anew: how
    many of how many."""

    on_result: Callable[[Result], None]
    on_image: Callable[[int, int], None] = lambda done, total: None
    on_recording: Callable[[int, int], None] = lambda done, total: None
    on_progress: Callable[[int, int], None] | None = None
    on_indexing: Callable[[int, int], None] = lambda done, total: None


@contextmanager
def listeners(app: App) -> Iterator[Listeners]:
    """A progress bar while a person sees stderr; else each result in the log."""
    if not app.is_interactive:
        yield Listeners(partial(_log, app))
        return
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    console = stderr_console()
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        line = progress.add_task(_("starting …"), total=None)

        def on_result(result: Result) -> None:
            name = escape_controls(result.title or result.address)
            progress.update(line, description=name[:40])
            if result.change not in ("held", "unchanged", "skipped"):
                said = escape_controls(_(_describe(app, result)))
                console.print(said, markup=False, highlight=False, soft_wrap=True)

        def on_image(done: int, total: int) -> None:
            progress.update(line, description=_("image {n} of {total}", n=done, total=total))

        def on_recording(done: int, total: int) -> None:
            said = _("sound or video {n} of {total}", n=done + 1, total=total)
            progress.update(line, description=said)

        def on_progress(done: int, total: int) -> None:
            progress.update(line, completed=done, total=total)

        def on_indexing(done: int, total: int) -> None:
            progress.update(line, description=_("indexing"), completed=done, total=total)

        yield Listeners(on_result, on_image, on_recording, on_progress, on_indexing)


def show(app: App, report: RunReport, *, as_json: bool, always_summarise: bool) -> None:
    """Tell what a command did, and end with its exit code. ``always_summarise``: the summary also
    when all is fine.
    """
    if as_json:
        import json

        click.echo(json.dumps(report.as_dict(), ensure_ascii=False))
    was_told = app.is_interactive or app.verbosity > 0
    if not was_told:
        _tell_what_went_wrong(app, report)
    for drift in report.drift:
        app.tell(drift.line(), level="warning")
    if (always_summarise and not as_json) or report.exit_code:
        said = report.line()
        if report.saved:
            said = mark("{what} — in {folder}", what=said, folder=app.root.absolute())
        app.tell(said, level="warning" if report.exit_code else "info")
    click.get_current_context().exit(report.exit_code)


def _tell_what_went_wrong(app: App, report: RunReport) -> None:
    for result in (*report.results, *report.source_errors):
        if result.change == "failed" or (result.change == "waiting" and result.exit_code):
            app.tell(_describe(app, result), level="warning")


def _log(app: App, result: Result) -> None:
    if not _LOG.isEnabledFor(logging.INFO):
        return  # what went wrong is said at the end, once
    level = logging.WARNING if result.change == "failed" else logging.INFO
    said = _describe(app, result)
    _LOG.log(level, "%s", said if app.log_format == "json" else _(said))


def _why(app: App, error: str) -> str:
    """An error of an earlier run, which the database keeps in English, in the reader's language."""
    is_made_now = isinstance(error, Message)
    return error if is_made_now or app.log_format == "json" else recognised(error)


def _describe(app: App, result: Result) -> str:
    """One line: what became of it, and where it is, as a path that can be opened."""
    if result.change not in ("failed", "gone", "waiting"):
        where = app.root.absolute() / result.path if result.path else result.address
        return mark("{change}: {where}", change=mark(result.change), where=where)
    said = mark(
        "{change}: {address}: {error}",
        change=mark(result.change),
        address=result.address,
        error=_why(app, result.error or ""),
    )
    if not result.due:
        return said
    return mark(
        "{what}{stop} Next try: {time}",
        what=said,
        stop="" if said[-1:] in (".", "?", "!") else mark("."),
        time=for_people(datetime.fromisoformat(result.due)),
    )
