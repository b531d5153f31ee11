"""Messages in the reader's language: English in the code, other languages as gettext catalogues
beside this file.

``_("…")`` gives the message in the language that ``use`` chose for this thread or task; values
come by name: ``_("{n} of {all} kept", n=3, all=9)``. What is made far from its reader (an error's
sentence) is a ``Message`` of ``scraper.messages``: English for databases, programs and logs, which
``_`` says in the reader's language. ``recognised`` does so with a sentence that was stored.

A catalogue is the ``.po`` file itself, read at the first message that is not English: nothing has
to be compiled, so a checkout and an installed package are alike, and English costs nothing. The
page has a catalogue of its own (a *domain*, ``web``) above the program's, so that no command reads
messages that it never shows.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scraper.messages import Message, filled, kept, mark, mark_plural

if TYPE_CHECKING:
    from archive.i18n.catalogue import Catalogue

__all__ = [
    "CHINESE", "ENGLISH", "LANGUAGES", "best", "gettext", "language", "mark", "mark_plural",
    "ngettext", "of_environment", "plural", "recognised", "use",
]  # fmt: skip
ENGLISH, CHINESE = "en", "zh_CN"
LANGUAGES = (ENGLISH, CHINESE)
LOCALE = Path(__file__).parent / "locale"
PROGRAM = "program"

Choice = Callable[[], tuple[str, str]]
_current: ContextVar[Choice] = ContextVar("language")


@cache
def translator(language: str, domain: str) -> Catalogue | None:
    """The messages of ``domain`` in ``language``, and those of the program that it has not; None
    where those of the code are.
    """
    if language == ENGLISH:
        return None
    from archive.i18n.catalogue import Catalogue

    places = [
        LOCALE / language / "LC_MESSAGES" / f"{name}.po"
        for name in dict.fromkeys((PROGRAM, domain))
    ]
    return Catalogue(*(place for place in places if place.is_file()))


@contextmanager
def use(language: str | Callable[[], str], domain: str = PROGRAM) -> Iterator[None]:
    """Inside, messages come in ``language``; for this thread or task only. A function is asked at
    the first message, once: settings need not be read for a command that says nothing.
    """
    known: list[str] = [language] if isinstance(language, str) else []

    def chosen() -> tuple[str, str]:
        if not known and not isinstance(language, str):
            known.append(language())
        return known[0], domain

    token = _current.set(chosen)
    try:
        yield
    finally:
        _current.reset(token)


def language() -> str:
    """The language in use."""
    return _current.get(_english)()[0]


def _english() -> tuple[str, str]:
    return ENGLISH, PROGRAM


def _catalogue() -> Catalogue | None:
    return translator(*_current.get(_english)())


def gettext(message: str | BaseException, /, **values: Any) -> str:
    """``message`` in the language in use, with the values in their places; of an error, what it
    says.
    """
    known = _catalogue()
    text: Any = mark(str(message), **values) if values else kept(message)
    if known is None:
        return str(text)
    return str(_said(known, text if isinstance(text, Message) else mark(text)))


def plural(one: str, many: str, number: int, /, **values: Any) -> str:
    """The form for ``number``, which is ``{n}`` in both, in the language in use."""
    return gettext(mark_plural(one, many, number, **values))


def ngettext(one: str, many: str, number: int) -> str:
    """The form for ``number`` in the language in use, nothing filled in: for templates."""
    known = _catalogue()
    return (known and known.get(one)) or (one if number == 1 else many)


def _said(known: Catalogue, value: Any) -> Any:
    """A message in the catalogue's language; any other value, a title or a number, as it is."""
    if not isinstance(value, Message):
        return value
    template = known.get(value.template) or (str(value) if value.many else value.template)
    return filled(template, value.values, partial(_said, known))


def recognised(sentence: str) -> str:
    """A sentence or class that the program stored in English, in the language in use; as it is
    where nothing in its catalogue could have made it.
    """
    known = translator(language(), PROGRAM)
    if known is None or not sentence:
        return sentence
    from archive.i18n.recognise import Recogniser

    return Recogniser.of(known).say(sentence)


def best(wanted: Iterable[str], default: str = ENGLISH) -> str:
    """The first of the wanted languages (``zh-Hans-CN``, ``zh_CN.UTF-8``, ``en``) that there is."""
    for name in wanted:
        primary = name.strip().replace("_", "-").split("-")[0].lower()
        if primary == "zh":
            return CHINESE
        if primary in ("en", "c", "posix"):
            return ENGLISH
    return default


def of_environment(environ: Mapping[str, str] | None = None) -> str:
    """The language that the environment asks for, as GNU gettext reads it: ``LC_ALL``, else
    ``LC_MESSAGES``, else ``LANG``; where that is any language, ``LANGUAGE`` may name others first.
    """
    environ = os.environ if environ is None else environ
    names = ("LC_ALL", "LC_MESSAGES", "LANG")
    locale = next((environ[name] for name in names if environ.get(name)), "C")
    if locale.partition(".")[0] in ("C", "POSIX"):
        return ENGLISH
    return best([*filter(None, environ.get("LANGUAGE", "").split(":")), locale])
