"""Files that a person changed: taken in before a command reads, and told once on stderr."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from archive.cli.common import App
from archive.i18n import gettext as _
from archive.i18n import plural

if TYPE_CHECKING:
    from archive.store.taking_in import Noticed

#: Seconds for which a command that only reads looks for changed files before it reads.
LOOK = 0.05


def notice_edits(app: App, *, whole: bool = False, checksums: bool = False) -> None:
    """Keep what a person did to files since the last command, and tell what they must know.
    ``whole``: look at every file, however long that takes. ``checksums``: see `notice`.

    Not in a command's way: whatever goes wrong here, the command goes on.
    """
    from archive.db.noticing import is_due

    seconds = None if whole else LOOK
    if not is_due(app.root, seconds):
        return
    from archive.store.taking_in import notice

    name = click.get_current_context().info_name
    command = f"wechat-archive {name}"
    tell(app, notice(app.root, command=command, seconds=seconds, checksums=checksums))


#: Files named one by one; of more only how many.
_MOST = 20


def tell(app: App, noticed: Sequence[Noticed]) -> None:
    """What was taken in, in one line; what a person has to decide, each with the commands for it."""
    taken = sum(one.what in ("marks", "edited", "back", "moved") for one in noticed)
    if taken:
        app.say(
            plural(
                "taken in: {n} file that was changed by hand",
                "taken in: {n} files that were changed by hand",
                taken,
            )
        )
    unread = [one for one in noticed if one.error is not None or one.what == "unreadable"]
    for one in unread[:_MOST]:
        app.say(_unreadable(one))
    _ask(app, [one for one in noticed if one.what == "missing"])


def _ask(app: App, missing: Sequence[Noticed]) -> None:
    for one in missing[:_MOST]:
        app.say(
            _(
                "{path} was deleted, the article is still held: `wechat-archive remove {key}` removes "
                "it too, `wechat-archive remove --undo {key}` writes the file again",
                path=one.path,
                key=one.key,
            )
        )
    if len(missing) > _MOST:
        app.say(
            plural(
                "and {n} more file was deleted: `wechat-archive list --missing` names it",
                "and {n} more files were deleted: `wechat-archive list --missing` names them",
                len(missing) - _MOST,
            )
        )


def _unreadable(one: Noticed) -> str:
    if one.error is not None:
        return _("{path} was changed by hand: {error}", path=one.path, error=one.error)
    return _(
        "{path} was changed by hand, and its front matter cannot be read: its text is kept and "
        "searched, its tags and note are as they were",
        path=one.path,
    )
