"""What can go wrong with the archive itself. Each class carries the exit code that the command line
ends with.

::

    ArchiveError
     ├─ Locked          75   another command writes to this archive
     ├─ CoolingDown     75   WeChat asked for a pause
     ├─ Corrupt         65   a row, file or database is not what its hash says
     ├─ CannotCreate    73   the folder or file cannot be made
     ├─ DiskTrouble     74   disk full, read error
     ├─ NewerArchive    78   made by a newer version of this program
     ├─ OlderArchive    78   made by an older one, and not brought up to date yet
     ├─ QueueTrouble    69   the fleet's queue cannot be reached or used
     │   └─ NoWorkers   75   no worker of the fleet is at work
     ├─ BadConfig       78   config.toml or an option cannot be used
     ├─ BadInput        65   a given file cannot be read as what it should be
     │   └─ NoSuchInput 64  what was named to be read is not there
     ├─ NotIndexed      75   the search index must be made anew first
     ├─ BadQuery        64   a search query that means nothing (message says why)
     └─ NotHeld          1   no such article in the archive
         └─ NoArchive   78   no archive in the folder named, which only `save`, `watch` and `import` make
"""

from __future__ import annotations

from typing import ClassVar

from scraper.messages import changed


class ArchiveError(Exception):
    """The root. ``str(error)`` is a sentence: what happened, to what, what to do next.

    Secrets are taken out of it here, where an error is made.
    """

    exit_code: ClassVar[int] = 70

    def __init__(self, message: str) -> None:
        from scraper.redact import redact  # its patterns cost a search that goes well nothing

        super().__init__(changed(message, redact))


class Locked(ArchiveError):
    """Another command writes to this archive; the message says which process since when."""

    exit_code = 75


class CoolingDown(ArchiveError):
    """WeChat asked for a pause that is not over; the message says until when."""

    exit_code = 75


class Corrupt(ArchiveError):
    """Stored data does not match its hash, or a database is damaged."""

    exit_code = 65


class CannotCreate(ArchiveError):
    """The archive folder or a file in it cannot be created."""

    exit_code = 73


class DiskTrouble(ArchiveError):
    """Reading or writing failed: disk full, input/output error."""

    exit_code = 74


class NewerArchive(ArchiveError):
    """The archive was made or changed by a newer version of this program; nothing was touched."""

    exit_code = 78


class OlderArchive(ArchiveError):
    """The archive is of an older version of this program, and what only reads changes nothing."""

    exit_code = 78


class QueueTrouble(ArchiveError):
    """The fleet's queue cannot be reached, or not be used as it is; the message says why."""

    exit_code = 69


class NoWorkers(QueueTrouble):
    """No worker of the fleet is at work; everything waiting is kept."""

    exit_code = 75


class BadConfig(ArchiveError):
    """A setting cannot be used; the message names the setting and where it comes from."""

    exit_code = 78


class BadInput(ArchiveError):
    """A file given to read is not what it should be."""

    exit_code = 65


class NoSuchInput(BadInput):
    """What was named to be read is not there: the command line is wrong, not the data."""

    exit_code = 64

    @classmethod
    def of(cls, error: OSError, message: str) -> BadInput:
        """``message`` as the error that fits: nothing there, or something that cannot be read."""
        return cls(message) if isinstance(error, FileNotFoundError) else BadInput(message)


class NotIndexed(ArchiveError):
    """The search index is of another version, unfinished or damaged: ``reindex`` makes it, `search`
    does by itself.
    """

    exit_code = 75


class BadQuery(ArchiveError):
    """The search query means nothing; the message says what to write instead."""

    exit_code = 64


class NotHeld(ArchiveError):
    """The archive has no article under that key or address."""

    exit_code = 1


class NoArchive(NotHeld):
    """The folder holds no archive: a typo in --archive, or none was made yet."""

    exit_code = 78
