"""``dataclass`` as the standard library has it, but with methods that are generated when they are
first called.

Generating ``__init__``, ``__repr__``, ``__eq__``, ``__hash__`` and the two that freeze takes 0.65
ms a class (CPython 3.11), of which this program has 240: 146 of them are loaded by ``save``, a
fifth of the CPU of keeping one article, and most are never made, compared or shown there.
"""

from __future__ import annotations

import dataclasses
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


#: What is generated together: ``dataclasses.dataclass`` with this switch on gives these methods.
_GENERATED: Final = {"__init__": "init", "__repr__": "repr", "__eq__": "eq", "__hash__": "eq"}


def _made(cls: type[Any], frozen: bool, slots: bool, kw_only: bool) -> type[Any]:
    if any("__dataclass_fields__" in base.__dict__ for base in cls.__mro__):
        return dataclasses.dataclass(frozen=frozen, slots=slots, kw_only=kw_only)(cls)
    # Without a docstring the standard library would make one of the signature of `__init__`.
    cls.__doc__ = cls.__doc__ or cls.__name__
    missing = [name for name in _GENERATED if name not in cls.__dict__]
    plain = dataclasses.dataclass(init=False, repr=False, eq=False, slots=slots, kw_only=kw_only)
    made = plain(cls)
    for name in missing:
        setattr(made, name, _generator(made, name, frozen))
    if frozen:
        _freeze(made)
    elif "__hash__" in missing:
        made.__hash__ = None  # type: ignore[assignment]
    return made


def _generator(cls: type[Any], name: str, frozen: bool) -> Any:
    """A method that puts the generated one into its place and calls it."""

    def first(*arguments: Any, **named: Any) -> Any:
        wanted = {"init": False, "repr": False, "eq": False, _GENERATED[name]: True}
        method = getattr(dataclasses.dataclass(**wanted, frozen=frozen)(_twin(cls)), name)
        setattr(cls, name, method)
        return method(*arguments, **named)

    return first


def _twin(cls: type[Any]) -> type[Any]:
    """A class of the same fields, whose generated methods fit the instances of ``cls``."""
    found: dict[str, dataclasses.Field[Any]] = cls.__dataclass_fields__
    namespace: dict[str, Any] = {
        "__annotations__": {name: field.type for name, field in found.items()},
        "__doc__": cls.__doc__,
        "__module__": cls.__module__,
        "__qualname__": cls.__qualname__,
        **found,
    }
    if hasattr(cls, "__post_init__"):
        namespace["__post_init__"] = cls.__post_init__
    return type(cls.__name__, (), namespace)


def _freeze(cls: Any) -> None:
    cls.__dataclass_params__.frozen = True  # asked by a class that inherits from this one
    cls.__setattr__, cls.__delattr__ = _no_assignment, _no_deletion
    cls.__getstate__, cls.__setstate__ = _state, _restore


def _no_assignment(self: object, name: str, value: object) -> NoReturn:
    raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")


def _no_deletion(self: object, name: str) -> NoReturn:
    raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")


def _state(self: Any) -> list[Any]:
    """For pickle and copy, which would assign."""
    return [getattr(self, field.name) for field in dataclasses.fields(self)]


def _restore(self: Any, state: list[Any]) -> None:
    for field, value in zip(dataclasses.fields(self), state, strict=True):
        object.__setattr__(self, field.name, value)
