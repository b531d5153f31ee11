"""What classes of failure and states of the queue are called: programs know them in English, a
person reads them in their own language and may type them so.
"""

from __future__ import annotations

from archive.cli.terms import FAILURES, REASONS, STATES
from archive.i18n import gettext as _

KNOWN = (*FAILURES, *REASONS, *STATES)


def shown_class(name: str) -> str:
    """The class as a person reads it, with the word that programs know where that is another."""
    said = _(name)
    return said if said == name else f"{said} ({name})"


def class_of(text: str) -> str:
    """The class that a person means: its English word or its name in their language, also both as
    ``shown_class`` has them; as it is where it names none."""
    wanted = text.strip()
    return next((name for name in KNOWN if wanted in (name, _(name), shown_class(name))), text)
