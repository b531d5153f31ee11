"""China's time zone: what pages show, and what a day in a name or a question means. Pure."""

from __future__ import annotations

from datetime import timedelta, timezone
from typing import Final

#: One zone and no summer time since 1991.
CHINA: Final = timezone(timedelta(hours=8), "UTC+8")
