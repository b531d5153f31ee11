"""``wechat-archive discuss``: comments and counts with the reader's own credentials."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from archive.cli.common import App, Count, archive_command, pass_app
from archive.cli.crawling import Duration
from archive.cli.list import Day
from archive.i18n import gettext as _
from archive.i18n import mark, mark_plural

if TYPE_CHECKING:
    from archive.run.discussing import DiscussReport, Looked


@archive_command("discuss", short_help="Ask for comments and counts of articles held.")
@click.argument("names", nargs=-1, metavar="KEY|ADDRESS…")
@click.option(
    "--credentials",
    required=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Your own: credentials.json of wxdown-service, or a HAR recording.",
)
@click.option(
    "--account",
    metavar="NAME",
    help="Only this account: a part of its name, __biz, gh_… name or 微信号.",
)
@click.option("--since", type=Day(), metavar="DAY", help="Published on that day (China) or later.")
@click.option("--limit", type=Count(1), metavar="N", help="At most so many.")
@click.option("--again", is_flag=True, help="Also what was looked at within a day.")
@click.option(
    "--interval",
    type=Duration(),
    help="Between two requests to mp.weixin.qq.com [default: 3s, jittered].",
)
@click.option("--proxy", metavar="URL", help="Proxy for all requests.")
@click.option("--now", "anyway", is_flag=True, help="Try although WeChat asked for a pause.")
@click.option("--wait", is_flag=True, help="Wait for another command that is writing.")
@click.option("--json", "as_json", is_flag=True, help="End with one JSON object on stdout.")
@pass_app
def command(
    app: App,
    names: tuple[str, ...],
    credentials: Path,
    account: str | None,
    since: datetime | None,
    limit: int | None,
    again: bool,
    interval: float | None,
    proxy: str | None,
    anyway: bool,
    wait: bool,
    as_json: bool,
) -> None:
    """Ask WeChat for the comments, replies and counts of articles held, with your own credentials.

    The file is read and never copied; nothing of it is stored or logged, and nothing here obtains
    it. It ends with 77 where the session has expired, and with 75 where WeChat says that requests
    come too often, which then holds for a day. The same command goes on where it ended.
    """
    from archive.cli.progress import progress
    from archive.run.discussing import Discussing
    from archive.saved.credentials import read

    config = app.config.option(interval=interval, proxy=proxy)
    about = Discussing(
        root=app.root,
        config=config,
        credentials=read(credentials),
        again=again,
        anyway=anyway,
        wait=wait,
    )
    with progress(app, _("asking for comments")) as step:

        def on_result(looked: Looked) -> None:
            done = len(about.report.results)
            step(done, done + max(about.report.left - 1, 0))
            _tell(app, looked)

        about.on_result = on_result
        report = about.run(names, account=account, since=since, limit=limit, gone=False)
    if not (names or report.results or report.fresh or report.without_credentials):
        _say_why(app, {"account": account, "since": since})
    if as_json:
        click.echo(json.dumps(report.as_dict(), ensure_ascii=False))
    else:
        app.say(_line(report))
    click.get_current_context().exit(report.exit_code)


def _say_why(app: App, filters: dict[str, Any]) -> None:
    """Which filters no article matches."""
    from archive.db.names import ARCHIVE_DB
    from archive.db.opening import open_database
    from archive.store import Store
    from archive.store.unmatched import unmatched

    with open_database(app.root / ARCHIVE_DB, readonly=True) as db:
        for said in unmatched(Store(db, app.root), filters):
            app.say(said)


def _tell(app: App, looked: Looked) -> None:
    if looked.error is not None:
        app.tell(
            _("failed: {title}: {error}", title=looked.title, error=looked.error), level="warning"
        )
    elif app.verbosity or app.is_interactive:
        of = looked.held if looked.total is None else f"{looked.held} / {looked.total}"
        app.say(_("{title}: comments {of}, {n} new", title=looked.title, of=of, n=looked.new))


def _line(report: DiscussReport) -> str:
    """One line for a person."""
    found = report.as_dict()
    looked, new = found["looked"], found["new"]
    numbers = [
        (found["gone"], mark("{n} gone", n=found["gone"])),
        (found["failed"], mark("{n} failed", n=found["failed"])),
        (report.fresh, mark("{n} looked at within a day", n=report.fresh)),
        (
            report.without_credentials,
            mark("{n} without credentials", n=report.without_credentials),
        ),
        (report.left, mark("{n} left for the next time", n=report.left)),
    ]
    parts = [
        mark_plural("{n} article looked at", "{n} articles looked at", looked),
        mark_plural("{n} comment new", "{n} comments new", new),
        *(said for number, said in numbers if number),
        *([report.ended] if report.ended else []),
    ]
    return mark("discuss: {parts}", parts=parts)
