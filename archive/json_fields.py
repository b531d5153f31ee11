"""Dataclasses as the objects that ``--json``, the API and MCP give: declared at their fields. Pure.

A field is shown under its own name; ``json_field`` says where it is otherwise. A property is shown
where ``@shown`` stands on it. So a report that gains a field gains it everywhere.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import field, fields, is_dataclass
from datetime import datetime
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, TypeVar, cast

from scraper.records import dataclass

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shown:
    """How one attribute is shown. ``spread``: its own names stand in the object that holds it."""

    name: str
    timespec: str = "auto"
    convert: Callable[[Any], Any] | None = None
    spread: bool = False

    def of(self, holder: object, attribute: str) -> Any:
        value = getattr(holder, attribute)
        return self.convert(value) if self.convert else plain(value, self.timespec)


def json_field(
    *,
    name: str | None = None,
    hidden: bool = False,
    timespec: str = "auto",
    convert: Callable[[Any], Any] | None = None,
    spread: bool = False,
    **options: Any,
) -> Any:
    """A dataclass's field that is shown otherwise: under another ``name``, not at all (``hidden``),
    its time to the minute (``timespec``), ``convert``-ed, or ``spread``: its names stand in the
    object that holds it. ``options`` are those of ``dataclasses.field``.
    """
    how = {
        "name": name,
        "hidden": hidden,
        "timespec": timespec,
        "convert": convert,
        "spread": spread,
    }
    return field(metadata={"json": how}, **options)


def shown(getter: F) -> F:
    """Below ``@property``: it is shown, too."""
    return shown_as(getter.__name__)(getter)


def shown_as(name: str) -> Callable[[F], F]:
    """Below ``@property``: it is shown under this name."""

    def remember(getter: F) -> F:
        getter.__dict__["json"] = name
        return getter

    return remember


def counted(*names: str) -> Callable[[Counter[str]], dict[str, int]]:
    """These of a ``Counter``, each always there."""
    return lambda counts: {name: counts[name] for name in names}


def thousandths(seconds: float) -> float:
    """As exact as a duration is shown."""
    return round(seconds, 3)


class AsDict:
    """Gives a dataclass its ``as_dict``. ``OMITTED``: values whose names are left out."""

    __slots__ = ()
    OMITTED: ClassVar[tuple[Any, ...]] = ()

    def as_dict(self) -> dict[str, Any]:
        """Names and values as JSON has them; times are ISO 8601, as aware as they are here."""
        found: dict[str, Any] = {}
        for attribute, how in _shown(cast(Any, type(self))):
            value = how.of(self, attribute)
            if how.spread:
                found |= value
            elif value not in self.OMITTED:
                found[how.name] = value
        return found


@cache
def _shown(made: type[Any]) -> tuple[tuple[str, _Shown], ...]:
    return (*_shown_fields(made), *_shown_properties(made))


def _shown_fields(made: type[Any]) -> Iterator[tuple[str, _Shown]]:
    for one in fields(made):
        how = dict(one.metadata.get("json", {}))
        if not how.pop("hidden", False):
            yield one.name, _Shown(**{**how, "name": how.get("name") or one.name})


def _shown_properties(made: type[Any]) -> Iterator[tuple[str, _Shown]]:
    for attribute, value in vars(made).items():
        if isinstance(value, property) and "json" in vars(value.fget):
            yield attribute, _Shown(name=vars(value.fget)["json"])


def plain(value: Any, timespec: str = "auto") -> Any:
    """A value as JSON has it; of a ``Counter`` what is most frequent first, of a set in order."""
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, datetime):
        return value.isoformat(timespec=timespec)
    if isinstance(value, list | tuple) and not hasattr(value, "_asdict"):
        return [plain(part, timespec) for part in value]
    return _plain_object(value, timespec)


def _plain_object(value: Any, timespec: str) -> Any:
    if isinstance(value, AsDict):
        return value.as_dict()
    if isinstance(value, tuple):
        return {name: plain(part, timespec) for name, part in cast(Any, value)._asdict().items()}
    if isinstance(value, Counter):
        return dict(value.most_common())
    if isinstance(value, set | frozenset):
        return sorted(value)
    if isinstance(value, Enum):
        return value.value
    if is_dataclass(value):
        return {one.name: plain(getattr(value, one.name), timespec) for one in fields(value)}
    return str(value) if isinstance(value, Path | Exception) else value
