"""The comments under an article as XHTML, for web pages and books. Pure."""

from __future__ import annotations

from collections.abc import Callable

from archive.document.discussion import Discussion, KeptComment, heading, marks, name
from archive.exporters.tree import text

Image = Callable[[str], "str | None"]


def xhtml(discussion: Discussion | None, *, image: Image) -> str:
    """A section with the tree of comments; nothing where there are none. ``image`` gives the
    address to show a picture at, or ``None``: it is left out.
    """
    if discussion is None or not discussion.comments:
        return ""
    items = "\n".join(_item(one, image) for one in discussion.comments)
    return (
        f'<section class="comments">\n<h2>{text(heading(discussion))}</h2>\n'
        f"<ol>\n{items}\n</ol>\n</section>"
    )


def _item(kept: KeptComment, image: Image) -> str:
    said = "<br/>".join(map(text, kept.comment.text.splitlines()))
    pictures = "".join(
        f'<img src="{text(at)}" alt="图片"/>'
        for one in kept.comment.pictures
        if (at := image(one.url)) is not None
    )
    replies = "\n".join(_item(one, image) for one in kept.replies)
    gone = ' class="gone-comment"' if kept.gone else ""
    return (
        f"<li{gone}><p><strong>{text(name(kept))}</strong> "
        f'<span class="facts">{text(" · ".join(marks(kept)))}</span></p>\n'
        f"<p>{said}{pictures}</p>" + (f"\n<ol>\n{replies}\n</ol>" if replies else "") + "</li>"
    )
