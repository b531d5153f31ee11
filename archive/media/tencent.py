"""A video of v.qq.com, by yt-dlp: the extra ``video``, imported here alone.

yt-dlp works out at which addresses the video lies and fetches them, in a thread of its own. Each
address that it asks for is judged first as any other of ours (``scraper.fetch.guard``), and only
hosts of Tencent's are opened. It comes into a folder in ``.tmp``, and from there as whatever it is
by its bytes into a part file.
"""

from __future__ import annotations

import asyncio
import shutil
import threading
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archive.db import parts
from archive.media.forms import Limits
from scraper.errors import FetchError, Later, NeedsPerson, Refused
from scraper.messages import mark
from scraper.records import dataclass

if TYPE_CHECKING:
    from archive.db.files import Files
    from archive.media.part import RecordingPart
    from scraper.fetch.streaming import Streamed
    from scraper.recordings import Recording

#: What a failure for want of yt-dlp is called in the database.
MISSING = "no-yt-dlp"
#: The same for want of ffmpeg.
NO_FFMPEG = "no-ffmpeg"
#: Pages, their data and the video itself (yt-dlp's extractor ``vqq:video``, 2026-10).
HOSTS = ("qq.com", "gtimg.com", "gtimg.cn", "myqcloud.com")
_PIECE = 2**20


def is_installed() -> bool:
    """Whether yt-dlp can be imported; it is not."""
    return find_spec("yt_dlp") is not None


def mended() -> list[str]:
    """Which of the two are failures no more, since what they lacked is there now."""
    there = {MISSING: is_installed(), NO_FFMPEG: shutil.which("ffmpeg") is not None}
    return [reason for reason, is_there in there.items() if is_there]


@dataclass(frozen=True, slots=True)
class Tencent:
    """Fetches videos of v.qq.com. ``proxy`` as in the settings: None is the environment's."""

    files: Files
    proxy: str | None = None

    async def __call__(self, recording: Recording, part: RecordingPart, limits: Limits) -> Streamed:
        """The video into ``part``. Raises NeedsPerson where yt-dlp or ffmpeg is missing, Refused for
        what is no video or too large, Later for whatever yt-dlp stumbles over."""
        from scraper.fetch.streaming import whole

        if not is_installed():
            raise NeedsPerson(
                mark(
                    "a video of v.qq.com is fetched with yt-dlp, which is not installed: pip install "
                    "'wechat-archive[video]'"
                ),
                reason=MISSING,
            )
        with parts.scratch(self.files) as folder:
            place = await self._download(recording.address, folder, limits)
            part.begin(recording.address, None, place.stat().st_size)
            with place.open("rb") as file:
                while piece := file.read(_PIECE):
                    part.write(piece)
        if _is_transport_stream(part):
            part.forget()
            raise NeedsPerson(
                mark(
                    "this video comes in pieces (MPEG-TS) that only ffmpeg makes one film of: "
                    "install ffmpeg"
                ),
                reason=NO_FFMPEG,
            )
        return whole(part, "video")

    async def _download(self, address: str, folder: Path, limits: Limits) -> Path:
        stop = threading.Event()
        try:
            return await asyncio.to_thread(_download, address, folder, limits, self.proxy, stop)
        except asyncio.CancelledError:
            stop.set()  # the thread ends at its next piece
            raise


def _is_transport_stream(part: RecordingPart) -> bool:
    """As yt-dlp leaves it where there is no ffmpeg: packets of 188 bytes, each of which begins with
    ``G`` (ISO 13818-1)."""
    head = part.read(0, 377)
    return len(head) == 377 and {ord("G")} == set(head[::188])


def _download(
    address: str, folder: Path, limits: Limits, proxy: str | None, stop: threading.Event
) -> Path:
    """The file that yt-dlp wrote into ``folder``."""
    from yt_dlp.utils import DownloadError, YoutubeDLError

    failure: FetchError | None = None

    def watch(state: dict[str, Any]) -> None:
        nonlocal failure
        if stop.is_set():
            failure = Later(mark("interrupted"))
        elif (state.get("downloaded_bytes") or 0) > limits.most:
            failure = Refused(
                mark(
                    "it has more than the {most} MB that are taken (max_media)",
                    most=f"{limits.most / 1e6:.1f}",
                )
            )
        if failure is not None:
            raise DownloadError(str(failure))

    try:
        with _guarded(_options(folder, limits, proxy, watch)) as downloader:
            downloader.download([address])
    except YoutubeDLError as error:
        said = " ".join(str(error).split()).removeprefix("ERROR: ")[:200]
        raise failure or Later(mark("yt-dlp could not fetch it: {what}", what=said)) from None
    found = sorted(folder.iterdir(), key=lambda place: place.stat().st_size)
    if not found:
        raise Refused(
            mark(
                "yt-dlp found no form of this video within max_height ({height}) and max_media",
                height=limits.height,
            )
        )
    return found[-1]


def _options(folder: Path, limits: Limits, proxy: str | None, watch: Any) -> dict[str, Any]:
    short = f"[height<=?{limits.height}]"
    return {
        "format": f"best{short}/bestvideo{short}+bestaudio",
        "max_filesize": limits.most,
        "outtmpl": str(folder / "video.%(ext)s"),
        "allowed_extractors": ["vqq:video"],
        "progress_hooks": [watch],
        "logger": _Silent(),
        "cachedir": False,
        "noplaylist": True,
        "nopart": True,
        "noprogress": True,
        "quiet": True,
        "socket_timeout": 20,
        "retries": 2,
        "fragment_retries": 3,
        # Where it hands a stream to ffmpeg (encrypted, or of a form that it does not know), ffmpeg
        # would open addresses that nobody judged: it may read what is here, and no network.
        "external_downloader_args": {"ffmpeg_i": ["-protocol_whitelist", "crypto"]},
        "compat_opts": {"no-certifi"},  # the system's certificates, or those of $SSL_CERT_FILE
        **({} if proxy is None else {"proxy": proxy}),
    }


def _guarded(options: dict[str, Any]) -> Any:
    """A downloader that judges each address before it is asked for."""
    from yt_dlp import YoutubeDL
    from yt_dlp.utils import YoutubeDLError

    from scraper.errors import ScrapeError
    from scraper.fetch import guard

    class Guarded(YoutubeDL):  # type: ignore[misc]  # it has no types
        def urlopen(self, request: Any) -> Any:
            address = request if isinstance(request, str) else request.url
            try:
                guard.check(address, hosts=HOSTS)
            except ScrapeError as error:
                raise YoutubeDLError(str(error)) from error
            return super().urlopen(request)

    return Guarded(options)


class _Silent:
    """What yt-dlp would print: its last error is told by ourselves."""

    def debug(self, _: str) -> None: ...
    def info(self, _: str) -> None: ...
    def warning(self, _: str) -> None: ...
    def error(self, _: str) -> None: ...
