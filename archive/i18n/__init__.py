"""Messages in the reader's language: English in the code, other languages as gettext catalogues
beside this file.

``_("…")`` gives the message in the language that ``use`` chose for this thread or task. A catalogue
is the ``.po`` file itself, read at the first use: nothing has to be compiled, so a checkout and an
installed package are alike. Each program part has a catalogue of its own (a *domain*: ``web``,
``cli``), so that nobody reads messages he never shows.
"""

from __future__ import annotations

import gettext as _gettext
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path

from archive.i18n.catalogue import Catalogue

ENGLISH, CHINESE = "en", "zh_CN"
LANGUAGES = (ENGLISH, CHINESE)
LOCALE = Path(__file__).parent / "locale"

_current: ContextVar[_gettext.NullTranslations] = ContextVar("translations")
_PLAIN = _gettext.NullTranslations()


@cache
def translator(language: str, domain: str) -> _gettext.NullTranslations:
    """The messages of ``domain`` in ``language``; those of the code where there is no catalogue."""
    place = LOCALE / language / "LC_MESSAGES" / f"{domain}.po"
    if language == ENGLISH or not place.is_file():
        return _PLAIN
    return Catalogue(place)


@contextmanager
def use(language: str, domain: str) -> Iterator[None]:
    """Inside, messages come in ``language``; for this thread or task only."""
    token = _current.set(translator(language, domain))
    try:
        yield
    finally:
        _current.reset(token)


def gettext(message: str) -> str:
    """``message`` in the language in use."""
    return _current.get(_PLAIN).gettext(message)


def ngettext(one: str, many: str, number: int) -> str:
    """The form for ``number`` in the language in use."""
    return _current.get(_PLAIN).ngettext(one, many, number)


def mark(message: str) -> str:
    """``message`` as it is: tells the extraction that it is translated where it is shown."""
    return message


def best(wanted: Iterable[str], default: str = ENGLISH) -> str:
    """The first of the wanted languages (``zh-Hans-CN``, ``zh_CN.UTF-8``, ``en``) that there is."""
    for name in wanted:
        primary = name.strip().replace("_", "-").split("-")[0].lower()
        if primary == "zh":
            return CHINESE
        if primary in ("en", "c", "posix"):
            return ENGLISH
    return default
