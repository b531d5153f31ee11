"""The body of an article: the author's nested, styled HTML → a small clean HTML, and everything in
it.

Clean HTML uses only: ``p h1–h6 strong em del a img ul ol(start) li blockquote
pre>code(class="language-x") code table(thead tbody tr th td, colspan, rowspan) figure figcaption hr
br sup sub``. A media card is ``<p data-card="SORT" data-id="…">视频: <a href="…">title</a></p>``;
TeX stands in ``<code class="math">`` or ``<code class="math-block">``. Inline elements nest in one
order: a, strong, em, del, sup, sub, code.
"""

from __future__ import annotations

from functools import partial

from scraper.body import footnotes, formulas, players, tree
from scraper.body.hints import Hints
from scraper.body.walk import Walker
from scraper.models import Image, Link, Loss, Media
from scraper.records import dataclass

__all__ = ["Body", "Hints", "clean"]


@dataclass(frozen=True, slots=True)
class Body:
    """``html`` is clean HTML, ``text`` its visible lines; the rest is in reading order, ``losses``
    one a kind.
    """

    html: str
    text: str
    images: tuple[Image, ...] = ()
    media: tuple[Media, ...] = ()
    links: tuple[Link, ...] = ()
    losses: tuple[Loss, ...] = ()


_NO_HINTS = Hints()
#: What stands behind it is shown to who has paid; others get a page that ends here.
_BEFORE_PAYING = "mp-pay-preview-filter"


def clean(source: bytes | str | tree.Parsed, *, hints: Hints = _NO_HINTS) -> Body:
    """``source``, the HTML of a body (``content_noencode``, or ``#js_content``'s inner or outer
    HTML), as a ``Body``.

    Bytes are UTF-8; a tree that has been made of them is changed. Takes time in proportion to the
    length, whatever the nesting. Raises ``Hostile`` for a body that is larger than any article.
    """
    if not isinstance(source, tree.Parsed):
        if not source.strip():
            return Body("", "")
        source = tree.parse(source)
    root, raw = source
    reader = partial(
        Walker,
        hints=hints,
        formulas=formulas.present(raw, root),
        players=hints.saved and players.present(raw),
    )
    walker = reader()
    losses: list[Loss] = []
    try:
        footnotes.link(root)
        walker.walk(root)
    except tree.TooDeep:
        walker = reader()
        walker.walk(tree.flattened(raw))
        losses.append(Loss(kind="depth"))
    losses += walker.losses.values()
    if next(root.iter(_BEFORE_PAYING), None) is not None:
        losses.append(Loss(kind="unpaid-part"))
    return Body(
        html="".join(walker.out),
        text="\n".join(walker.lines),
        images=tuple(walker.images),
        media=tuple(walker.media),
        links=tuple(walker.links),
        losses=tuple(losses),
    )
