"""Which encoded form of a video is kept. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from scraper.errors import Refused
from scraper.messages import mark
from scraper.models import Transcoding
from scraper.records import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """``most`` bytes of one recording; ``height`` of a video in pixels."""

    most: int
    height: int


def best(forms: Iterable[Transcoding], limits: Limits) -> Transcoding:
    """The highest form within the limits, of equal ones the largest; one that does not say how high
    or large it is comes last. Raises Refused where none is.

    An upright video is as high as it is wide: 720p is 1280×720 and 720×1280.
    """
    known = [form for form in forms if form.url]
    fitting = [form for form in known if _fits(form, limits)]
    if fitting:
        return max(fitting, key=_size)
    if not known:
        raise Refused(mark("the page names no address of this video"))
    height, size = min(map(_size, known))
    raise Refused(
        mark(
            "no form of this video is within max_height ({height}) and max_media ({most} MB): the "
            "smallest is {least} high and has {size} MB",
            height=limits.height,
            most=_mb(limits.most),
            least=height or "?",
            size=_mb(size) if size else "?",
        )
    )


def _mb(size: int) -> str:
    return f"{size / 1e6:.0f}"


def _fits(form: Transcoding, limits: Limits) -> bool:
    return _height(form) <= limits.height and (form.size or 0) <= limits.most


def _size(form: Transcoding) -> tuple[int, int]:
    return _height(form), form.size or 0


def _height(form: Transcoding) -> int:
    sides = [side for side in (form.width, form.height) if side]
    return min(sides, default=0)
