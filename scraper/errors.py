"""Everything that can go wrong between an address and an article, as one tree.

::

    ScrapeError                 code            exit  after it
     ├─ NotAnAddress            not-an-address   64   fix the address
     ├─ Gone                    (its reason)      1   final: a tombstone, never asked again
     ├─ NeedsPerson             (its reason)      1   a person must bring something (a fresh link, a login)
     ├─ Blocked                 blocked          75   WeChat wants a pause or a verification: stop, cool down
     ├─ Unrecognised            unrecognised     76   a page nobody has seen: raw page kept, not an article
     ├─ Hostile                 hostile           1   too large, too deep or too slow to read: raw page kept
     ├─ BadSettings             settings         78   mend a setting (proxy, certificates, cookies file)
     └─ FetchError              fetch             1   the network
         ├─ Later               later             1   5xx, resets, time-outs, cut bodies: tried again
         │   ├─ RateLimited     rate-limited      1   429 or Retry-After: not before `retry_after` seconds
         │   ├─ TimedOut        timed-out         1   the total deadline passed
         │   ├─ CutShort        cut-short         1   fewer bytes than promised, also inside gzip
         │   └─ Unreachable     unreachable      69   no connection to the host at all
         └─ Refused             refused           1   final: too large, redirect loop, 404, wrong type
             └─ Forbidden       forbidden         1   final: an address inside the network, or not http(s)

Each class carries ``code`` (stable, for programs), ``exit_code`` and ``after``: ``"final"``, ``"later"`` or
``"person"``. ``str(error)`` is one sentence a person can read, without secrets; ``url`` the address it is about.
"""

from __future__ import annotations

from typing import ClassVar, Literal

After = Literal["final", "later", "person"]


class ScrapeError(Exception):
    """The root: something kept an address from becoming an article."""

    code: str = "error"
    exit_code: ClassVar[int] = 1
    after: After = "later"

    def __init__(self, message: str, *, url: str | None = None) -> None:
        super().__init__(message)
        self.url = url


class NotAnAddress(ScrapeError):
    """The text holds no address of a WeChat article, album or list."""

    code = "not-an-address"
    exit_code = 64
    after = "final"


class Gone(ScrapeError):
    """The article is not there any more. ``reason`` is a short name, ``shown`` what the page says.

    Reasons: ``deleted``, ``violation``, ``complaint``, ``migrated`` (with ``target``, the new address, where the page
    gives it), ``account-closed``, ``account-blocked``, ``rumour``, ``impersonation``, ``private``, ``unavailable``,
    ``send-failed``.
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
        self.shown = shown
        self.target = target


class NeedsPerson(ScrapeError):
    """Only a person can go on: ``reason`` is ``expired`` (temporary link), ``parameter-error``, ``login``, ``paid``."""

    after = "person"

    def __init__(
        self, message: str, *, reason: str, shown: str | None = None, url: str | None = None
    ) -> None:
        super().__init__(message, url=url)
        self.code = reason
        self.reason = reason
        self.shown = shown


class Blocked(ScrapeError):
    """WeChat wants a pause: ``reason`` is ``captcha`` (环境异常), ``frequency`` or ``verify`` (a redirect to it)."""

    code = "blocked"
    exit_code = 75
    after = "later"

    def __init__(
        self, message: str, *, reason: str, shown: str | None = None, url: str | None = None
    ) -> None:
        super().__init__(message, url=url)
        self.reason = reason
        self.shown = shown


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


class FetchError(ScrapeError):
    """The network gave no whole answer."""

    code = "fetch"


class Later(FetchError):
    """A passing fault: worth another try."""

    code = "later"


class RateLimited(Later):
    """429, or any answer with Retry-After. ``retry_after`` is in seconds; ``None`` where the server names none."""

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
    """An address the program will not open: inside the network, another scheme or port, a host not allowed."""

    code = "forbidden"
