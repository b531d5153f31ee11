"""TeX as MathML, which browsers set without any script, and as SVG, which a PDF shows; what cannot be
read stays TeX.
"""

from __future__ import annotations

from functools import lru_cache
from importlib import import_module
from typing import Any

from latex2mathml.converter import convert
from lxml import etree

from scraper.patterns import lazy
from scraper.text import names

_LONGEST = 2000  #: characters of TeX; a longer one is no formula
_SPACE = "{http://www.w3.org/1998/Math/MathML}"
#: Presentation MathML without anything that links, embeds or acts.
_ELEMENTS = names(
    "math mrow mi mo mn mtext mspace ms mfrac msqrt mroot mstyle mpadded mphantom "
    "msub msup msubsup munder mover munderover mmultiscripts mprescripts none mtable "
    "mtr mtd menclose merror "
)
_ATTRIBUTES = names(
    "display displaystyle mathvariant stretchy fence separator lspace rspace width "
    "height depth linethickness columnalign rowalign columnspacing rowspacing accent "
    "accentunder minsize maxsize notation scriptlevel form movablelimits symmetric "
)
#: Characters that the fonts of mathematics have no signs for.
_CJK = lazy(
    "[\u2e80-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff]"
)
#: Characters of TeX that are drawn in one article: a drawing takes 3 ms a sign.
MOST_DRAWN = 20_000
_LONGEST_DRAWN = 1000
_SIZE = 16.0  #: pixels an em while drawing; the drawing itself is measured in em
_SVG = "{http://www.w3.org/2000/svg}"


@lru_cache(maxsize=512)
def mathml(tex: str, *, block: bool) -> bytes | None:
    """The ``math`` element for ``tex`` as XML; ``None`` where it cannot be made, or would hold
    anything but maths.

    The converter copies some of what it is given into its answer as it stands, so that is read
    strictly again.
    """
    if len(tex) > _LONGEST:
        return None
    try:
        root = etree.fromstring(convert(tex, display="block" if block else "inline").encode())
    except (
        Exception
    ):  # it raises whatever its parser meets: KeyError, IndexError, RecursionError, its own
        return None
    for element in root.iter():
        name = str(element.tag)
        if not name.startswith(_SPACE) or name.removeprefix(_SPACE) not in _ELEMENTS:
            return None
        if set(element.attrib) - _ATTRIBUTES:
            return None
        element.tag = name.removeprefix(_SPACE)
    etree.cleanup_namespaces(root)
    return etree.tostring(root)


@lru_cache(maxsize=512)
def svg(tex: str, *, block: bool) -> bytes | None:
    """A drawing of ``tex`` as an SVG element, as large as the text around it, on its line or in the
    middle of one of its own; ``None`` where it cannot be made, or ziamath is not installed.
    """
    made = mathml(tex, block=block)
    if made is None or len(tex) > _LONGEST_DRAWN or _CJK().search(tex):
        return None
    try:
        drawing, below = _drawn(made)
    except Exception:  # ImportError, or as above: KeyError, IndexError, RecursionError …
        return None
    root = etree.fromstring(drawing)
    if {str(element.tag) for element in root.iter()} <= _DRAWN:
        _measure(root, None if block else below)
        return etree.tostring(root)
    return None


def _measure(root: etree._Element, below: float | None) -> None:
    """In em instead of pixels. ``below``: how far it reaches below the line; None: it has its own."""
    width, height = (float(root.get(side, "0")) / _SIZE for side in ("width", "height"))
    place = "display:block;margin:0 auto"
    if below is not None:
        place = f"vertical-align:{below / _SIZE:.3f}em"
    root.set("style", f"width:{width:.3f}em;height:{height:.3f}em;{place}")


#: What such a drawing is made of: outlines of signs, and lines.
_DRAWN = frozenset(f"{_SVG}{name}" for name in names("svg g path rect line title"))


def _drawn(mathml: bytes) -> tuple[bytes, float]:
    """The drawing, and how far it reaches above (+) or below (-) the line, in pixels. Raises whatever
    the library meets."""
    ziamath: Any = import_module("ziamath")  # of the extra `pdf`, with 1.3 MB of fonts
    ziamath.config.svg2 = False  # outlines where they are, without names that others could have
    formula = ziamath.Math(mathml.decode(), size=_SIZE)
    return str(formula.svg()).encode(), float(formula.getyofst())
