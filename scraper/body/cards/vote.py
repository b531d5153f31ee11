"""Votes and polls: the questions and their options where the page has them."""

from __future__ import annotations

from collections.abc import Iterator

from scraper.body.cards.attributes import LONGEST_EXTRA, Attributes, parsed, said
from scraper.body.cards.types import CardType, Example
from scraper.models import Media
from scraper.text import names


def read(card: Attributes) -> Media:
    """``mp-common-vote`` has its questions as JSON; of the older frame WeChat's server has them."""
    titles: list[str] = []
    options: list[str] = []
    for subject in _subjects(card):
        titles += _named(subject, "title", "question", "subject")
        for option in subject.get("options") or subject.get("option_list") or []:
            options += _named(option, "name", "title", "text") or _plain(option)
    if not options:
        options = _strings(card)
    return Media(
        type="vote",
        id=card.text("supervoteid", "voteid", "pollid", "id"),
        title="；".join(titles) or card.text("title", "name", "subject", "desc"),
        url=card.url("src") if card.tag == "iframe" else None,
        extra=((("options", " / ".join(options)[:LONGEST_EXTRA]),) if options else ())
        + card.extra(expires="expiretime"),
    )


def _subjects(card: Attributes) -> Iterator[dict[str, list[object]]]:
    for value in card.element.attrib.values():
        text = str(value)
        found = parsed(text) if text[:1] in ("[", "{", "%") else None
        for subject in found if isinstance(found, list) else [found]:
            if isinstance(subject, dict):
                inner = subject.get("vote_subject") or subject.get("subjects")
                yield from (
                    (one for one in inner if isinstance(one, dict))
                    if isinstance(inner, list)
                    else (subject,)
                )


def _strings(card: Attributes) -> list[str]:
    """Options as an array of texts in an attribute of their own."""
    for value in card.element.attrib.values():
        found = parsed(str(value)) if str(value)[:1] in "[%" else None
        if isinstance(found, list):
            return [text for option in found for text in _plain(option)]
    return []


def _named(value: object, *names_: str) -> list[str]:
    if not isinstance(value, dict):
        return []
    found = (said(str(value[name])) for name in names_ if value.get(name))
    return [text for text in found if text][:1]


def _plain(value: object) -> list[str]:
    text = said(value) if isinstance(value, str) else None
    return [text] if text else []


CARD = CardType(
    name="vote",
    tags=names("mpvote mp-common-vote mp-common-supervote mp-common-poll"),
    read=read,
    version=3,
    examples=(
        Example(
            html="<mp-common-vote data-votesubject='"
            '[{"title":"去哪","options":[{"name":"山"},{"name":"海"}]}]'
            "'></mp-common-vote>",
            line="投票: 去哪 — 山 / 海",
        ),
    ),
)
