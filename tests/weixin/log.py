"""What was asked of the small internet: counts, gaps and peaks are read off here."""

from __future__ import annotations

import itertools
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from tests.weixin.answer import Request

ARTICLES = "mp.weixin.qq.com"


class Log:
    """Every request in the order it came. Safe to read from any thread."""

    def __init__(self) -> None:
        #: what ``at`` and ``ended`` are read off; a scenario puts its own clock here
        self.monotonic: Callable[[], float] = time.monotonic
        self._lock = threading.Lock()
        self._came = threading.Condition(self._lock)
        self._requests: list[Request] = []
        self._now: Counter[str] = Counter()

    def began(
        self, method: str, url: str, host: str, path: str, headers: Mapping[str, str]
    ) -> Request:
        """Notes a request that has just come."""
        with self._lock:
            self._now[host] += 1
            request = Request(
                method,
                url,
                host,
                path,
                dict(headers),
                self.monotonic(),
                datetime.now(UTC),
                self._now[host],
            )
            self._requests.append(request)
            self._came.notify_all()
            return request

    def wait_for(self, count: int) -> None:
        """Until so many requests have come; a minute without them is a test that hangs."""
        with self._came:
            assert self._came.wait_for(lambda: len(self._requests) >= count, timeout=60)

    def ended(self, request: Request, status: int | None) -> None:
        """Notes that its answer is out, or broken off."""
        with self._lock:
            self._now[request.host] -= 1
            request.ended, request.status = self.monotonic(), status

    def requests(self, host: str | None = None) -> list[Request]:
        """All requests, or those to one host."""
        with self._lock:
            return [request for request in self._requests if host is None or request.host == host]

    def urls(self, host: str | None = None) -> list[str]:
        """Their addresses."""
        return [request.url for request in self.requests(host)]

    def count(self, host: str | None = None) -> int:
        """How many there were."""
        return len(self.requests(host))

    def peak(self, host: str) -> int:
        """The most that were in flight at once to one host."""
        return max((request.in_flight for request in self.requests(host)), default=0)

    def gaps(self, host: str = ARTICLES) -> list[float]:
        """Seconds from each request's beginning to the next one's."""
        at = [request.at for request in self.requests(host)]
        return [later - earlier for earlier, later in itertools.pairwise(at)]

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._requests.clear()

    def __len__(self) -> int:
        return self.count()
