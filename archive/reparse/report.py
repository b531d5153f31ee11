"""What a ``reparse`` did or, dry, would do."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, fields
from difflib import unified_diff
from typing import ClassVar

from archive.json_fields import AsDict, json_field, shown, thousandths
from scraper.messages import mark, mark_plural
from scraper.models import Article


@dataclass(frozen=True, slots=True, kw_only=True)
class Change(AsDict):
    """One article that came out otherwise than before, or (``failed``) not at all.

    ``what``: ``changed``, ``new`` (a page that no earlier parser understood) or ``failed``;
    ``fields`` names what differs; ``diff`` is the unified diff of its Markdown, of a dry run.
    """

    OMITTED: ClassVar = (None, [])

    what: str
    key: str | None = None
    path: str | None = None
    title: str | None = None
    address: str | None = None
    fields: tuple[str, ...] = ()
    diff: str | None = None
    error: str | None = None


@dataclass(slots=True, kw_only=True)
class ReparseReport(AsDict):
    """Counts, and every article that came out otherwise. ``missing``: articles without a raw
    page.
    """

    command: str = field(default="reparse", init=False)
    dry_run: bool = False
    pages: int = 0
    unchanged: int = 0
    changed: int = 0
    new: int = 0
    failed: int = 0
    missing: int = 0
    resumed_at: int | None = None
    seconds: float = json_field(default=0.0, convert=thousandths)
    signal: int | None = json_field(default=None, hidden=True)
    fields: Counter[str] = field(default_factory=Counter)
    failures: list[Change] = field(default_factory=list)

    def add(self, change: Change) -> None:
        """Count one."""
        setattr(self, change.what, getattr(self, change.what) + 1)
        self.fields.update(change.fields)
        if change.what == "failed":
            self.failures.append(change)

    @property
    @shown
    def interrupted(self) -> bool:
        """Whether a signal ended it before its end."""
        return self.signal is not None

    @property
    @shown
    def exit_code(self) -> int:
        """0, 1 when a kept article could not be made again, 128 and more for a signal."""
        return 128 + self.signal if self.signal else int(bool(self.failed))

    def line(self) -> str:
        """One line for a person."""
        parts = [
            mark_plural("{n} raw page read again", "{n} raw pages read again", self.pages),
            self._changed(),
            mark("{n} unchanged", n=self.unchanged),
        ]
        if self.new:
            parts.append(
                mark("{n} would be new", n=self.new)
                if self.dry_run
                else mark("{n} new", n=self.new)
            )
        parts += [mark("{n} failed", n=self.failed)] if self.failed else []
        if self.missing:
            parts.append(
                mark_plural(
                    "{n} article has no raw page", "{n} articles have no raw page", self.missing
                )
            )
        text = mark(
            "reparse: {parts}, {pages:.0f} pages/s",
            parts=parts,
            pages=self.pages / self.seconds if self.seconds else 0,
        )
        if not self.signal:
            return text
        return mark("{what} — interrupted; the same command goes on from here", what=text)

    def _changed(self) -> str:
        what = (
            mark("{n} would be changed", n=self.changed)
            if self.dry_run
            else mark("{n} changed", n=self.changed)
        )
        if not self.fields:
            return what
        names = [
            mark("{field} {n}", field=mark(name.replace("_", " ")), n=n)
            for name, n in self.fields.most_common(6)
        ]
        return mark("{what} ({names})", what=what, names=names)


def differing(old: Article, new: Article) -> tuple[str, ...]:
    """The names of the fields in which two articles differ."""
    return tuple(f.name for f in fields(Article) if getattr(old, f.name) != getattr(new, f.name))


def diff(old: Article, new: Article, name: str) -> str:
    """The unified diff of the two articles' Markdown files, ``""`` where they read the same."""
    from archive.document.layout import to_markdown

    before, after = (to_markdown(article).splitlines() for article in (old, new))
    return "\n".join(
        unified_diff(
            before,
            after,
            f"{name} (as it is)",
            f"{name} (made again)",
            lineterm="",
            n=2,
        )
    )
