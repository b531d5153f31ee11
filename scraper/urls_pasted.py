"""Text as people paste it, made readable for ``urls``: what stands between the letters of an
address goes. Pure.

Chat programs put invisible characters into long addresses, input methods write their punctuation in
full width, mail programs break lines, and careful people write ``hxxps://mp[.]weixin[.]qq[.]com``
so that nobody clicks on it.
"""

from __future__ import annotations

import re

from scraper.patterns import lazy

#: Zero-width and soft hyphen, the marks of direction around right-to-left text, variation
#: selectors.
_INVISIBLE = lazy("[\u200b-\u200f\u2060-\u2064\u202a-\u202e\u2066-\u2069\ufe00-\ufe0f\ufeff\u00ad]")
#: A mail program broke the line before a parameter.
_WRAP = lazy(r"\n[ \t>]{0,8}&(?:amp;)?(?:mid|idx|sn|chksm|scene)=")
_WRAPPED = lazy(r"[ \t]{0,8}\r?\n[ \t>]{0,8}(?=&(?:amp;)?(?:mid|idx|sn|chksm|scene)=)")
#: A mail as it is stored (quoted-printable): ``=`` at the end of a line goes on, ``=3D`` is ``=``.
#: No ``__biz`` begins with ``3D``, because it is the base64 of digits.
_MAIL = lazy(r"__biz=3D|content-transfer-encoding:\s{0,4}quoted-printable", re.IGNORECASE)
_SOFT_BREAK = lazy(r"=[ \t]{0,8}\r?\n")

_WIDTH = 0xFEE0  # from ASCII to its full-width twin
_FULL = {ord(c) + _WIDTH: c for c in map(chr, range(0x21, 0x7F))} | {ord("。"): ".", ord("｡"): "."}


def _either(text: str) -> str:
    return "".join(
        r"(?:[.．。｡]|\[\.\])" if c == "." else f"[{c}{chr(ord(c) + _WIDTH)}]" for c in text
    )


#: What tells cheaply that a page of 4 MB needs no second look.
_MARKS = (
    "：//",
    "：／",
    "．qq",
    "。qq",
    "｡qq",
    "[.]qq",
    "ｑｑ",
    "com／",
    "/s／",
    "s？__biz",
    "＆mid",
)
_WIDE = lazy(
    rf"(?:{_either('http')}{_either('s')}?{_either('://')})?{_either('mp.weixin.qq.com')}"
    r"[A-Za-z0-9\-._~%=&;+*/@:,!$?#０-９Ａ-Ｚａ-ｚ／？＝＆＃．＿－％]{0,4096}",
    re.IGNORECASE,
)


def plain(text: str) -> str:
    """``text`` with the addresses in it written as usual; what stands around them may change too.
    Linear time.
    """
    text = _INVISIBLE().sub("", text)
    if _MAIL().search(text):
        text = _SOFT_BREAK().sub("", text).replace("=3D", "=")
    if any(mark in text for mark in _MARKS):
        text = _WIDE().sub(lambda match: match[0].translate(_FULL).replace("[.]", "."), text)
    if _WRAP().search(text):
        text = _WRAPPED().sub("", text)
    return text
