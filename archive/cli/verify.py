"""``wechat-archive verify``: check everything that is kept against its hashes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from archive.cli.common import App, archive_command, pass_app, rows_as_json
from archive.cli.console import stderr_console
from archive.cli.noticed import notice_edits
from archive.i18n import gettext as _
from archive.i18n import mark, mark_plural
from scraper.clock import utc_now

if TYPE_CHECKING:
    from archive.verify import Finding
    from archive.verify.check import Progress


@archive_command("verify", short_help="Check everything that is kept against its hashes.")
@click.option(
    "--repair",
    "mend",
    is_flag=True,
    help="Make again what can be derived; mark images to be fetched again.",
)
@click.option("--wait", is_flag=True, help="With --repair: wait for another command that writes.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object for each thing found.")
@pass_app
def command(app: App, mend: bool, wait: bool, as_json: bool) -> None:
    """Check every row, file, image, raw page and the search index against their hashes.

    Says exactly what is wrong and ends with 65 if anything is (that was not repaired). Files that
    were changed by hand, and files that no row names, are told but are no fault; --repair never
    overwrites them. Nor are raw pages that went with a lost or deleted snapshots.db.
    """
    from archive.db.lock import Lock
    from archive.errors import Corrupt
    from archive.verify import check, repair

    # Without the checksums of the file every word of the index is read, in ten times the time.
    notice_edits(app, whole=True, checksums=True)

    with _progress(app) as progress:
        if mend:
            with Lock(app.root, wait=wait):
                found = list(check(app.root, progress))
                mended = repair(app.root, found, utc_now())
                findings = list(_mended(mended, len(found), progress))
                # What was mended must hold now: looked at again rather than believed.
                left = list(check(app.root, progress)) if any(f.repaired for f in findings) else []
        else:
            findings, left = list(check(app.root, progress)), []
    if as_json:
        rows_as_json(finding.as_dict() for finding in findings)
    else:
        _tell(findings)
    faults = [f for f in findings if f.is_fault] or [f for f in left if f.is_fault]
    for finding in left if not any(f.is_fault for f in findings) else ():
        if finding.is_fault:
            app.say(_("still: {what}", what=finding.line()))
    if faults:
        advice = (
            mark("some of it cannot be repaired from here")
            if mend
            else mark("`wechat-archive verify --repair` mends what it can")
        )
        faulty = mark_plural("{n} thing not as written", "{n} things not as written", len(faults))
        raise Corrupt(mark("{what}: {advice}", what=faulty, advice=advice))
    app.say(_(_verdict(findings)))


def _verdict(findings: list[Finding]) -> str:
    """Where no fault is left."""
    if any(finding.repaired for finding in findings):
        return mark("Repaired.")
    if any(finding.sort == "lost" for finding in findings):
        return mark("Everything else is as it was written.")
    return mark("Everything is as it was written.")


def _tell(findings: Iterable[Finding]) -> None:
    for finding in findings:
        click.echo(_(finding.line()))


def _mended(mended: Iterable[Finding], total: int, progress: Progress | None) -> Iterator[Finding]:
    for done, finding in enumerate(mended, start=1):
        if progress is not None:
            progress(mark("repairing"), done, total)
        yield finding


@contextmanager
def _progress(app: App) -> Iterator[Progress | None]:
    """A bar for each part while a person watches; silence otherwise."""
    if not app.is_interactive:
        yield None
        return
    from rich.progress import Progress as Bars

    from archive.cli.progress import columns

    with Bars(*columns(), console=stderr_console(), transient=True) as bars:
        tasks = {}

        def tell(what: str, done: int, of: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(_(what), total=of)
            bars.update(tasks[what], completed=done, total=of)

        yield tell
