"""Pictures of how things hang together: what links to what, and an account over the months. As SVG,
without script.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from archive import i18n
from archive.store.linking import Linked, Month
from archive.web import render
from archive.web.article import outgoing
from archive.web.site import site_of

_ = i18n.gettext
_MOST = 30  #: on each side
_ROW = 30  #: height of a row
_WIDTH, _MIDDLE, _MARGIN = 960, 480, 24
_LETTERS = 22  #: of a title that is shown
#: Title, address, account and number of links.
_End = tuple[str, str, "str | None", int]


@dataclass(frozen=True, slots=True)
class Node:
    """Something at the end of a line: ``weight`` from 1 (thin) to 6 (thick), ``y`` its middle."""

    title: str
    full: str
    url: str
    account: str | None
    weight: int
    y: int


@dataclass(frozen=True, slots=True)
class Picture:
    """What links here on the left, what is linked to on the right."""

    left: tuple[Node, ...]
    right: tuple[Node, ...]
    height: int
    incoming: int  #: how many there are, drawn or not
    outgoing: int

    @property
    def hidden(self) -> int:
        """How many are not drawn."""
        return self.incoming + self.outgoing - len(self.left) - len(self.right)

    @property
    def begin(self) -> int:
        """Where the picture begins: an empty left side is not drawn."""
        return 0 if self.left else _MIDDLE - _MARGIN

    @property
    def width(self) -> int:
        """How wide it is without empty sides."""
        end = _WIDTH if self.right else _MIDDLE + _MARGIN
        return end - self.begin


def picture(
    left: Sequence[_End],
    right: Sequence[_End],
) -> Picture:
    """Laid out from ``(title, url, account, links)``; both sides stand around the middle."""
    rows = max(1, min(_MOST, max(len(left), len(right))))
    height = _ROW * (rows + 1)
    most = max([one[3] for one in (*left, *right)], default=1)
    return Picture(
        left=_column(left[:_MOST], height, most),
        right=_column(right[:_MOST], height, most),
        height=height,
        incoming=len(left),
        outgoing=len(right),
    )


def _column(side: Sequence[_End], height: int, most: int) -> tuple[Node, ...]:
    begin = (height - _ROW * (len(side) - 1)) // 2
    return tuple(
        Node(
            title if len(title) <= _LETTERS else title[: _LETTERS - 1] + "…",
            title,
            url,
            account,
            max(1, round(6 * links / most)) if most > 1 else 1,
            begin + _ROW * number,
        )
        for number, (title, url, account, links) in enumerate(side)
    )


def article(request: Request) -> Response:
    """``/articles/KEY/graph``: what links here and where it leads, as far as it is held."""
    library = site_of(request).library
    reading = library.read(request.path_params["name"])
    stored, links = reading.stored, outgoing(reading.edges)
    left = {one.key: one.title or _("Without a title") for one in reading.backlinks}
    right = {
        edge.target_key: edge.target_title or _("Without a title")
        for edge in links.held
        if edge.target_key
    }
    names = library.account_names([*left, *right])
    both = (
        [
            (title, render.article_url(key, "/graph"), names.get(key), 1)
            for key, title in side.items()
        ]
        for side in (left, right)
    )
    return render.page(
        request,
        "graph.html",
        title=stored.title or _("Without a title"),
        back=render.article_url(stored.key),
        account=stored.account,
        picture=picture(*both),
        missing=len(links.missing),
        empty=_("No held article is linked with it."),
    )


def account(request: Request) -> Response:
    """``/accounts/NAME/graph``: accounts whose articles link here, and those linked to."""
    library = site_of(request).library
    found = library.account(request.path_params["name"])
    links = library.account_links(found.account_id)

    def side(linked: Sequence[Linked]) -> list[_End]:
        return [
            (one.name, render.account_url(one.address) + "/graph", one.name, one.links)
            for one in linked
        ]

    return render.page(
        request,
        "graph.html",
        title=found.name or found.address,
        back=render.account_url(found.address),
        account=found.name,
        picture=picture(side(links.incoming), side(links.outgoing)),
        missing=0,
        empty=_("Its articles and those of other accounts do not link to each other."),
    )


@dataclass(frozen=True, slots=True)
class Bar:
    """A month in the picture: heights 0 to 100 of what was published, edited and deleted."""

    month: Month
    up: int
    edited: int
    gone: int
    query: str


def bars(months: Sequence[Month], name: str | None) -> list[Bar]:
    """Every month from the first to the last, also empty ones."""
    if not months:
        return []
    known = {one.month: one for one in months}
    most = max(max(one.published, one.edited + one.gone) for one in months) or 1
    found = []
    month = months[0].month
    while month <= months[-1].month:
        one = known.get(month, Month(month))
        after = _next(month)
        query = f'account:"{(name or "").replace(chr(34), " ")}" after:{month} before:{after}'
        up, edited, gone = (
            round(100 * count / most) for count in (one.published, one.edited, one.gone)
        )
        found.append(Bar(one, up, edited, gone, query))
        month = after
    return found


def _next(month: str) -> str:
    year, number = int(month[:4]), int(month[5:])
    return f"{year + number // 12:04d}-{number % 12 + 1:02d}"


def timeline(request: Request) -> Response:
    """``/accounts/NAME/timeline``: articles a month, edits and deletions."""
    library = site_of(request).library
    found = library.account(request.path_params["name"])
    months = library.months(found.account_id)
    return render.page(
        request, "timeline.html", account=found, months=months, bars=bars(months, found.name)
    )
