"""Every address of the server, in one table."""

from __future__ import annotations

from starlette.routing import Route

from archive.web import (
    article,
    events,
    feeds,
    files,
    graph,
    home,
    intake,
    language,
    login,
    own,
    removed,
    search,
    shelves,
    status,
    versions,
)
from archive.web.api import routes as api
from archive.web.security import USERSCRIPT

#: Largest body in bytes by path, where it is not ``security.LARGEST_BODY``.
BODY_LIMITS: dict[str, int] = {**api.BODY_LIMITS, "/intake/save": intake.LARGEST_FORM}

ROUTES = [
    Route("/", home.home),
    Route("/search", search.search),
    Route("/search/years", search.years),
    Route("/shelves", shelves.shelves),
    Route("/accounts/{name:path}/graph", graph.account),
    Route("/accounts/{name:path}/timeline", graph.timeline),
    Route("/accounts/{name:path}", shelves.account),
    Route("/albums/{name:path}", shelves.album),
    Route("/tags/{name:path}", shelves.tag),
    Route("/topics/{name:path}", shelves.topic),
    Route("/years/{name}", shelves.year),
    Route("/articles/{name}.md", article.markdown),
    Route("/articles/{name}.html", article.export_html),
    Route("/articles/{name}.epub", article.export_epub),
    Route("/articles/{name}/versions", versions.versions),
    Route("/articles/{name}/graph", graph.article),
    Route("/articles/{name}/star", own.star, methods=["POST"]),
    Route("/articles/{name}/remove", removed.remove, methods=["POST"]),
    Route("/removed", removed.removed),
    Route("/removed/{key}", removed.undo, methods=["POST"]),
    Route("/articles/{name}/read", own.read, methods=["POST"]),
    Route("/articles/{name}/own", own.change, methods=["POST"]),
    Route("/articles/{name}/similar", article.similar),
    Route("/articles/{name}/raw", article.raw),
    Route("/articles/{name}/raw/{number}", article.raw_page),
    Route("/articles/{name:path}", article.article),
    Route("/stars", shelves.stars),
    Route("/status", status.status),
    Route("/jobs", status.submit, methods=["POST"]),
    Route("/jobs/{id}", status.job),
    Route("/events", events.events),
    Route("/static/{name}", files.static),
    Route("/favicon.ico", files.favicon),
    Route("/media/{name:path}", files.media),
    *api.ROUTES,
    Route("/intake", intake.intake),
    Route("/intake/save", intake.save, methods=["POST"]),
    Route(USERSCRIPT, intake.userscript),
    Route("/feeds", feeds.listed),
    Route("/feeds/opml", feeds.outlines),
    Route("/feeds.opml", feeds.outlines),
    Route("/feeds/{name:path}", feeds.feed),
    Route("/language", language.choose),
    Route("/login", login.login, methods=["GET", "POST"]),
]
