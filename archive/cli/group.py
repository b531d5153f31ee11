"""``wechat-archive group``: a person's own lists of accounts."""

from __future__ import annotations

import click

from archive.cli.common import App, pass_app
from archive.cli.own import TagCommand, parted
from archive.i18n import gettext as _


@click.command("group", cls=TagCommand, short_help="Put accounts into groups.")
@click.argument("given", nargs=-1, metavar="[NAME] +ACCOUNT… -ACCOUNT…")
@pass_app
def command(app: App, given: tuple[str, ...]) -> None:
    """Put accounts into a group of yours (+投资实习所) or take them out (-旧号); without any, show it,
    and without a name all groups.

    An account is named as its articles show it, or by __biz, gh_… name or 微信号. `search group:NAME`
    and the page's feed `/feeds/group/NAME` give what is of its accounts, and what sources watched
    with --group NAME brought.
    """
    from archive.db.beside import open_beside
    from archive.store.groups import change, groups, is_known
    from archive.store.groups import names as all_names

    add, remove, names = parted(given)
    if len(names) > 1 or ((add or remove) and not names):
        raise click.UsageError(_("give one name of a group, then +ACCOUNT or -ACCOUNT."))
    with open_beside(app.root, "wechat-archive group") as db:
        before = groups(db.conn)
        unknown = [account for account in add if not is_known(db.conn, account)]
        if add or remove:
            change(db.conn, names[0], add, remove)
        found, called = groups(db.conn), all_names(db.conn)
    for name in names:
        for account in unknown:
            app.say(_("no article of {account} is held yet", account=account))
        for account in remove:
            if account not in before.get(name, []):
                app.say(_("{account} was not in {name}", account=account, name=name))
        if name not in called and not remove:
            app.say(_("no group is called {name}: `wechat-archive group` lists them", name=name))
    _show({name: found.get(name, []) for name in names} or found)


def _show(found: dict[str, list[str]]) -> None:
    for name, accounts in found.items():
        for account in accounts:
            click.echo(f"{name}  {account}")
