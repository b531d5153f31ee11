"""``wechat-archive group``: a person's own lists of accounts."""

from __future__ import annotations

import click

from archive.cli.common import App, MinusCommand, pass_app
from archive.cli.own import parted
from archive.i18n import gettext as _


@click.command("group", cls=MinusCommand, short_help="Put accounts into groups.")
@click.argument("given", nargs=-1, metavar="[NAME] +ACCOUNT… -ACCOUNT…")
@pass_app
def command(app: App, given: tuple[str, ...]) -> None:
    """Put accounts into a group of yours (+投资实习所) or take them out (-旧号); without any, show it,
    and without a name all groups.

    An account is named as its articles show it, or by __biz, gh_… name or 微信号. `search group:NAME`
    and the page's feed `/feeds/group/NAME` give what is of its accounts, and what sources watched
    with --group NAME brought.
    """
    add, remove, names = parted(given)
    if len(names) > 1 or ((add or remove) and not names):
        raise click.UsageError(_("give one name of a group, then +ACCOUNT or -ACCOUNT."))
    if add or remove:
        _show(_changed(app, names[0], add, remove))
        return
    if names:
        _show(_one(app, names[0]))
        return
    found = _all(app)
    _show(found)
    if not found:
        app.say(_("there are no groups: `wechat-archive group NAME +ACCOUNT` makes one"))


def _all(app: App) -> dict[str, list[str]]:
    """Every group; one that only a watched source is in has no accounts."""
    from archive.db.names import ARCHIVE_DB
    from archive.db.opening import open_database
    from archive.store.groups import groups, names

    with open_database(app.root / ARCHIVE_DB, readonly=True) as db:
        return {name: [] for name in names(db.conn)} | groups(db.conn)


def _one(app: App, name: str) -> dict[str, list[str]]:
    """The group of that name alone; where there is none, that is told."""
    found = {one: accounts for one, accounts in _all(app).items() if one == name}
    if not found:
        app.say(_("no group is called {name}: `wechat-archive group` lists them", name=name))
    return found


def _changed(app: App, name: str, add: list[str], remove: list[str]) -> dict[str, list[str]]:
    """The group after the change; what of it nobody knows is told."""
    from archive.db.beside import open_beside
    from archive.store.groups import change, groups, is_known

    with open_beside(app.root, "wechat-archive group") as db:
        before = groups(db.conn).get(name, [])
        unknown = [account for account in add if not is_known(db.conn, account)]
        found = change(db.conn, name, add, remove)
    for account in unknown:
        app.say(_("no article of {account} is held yet", account=account))
    for account in sorted({*remove} - {*before}):
        app.say(_("{account} was not in {name}", account=account, name=name))
    return {name: found}


def _show(found: dict[str, list[str]]) -> None:
    for name, accounts in found.items():
        for account in accounts or ["-"]:
            click.echo(f"{name}  {account}")
