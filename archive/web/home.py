"""``/``: the newest articles by day, and what there is to choose from beside them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from itertools import groupby
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from archive import i18n
from archive.store.browse import Card, Order, Place
from archive.web import render, visits
from archive.web.site import site_of
from scraper.zone import CHINA

_ = i18n.gettext
PAGE = 30
MONTHS = (
    i18n.mark("January"), i18n.mark("February"), i18n.mark("March"), i18n.mark("April"),
    i18n.mark("May"), i18n.mark("June"), i18n.mark("July"), i18n.mark("August"),
    i18n.mark("September"), i18n.mark("October"), i18n.mark("November"), i18n.mark("December"),
)  # fmt: skip
WEEKDAYS = (
    i18n.mark("Monday"), i18n.mark("Tuesday"), i18n.mark("Wednesday"), i18n.mark("Thursday"),
    i18n.mark("Friday"), i18n.mark("Saturday"), i18n.mark("Sunday"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Day:
    """The articles of one day in China; ``date`` is ``None`` for those without one."""

    date: date | None
    cards: list[Card] = field(default_factory=list)

    @property
    def number(self) -> str:
        """The day of the month."""
        return str(self.date.day) if self.date else "–"

    @property
    def month(self) -> str:
        """Month and year in words."""
        if self.date is None:
            return _("Without a date")
        return _("{month} {year}").format(month=_(MONTHS[self.date.month - 1]), year=self.date.year)

    @property
    def weekday(self) -> str:
        """The day of the week in words."""
        return _(WEEKDAYS[self.date.weekday()]) if self.date else ""


def by_day(cards: Iterable[Card], order: Order) -> list[Day]:
    """Cards in their order, those of one day together."""

    def when(card: Card) -> date | None:
        moment = card.stored.archived if order == "archived" else card.stored.published
        return moment.astimezone(CHINA).date() if moment else None

    return [Day(day, list(found)) for day, found in groupby(cards, when)]


def home(request: Request) -> Response:
    """A page of the newest; ``?order=published``, ``?before=PLACE``."""
    site_of(request).notice()
    library = site_of(request).library
    order: Order = "published" if request.query_params.get("order") == "published" else "archived"
    before = Place.read(request.query_params.get("before", ""))
    found = library.newest(order=order, before=before, limit=PAGE)
    visit = visits.of(request.cookies.get(visits.COOKIE), library.last_number())
    older = f"/?order={order}&before={quote(str(found.next))}" if found.next else None
    response = render.page(
        request,
        "home.html",
        days=by_day(found.cards, order),
        order=order,
        begun=before is None,
        seen=visit.seen,
        fresh=library.count_after(visit.seen) if before is None else 0,
        older=older,
        shelves=library.shelves(),
    )
    visits.remember(response, visit)
    return response
