"""Pure. The JSON answer that an article's address gives when it is asked for as data, as a page.

Its keys are those of ``cgiDataNew`` in the page itself: ``title``, ``nick_name``,
``content_noencode``, ``link``, ``ori_create_time``, ``item_show_type`` … (real answers of kinds 0,
7 and 8, 2023–2026). So it is put where the page has it, and the one parser reads it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from archive.errors import BadInput
from scraper.messages import mark
from scraper.patterns import lazy

#: Names that no list of articles has.
_MARK = re.compile(rb'"(?:content_noencode|ori_create_time|base_resp)"\s*:')
_BEFORE = b"<!DOCTYPE html><html><head><script>window.cgiDataNew = "
#: Characters that end a string, a script or a line there.
_ESCAPED = lazy(r"[\\'<>\x00-\x1f\u2028\u2029\ud800-\udfff]")
_NAME = re.compile(r"[A-Za-z_$][\w$]*", re.ASCII)
_BEHIND = b';</script></head><body><div id="js_article"></div></body></html>'


def looks_like_answer(head: bytes) -> bool:
    """Whether a file that begins so may be one."""
    return head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{") and bool(_MARK.search(head))


def is_answer(value: Any) -> bool:
    """Whether the JSON value holds an article's own text, not only what lists say of it."""
    return (
        isinstance(value, Mapping)
        and isinstance(value.get("title"), str)
        and ("content_noencode" in value or "ori_create_time" in value)
    )


def page_of(value: Mapping[str, Any]) -> bytes:
    """The page with the answer in it, written as WeChat's own pages write it."""
    return _BEFORE + _literal(value).encode("utf-8", "replace") + _BEHIND


def _literal(value: Any) -> str:
    """A JSON value as pages have it: bare names, every string in single quotes, numbers as ``'1' *
    1``.
    """
    if isinstance(value, Mapping):
        members = (
            f"{name}: {_literal(one)}" for name, one in value.items() if _NAME.fullmatch(name)
        )
        return "{" + ",\n".join(members) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_literal(one) for one in value) + "]"
    if isinstance(value, int | float):  # true and false are 1 and 0 there
        return f"'{int(value) if isinstance(value, bool) else value}' * 1"
    text = "" if value is None else str(value)
    return (
        "'"
        + _ESCAPED().sub(lambda sign: f"\\x{ord(sign[0]):02x}" if ord(sign[0]) < 256 else "", text)
        + "'"
    )


def read(body: bytes) -> bytes:
    """The page of an answer's bytes. Raises BadInput for JSON that is none."""
    try:
        value = json.loads(body.decode("utf-8-sig", "replace"))
        if is_answer(value):
            return page_of(value)
    except (ValueError, RecursionError) as error:
        raise BadInput(mark("it is not JSON: {error}", error=error)) from error
    raise BadInput(mark("it is JSON, but not the answer of an article's address"))
