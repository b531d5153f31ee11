"""Writes ``window.cgiDataNew`` as WeChat's servers do: an object literal, not JSON."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence

#: Numbers that the page gives as numbers; every other one is a string with ``* 1``.
Value = str | int | bool | None | Mapping[str, "Value"] | Sequence["Value"]

_ESCAPES = {
    "\\": "\\x5c",
    "\r": "\\x0d",
    '"': "\\x22",
    "&": "\\x26",
    "'": "\\x27",
    "<": "\\x3c",
    ">": "\\x3e",
    "\n": "\\x0a",
}


def string(text: str, *, decode: bool) -> str:
    """A string of the page's data. ``decode``: with ``JsDecode``, as until 2026-05; else plain, as
    since 2026-06.
    """
    escaped = "".join(_ESCAPES.get(c, c) for c in text)
    return f"JsDecode('{escaped}')" if decode else f"'{escaped}'"


def literal(value: Value, *, decode: bool, indent: int = 16) -> str:
    """``value`` in the grammar that the pages use."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "'' || ''"
    if isinstance(value, int):
        return f"'{value}' * 1"
    if isinstance(value, str):
        return string(value, decode=decode)
    space, outer = " " * (indent + 4), " " * indent
    if isinstance(value, Mapping):
        lines = [
            f"{space}{name}: {literal(v, decode=decode, indent=indent + 4)},"
            for name, v in value.items()
        ]
        return "\n".join(["{", *lines, outer + "}"])
    lines = [f"{space}{literal(v, decode=decode, indent=indent + 4)}," for v in value]
    return "\n".join(["[", *lines, outer + "]"])


def attribute(url: str) -> str:
    """An address as the data holds it: still escaped for HTML."""
    return html.escape(url, quote=True)
