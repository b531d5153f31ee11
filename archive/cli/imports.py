"""``wechat-archive import``: other archives in."""

from __future__ import annotations

import json
import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from archive.cli.common import App, archive_command, pass_app, table
from archive.i18n import gettext as _
from archive.i18n import plural

if TYPE_CHECKING:
    from collections.abc import Callable

    from archive.importers import ImportReport, Taken

#: A folder of another tool's exports may hold thousands of one kind.
_MOST_TOLD = 20


_HELP = """Take in Markdown files, saved pages, other tools' exports and web archives; folders of them.

\b
{formats}

Nothing is fetched without --fetch: images stay where they are, linked articles wait for the next `run`. What cannot be
read is listed and the exit code is 1; the rest is taken in. Files of other kinds in a folder are passed over and told.
"""


def _formats() -> str:
    from archive.importers import FORMATS

    return table((known.name, known.label) for known in FORMATS)


@archive_command(
    "import",
    short_help="Take in Markdown, HTML, WARC or other tools' exports.",
    help=_HELP.format(formats=_formats()),
)
@click.argument(
    "paths", nargs=-1, required=True, metavar="FILE|DIR…", type=click.Path(path_type=Path)
)
@click.option("--fetch", is_flag=True, help="Then fetch images and linked articles, as `run` does.")
@click.option(
    "--without-address",
    is_flag=True,
    help="Take Markdown that names no address too, under a key of its content.",
)
@click.option("--no-snapshots", is_flag=True, help="Do not keep the raw pages.")
@click.option("--scrub", is_flag=True, help="Keep raw pages without the tokens of who read them.")
@click.option("--wait", is_flag=True, help="Wait for another command that writes to the archive.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
@pass_app
def command(
    app: App,
    paths: tuple[Path, ...],
    fetch: bool,
    without_address: bool,
    no_snapshots: bool,
    scrub: bool,
    wait: bool,
    as_json: bool,
) -> None:
    from archive.cli.progress import progress
    from archive.importers import import_files

    def tell(taken: Taken) -> None:
        if taken.change == "failed":
            app.say(_("not read: {source}: {error}", source=taken.source, error=taken.error))
        elif app.verbosity:
            app.say(f"{_(taken.change)}: {taken.path or taken.source}")

    jobs = os.cpu_count() or 1
    take = partial(
        import_files,
        app.root,
        paths,
        links=fetch,
        without_address=without_address,
        snapshots=app.config.snapshots and not no_snapshots,
        versions=app.config.versions,
        wait=wait,
        scrubbed=scrub,
        comments=app.config.comments,
        jobs=jobs,
    )
    with progress(app, _("importing")) as step:
        report = take(tell=tell, progress=step)
    for path, why in report.passed_over[:_MOST_TOLD]:
        app.say(_("passed over: {path}: {why}", path=path, why=why))
    if more := report.passed_over[_MOST_TOLD:]:
        app.say(
            plural(
                "passed over: {n} more file (--json lists all)",
                "passed over: {n} more files (--json lists all)",
                len(more),
            )
        )
    found, code = report.as_dict(), report.exit_code
    if fetch and not report.signal:
        from archive.run.runner import Runner

        run = Runner(root=app.root, config=app.config, wait=wait, jobs=jobs).run()
        found = _with_what_came(report, take)
        found["fetched"] = run.as_dict()
        code = run.exit_code or code
        if not as_json:
            app.say(run.line())
    if as_json:
        click.echo(json.dumps({**found, "exit_code": code}, ensure_ascii=False))
    else:
        click.echo(_(report.line()))
    click.get_current_context().exit(code)


def _with_what_came(report: ImportReport, take: Callable[[], ImportReport]) -> dict[str, Any]:
    """The report as JSON, once more over files with answers about articles that were not held: they
    may be now.
    """
    if report.unmatched:
        report.take_over(take())
    return report.as_dict()
