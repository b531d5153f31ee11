"""The versions of an article as the command line names and lists them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from archive.i18n import gettext as _
from archive.i18n import plural
from scraper.zone import for_people

if TYPE_CHECKING:
    from archive.store import Store, Stored
    from archive.store.comparing import Which
    from archive.store.types import Version


class VersionName(click.ParamType):  # type: ignore[type-arg, unused-ignore]
    """``2``, or ``m2`` for a state of the file that a person made."""

    name = "version"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Which:
        from archive.store.comparing import Which

        found = value if isinstance(value, Which) else Which.of(value)
        if found is None:
            self.fail(
                _("{text!r} is no version: write a number such as 2, or m2", text=value), param, ctx
            )
        return found


def show_versions(store: Store, held: Stored, as_json: bool) -> None:
    """Each content that WeChat showed, and then each state of the file that a person made."""
    if as_json:
        from archive.store import as_json as answers

        click.echo(json.dumps(answers.versions(store, held), ensure_ascii=False))
        return
    own = store.edits.states(held.article_id)
    if own:
        click.echo(_("What WeChat showed:"))
    is_theirs = not any(one.current for one in own)
    for version in store.versions(held.article_id):
        _show_theirs(version, is_file=version.current and is_theirs)
    if own:
        click.echo(_("Your own, in the file:"))
    for state in own:
        signs = plural("{n} character", "{n} characters", len(state.markdown))
        click.echo(f"{state.name}  {for_people(state.noticed)}{_file(state.current)}  {signs}")


def _show_theirs(version: Version, *, is_file: bool) -> None:
    differs = "; ".join(_in_words(name, change) for name, change in version.changes.items())
    click.echo(f"{version.number}  {for_people(version.seen)}{_file(is_file)}  {version.title}")
    click.echo("   " + (differs or _("first seen")))


def _file(is_file: bool) -> str:
    return _(" (the file)") if is_file else ""


def _in_words(name: str, change: Any) -> str:
    if name == "edits":
        return plural("WeChat notes {n} edit", "WeChat notes {n} edits", len(change))
    name = _(name.replace("_", " "))
    if isinstance(change, dict):
        return f"{name}: +{change['added']} -{change['removed']}"
    if isinstance(change, list) and len(change) == 2:
        return f"{name}: {change[0] or '-'} → {change[1] or '-'}"
    return name
