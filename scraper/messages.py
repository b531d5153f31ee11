"""Sentences for people: English text that remembers how it was made, so that it can be said in
another language later.

An error is made where nobody knows who will read it: the terminal of a person with Chinese
settings, the database, a log, a program. So its sentence is an English ``str`` like any other, and
carries its template and values along; whoever shows it to a person asks ``archive.i18n`` for it in
that person's language. ::

    raise Refused(mark("{address} answered {status}", address=url, status=404))
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any


class Message(str):
    """A sentence in English. ``template`` is what translators see (with ``many``, its plural form,
    where ``number`` decides), ``values`` what stands in its places.
    """

    template: str
    many: str | None = None
    number: int = 0
    values: Mapping[str, Any] = {}


def mark(template: str, /, **values: Any) -> Message:
    """``template`` with ``{names}`` filled in. An error among the values stands for what it says, a
    list for its parts behind each other."""
    values = {name: kept(value) for name, value in values.items()}
    message = Message(filled(template, values))
    message.template, message.values = template, values
    return message


def mark_plural(one: str, many: str, number: int, /, **values: Any) -> Message:
    """The form for ``number``, which is ``{n}`` in both: ``mark_plural("{n} page", "{n} pages",
    3)``.
    """
    values = {name: kept(value) for name, value in values.items()} | {"n": number}
    message = Message(filled(one if number == 1 else many, values))
    message.template, message.many, message.number, message.values = one, many, number, values
    return message


def filled(
    template: str, values: Mapping[str, Any], say: Callable[[Any], Any] = lambda value: value
) -> str:
    """``template`` with each value as ``say`` says it; as it is where there is nothing to fill
    in."""
    if not values:
        return template
    return template.format(**{name: _one(value, say) for name, value in values.items()})


def _one(value: Any, say: Callable[[Any], Any]) -> Any:
    if isinstance(value, tuple):
        return str(say(_BETWEEN)).join(str(say(part)) for part in value)
    return say(value)


def kept(value: Any) -> Any:
    """A value as a message keeps it: of an error its sentence, of a list a tuple."""
    if isinstance(value, BaseException):
        return message_of(value)
    if isinstance(value, list | tuple):
        return tuple(kept(part) for part in value)
    return value


#: Between the parts of a list; Chinese has a comma of its own for that.
_BETWEEN = mark(", ")


def message_of(error: BaseException) -> str:
    """What an error says, as the ``Message`` that it was made with where it was made with one."""
    first = error.args[0] if len(error.args) == 1 else None
    return first if isinstance(first, Message) else str(error)


def changed(message: str, change: Callable[[str], str]) -> str:
    """``message`` with ``change`` made to its text and to each text in it: how secrets go out of
    a sentence that stays translatable."""
    if not isinstance(message, Message):
        return change(message)
    new = Message(change(message))
    new.template, new.many, new.number = message.template, message.many, message.number
    new.values = {name: _changed(value, change) for name, value in message.values.items()}
    return new


def _changed(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, tuple):
        return tuple(_changed(part, change) for part in value)
    if isinstance(value, int | float):
        return value
    return changed(value if isinstance(value, str) else str(value), change)


#: What the system says most often when it cannot do something, in its own words: as those of any
#: message they have translations.
_SYSTEM = (
    mark("No such file or directory"),
    mark("Permission denied"),
    mark("Operation not permitted"),
    mark("File exists"),
    mark("Is a directory"),
    mark("Not a directory"),
    mark("Directory not empty"),
    mark("No space left on device"),
    mark("Disk quota exceeded"),
    mark("Read-only file system"),
    mark("Input/output error"),
    mark("File name too long"),
    mark("File too large"),
    mark("Too many open files"),
    mark("Too many levels of symbolic links"),
    mark("Connection refused"),
    mark("Address already in use"),
    mark("Invalid cross-device link"),
)


def strerror(error: OSError) -> str:
    """What the system says, without the file."""
    return mark(error.strerror) if error.strerror else str(error)


def system_message(error: OSError) -> str:
    """What the system says, with the file that it is about."""
    what = strerror(error)
    return mark("{place}: {what}", place=error.filename, what=what) if error.filename else what
