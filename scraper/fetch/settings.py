"""What a fetcher is told, and what it gives back besides a ``Page``."""

from __future__ import annotations

from dataclasses import field
from datetime import datetime
from pathlib import Path

from scraper.defaults import DEFAULT_USER_AGENT
from scraper.records import dataclass

#: Where articles come from. Requests to it are paced, one at a time.
ARTICLE_HOSTS = ("mp.weixin.qq.com",)
#: Where the images, audio and video of articles lie, with their subdomains: seen on pages of
#: 2014–2026.
MEDIA_HOSTS = (
    "qpic.cn",
    "qlogo.cn",
    "weixin.qq.com",
    "wx.qq.com",
    "video.qq.com",
    "tc.qq.com",
    "gtimg.cn",
    "gtimg.com",
    "idqqimg.com",
    "y.qq.com",
    "music.qq.com",
    "weishi.qq.com",
    "store.mp.video.tencent-cloud.com",
    "mmec-shop-1258344707.cos.ap-shanghai.myqcloud.com",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchSettings:
    """How to fetch. Durations are seconds, sizes bytes.

    ``interval``: the next request to mp.weixin.qq.com (and to each feed's host) begins that long
    after the **end** of the last answer, so that the server sees at least this gap; ``jitter``
    lengthens it by up to that share of itself. ``interval=0`` removes both. ``proxy`` None takes
    ``$HTTPS_PROXY`` or ``$ALL_PROXY``, ``""`` none; the hosts in ``$NO_PROXY`` are asked around it.
    ``ca_file`` None takes ``$SSL_CERT_FILE``, else the usual certificates. ``allow_hosts`` are
    further hosts for media, with their subdomains; ``*``: any. ``trusted`` are addresses that a
    person has named to be told something (``Fetcher.post``): their hosts and ports may lie inside a
    network. Caps: what comes over the wire, and what it unpacks to.
    """

    interval: float = 3.0
    jitter: float = 0.5
    user_agent: str = DEFAULT_USER_AGENT
    accept_language: str = "zh-CN,zh;q=0.9,en;q=0.5"
    cookies_file: str | Path | None = None
    proxy: str | None = field(default=None, repr=False)  # may hold a password
    ca_file: str | Path | None = None
    allow_hosts: tuple[str, ...] = ()
    trusted: tuple[str, ...] = ()
    media_parallel: int = 8
    connect_timeout: float = 20.0
    page_deadline: float = 60.0
    media_deadline: float = 120.0
    recording_deadline: float = 3600.0
    page_wire_cap: int = 10 * 1024 * 1024
    page_cap: int = 32 * 1024 * 1024
    media_cap: int = 25 * 1024 * 1024
    max_redirects: int = 10
    max_retry_after: float = 3600.0


@dataclass(frozen=True, slots=True)
class Download:
    """A fetched file: ``type`` and ``extension`` (without a dot) by its own bytes, never by what
    the server says.
    """

    url: str
    body: bytes = field(repr=False)
    type: str
    extension: str
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class FeedResponse:
    """A feed's answer. ``not_modified``: the one of last time still holds, and ``body`` is empty.

    ``etag`` and ``last_modified`` go into the next request as they are; ``final_url`` is where
    redirects ended.
    """

    url: str
    body: bytes = field(repr=False)
    not_modified: bool = False
    etag: str | None = None
    last_modified: str | None = None
    final_url: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    fetched: datetime | None = None
