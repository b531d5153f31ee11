"""``wechat-archive export``: the archive in other forms."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from pathlib import Path

import click

from archive.cli.common import App, archive_command, pass_app, table
from archive.cli.list import Day, Kind
from archive.cli.noticed import notice_edits
from archive.exporters.formats import FORMATS
from archive.exporters.report import ExportReport
from archive.i18n import gettext as _
from scraper.messages import mark

_HELP = """Write the archive, or a part of it, in another form.

\b
{formats}

Nothing in the archive changes; other commands may go on meanwhile. A file of an earlier export that you changed stays,
the new one goes beside it as NAME.new. `-` is stdout, for {files}.
"""
#: Somebody may have changed thousands of files with one command.
_MOST_TOLD = 20
_FILES = [known.name for known in FORMATS.values() if known.target == "FILE"]
_SHOWN = table((f"{known.name} {known.target}", known.label) for known in FORMATS.values())


@archive_command(
    "export",
    short_help="Write the archive as other formats.",
    help=_HELP.format(formats=_SHOWN, files=", ".join(_FILES)),
)
@click.argument("format", type=click.Choice([*FORMATS]), metavar="FORMAT")
@click.argument("target", metavar="DIR|FILE|-")
@click.argument("keys", nargs=-1, metavar="[KEY|ADDRESS]…")
@click.option(
    "--account",
    metavar="NAME",
    help="Only this account: a part of its name, __biz, gh_… or 微信号.",
)
@click.option(
    "--album", metavar="ALBUM", help="Only members of this album (id or title), in its order."
)
@click.option("--search", "query", metavar="QUERY", help="Only what this search finds.")
@click.option("--tag", metavar="TAG", help="Only articles with this tag of yours.")
@click.option("--topic", metavar="TAG", help="Only articles with this tag of WeChat's.")
@click.option(
    "--kind", type=Kind(), metavar="KIND", help="Only this kind: article, picture, video, …"
)
@click.option("--since", type=Day(), metavar="DAY", help="Published on that day (China) or later.")
@click.option(
    "--until", type=Day(end=True), metavar="DAY", help="Published on that day (China) or earlier."
)
@click.option("--title", metavar="TEXT", help="The title of the book (epub, pdf).")
@click.option("--each", "each_alone", is_flag=True, help="One PDF an article, in a folder (pdf).")
@click.option(
    "--base-url", metavar="URL", help="Where the folder of feeds will be found on the web (feed)."
)
@click.option("--no-images", is_flag=True, help="A WARC of pages alone.")
@click.option(
    "--json", "as_json", is_flag=True, help="One JSON object about what was written, on stdout."
)
@pass_app
def command(
    app: App,
    format: str,
    target: str,
    keys: tuple[str, ...],
    account: str | None,
    album: str | None,
    query: str | None,
    tag: str | None,
    topic: str | None,
    kind: str | None,
    since: datetime | None,
    until: datetime | None,
    title: str | None,
    base_url: str | None,
    each_alone: bool,
    no_images: bool,
    as_json: bool,
) -> None:
    from archive.cli.progress import progress
    from archive.exporters import Selection, export

    _require_target(format, target, each_alone=each_alone, as_json=as_json)
    if keys and any((account, album, query, tag, topic, kind, since, until)):
        raise click.UsageError(_("give keys, or options that choose articles, not both."))
    notice_edits(app, whole=True)
    selection = Selection(
        keys=keys,
        account=account,
        album=album,
        query=query,
        tag=tag,
        topic=topic,
        kind=kind,
        since=since,
        until=until,
    )
    with progress(app, _("writing {format}", format=format)) as step:
        report = export(
            app.root,
            format,
            sys.stdout.buffer if target == "-" else Path(target),
            selection,
            title=title,
            images=not no_images,
            base_url=base_url,
            each_alone=each_alone,
            progress=step,
        )
    _tell(app, report)
    if as_json:
        click.echo(json.dumps(report.as_dict(), ensure_ascii=False))
    else:
        app.say(report.line())
    click.get_current_context().exit(report.exit_code)


def _require_target(format: str, target: str, *, each_alone: bool, as_json: bool) -> None:
    """Raise UsageError for a target that this format cannot be written to."""
    if each_alone and format != "pdf":
        raise click.UsageError(
            _("--each is for pdf; html and markdown write one file an article anyway")
        )
    if target != "-":
        return
    if each_alone or FORMATS[format].target == "DIR" or as_json:
        raise click.UsageError(
            _("stdout takes one file: {files}, without --json", files=", ".join(_FILES))
        )
    if format not in ("jsonl", "csv") and sys.stdout.isatty():
        raise click.UsageError(
            _("{format} is not for a terminal: send it to a file or a program", format=format)
        )


def _tell(app: App, report: ExportReport) -> None:
    for problem in report.problems:
        app.say(mark("left out: {problem}", problem=problem))
    for kept in report.kept[:_MOST_TOLD]:
        app.say(
            _(
                "kept as you changed it: {path}; the new text is in {new}",
                path=kept.path,
                new=kept.new,
            )
        )
    if more := len(report.kept[_MOST_TOLD:]):
        app.say(_("kept as you changed them: {n} more (--json lists all)", n=more))
