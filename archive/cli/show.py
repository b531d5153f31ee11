"""``wechat-archive show``: one article, its versions, its links."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from archive.cli.common import App, archive_command, pass_app, refuse_beside_json, rows_as_json
from archive.cli.console import linked, paged
from archive.cli.noticed import notice_edits
from archive.cli.versions import VersionName, show_versions
from archive.cli.widths import pad
from archive.db.names import ARCHIVE_DB
from archive.i18n import gettext as _
from archive.i18n import plural

if TYPE_CHECKING:
    from archive.document.discussion import KeptComment
    from archive.store import Store, Stored
    from archive.store.comparing import Which

#: What leads to the article in another place, and prints where.
_ELSEWHERE = ("open", "path", "web")


@archive_command("show", short_help="Show one article, its versions or links.")
@click.argument("name", metavar="KEY|ADDRESS")
@click.option(
    "--versions",
    "what",
    flag_value="versions",
    help="Each distinct content, WeChat's and your own: when seen, what differs.",
)
@click.option(
    "--links",
    "what",
    flag_value="links",
    help="What it links to, what links to it, what is not held yet.",
)
@click.option(
    "--comments",
    "what",
    flag_value="comments",
    help="The comments that are held, and how many there are.",
)
@click.option(
    "--counts",
    "what",
    flag_value="counts",
    help="How often it was read, liked and shared, a line a look.",
)
@click.option(
    "--version",
    "number",
    type=VersionName(),
    metavar="N",
    help="A version's Markdown, by its name in --versions: 2, or m2 for one of your own.",
)
@click.option("--open", "what", flag_value="open", help="Open its file with its program.")
@click.option("--path", "what", flag_value="path", help="Print where its file is.")
@click.option("--web", "what", flag_value="web", help="Open its page on WeChat in the browser.")
@click.option(
    "--json", "as_json", is_flag=True, help="JSON: everything known, or the part asked for."
)
@pass_app
def command(app: App, name: str, what: str | None, number: Which | None, as_json: bool) -> None:
    """Show one article as Markdown, by its key (six characters are enough), any address, or its
    file's path.

    With --json: all facts, addresses, media and links as one object. Never touches the network.
    """
    from archive.db.opening import open_database
    from archive.store import Store

    refuse_beside_json(as_json, **{name: name == what for name in _ELSEWHERE})
    notice_edits(app)
    with open_database(app.root / ARCHIVE_DB, readonly=True) as db:
        store = Store(db, app.root)
        held = store.get(name)
        if what in _ELSEWHERE:
            _elsewhere(app, held, what)
        elif what is not None:
            _PARTS[what](store, held, as_json)
        elif as_json:
            from archive.store.as_json import everything

            _require_wechats(number)
            rows_as_json([everything(store, held, number.number if number else None)])
        elif number is not None:
            from archive.store.comparing import text

            with paged():
                click.echo(text(store, held, number, as_file=False), nl=False)
        else:
            with paged():
                click.echo(store.shown_markdown(held.article_id), nl=False)


def _require_wechats(number: Which | None) -> None:
    """A person's own states are text and nothing else. Raises UsageError."""
    if number is not None and number.own:
        raise click.UsageError(_("--json knows WeChat's versions only: leave it out for your own."))


def _elsewhere(app: App, held: Stored, what: str) -> None:
    """Its file's path, or opened: the file, or the page on WeChat."""
    from archive.cli.opening import open_file
    from archive.db.files import inside

    place = inside(app.root, held.path).absolute()
    if what == "path":
        click.echo(linked(str(place), place))
    elif what == "open":
        open_file(app, place)
    elif held.url:
        app.say(held.url)
        click.launch(held.url)
    else:
        app.say(_("no address of it is known"))


def _links(store: Store, held: Stored, as_json: bool) -> None:
    from archive.store.as_json import links_and_backlinks

    report = links_and_backlinks(store, held)
    if as_json:
        click.echo(json.dumps(report, ensure_ascii=False))
        return
    links = report["links"]
    _list_links(_("Links to articles held"), [edge for edge in links if edge["key"]])
    _list_links(_("Links to articles not held"), report["not_held"])
    _list_links(_("Other links"), [edge for edge in links if not edge["article"]])
    _list_links(_("Linked from"), report["backlinks"])


def _list_links(title: str, rows: list[dict[str, Any]]) -> None:
    if rows:
        click.echo(f"{title} ({len(rows)})")
    for row in rows:
        words = " ".join((row["text"] or row["title"] or "").split())
        click.echo(f"  {pad(_(row['relation']), 14)} {row['key'] or row.get('url')}  {words}")


def _comments(store: Store, held: Stored, as_json: bool) -> None:
    talk = store.discussions.of(held.article_id)
    if as_json:
        nothing: dict[str, Any] = {
            "total": None,
            "held": 0,
            "seen": None,
            "complete": None,
            "comments": [],
        }
        click.echo(json.dumps(talk.as_dict() if talk else nothing, ensure_ascii=False))
        return
    if talk is None:
        click.echo(_("No comments are held: `wechat-archive discuss` asks for them."))
        return
    if talk.total is None:
        click.echo(plural("{n} comment held", "{n} comments held", talk.present))
    else:
        click.echo(_("{n} of {all} comments held", n=talk.present, all=talk.total))
    for one in talk.comments:
        _comment(one, "")
        for reply in one.replies:
            _comment(reply, "    ")


def _comment(kept: KeptComment, indent: str) -> None:
    from archive.document.discussion import marks, name

    click.echo(f"{indent}{name(kept)}  {'  '.join(marks(kept))}".rstrip())
    for line in kept.comment.text.splitlines():
        click.echo(f"{indent}  {line}")


def _counts(store: Store, held: Stored, as_json: bool) -> None:
    from archive.i18n import language
    from archive.store.counts import NAMES
    from scraper.traffic.models import shown
    from scraper.zone import for_people

    looks = store.counts.of(held.article_id)
    if as_json:
        click.echo(json.dumps([look.as_dict() for look in looks], ensure_ascii=False))
        return
    if not looks:
        click.echo(_("No counts are held: `wechat-archive discuss` asks for them."))
        return
    titles = count_titles()
    for look in looks:
        said = [
            f"{titles[name]} {shown(count, language())}"
            for name in NAMES
            if (count := getattr(look.counts, name)) is not None
        ]
        click.echo(f"{for_people(look.seen)}  {'  '.join(said)}  ({look.origin})")


def count_titles() -> dict[str, str]:
    """What each count is called."""
    return {
        "read": _("read"),
        "like": _("liked"),
        "looking": _("recommended"),
        "share": _("shared"),
        "comment": _("commented"),
        "collect": _("collected"),
    }


#: What is shown instead of the article itself.
_PARTS: dict[str, Callable[[Store, Stored, bool], None]] = {
    "versions": show_versions,
    "links": _links,
    "comments": _comments,
    "counts": _counts,
}
