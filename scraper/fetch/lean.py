"""httpx, imported without its own command line: that would bring rich and pygments, where they are
installed, for some 50 ms and 5 MB that nobody needs. httpx asks for it in a ``try`` and has no
switch for it, so there is no plainer way."""

from __future__ import annotations

import sys
from typing import Any, cast

_COMMAND_LINE = "httpx._main"

if "httpx" not in sys.modules:
    modules = cast("dict[str, Any]", sys.modules)
    modules[_COMMAND_LINE] = None  # as if rich were missing: httpx then does without
    try:
        import httpx  # noqa: F401 - for its being imported
    finally:
        del modules[_COMMAND_LINE]
