"""Everything that can go wrong between an address and an article, as one tree.

::

    ScrapeError                 code            exit  after it
     ├─ NotAnAddress            not-an-address   64   fix the address
     ├─ Gone                    (its reason)      1   final: a tombstone, never asked again
     ├─ NeedsPerson             (its reason)      1   a person must bring something (a fresh link, a login)
     │   └─ Expired             expired-session  77   a session's credentials are spent: fresh ones
     ├─ Blocked                 blocked          75   WeChat wants a pause or a verification: stop, cool down
     ├─ Unrecognised            unrecognised     76   a page nobody has seen: raw page kept, not an article
     ├─ Hostile                 hostile           1   too large, too deep or too slow to read: raw page kept
     ├─ BadSettings             settings         78   mend a setting (proxy, certificates, cookies file)
     ├─ Unexpected              unexpected        1   a fault of this program at one item: raw input kept, put off
     └─ FetchError              fetch             1   the network
         ├─ Later               later             1   5xx, resets, time-outs, cut bodies: tried again
         │   ├─ RateLimited     rate-limited      1   429 or Retry-After: not before `retry_after` seconds
         │   ├─ TimedOut        timed-out         1   the total deadline passed
         │   ├─ CutShort        cut-short         1   fewer bytes than promised, also inside gzip
         │   └─ Unreachable     unreachable      69   no connection to the host at all
         └─ Refused             refused           1   final: too large, redirect loop, 404, wrong type
             └─ Forbidden       forbidden         1   final: an address inside the network, or not http(s)

Each class carries ``code`` (stable, for programs), ``exit_code`` and ``after``: ``"final"``,
``"later"`` or ``"person"``. ``str(error)`` is one sentence a person can read, ``url`` the address
it is about. Secrets are taken out of both here, where an error is made, so that whoever shows, logs
or stores one need not think of it.
"""

from __future__ import annotations

from types import TracebackType
from typing import ClassVar, Literal, Self

from scraper.messages import changed, mark, message_of

After = Literal["final", "later", "person"]
_PACKAGES = frozenset({"scraper", "archive"})


def _clean(text: str) -> str:
    from scraper.redact import (
        redact,  # its patterns take 3 ms to compile, which a search need not wait for
    )

    return changed(text, redact)


class ScrapeError(Exception):
    """The root: something kept an address from becoming an article."""

    code: str = "error"
    exit_code: ClassVar[int] = 1
    after: After = "later"

    def __init__(self, message: str, *, url: str | None = None) -> None:
        super().__init__(_clean(message))
        self.url = _clean(url) if url else url

    def place(self, url: str, redirected_to: str | None = None) -> None:
        """Say which address it is about and, behind a redirect, where that led."""
        self.url = _clean(url)
        if redirected_to is not None:
            said = mark(
                "{what} (after a redirect to {address})",
                what=message_of(self),
                address=_clean(redirected_to),
            )
            self.args = (said,)


class NotAnAddress(ScrapeError):
    """The text holds no address of a WeChat article, album or list."""

    code = "not-an-address"
    exit_code = 64
    after = "final"


class Gone(ScrapeError):
    """The article is not there any more. ``reason`` is a short name, ``shown`` what the page says.

    Reasons: ``deleted``, ``violation``, ``complaint``, ``migrated`` (with ``target``, the new
    address, where the page gives it), ``account-closed``, ``account-blocked``, ``rumour``,
    ``impersonation``, ``private``, ``unavailable``, ``send-failed``.
    """

    after = "final"

    def __init__(
        self,
        message: str,
        *,
        reason: str,
        shown: str | None = None,
        target: str | None = None,
        url: str | None = None,
    ) -> None:
        super().__init__(message, url=url)
        self.code = reason
        self.reason = reason
        self.shown = _clean(shown) if shown else shown
        self.target = target


class NeedsPerson(ScrapeError):
    """Only a person can go on: ``reason`` is ``expired`` (temporary link), ``parameter-error``,
    ``login``, ``paid``.
    """

    after = "person"

    def __init__(
        self, message: str, *, reason: str, shown: str | None = None, url: str | None = None
    ) -> None:
        super().__init__(message, url=url)
        self.code = reason
        self.reason = reason
        self.shown = _clean(shown) if shown else shown


class Expired(NeedsPerson):
    """A reader's session is over: only that reader can give a fresh one."""

    exit_code = 77

    def __init__(self, message: str, *, url: str | None = None) -> None:
        super().__init__(message, reason="expired-session", url=url)


class Blocked(ScrapeError):
    """WeChat wants a pause: ``reason`` is ``captcha`` (环境异常), ``frequency`` or ``verify`` (a
    redirect to it).
    """

    code = "blocked"
    exit_code = 75
    after = "later"

    def __init__(
        self, message: str, *, reason: str, shown: str | None = None, url: str | None = None
    ) -> None:
        super().__init__(message, url=url)
        self.reason = reason
        self.shown = _clean(shown) if shown else shown


class Unrecognised(ScrapeError):
    """A page that is neither an article nor any status page known."""

    code = "unrecognised"
    exit_code = 76
    after = "later"


class Hostile(ScrapeError):
    """A page that would take too much time or memory to read."""

    code = "hostile"
    after = "final"


class BadSettings(ScrapeError):
    """A proxy, certificates or cookies file that cannot be used."""

    code = "settings"
    exit_code = 78
    after = "person"


class Unexpected(ScrapeError):
    """Something that this program did not foresee went wrong with one item: a fault of its own,
    told with its place.
    """

    code = "unexpected"
    after = "later"

    @classmethod
    def of(cls, error: BaseException, *, url: str | None = None) -> Self:
        """What to say about ``error``: its kind, its words, and the last line of ours that it
        passed through.
        """
        words = " ".join(str(error).split())[:200]
        what = type(error).__name__ + (f": {words}" if words else "")
        said = mark("an unexpected error at {place} ({what})", place=place_of(error), what=what)
        return cls(said, url=url)


def place_of(error: BaseException) -> str:
    """``module:line`` of the innermost frame of this program in the error's traceback."""
    place, step = "an unknown place", error.__traceback__
    while step is not None:
        place, step = _ours(step) or place, step.tb_next
    return place


def _ours(step: TracebackType) -> str | None:
    module = str(step.tb_frame.f_globals.get("__name__", ""))
    return f"{module}:{step.tb_lineno}" if module.partition(".")[0] in _PACKAGES else None


class FetchError(ScrapeError):
    """The network gave no whole answer."""

    code = "fetch"


class Later(FetchError):
    """A passing fault: worth another try."""

    code = "later"


class RateLimited(Later):
    """429, or any answer with Retry-After. ``retry_after`` is in seconds; ``None`` where the server
    names none.
    """

    code = "rate-limited"

    def __init__(
        self, message: str, *, retry_after: float | None = None, url: str | None = None
    ) -> None:
        super().__init__(message, url=url)
        self.retry_after = retry_after


class TimedOut(Later):
    """The total deadline for one answer passed."""

    code = "timed-out"


class CutShort(Later):
    """Fewer bytes came than were promised, also inside gzip."""

    code = "cut-short"


class Unreachable(Later):
    """No connection to the host, or to the proxy."""

    code = "unreachable"
    exit_code = 69


class Refused(FetchError):
    """An answer that another try would not change."""

    code = "refused"
    after = "final"


class Forbidden(Refused):
    """An address the program will not open: inside the network, another scheme or port, a host not
    allowed.
    """

    code = "forbidden"
