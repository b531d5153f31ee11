"""Values that several rooms begin with."""

from __future__ import annotations

from typing import Final

#: A desktop browser that is current in late 2026. A reader's: long links are refused to odd
#: clients.
DEFAULT_USER_AGENT: Final = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/142.0.0.0 Safari/537.36"
)
