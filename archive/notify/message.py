"""A digest: what a run has to tell, whoever gets it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One digest. ``id`` is the same at every try; ``made`` aware, UTC; ``content``: ``matches``,
    ``starred`` and ``problems``, each a list of objects; ``is_test``: somebody tries his ways."""

    id: str
    made: datetime
    content: dict[str, Any]
    is_test: bool = False


def new_id() -> str:
    """As Standard Webhooks has them: opaque, and nobody else's."""
    return f"msg_{uuid.uuid4().hex}"
