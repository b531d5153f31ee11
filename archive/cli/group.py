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
    from archive.db.transactions import transaction

    add, remove, names = parted(given)
    if len(names) > 1 or ((add or remove) and not names):
        raise click.UsageError(_("give one name of a group, then +ACCOUNT or -ACCOUNT."))
    with open_beside(app.root, "wechat-archive group") as db:
        with transaction(db.conn):
            db.conn.executemany(
                "INSERT OR IGNORE INTO group_accounts VALUES (?, ?)",
                [(names[0], account) for account in add],
            )
            db.conn.executemany(
                "DELETE FROM group_accounts WHERE name = ? AND account = ?",
                [(names[0], account) for account in remove],
            )
        rows = db.conn.execute(
            "SELECT name, account FROM group_accounts ORDER BY name, account"
        ).fetchall()
    for name, account in rows:
        if not names or name == names[0]:
            click.echo(f"{name}  {account}")
