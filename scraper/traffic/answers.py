"""JSON that mp.weixin.qq.com answers a client with, and what its ``base_resp.ret`` says. Pure.

Codes as public programs treat them (seen in their code up to 2026-09): 0 fine, -3 no session any
more, -6 too often.
"""

from __future__ import annotations

import json
from typing import Final

from scraper.errors import Blocked, Expired, Unrecognised
from scraper.messages import Message, mark
from scraper.parse import values

#: A hundred comments with their replies are some 200 KB.
LARGEST: Final = 8 << 20
_SPENT, _TOO_OFTEN = (-3, 200003), (-6, 200013)


def read(body: bytes, what: Message) -> values.Data:
    """The answer's object. Raises Expired, Blocked, and Unrecognised for whatever is not JSON."""
    if len(body) > LARGEST:
        raise Unrecognised(
            mark("an answer of {size} bytes, where {what} was expected", size=len(body), what=what)
        )
    try:
        found = json.loads(body.decode("utf-8-sig", "replace"), strict=False)
    except (ValueError, RecursionError):
        raise Unrecognised(
            mark("an answer that is not JSON, where {what} was expected", what=what)
        ) from None
    data = values.mapping(found)
    refuse(data)
    if not data:
        raise Unrecognised(
            mark("an answer with nothing in it, where {what} was expected", what=what)
        )
    return data


def refuse(data: values.Data) -> None:
    """Raise what an answer's ``ret`` says, unless it says that all is fine."""
    said = values.mapping(data.get("base_resp"))
    code = values.whole(said.get("ret", data.get("ret"))) or 0
    if code in _SPENT:
        raise Expired(
            mark("the session has expired (ret {code}): take fresh credentials", code=code)
        )
    if code in _TOO_OFTEN:
        raise Blocked(mark("requests come too often"), reason="frequency", shown=f"ret {code}")
    if code:
        raise Unrecognised(mark("WeChat answers with ret {code}", code=code))
