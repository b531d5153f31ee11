"""An exchange without anything of its reader: what may go on to a disk. Pure.

By what is let through, not by what is taken out: parameters that say which article, list or
comment is meant, and of JSON answers the names that ``scraper.traffic`` reads. So the reader's own
name, comments, marks and tokens stay behind, whatever they will be called.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from scraper import urls
from scraper.redact import redact, scrub
from scraper.text import names
from scraper.traffic.exchange import Exchange, Kind, kind_of

_PARAMETERS: Final = names(
    """action __biz mid appmsgid idx itemidx album_id begin_msgid begin_itemidx is_reverse count
    comment_id content_id max_reply_id buffer offset limit f"""
)
_MEDIA_PARAMETERS: Final = names("mediaid voice_type wx_fmt vid format_id")
_DEEPEST: Final = 12

_COMMENT: Final = names(
    """base_resp ret continue_flag content_id id nick_name content create_time like_num ip_wording
    province_name country_name is_top identity_type author_like_status multi_info pictures url width
    height reply_new reply reply_total_cnt max_reply_id reply_list reply_id to_nick_name
    reply_like_num is_from"""
)
_READ: Final[Mapping[Kind, frozenset[str]]] = {
    "messages": names("base_resp ret general_msg_list can_msg_continue next_offset"),
    "album": names(
        """base_resp ret getalbum_resp base_info article_list article_count continue_flag is_reverse
        title album_title nickname nick_name user_name username url link msgid msg_id itemidx
        item_idx create_time pos_num item_show_type album_id albumId"""
    ),
    "counts": names(
        """base_resp ret appmsgstat read_num like_num old_like_num share_num comment_count
        collect_num collect_count"""
    ),
    "comments": _COMMENT | names("elected_comment elected_comment_total_cnt buffer"),
    "replies": _COMMENT,
}
#: On top of an answer a name like ``nick_name`` is the reader's.
_OF_READER: Final = frozenset({"nick_name", "content", "id", "url"})
_JSON: Final = re.compile(rb"\s*[{\[]")


def cleaned(exchange: Exchange) -> Exchange | None:
    """The exchange as it may be kept; None for one that nobody can use."""
    kind = kind_of(exchange.url)
    if kind is None:
        return None
    return replace(
        exchange,
        url=_address(kind, exchange),
        body=_body(kind, exchange),
        sent=b"",
        cookie="",
    )


def _address(kind: Kind, exchange: Exchange) -> str:
    if kind == "page":
        return urls.parse(exchange.url).fetch
    parts = urlsplit(exchange.url)
    wanted = _MEDIA_PARAMETERS if kind == "media" else _PARAMETERS
    kept = {n: v for n, v in exchange.asked().items() if n in wanted}
    if kept.get("buffer"):  # whatever it holds, it says only that this was no first page
        kept["buffer"] = "1"
    query = urlencode(kept)
    host = (parts.hostname or "").lower()
    return redact(f"https://{host}{parts.path}" + (f"?{query}" if query else ""))


def _body(kind: Kind, exchange: Exchange) -> bytes:
    if kind == "media":
        return exchange.body
    if kind in _READ and _JSON.match(exchange.body):
        return _filtered(exchange.body, _READ[kind])
    return scrub(exchange.body, exchange.secrets())


def _filtered(body: bytes, wanted: frozenset[str]) -> bytes:
    try:
        found = json.loads(body.decode("utf-8-sig", "replace"), strict=False)
    except (ValueError, RecursionError):
        return b""
    if not isinstance(found, dict):
        return b""
    top = {name: value for name, value in found.items() if name not in _OF_READER}
    kept = _kept(top, lambda name: name in wanted, _DEEPEST)
    return json.dumps(kept, ensure_ascii=False).encode("utf-8", "replace")


def _kept(value: Any, wanted: Callable[[str], bool], depth: int) -> Any:
    if isinstance(value, dict):
        if not depth:
            return {}
        return {n: _kept(v, wanted, depth - 1) for n, v in value.items() if wanted(n)}
    if isinstance(value, list):
        return [_kept(one, wanted, depth - 1) for one in value] if depth else []
    return redact(value) if isinstance(value, str) and "://" in value else value
