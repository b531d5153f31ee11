"""What there is to choose from, and the lists behind it: accounts, albums, tags, years."""

from __future__ import annotations

from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from archive import i18n
from archive.store.browse import Order, Place
from archive.web import render
from archive.web.home import PAGE
from archive.web.site import site_of

_ = i18n.gettext
#: Of each kind on the page of all kinds; ``?of=accounts`` shows every one of that kind.
_MOST = 150


def shelves(request: Request) -> Response:
    """``/shelves``: what there is, the most frequent first."""
    library = site_of(request).library
    of = request.query_params.get("of")
    return render.page(
        request,
        "shelves.html",
        shelves=library.shelves(),
        accounts=library.accounts(),
        albums=library.albums(),
        groups=library.group_names(),
        of=of if of in ("accounts", "albums") else None,
        most=_MOST,
    )


def account(request: Request) -> Response:
    """``/accounts/NAME``: an account's articles, the newest published first."""
    library = site_of(request).library
    found = library.account(request.path_params["name"])
    url = render.account_url(found.address)
    return _listed(request, "account.html", url, {"account_id": found.account_id}, account=found)


def tag(request: Request) -> Response:
    """``/tags/TAG``: a tag of the reader's own."""
    name = request.path_params["name"]
    site_of(request).library.require_tag(name)
    url, feed = f"/tags/{render.quoted(name)}", render.feed_url("tag", name)
    return _listed(request, "list.html", url, {"tag": name}, title=name, feed=feed)


def topic(request: Request) -> Response:
    """``/topics/TAG``: a tag of WeChat's."""
    name = request.path_params["name"]
    site_of(request).library.require_topic(name)
    url, feed = f"/topics/{render.quoted(name)}", render.feed_url("topic", name)
    return _listed(request, "list.html", url, {"topic": name}, title=name, feed=feed)


def stars(request: Request) -> Response:
    """``/stars``: what is starred, the last starred first; ``?order=published`` or ``archived``."""
    site_of(request).notice()
    asked = request.query_params.get("order")
    order: Order = "published" if asked == "published" else "starred"
    order = "archived" if asked == "archived" else order
    orders = [
        (_("by when starred"), "/stars", order == "starred"),
        (_("by publication"), "/stars?order=published", order == "published"),
        (_("by arrival"), "/stars?order=archived", order == "archived"),
    ]
    wanted = {"starred": True, "order": order}
    return _listed(request, "list.html", "/stars", wanted, title=_("Starred"), orders=orders)


def year(request: Request) -> Response:
    """``/years/2026``."""
    name = request.path_params["name"]
    if not (name.isascii() and name.isdigit() and 1990 <= int(name[:5]) <= 2100):
        raise HTTPException(404)
    wanted = {"year": int(name)}
    return _listed(request, "list.html", f"/years/{name}", wanted, title=name)


def _listed(
    request: Request, template: str, url: str, wanted: dict[str, Any], **values: Any
) -> Response:
    before = Place.read(request.query_params.get("before", ""))
    asked = {"order": "published", **wanted}
    found = site_of(request).library.newest(before=before, limit=PAGE, **asked)
    behind = f"order={wanted['order']}&" if "order" in wanted else ""
    older = f"{url}?{behind}before={render.quoted(str(found.next))}" if found.next else None
    shown = {"feed": "", "orders": (), **values}
    return render.page(request, template, cards=found.cards, older=older, **shown)


def album(request: Request) -> Response:
    """``/albums/ID``: an album in its own order, also what is not held."""
    found = site_of(request).library.album(request.path_params["name"])
    held = sum(member.key is not None for member in found.members)
    return render.page(request, "album.html", album=found, held=held)
