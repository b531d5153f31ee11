"""Pure. Which links of a page are followed: how deep, in which scope, and where an album or a moved
page leads.
"""

from __future__ import annotations

from collections.abc import Iterable

from scraper import urls
from scraper.crawl.protocols import AlbumPage, Candidate, Edge, Task
from scraper.errors import Gone, NotAnAddress, ScrapeError

#: Relations that the author chose; the others are lists made by WeChat, followed within the account
#: only.
_CHOSEN = frozenset({"text", "reprint", "source", "migrated", "album_member"})
_IN_ALBUM = frozenset({"album", "album_previous", "album_next", "album_member"})
#: Lists that would pull in whole catalogues: never followed unless the scope is the album.
_CATALOGUES = frozenset({"album", "tag"})


def follow(task: Task, biz: str | None, links: Iterable[Edge]) -> list[Candidate]:
    """The links of an article that are to be followed from ``task``, each article once. Pure.

    ``biz`` is the article's own account. In the default scope ``any`` that is whatever its author
    linked to, and of lists made by WeChat (``ainfos``, album neighbours) what stays within the
    account. An album in the text counts as one step, as an index article would. An account that the
    address does not name (short links) is checked when the article is opened
    (``Candidate.account``).
    """
    if task.follow <= 0 and task.scope != "walk":
        return []
    found: dict[str, Candidate] = {}
    for link in links:
        if not _in_scope(task, link.relation):
            continue
        try:
            address = urls.parse(link.url)
        except NotAnAddress:
            continue
        only = _only_account(task, link.relation, biz)
        if only and address.biz and address.biz != only:
            continue
        if address.canonical == task.address:
            continue
        found.setdefault(
            address.canonical,
            Candidate(
                address=address,
                relation=link.relation,
                depth=task.depth + 1,
                follow=max(task.follow - 1, 0),
                scope=task.scope,
                account=only,
                referer=task.url,
                refresh=_refreshes(task),
            ),
        )
    return list(found.values())


def _refreshes(task: Task) -> bool:
    """A watched page is fetched again for what is new in it, which is no reason to fetch the old
    again.
    """
    return task.refresh and task.why not in {"source", "recheck"}


def _in_scope(task: Task, relation: str) -> bool:
    if (
        task.scope == "walk"
    ):  # an album whose list fails: from neighbour to neighbour, however long it is
        return relation in {"album_previous", "album_next"}
    if task.scope == "album":
        return relation in _IN_ALBUM
    return relation not in _CATALOGUES


def _only_account(task: Task, relation: str, biz: str | None) -> str | None:
    if task.scope == "account":
        return task.account or biz
    return None if relation in _CHOSEN else biz


def members(task: Task, listed: AlbumPage) -> list[Candidate]:
    """What a page of an album's list leads to: its members, at the depth of the album itself, and
    the next page.
    """
    candidates: dict[str, Candidate] = {}
    for text in listed.members:
        try:
            address = urls.parse(text)
        except NotAnAddress:
            continue
        candidates.setdefault(
            address.canonical,
            Candidate(
                address=address,
                why=task.why,
                relation="album_member",
                depth=task.depth,
                follow=task.follow,
                scope=task.scope,
                account=task.account,
                referer=task.referer,
                refresh=_refreshes(task),
            ),
        )
    found = list(candidates.values())
    if listed.next_url:
        found.append(_next_page(task, listed))
    return found


def _next_page(task: Task, listed: AlbumPage) -> Candidate:
    assert listed.next_url
    address = urls.Address(
        listed.next_url, listed.next_url, listed.next_url, "album", album_id=listed.album_id
    )
    return Candidate(
        address=address,
        why=task.why,
        relation="album_page",
        depth=task.depth,
        follow=task.follow,
        scope=task.scope,
        account=task.account,
        referer=task.referer,
        refresh=task.refresh,
    )


def moved(task: Task, error: ScrapeError) -> list[Candidate]:
    """The new address of a migrated article, asked for in the place of the old one."""
    if not isinstance(error, Gone) or not error.target:
        return []
    try:
        address = urls.parse(error.target)
    except NotAnAddress:
        return []
    return [
        Candidate(
            address=address,
            why=task.why,
            relation="migrated",
            depth=task.depth,
            follow=task.follow,
            scope=task.scope,
            referer=task.url,
        )
    ]
