"""What every form of XML here is held to. Pure."""

from __future__ import annotations

import re

#: What no XML document may hold, and no reader shows.
_NOT_XML = re.compile(
    "[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]|[\ufdd0-\ufdef\ufffe\uffff]"
)


def legal_xml(text: str) -> str:
    """``text`` without what XML cannot hold."""
    return _NOT_XML.sub("", text)
