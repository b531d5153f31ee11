"""``wechat-archive watch`` and ``unwatch``: what ``run`` looks at again and again."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from archive.cli.common import App, Count, archive_command, pass_app, rows_as_json, table
from archive.cli.crawling import Duration
from archive.cli.each import each
from archive.db.names import ARCHIVE_DB
from archive.i18n import gettext as _
from archive.i18n import recognised
from scraper.clock import utc_now
from scraper.messages import mark
from scraper.zone import for_people

if TYPE_CHECKING:
    from archive.crawl.sources import SourceRules, Sources, WatchedSource


_HELP = """Watch sources for new articles; each `run` looks at those that are due.

\b
{types}

Sources that bring nothing new are looked at less often.
"""


def _types() -> str:
    from archive.crawl.source_types import TYPES

    return table((known.name, known.label) for known in TYPES)


@archive_command(
    "watch",
    short_help="Watch an album, feed, list file or article for new articles.",
    help=_HELP.format(types=_types()),
)
@click.argument("given", nargs=-1, metavar="ADDRESS|FILE|FEED|ALBUM…")
@click.option("--every", type=Duration(), help="How often to look, as 6h or 1d [default: 6h].")
@click.option(
    "--follow",
    type=Count(0),
    metavar="N",
    help="Follow from there [default: 1 for an article, else 0].",
)
@click.option(
    "--scope",
    type=click.Choice(["any", "account", "album"]),
    help="Which related reads [default: any].",
)
@click.option("--include", metavar="QUERY", help="Keep only what a search for this finds.")
@click.option("--exclude", metavar="QUERY", help="Keep nothing that a search for this finds.")
@click.option("--tag", "tags", multiple=True, metavar="TAG", help="Give what it brings this tag.")
@click.option("--group", metavar="NAME", help="It belongs to this group: `search group:NAME`.")
@click.option("--list", "listing", is_flag=True, help="Show what is watched.")
@click.option("--json", "as_json", is_flag=True, help="With --list: one JSON object a line.")
@click.option("--wait", is_flag=True, help="Wait for another command that is writing.")
@pass_app
def command(
    app: App,
    given: tuple[str, ...],
    every: float | None,
    follow: int | None,
    scope: str | None,
    include: str | None,
    exclude: str | None,
    tags: tuple[str, ...],
    group: str | None,
    listing: bool,
    as_json: bool,
    wait: bool,
) -> None:
    if listing or not given:
        _list(app, as_json)
        return
    from archive.crawl.source_types import identify
    from archive.crawl.sources import SourceRules

    rules = SourceRules.of(include=include, exclude=exclude, tags=tags, group=group)
    period = every if every is not None else app.config.every
    if period <= 0:
        raise click.UsageError(_("--every must be more than 0."))

    def one(text: str) -> None:
        address, type = identify(text)
        sources.add(
            address,
            type.name,
            utc_now(),
            every=period,
            follow=type.follow if follow is None else follow,
            scope=scope or app.config.scope,
        )
        sources.set_rules(address, rules)
        app.say(
            _(
                "watching {name} {address} every {period}; the next `run` looks at it",
                name=_(type.name),
                address=_shown(address),
                period=_period(period),
            )
        )

    if len(given) == 1:
        identify(given[0])  # told before an archive is made for it
    with _sources(app, wait) as sources:
        each(app, given, one)


@archive_command("unwatch", short_help="Stop watching a source.")
@click.argument("given", nargs=-1, required=True, metavar="ADDRESS|FILE|NUMBER…")
@click.option("--wait", is_flag=True, help="Wait for another command that is writing.")
@pass_app
def unwatch(app: App, given: tuple[str, ...], wait: bool) -> None:
    """Stop watching sources, by their address, file or number in `watch --list`; the articles they
    brought stay.
    """
    from archive.db.opening import require_archive

    require_archive(app.root / ARCHIVE_DB)

    def one(name: str) -> None:
        source = _find(sources, name)
        sources.remove(source)
        app.say(_("no longer watching {address}", address=_shown(source.address)))

    with _sources(app, wait) as sources:
        each(app, given, one)


def _find(sources: Sources, name: str) -> WatchedSource:
    from pathlib import Path

    from scraper import urls

    found = urls.find(name)
    candidates = [found[0].fetch] if found else [name.strip()]
    if not found and "://" not in name:
        candidates.append(str(Path(name).expanduser().absolute()))
    known = next((text for text in candidates if sources.watched(text)), candidates[0])
    return sources.get(known)


def _list(app: App, as_json: bool) -> None:
    from archive.cli.widths import pad
    from archive.crawl.sources import Sources
    from archive.db.opening import open_database

    db = open_database(app.root / ARCHIVE_DB, readonly=True)
    try:
        found = Sources(db.conn).all()
    finally:
        db.close()
    if as_json:
        rows_as_json(source.as_dict() for source in found)
        return
    for source in found:
        state = (
            _("failing: {error}", error=recognised(source.error))
            if source.error
            else _("next look {time}", time=for_people(source.due))
        )
        title = f"  {source.title}" if source.title else ""
        every = _("every {period}", period=_period(source.every))
        head = f"{source.id:3}  {pad(_(source.type), 9)}  {pad(every, 10)}"
        rules = "".join(f"  {part}" for part in _rules(source.rules))
        click.echo(f"{head}  {_shown(source.address)}{title}{rules}  ({state})")
    if not found:
        app.say(_("nothing is watched: `wechat-archive watch ADDRESS` begins"))


def _rules(rules: SourceRules) -> Iterator[str]:
    """As they are given on the command line."""
    for name in ("include", "exclude", "group"):
        if (value := getattr(rules, name)) is not None:
            yield f"--{name} {shlex.quote(value)}"
    yield from (f"--tag {shlex.quote(tag)}" for tag in rules.tags)


def _shown(address: str) -> str:
    from scraper.redact import redact_url

    return redact_url(address) if "://" in address else address


_PERIODS = ((86400, mark("{n:g}d")), (3600, mark("{n:g}h")), (60, mark("{n:g}m")))


def _period(seconds: float) -> str:
    """As --every takes it; in Chinese in words."""
    for size, said in _PERIODS:
        if seconds >= size and seconds % size == 0:
            return _(said, n=seconds / size)
    return _("{n:g}s", n=seconds)


@contextmanager
def _sources(app: App, wait: bool) -> Iterator[Sources]:
    from archive.crawl.sources import Sources
    from archive.db.lock import Lock
    from archive.db.opening import open_database

    with Lock(app.root, wait=wait):
        db = open_database(app.root / ARCHIVE_DB)
        try:
            yield Sources(db.conn)
        finally:
            db.close()
