"""Makes one call fail: every function that runs inside a loop's body gets its turn to raise."""

from __future__ import annotations

import inspect
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import CodeType, FrameType
from typing import Any

PACKAGES = ("scraper.", "archive.")


class Fault(Exception):
    """What nobody foresaw."""


def name_of(code: CodeType, module: str) -> str:
    """``archive.store.keeping:Keeping.keep``."""
    return f"{module}:{code.co_qualname}"


class _Watch:
    """Follows the calls of our packages; ``inside`` counts the loop bodies on the stack."""

    def __init__(self, bodies: frozenset[CodeType]) -> None:
        self.bodies, self.inside = bodies, 0

    def __call__(self, frame: FrameType, event: str, _arg: Any) -> None:
        if event == "call":
            if self.inside:
                self.called(frame)
            self.inside += frame.f_code in self.bodies
        elif event == "return":
            self.inside -= frame.f_code in self.bodies

    def called(self, frame: FrameType) -> None:
        raise NotImplementedError


class _Record(_Watch):
    """Notes which functions are called inside."""

    def __init__(self, bodies: frozenset[CodeType]) -> None:
        super().__init__(bodies)
        self.names: dict[str, None] = {}

    def called(self, frame: FrameType) -> None:
        module = frame.f_globals.get("__name__", "")
        code = frame.f_code
        # A generator is entered again and again; what it calls has its own turn.
        if module.startswith(PACKAGES) and not code.co_flags & inspect.CO_GENERATOR:
            self.names[name_of(code, module)] = None


class _Raise(_Watch):
    """Raises when one function is called inside for the first time."""

    def __init__(self, bodies: frozenset[CodeType], target: str) -> None:
        super().__init__(bodies)
        self.target, self.fired = target, False

    def called(self, frame: FrameType) -> None:
        if self.fired:
            return
        if name_of(frame.f_code, frame.f_globals.get("__name__", "")) == self.target:
            self.fired = True
            raise Fault(f"injected into {self.target}")


class _Signal(_Raise):
    """Sends a signal to this process instead."""

    def __init__(self, bodies: frozenset[CodeType], target: str, number: int) -> None:
        super().__init__(bodies, target)
        self.number = number

    def called(self, frame: FrameType) -> None:
        try:
            super().called(frame)
        except Fault:
            signal.raise_signal(self.number)


#: A function that does one item, or its code where it stands inside another.
Body = Callable[..., Any] | CodeType


def _codes(bodies: Sequence[Body]) -> frozenset[CodeType]:
    return frozenset(
        body if isinstance(body, CodeType) else inspect.unwrap(body).__code__ for body in bodies
    )


@contextmanager
def _profiled(watch: _Watch) -> Iterator[None]:
    before = sys.getprofile()
    sys.setprofile(watch)
    try:
        yield
    finally:
        sys.setprofile(before)


def calls_inside(bodies: Sequence[Body], work: Callable[[], object]) -> list[str]:
    """The functions of ours that ``work`` calls inside any of ``bodies``, each once, in order."""
    watch = _Record(_codes(bodies))
    with _profiled(watch):
        work()
    return list(watch.names)


@contextmanager
def failing(bodies: Sequence[Body], target: str) -> Iterator[Callable[[], bool]]:
    """Inside, the first call of ``target`` from a loop's body raises Fault; gives "has it?"."""
    watch = _Raise(_codes(bodies), target)
    with _profiled(watch):
        yield lambda: watch.fired


@contextmanager
def signalled(number: int, bodies: Sequence[Body], target: str) -> Iterator[Callable[[], bool]]:
    """The same, but a signal comes then."""
    watch = _Signal(_codes(bodies), target, number)
    with _profiled(watch):
        yield lambda: watch.fired
