"""``wechat-archive list``: the articles held."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import chain
from typing import TYPE_CHECKING, Any

import click

from archive.cli.common import App, Count, archive_command, pass_app, rows_as_json
from archive.cli.noticed import notice_edits
from archive.db.names import ARCHIVE_DB
from archive.i18n import gettext as _

if TYPE_CHECKING:
    from archive.store import Store, Stored


class Day(click.ParamType):  # type: ignore[type-arg, unused-ignore]  # generic from click 8.3 on
    """``2022``, ``2022-10`` or ``2022-10-27``: when that begins in China; with ``end`` when what
    follows it begins."""

    name = "day"

    def __init__(self, *, end: bool = False) -> None:
        self._end = end

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        from archive.search.dates import period

        if (found := period(value)) is not None:
            return found[self._end]
        return self.fail(
            _(
                "{text!r} is not a day such as 2022-10-27, a month such as 2022-10 or a year",
                text=value,
            ),
            param,
            ctx,
        )


class Kind(click.ParamType):  # type: ignore[type-arg, unused-ignore]
    """A kind of article that there is."""

    name = "kind"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        from archive.search.fields import is_kind
        from scraper.models import KIND_NAMES

        if is_kind(value.lower()):
            return str(value.lower())
        known = ", ".join(KIND_NAMES.values())
        return self.fail(
            _("{text!r} is no kind of article; there are: {known}", text=value, known=known),
            param,
            ctx,
        )


@archive_command("list", short_help="List the articles held.")
@click.option(
    "--account",
    metavar="NAME",
    help="Only this account: a part of its name, __biz, gh_… name or 微信号.",
)
@click.option("--since", type=Day(), metavar="DAY", help="Published on that day (China) or later.")
@click.option(
    "--until", type=Day(end=True), metavar="DAY", help="Published on that day (China) or earlier."
)
@click.option(
    "--kind",
    type=Kind(),
    metavar="KIND",
    help="Only this kind: article, picture, video, text, shared, …",
)
@click.option("--tag", metavar="TAG", help="Only articles with this tag of yours.")
@click.option("--topic", metavar="TAG", help="Only articles with this tag of WeChat's.")
@click.option("--starred/--not-starred", default=None, help="Only what you starred, or the rest.")
@click.option("--read/--unread", default=None, help="Only what you marked as read, or the rest.")
@click.option("--note", metavar="TEXT", help="Only articles with these words in your note.")
@click.option("--album", metavar="ALBUM", help="Only members of this album: its id or title.")
@click.option("--title", metavar="TEXT", help="Only titles with these words in them.")
@click.option(
    "--gone/--not-gone", default=None, help="Only what was deleted since, or only what was not."
)
@click.option("--edited", is_flag=True, help="Only articles whose file somebody changed by hand.")
@click.option("--missing", is_flag=True, help="Only articles whose file somebody deleted.")
@click.option("--limit", type=Count(1), metavar="N", help="At most so many.")
@click.option("--offset", type=Count(0), default=0, metavar="N", help="Leave out the first N.")
@click.option(
    "--sort",
    type=click.Choice(["published", "archived", "starred", "title", "account"]),
    default="published",
    help="By what [default: published]; times newest first, names from the first.",
)
@click.option("--reverse", is_flag=True, help="The other way round.")
@click.option("--oldest-first", is_flag=True, help="Oldest first instead of newest first.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@pass_app
def command(app: App, /, as_json: bool, reverse: bool, oldest_first: bool, **filters: Any) -> None:
    """List the articles held, newest first: key, date (China), account, title.

    Use a key, or its first six characters, with show and diff. Never touches the network.
    """
    from archive.cli.console import paged, screen_columns
    from archive.db.opening import open_database
    from archive.store import Store

    notice_edits(app)
    with open_database(app.root / ARCHIVE_DB, readonly=True) as db:
        store = Store(db, app.root)
        found = store.articles(newest_first=reverse == oldest_first, **filters)
        first = next(found, None)
        if first is None:
            _say_why(app, store, filters)
            return
        articles = chain([first], found)
        if as_json:
            from archive.store.as_json import listed

            rows_as_json(listed(db.conn, article) for article in articles)
        else:
            columns = screen_columns()
            with paged():
                for line in lines(articles, columns):
                    click.echo(line)


#: What a person types and may mistype; that nothing is starred, read or gone is no slip.
_TYPED = ("account", "album", "tag", "topic", "note", "title", "kind", "since", "until")


def _say_why(app: App, store: Store, filters: dict[str, Any]) -> None:
    """That the list is empty, and which filters nothing matches."""
    app.say(_("nothing further") if filters["offset"] else _("nothing found"))
    given = {name: filters[name] for name in _TYPED if filters[name] is not None}
    if given:
        from archive.store.unmatched import unmatched

        for said in unmatched(store, given):
            app.say(said)


#: From so many columns on, the title has a column of its own; below it stands under the account.
_WIDE = 60


def _gone(article: Stored) -> str:
    reason = _(article.gone_reason or "")
    return _("gone") + (f": {reason}" if reason else "")


def lines(articles: Iterator[Stored], columns: int | None) -> Iterator[str]:
    """One line an article, for a person: in a terminal so many ``columns`` wide the accounts and
    titles stand under each other, and long titles go on under their beginning."""
    from archive.cli.widths import clip, pad, width, wrap
    from scraper.zone import CHINA

    undated = pad(_("undated"), 10)
    for article in articles:
        day = (
            article.published.astimezone(CHINA).strftime("%Y-%m-%d")
            if article.published
            else undated
        )
        gone = f"  [{_gone(article)}]" if article.gone else ""
        title = " ".join(article.title.split()) or _("(no title)")
        star = "  ★" if article.starred else ""
        account, said = article.account or "-", f"{title}{star}{gone}"
        if columns is None:
            yield f"{article.key}  {day}  {account}  {said}"
            continue
        head = f"{article.key}  {day}  "
        if columns < _WIDE:
            yield f"{head}{clip(account, columns - width(head))}\n{wrap(said, columns, '  ', '  ')}"
            continue
        room = min(columns // 6, 20)
        head += pad(clip(account, room), room) + "  "
        yield wrap(said, columns, head, " " * width(head))
