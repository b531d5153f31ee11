"""The mitmproxy add-on, with a server's address and intake key filled in."""

from __future__ import annotations

import json
from importlib import resources


def script(server: str, key: str) -> str:
    """A whole script; ``server`` without a slash at its end."""
    place = resources.files("archive.web").joinpath("static", "intake_addon.py.txt")
    text = place.read_text("utf-8")
    return text.replace('"@SERVER@"', json.dumps(server)).replace('"@KEY@"', json.dumps(key))
