"""A recording on its way, as the network writes it: a part file, and the row that says what is in
it."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Self

from archive.db.parts import PartFile

if TYPE_CHECKING:
    from datetime import datetime

    from archive.store import Store
    from archive.store.recordings import PartState
    from scraper.fetch.streaming import Streamed


class RecordingPart:
    """``scraper.fetch.streaming.Part`` for the recording ``address`` of an archive: what an earlier
    command left is gone on with. A context manager. Raises DiskTrouble.
    """

    def __init__(self, store: Store, address: str) -> None:
        self._recordings, self._files, self._address = store.recordings, store.files, address
        self._state: PartState | None = self._recordings.part(address)
        self._file = PartFile(self._files, self._state.file) if self._state else None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        trace: TracebackType | None = None,
    ) -> None:
        self._close()

    @property
    def size(self) -> int:
        """Bytes that are there."""
        return self._file.size if self._file else 0

    @property
    def source(self) -> str | None:
        """The path of the address that they came from."""
        return self._state.source if self._state else None

    @property
    def validator(self) -> str | None:
        """What names the file they are of."""
        return self._state.validator if self._state else None

    @property
    def total(self) -> int | None:
        """How long that file is, where the server said so."""
        return self._state.total if self._state else None

    @property
    def is_whole(self) -> bool:
        """Everything came that was promised."""
        return self.total is not None and self.size == self.total

    def begin(self, source: str, validator: str | None, total: int | None) -> None:
        """Give up what is there and begin anew."""
        self._close()
        self._state = self._recordings.begin_part(self._address, source, validator, total)
        self._file = PartFile(self._files, self._state.file)

    def forget(self) -> None:
        """Give up what is there."""
        self._close()
        self._state = None
        self._recordings.drop_part(self._address)

    def write(self, data: bytes) -> None:
        """Append."""
        assert self._file is not None
        self._file.write(data)

    def read(self, begin: int, size: int) -> bytes:
        """Some of what is there."""
        return self._file.read(begin, size) if self._file else b""

    def finish(self, found: Streamed, now: datetime, expected: str | None = None) -> str | None:
        """The whole file as the recording; its path. ``None``, and nothing is kept, where its
        SHA-256 is not ``expected``."""
        assert self._file is not None
        digest = self._file.finish()
        if expected not in (None, digest):
            self.forget()
            return None
        self._close()
        return self._recordings.finish_part(self._address, digest, found.type, found.extension, now)

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
        self._file = None
