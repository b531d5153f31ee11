"""What each element name of a body means."""

from __future__ import annotations

from scraper.body.runs import CODE, DEL, EM, STRONG, SUB, SUP
from scraper.text import names

BLOCKS = names("""
    p div section article header footer main aside nav center address dl dt dd form fieldset legend
    details summary figure figcaption ul ol li blockquote h1 h2 h3 h4 h5 h6 table caption tbody thead
    tfoot tr td th foreignobject text hgroup menu dir option
""")
INLINE_LOOKS = {
    "strong": STRONG,
    "b": STRONG,
    "em": EM,
    "i": EM,
    "cite": EM,
    "del": DEL,
    "s": DEL,
    "strike": DEL,
    "sup": SUP,
    "sub": SUB,
    "code": CODE,
    "kbd": CODE,
    "samp": CODE,
    "tt": CODE,
}
SKIPPED = names("""
    style noscript template head title meta link desc metadata defs rp mp-style-type mp-common-style
""")
LOST = {
    "canvas": "drawing",
    "object": "embedded",
    "embed": "embedded",
    "applet": "embedded",
    "input": "form",
    "select": "form",
    "textarea": "form",
    "animate": "animation",
    "set": "animation",
    "animatetransform": "animation",
    "animatemotion": "animation",
    "path": "drawing",
    "polygon": "drawing",
    "polyline": "drawing",
    "circle": "drawing",
    "ellipse": "drawing",
    "math": "formula",
}
LOST_WITH_CONTENT = names("""
    canvas object embed applet input select math
""")
#: The page hides its own body until its script has run.
PAGE_WRAPPERS = frozenset(
    ["js_content", "js_share_content", "page-content", "img-content", "js_article"]
)
HEADINGS = {f"h{level}": level for level in range(1, 7)}
LINKABLE = ("http://", "https://", "mailto:", "tel:")

#: Elements that by themselves say nothing about the text in them.
TRANSPARENT = names("span font o:p u big small ins")
#: Elements that are never a picture, code, a card or a rule.
ORDINARY = (
    TRANSPARENT | BLOCKS - {"ul", "ol"} | frozenset(INLINE_LOOKS) - {"code"} | {"a", "html", "body"}
)
#: Blocks that only end and begin a paragraph.
PASSAGES = names("p section div article header footer main aside nav center address")
#: Elements of words, with the looks that they give.
WORDS = dict.fromkeys(TRANSPARENT, 0) | {
    tag: look for tag, look in INLINE_LOOKS.items() if tag in ORDINARY
}
