"""A message in words, for people: a title and lines of plain text, in the language in use.

Titles and names are other people's text, and services obey some of it: ``@all`` rings every
telephone of a group, ``<at user_id="all">`` and ``<!channel>`` too, HTML and Markdown draw links
that lead elsewhere. ``harmless`` takes the signs that do so and puts their full-width twins in
place, which read the same and command nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from archive.i18n import gettext as _
from archive.i18n import mark, plural, recognised
from archive.notify.message import Message
from scraper.controls import escape_controls
from scraper.zone import CHINA, for_people

#: Articles that a text names for one saved search, and in all: services cut what is longer.
PER_SEARCH, IN_ALL = 10, 20
_LONGEST = 120
_TWINS = str.maketrans("<>@[]`|", "＜＞＠［］｀｜")
#: What is drawn as nothing: it hides words from readers and mentions from filters.
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200d\u2060-\u2064\ufe00-\ufe0f\ufeff\U000e0000-\U000e0fff]"
)


def harmless(text: str) -> str:
    """Other people's text on one line of bounded length, without anything that a terminal, HTML,
    Markdown or a chat service would obey."""
    line = " ".join(_INVISIBLE.sub("", text).split())
    line = escape_controls(line).translate(_TWINS).replace("://", "：//")
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"


def title(message: Message) -> str:
    """One line."""
    if message.is_test:
        return _("wechat-archive: a test")
    content = message.content
    parts = [f"{harmless(match['alert'])} {match['count']}" for match in content["matches"]]
    if count := len(content["starred"]):
        parts.append(plural("{n} starred article", "{n} starred articles", count))
    if count := len(content["problems"]):
        parts.append(plural("{n} notice", "{n} notices", count))
    return "wechat-archive: " + " · ".join(parts[:6])


def text(message: Message, page: str | None) -> str:
    """The digest. ``page``: where the archive is read, for links; else they lead to WeChat."""
    content = message.content
    lines = [_("This way works: alerts arrive here.")] if message.is_test else []
    for problem in content["problems"]:
        lines.append(f"! {sentence(problem)}")
    for change in content["starred"]:
        lines += _article(_starred(change), change, page)
    lines += _matches(content["matches"], page)
    if page and not message.is_test:
        lines += ["", _("All of it: {page}", page=page)]
    return "\n".join(lines).strip()


def _matches(matches: Sequence[dict[str, Any]], page: str | None) -> Iterator[str]:
    left = IN_ALL
    for match in matches:
        yield ""
        yield _(
            "{alert}: {n} that match {query}",
            alert=harmless(match["alert"]),
            n=match["count"],
            query=harmless(match["query"]),
        )
        shown = match["articles"][: min(PER_SEARCH, left)]
        left -= len(shown)
        for article in shown:
            head = named(article)
            if article["change"] == "modified":
                head = _("changed: {article}", article=head)
            yield from _article(f"· {head}", article, page)
        if more := match["count"] - len(shown):
            yield plural("… and {n} more", "… and {n} more", more)


def _article(head: str, article: dict[str, Any], page: str | None) -> list[str]:
    link = link_to(article, page)
    return [head, f"  {link}"] if link else [head]


def link_to(article: dict[str, Any], page: str | None) -> str | None:
    """Where an article can be read."""
    if page:
        return f"{page.rstrip('/')}/articles/{article['key']}"
    url = article["url"]
    return str(url) if url and url.startswith(("http://", "https://")) else None


def named(article: dict[str, Any]) -> str:
    """Title, account and the day in China."""
    parts = [harmless(article["title"])]
    if article["account"]:
        parts.append(harmless(article["account"]))
    if article["published"]:
        day = datetime.fromisoformat(article["published"]).astimezone(CHINA)
        parts.append(f"{day:%Y-%m-%d}")
    return " — ".join(parts)


#: What happened to a starred article.
_STARRED = {
    "modified": mark("★ changed by its author: {article}"),
    "gone": mark("★ deleted on WeChat, kept here: {article}"),
    "back": mark("★ back on WeChat: {article}"),
}
#: What began, what ended.
_BEGUN = {
    "blocked": mark(
        "WeChat asked for a pause at exit {name}: nothing is fetched there before {until}"
    ),
    "login": mark(
        "the login has expired ({name}): take it from your browser or client anew, what waits "
        "goes on then"
    ),
    "source": mark("the source {name} failed {times} times: {error}"),
    "drift": mark(
        "since {since} pages give no {name} ({pages} of {of}): WeChat may have changed its "
        "template; update the program, then `reparse`"
    ),
    "disk": mark("only {free} MiB are free where the archive lies: make room"),
}
_ENDED = {
    "blocked": mark("exit {name} gets pages again"),
    "login": mark("the login works again ({name})"),
    "source": mark("the source {name} works again"),
    "drift": mark("pages give their {name} again"),
    "disk": mark("there is room again where the archive lies: {free} MiB"),
}


def _starred(change: dict[str, Any]) -> str:
    return _(_STARRED[change["change"]], article=named(change))


def sentence(problem: dict[str, Any]) -> str:
    """A problem that began or ended."""
    said = (_BEGUN if problem["state"] == "begins" else _ENDED)[problem["kind"]]
    facts = {name: _shown(value) for name, value in problem["facts"].items()}
    return _(said, **{**facts, "name": harmless(problem["name"])})


def _shown(value: Any) -> str:
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.+]+", value):
        return for_people(datetime.fromisoformat(value))
    return harmless(recognised(str(value)))
