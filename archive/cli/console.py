"""Colours and the one console for a person: ``$NO_COLOR`` and ``$FORCE_COLOR`` hold everywhere."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console


def wants_colour() -> bool | None:
    """What the environment says (no-color.org, force-color.org); None: it depends on who reads."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return None


def stderr_console() -> Console:
    """rich's console on stderr, where all talk goes."""
    from rich.console import Console

    return Console(stderr=True, no_color=wants_colour() is False)
