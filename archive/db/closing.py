"""What is closed at the end of a ``with``. Pure."""

from __future__ import annotations

from types import TracebackType
from typing import Self


class Closing:
    """Gives a class with a ``close`` its context manager: entered as itself, closed at the end."""

    __slots__ = ()

    def close(self) -> None:
        """End it."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
