"""What our WARC files say beyond the standard, written by ``export`` and read by ``import``."""

from __future__ import annotations

from typing import Final

#: The extension field of our own exports: JSON with the address asked for, the one it ended at,
#: those in between.
EXCHANGE: Final = "X-Wechat-Archive-Exchange"
#: Headers that told of the coding of a body, which is kept decoded, go by this prefix, as other
#: tools do.
ORIGINAL: Final = "x-archive-orig-"
