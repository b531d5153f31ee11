"""``/search``: the query language, results as they are typed, an address for every state."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from archive import i18n
from archive.errors import BadQuery
from archive.library import Library
from archive.search.api import Count, Hit, Results
from archive.web import chips, render
from archive.web.site import site_of

_ = i18n.gettext
PAGE = 20
LONGEST = 500  #: characters of a query
_FURTHEST = 100_000
_MOST_ACCOUNTS = 4
#: Filters that are offered whatever was found.
_OFFERED = (
    ("has:code", i18n.mark("with code")),
    ("has:video", i18n.mark("with video")),
    ("has:image", i18n.mark("with pictures")),
    ("kind:picture", i18n.mark("picture posts")),
    ("gone:yes", i18n.mark("deleted on WeChat")),
)


@dataclass(frozen=True, slots=True)
class Bar:
    """A year in the picture of hits: ``height`` 0 to 100."""

    year: int
    count: int
    height: int
    query: str


@dataclass(frozen=True, slots=True)
class State:
    """A search as its address says it; ``offset``: hits that were shown before."""

    query: str
    newest: bool = False
    fold: bool = False
    offset: int = 0

    def url(self, **changes: Any) -> str:
        """The address of this state with ``changes``; any but a further page begins at the first
        hit.
        """
        state = replace(self, **{"offset": 0, **changes})
        more = {"sort": "newest" if state.newest else "", "fold": "1" if state.fold else ""}
        return render.search_url(state.query, **more, **{"from": max(0, state.offset) or ""})


def state_of(request: Request) -> State:
    """What a request asks for."""
    asked = request.query_params
    query = asked.get("q", "").strip()[:LONGEST]
    return State(query, asked.get("sort") == "newest", "fold" in asked, _offset(asked.get("from")))


def search(request: Request) -> Response:
    """A page of results; ``?part`` for the script that searches while a query is typed."""
    site_of(request).notice()
    state = state_of(request)
    query, is_part = state.query, "part" in request.query_params
    library = site_of(request).library
    results, problem, total = None, None, None
    if query:
        try:
            results = library.search(
                query, PAGE, offset=state.offset, newest=state.newest, fold=state.fold
            )
            total = library.count(query)
        except BadQuery as error:
            problem = i18n.gettext(error)
    return render.page(
        request,
        "results.html" if is_part else "search.html",
        status=400 if problem and not is_part else 200,
        state=state,
        query=query,
        results=results,
        problem=problem,
        total=total,
        before=_before(state.offset, total),
        page=PAGE,
        chips=chips.in_force(query),
        offers=_offers(query, results) if results else [],
        bars=bars(request, query) if results and not is_part else [],
        **_marks(library, results or ()),
    )


def _offset(text: str | None) -> int:
    if not text or not (text.isascii() and text.isdigit() and len(text) < 9):
        return 0
    return min(int(text), _FURTHEST)


def _before(offset: int, total: Count | None) -> int:
    """Where the page before begins; behind the last hit, where the last page does."""
    if total is not None and not total.more and offset >= total.number:
        return max(0, (total.number - 1) // PAGE * PAGE)
    return max(0, offset - PAGE)


def _marks(library: Library, results: Iterable[Hit]) -> dict[str, Any]:
    """What a reader said of the hits, and the accounts of what is folded under them."""
    keys = [hit.key for hit in results]
    folded = [key for hit in results for key in hit.folded]
    return {
        "starred": library.starred(keys),
        "read": library.marked_read(keys),
        "accounts": library.account_names(folded),
    }


def _offers(query: str, results: Results) -> list[chips.Chip]:
    names: Sequence[str] = list(dict.fromkeys(hit.account for hit in results if hit.account))
    accounts = [(chips.account_filter(name), name) for name in names[:_MOST_ACCOUNTS]]
    offered = [(one, _(text)) for one, text in _OFFERED]
    return chips.to_add(query, [*(accounts if len(names) > 1 else []), *offered])


def years(request: Request) -> Response:
    """``/search/years?q=``: the picture of hits alone, for the script."""
    query = state_of(request).query
    try:
        found = bars(request, query) if query else []
    except BadQuery:
        found = []
    return render.page(request, "years.html", query=query, bars=found)


def bars(request: Request, query: str) -> list[Bar]:
    """The years from the first hit to the last, also empty ones between; none for a single year."""
    counts = dict(site_of(request).library.by_year(query).counts)
    if len(counts) < 2:
        return []
    most = max(counts.values())
    return [
        Bar(
            year,
            counts.get(year, 0),
            round(100 * counts.get(year, 0) / most),
            chips.of_year(query, year),
        )
        for year in range(min(counts), max(counts) + 1)
    ]
