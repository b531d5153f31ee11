"""The process that hands one message to a service: ``python -m archive.notify.service``.

It reads ``{"url": …, "title": …, "body": …}`` from standard input and says ``{"error": null}`` or
what was wrong on standard output.
"""

from __future__ import annotations

import json
import logging
import sys
from typing import Any


def main(given: dict[str, str]) -> str | None:
    """What was wrong; None: the service took it; ``missing``: apprise is not installed."""
    try:
        import apprise
    except ImportError:
        return "missing"
    heard = _Heard()
    logger = logging.getLogger("apprise")
    logger.addHandler(heard)
    logger.setLevel(logging.WARNING)
    # Nothing is read from or kept in the person's home: no plug-ins of others, no storage.
    asset = apprise.AppriseAsset(
        app_id="wechat-archive", app_desc="wechat-archive", plugin_paths=[], storage_path=None
    )
    service: Any = apprise.Apprise.instantiate(given["url"], asset=asset)
    if service is None:
        return f"no address that apprise knows: {heard.said()}"
    if "overflow=" not in given["url"]:
        service.overflow_mode = apprise.OverflowMode.SPLIT  # longer than a service takes
    took = service.notify(
        body=given["body"], title=given["title"], body_format=apprise.NotifyFormat.TEXT
    )
    return None if took else heard.said() or "the service did not take it"


class _Heard(logging.Handler):
    """What a plug-in warns of."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())

    def said(self) -> str:
        return "; ".join(self.lines[-3:])


if __name__ == "__main__":
    print(json.dumps({"error": main(json.load(sys.stdin))}))
