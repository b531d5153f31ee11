"""``dataclass`` as the standard library has it, but with methods that are generated when they are
first called, ``__init__`` when it has been called often.

Generating ``__init__``, ``__repr__``, ``__eq__``, ``__hash__`` and the two that freeze takes 0.65
ms a class (CPython 3.11), of which this program has 240: 146 of them are loaded by ``save``, a
fifth of the CPU of keeping one article, and most are never made, compared or shown there. Of the
69 that are made, five are made more than twenty times.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from operator import attrgetter
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any, Final, NoReturn

__all__ = ["dataclass"]

if TYPE_CHECKING:
    from dataclasses import dataclass
else:

    def dataclass(cls=None, /, *, frozen=False, slots=False, kw_only=False):
        """``dataclasses.dataclass`` with these arguments; a class that inherits from another is
        left to it whole.
        """
        if cls is None:
            return lambda found: _made(found, frozen, slots, kw_only)
        return _made(cls, frozen, slots, kw_only)


_METHODS: Final = ("__init__", "__repr__", "__eq__", "__hash__")


def _made(cls: type[Any], frozen: bool, slots: bool, kw_only: bool) -> type[Any]:
    if any("__dataclass_fields__" in base.__dict__ for base in cls.__mro__):
        return dataclasses.dataclass(frozen=frozen, slots=slots, kw_only=kw_only)(cls)
    # Without a docstring the standard library would make one of the signature of `__init__`.
    cls.__doc__ = cls.__doc__ or cls.__name__
    missing = [name for name in _METHODS if name not in cls.__dict__]
    plain = dataclasses.dataclass(init=False, repr=False, eq=False, slots=slots, kw_only=kw_only)
    made = plain(cls)
    for name in missing:
        setattr(
            made, name, _first_calls(made, frozen) if name == "__init__" else _first(made, name)
        )
    if frozen:
        _freeze(made)
    elif "__hash__" in missing:
        made.__hash__ = None  # type: ignore[assignment]
    return made


def _first(cls: type[Any], name: str) -> Callable[..., Any]:
    """A method that makes the real one, puts it into its place and calls it."""

    def first(*arguments: Any, **named: Any) -> Any:
        method = _MAKERS[name](cls)
        setattr(cls, name, method)
        return method(*arguments, **named)

    return first


#: Generating `__init__` costs as much as assigning field by field this many times (0.1 ms, 6 µs).
_OFTEN: Final = 16


def _first_calls(cls: type[Any], frozen: bool) -> Callable[..., None]:
    """``__init__`` that assigns field by field, until it has been called often or does not know
    what to do with the arguments.
    """
    left = _OFTEN

    def first(self: Any, /, *arguments: Any, **named: Any) -> None:
        nonlocal left
        left -= 1
        if left < 0 or not _assigned(self, cls, arguments, named):
            method = _init(cls, frozen)
            cls.__init__ = method
            method(self, *arguments, **named)
        elif hasattr(cls, "__post_init__"):
            self.__post_init__()

    return first


def _assigned(
    self: object, cls: type[Any], arguments: tuple[Any, ...], named: dict[str, Any]
) -> bool:
    """False where one is missing, unknown or given twice: the generated one says which."""
    fields = dataclasses.fields(cls)
    positional = [field.name for field in fields if field.init and not field.kw_only]
    given = dict(zip(positional, arguments, strict=False)) | named
    if len(given) != len(arguments) + len(named):
        return False
    for field in fields:
        value = given.pop(field.name, _ABSENT) if field.init else _ABSENT
        if value is _ABSENT:
            value = _default(field)
        if value is not _ABSENT:
            object.__setattr__(self, field.name, value)
        elif field.init:
            return False
    return not given


def _init(cls: type[Any], frozen: bool) -> Callable[..., None]:
    """``__init__`` out of its source: a default is ``_d_NAME``, what makes one ``_f_NAME``."""
    fields = dataclasses.fields(cls)
    assign = "_set(self, {0!r}, {1})" if frozen else "self.{0} = {1}"
    lines = [
        assign.format(field.name, _value(field))
        for field in fields
        if field.init or _has_default(field) or _has_factory(field)
    ]
    if hasattr(cls, "__post_init__"):
        lines.append("self.__post_init__()")
    source = f"def __init__({_parameters(fields)}):\n " + "\n ".join(lines or ["pass"])
    names: dict[str, Any] = {"_set": object.__setattr__, "_absent": _ABSENT, **_defaults(fields)}
    exec(source, names)  # names of fields only, as the standard library does it
    method: Callable[..., None] = names["__init__"]
    method.__qualname__ = f"{cls.__qualname__}.__init__"
    return method


_ABSENT: Final = object()


def _default(field: dataclasses.Field[Any]) -> object:
    if _has_factory(field):
        return field.default_factory()  # type: ignore[operator]
    return field.default if _has_default(field) else _ABSENT


def _has_default(field: dataclasses.Field[Any]) -> bool:
    return field.default is not dataclasses.MISSING


def _has_factory(field: dataclasses.Field[Any]) -> bool:
    return field.default_factory is not dataclasses.MISSING


def _defaults(fields: tuple[dataclasses.Field[Any], ...]) -> dict[str, Any]:
    defaults = {f"_d_{field.name}": field.default for field in fields if _has_default(field)}
    makers = {f"_f_{field.name}": field.default_factory for field in fields if _has_factory(field)}
    return defaults | makers


def _value(field: dataclasses.Field[Any]) -> str:
    """What is assigned to the field."""
    if _has_factory(field):
        made = f"_f_{field.name}()"
        return f"{made} if {field.name} is _absent else {field.name}" if field.init else made
    return field.name if field.init else f"_d_{field.name}"


def _parameters(fields: tuple[dataclasses.Field[Any], ...]) -> str:
    wanted = [field for field in fields if field.init]
    ordered = [_parameter(field) for field in wanted if not field.kw_only]
    keywords = [_parameter(field) for field in wanted if field.kw_only]
    return ", ".join(["self", *ordered, *(["*"] if keywords else ()), *keywords])


def _parameter(field: dataclasses.Field[Any]) -> str:
    if _has_factory(field):
        return f"{field.name}=_absent"
    return f"{field.name}=_d_{field.name}" if _has_default(field) else field.name


def _values(cls: type[Any]) -> Callable[[Any], Any]:
    """What of an instance is compared."""
    names = [field.name for field in dataclasses.fields(cls) if field.compare]
    return attrgetter(*names) if names else lambda _: ()


def _repr(cls: type[Any]) -> Callable[[Any], str]:
    shown = [field.name for field in dataclasses.fields(cls) if field.repr]

    @recursive_repr()
    def method(self: Any) -> str:
        said = ", ".join(f"{name}={getattr(self, name)!r}" for name in shown)
        return f"{type(self).__qualname__}({said})"

    return method


def _eq(cls: type[Any]) -> Callable[[Any, Any], Any]:
    values = _values(cls)

    def method(self: Any, other: Any) -> Any:
        return values(self) == values(other) if type(other) is type(self) else NotImplemented

    return method


def _hash(cls: type[Any]) -> Callable[[Any], int]:
    values = _values(cls)
    return lambda self: hash(values(self))


_MAKERS: Final[dict[str, Callable[[type[Any]], Callable[..., Any]]]] = {
    "__repr__": _repr,
    "__eq__": _eq,
    "__hash__": _hash,
}


def _freeze(cls: Any) -> None:
    cls.__dataclass_params__.frozen = True  # asked by a class that inherits from this one
    cls.__setattr__, cls.__delattr__ = _no_assignment, _no_deletion
    cls.__getstate__, cls.__setstate__ = _state, _restore


def _no_assignment(self: object, name: str, value: object) -> NoReturn:
    raise dataclasses.FrozenInstanceError(name)


def _no_deletion(self: object, name: str) -> NoReturn:
    raise dataclasses.FrozenInstanceError(name)


def _state(self: Any) -> list[Any]:
    """For pickle and copy, which would assign."""
    return [getattr(self, field.name) for field in dataclasses.fields(self)]


def _restore(self: Any, state: list[Any]) -> None:
    for field, value in zip(dataclasses.fields(self), state, strict=True):
        object.__setattr__(self, field.name, value)
