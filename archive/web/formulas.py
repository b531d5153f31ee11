"""TeX as MathML, which browsers set without any script; what cannot be read stays TeX."""

from __future__ import annotations

from functools import lru_cache

from latex2mathml.converter import convert
from lxml import etree

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
