"""An article as rows. Pure: what goes into which table, before any id is known."""

from __future__ import annotations

import json
from typing import Any

from archive import record
from archive.db import article_columns
from archive.store.decide import content_hash
from scraper import urls
from scraper.errors import NotAnAddress
from scraper.models import Article, Identity
from scraper.recordings import recordings_of
from scraper.urls import Address
from scraper.zone import day_in_china

Row = dict[str, Any]


def article_row(article: Article, parser_version: int, written: str | None = None) -> Row:
    """The columns of ``articles`` that come from the page; ``written``: its record, where it is at
    hand."""
    return {
        **article_columns.ARTICLES.page_values(article),
        "record": record.dumps(article) if written is None else written,
        "content_hash": content_hash(article),
        "parser_version": parser_version,
    }


def link_rows(article: Article) -> list[Row]:
    """The rows of ``links``, in the page's order, without their target."""
    rows = []
    for position, link in enumerate(article.links):
        address = address_of(link.url)
        identity = address.identity if address else None
        rows.append(
            {
                "position": position,
                "relation": link.relation,
                "url": link.url,
                "address": address.canonical if address else None,
                "biz": identity.biz if identity else None,
                "mid": identity.mid if identity else None,
                "idx": identity.idx if identity else None,
                "text": link.text,
            }
        )
    return rows


def image_rows(article: Article) -> list[Row]:
    """The rows of ``images``: the body's pictures, then the covers of its media cards."""
    rows: list[Row] = [
        {
            "url": image.url,
            "role": image.role,
            "alt": image.alt,
            "width": image.width,
            "height": image.height,
        }
        for image in article.images
    ]
    return [{"position": position, **row} for position, row in enumerate(rows)]


def embed_rows(article: Article) -> list[Row]:
    """The rows of ``embeds``."""
    return [
        {
            "position": position,
            "sort": media.type,
            "media_id": media.id,
            "title": media.title,
            "author": media.author,
            "url": media.url,
            "duration": media.duration,
            "cover": media.cover,
            "extra": json.dumps(media.extra, ensure_ascii=False) if media.extra else None,
        }
        for position, media in enumerate(article.media)
    ]


def recording_rows(article: Article) -> list[Row]:
    """The rows of ``article_recordings``."""
    return [
        {"position": position, "address": found.address, "sort": found.sort}
        for position, found in enumerate(recordings_of(article.media))
    ]


def loss_rows(article: Article) -> list[Row]:
    """The rows of ``losses``."""
    return [
        {"kind": loss.kind, "where_text": loss.where, "count": loss.count}
        for loss in article.losses
    ]


def tag_rows(article: Article) -> list[Row]:
    """The rows of ``tags``, each tag once."""
    return [{"tag": tag} for tag in dict.fromkeys(article.tags)]


def day_rows(article: Article) -> list[Row]:
    """The row of ``article_days``, where the page tells no time."""
    if article.published is None or not article.date_only:
        return []
    return [{"day": day_in_china(article.published)}]


#: The tables that are made again from the article whenever it changes.
PARTS = {
    "links": link_rows,
    "images": image_rows,
    "embeds": embed_rows,
    "article_recordings": recording_rows,
    "losses": loss_rows,
    "tags": tag_rows,
    "article_days": day_rows,
}


def address_of(text: str | None) -> Address | None:
    """The article or album address that ``text`` is; None for anything else."""
    if not text:
        return None
    try:
        return urls.parse(text)
    except NotAnAddress:
        return None


def addresses_of(article: Article, *given: str) -> list[Address]:
    """Every address that the article is known under, each canonical form once; albums left out."""
    found = (address_of(text) for text in (*given, article.address, article.url))
    known = {
        address.canonical: address
        for address in reversed([a for a in found if a and a.form != "album"])
    }
    return list(reversed(known.values()))


def identity_of(article: Article, addresses: list[Address]) -> Identity | None:
    """The page's identity; where the page lacks it, the one that an address carries."""
    return article.identity or next(
        (address.identity for address in addresses if address.identity), None
    )
