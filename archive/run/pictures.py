"""Images that an earlier try did not get."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from archive.run.context import RunContext

#: A `run` tries no more missing images than this.
_MOST = 500


async def fetch_missing(
    ctx: RunContext, addresses: Iterable[str], *, not_before: datetime | None = None
) -> None:
    """Try these images again, none that failed in this run already; with ``not_before`` they wait
    until then.
    """
    wanted = (url for url in addresses if url not in ctx.images.failed)
    got = await ctx.images.fetch(wanted, enough=lambda: ctx.is_late, not_before=not_before)
    ctx.report.images += got.came
    ctx.report.images_missing += got.missing


async def fetch_due(ctx: RunContext) -> None:
    """Try the missing images whose time has come."""
    due = ctx.session.store.missing_media(ctx.clock.now(), _MOST)
    await fetch_missing(ctx, [image.url for image in due])
