"""The Markdown file of an article: front matter, header lines, cover, digest, body. Pure.

The layout is the one that users know from the sample article::

    ---
    title: "…"
    ---

    # TITLE

    文章作者: …
    公众号: …
    转载自: …
    发布时间: 2022-10-27 12:18
    发布地: 北京
    原文链接: http://mp.weixin.qq.com/s?__biz=…#rd

    封面图链接: https://…

    > the digest

    the body

A line without a value is left out, and that of the account where the author has its name. The
header lines end in two spaces, Markdown's hard break, so that they stay lines when rendered.
Addresses are written bare, as the page gives them, so that they can be copied.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from posixpath import relpath

from archive.document.facts import (
    Holding,
    article_of,
    front_matter,
    holding_of,
    time_of,
    web_address,
)
from archive.document.paths import key_of, path_of
from scraper.models import Article
from scraper.patterns import lazy
from scraper.zone import minute_in_china

__all__ = [
    "Holding",
    "article_of",
    "front_matter",
    "header",
    "holding_of",
    "is_untouched",
    "key_of",
    "path_of",
    "relative",
    "sealed",
    "time_of",
    "to_markdown",
]

Local = Callable[[str], str | None]


def to_markdown(
    article: Article,
    holding: Holding | None = None,
    *,
    image: Local | None = None,
    link: Local | None = None,
    play: Local | None = None,
    comments: str = "",
) -> str:
    """The whole file, ending in one newline. ``image``, ``link`` and ``play`` (of a recording) map
    an address to a local path, or to ``None``; ``comments`` is the section of
    ``archive.document.discussion``.
    """
    # Imported here: markdownify, bs4 and yaml are slow to load, and most commands render nothing.
    from archive.document import frontmatter
    from archive.document.markdown import render
    from archive.document.players import linked

    body = linked(article.body, play) if play else article.body
    body = render(body, image=image, link=link).strip("\n")
    parts = [
        frontmatter.write(front_matter(article, holding or Holding())).rstrip("\n"),
        *header(article),
    ]
    parts += [part for part in (body, comments) if part]
    return "\n\n".join(parts) + "\n"


def header(article: Article, *, account: bool = True) -> list[str]:
    """The blocks between front matter and body; without ``account`` as files of 2026-11 and before
    have them, which do not name the account and the one that an article is taken from.
    """
    title = " ".join(article.title.split())
    blocks = [f"# {escape(title)}"] if title else []
    lines = [f"{label}: {value}" for label, value in _facts(article, account) if value]
    if lines:
        blocks.append("  \n".join(lines))
    if article.cover:
        blocks.append(f"封面图链接: {_bare(article.cover)}")
    for words in _quoted(article):
        lines = [escape_line(line) for line in words.splitlines() if line.strip()]
        blocks.append("  \n".join(f"> {line}" for line in lines))
    return blocks


def _facts(article: Article, account: bool) -> list[tuple[str, str | None]]:
    """Label and value of each header line."""
    named = [("公众号", _account(article)), ("转载自", _taken_from(article))] if account else []
    return [
        ("文章作者", escape(_one_line(article.author))),
        *((label, escape(name)) for label, name in named),
        ("发布时间", _shown(article)),
        ("发布地", escape(_one_line(article.place))),
        ("原文链接", _bare(article.url or web_address(article.address))),
    ]


def _account(article: Article) -> str:
    name = _one_line(article.account.name)
    return "" if name == _one_line(article.author) else name


def _taken_from(article: Article) -> str:
    """The account of a reprint or of a shared article."""
    return _one_line(article.reprint.account) if article.reprint else ""


def _quoted(article: Article) -> list[str]:
    """The digest, where the body does not say the same, and what a sharing account wrote above the
    article.
    """
    digest, recommendation = article.digest or "", article.recommendation or ""
    if not digest.strip():
        return [recommendation] if recommendation.strip() else []
    if repeats(article, digest) or _squeezed(recommendation).startswith(_squeezed(digest)):
        digest = ""
    return [words for words in (digest, recommendation) if words.strip()]


def repeats(article: Article, digest: str) -> bool:
    """Whether the digest is the whole body, or the beginning of a message's."""
    shown, body = _squeezed(digest), _squeezed(article.text)
    return shown == body or (article.kind in _MESSAGES and body.startswith(shown))


def _squeezed(text: str) -> str:
    return "".join(text.split())


#: Pictures, texts and short posts, whose digest WeChat takes from the text.
_MESSAGES = frozenset((8, 10, 17))


def _one_line(text: str | None) -> str:
    return " ".join((text or "").split())


def _bare(address: str | None) -> str:
    """An address as it is; Sogou's signatures hold ``*``, which would be emphasis outside of angle
    brackets.
    """
    address = _one_line(address)
    return (
        f"<{address}>" if address.count("*") > 1 and not re.search(r"[<> ]", address) else address
    )


def _shown(article: Article) -> str:
    when = article.published
    return minute_in_china(when, date_only=article.date_only) if when else ""


_ALWAYS = re.compile(
    r"""\\(?=[!-/:-@\[-`{-~])      # a backslash that would escape
      | <(?=[A-Za-z/!?])           # tags and comments
      | &(?=\#?\w+;)               # entities
    """,
    re.VERBOSE,
)
#: Signs that are markup in pairs only: one alone shows as itself, and ``$`` is money.
_PAIRS = (
    re.compile(r"\*"),
    re.compile(r"`"),
    re.compile(r"\$"),
    re.compile(r"(?<![^\W_])_|_(?![^\W_])"),  # underscores at the edge of a word
    re.compile(r"~(?=~)|(?<=~)~"),
    re.compile(r"=(?==)|(?<==)="),  # Obsidian's highlight
    re.compile(r"%(?=%)|(?<=%)%"),  # and its comment
)
_LINKS = re.compile(r"\][(\[:]|\[[\[^]")
_LINE_START = lazy(
    r"^(\s*)(?:(#{1,6}(?=\s|$)|[-+*>](?=\s|$)|>|[-=_*]{3,}|\|)|(\d{1,9})([.)])(?=\s|$))"
)


def escape(text: str) -> str:
    """``text`` so that Markdown shows it as it is; only what would be read as markup gets a
    backslash.
    """
    text = _ALWAYS.sub(_backslash, text)
    if _LINKS.search(text):
        text = text.replace("[", "\\[")
    for sign in _PAIRS:
        if len(sign.findall(text)) > 1:
            text = sign.sub(_backslash, text)
    return re.sub(r"(?:(?<=\s)|^)#+$", _backslash, text)


def _backslash(sign: re.Match[str]) -> str:
    return "\\" + sign[0]


def escape_line(text: str) -> str:
    """The same at the start of a line, where lists, headings, quotes and rules begin."""
    return _LINE_START().sub(
        lambda sign: f"{sign[1]}\\{sign[2]}" if sign[2] else f"{sign[1]}{sign[3]}\\{sign[4]}",
        escape(text.strip()),
    )


# --- the file's own proof ---------------------------------------------------------------------------------------------

_CHECK = re.compile(r'^check: "([0-9a-f]{16})(?:-([0-9a-f]{16}))?"\n', re.MULTILINE)
#: Obsidian takes the quotes away when somebody changes a property.
_BODY_CHECK = re.compile(r"^check: [\"']?[0-9a-f]{16}-([0-9a-f]{16})[\"']?[ \t]*$", re.MULTILINE)


def sealed(text: str) -> str:
    """``text`` with a ``check`` over everything else as the last line of its front matter, and
    behind a hyphen one over the body alone.

    The file itself then tells whether a person changed it, also after a crash between file and
    database, and whether it was the body or what stands before it.
    """
    end = text.index("\n---\n", 3) + 1
    return f'{text[:end]}check: "{_digest(text)}-{_digest(_body(text))}"\n{text[end:]}'


def without_check(text: str) -> str:
    """The file without that line, which differs between any two and tells a reader nothing."""
    return _CHECK.sub("", text, count=1)


def is_untouched(text: str) -> bool:
    """Whether a file is exactly as this program wrote it, whichever version of the article it
    shows.
    """
    found = _find(_CHECK, text)
    return (
        found is not None
        and found[1] == _digest(text[: found.start()] + text[found.end() :])
        and found[2] in (None, _digest(_body(text)))
    )


def is_body_untouched(text: str) -> bool:
    """Whether everything behind the front matter is as this program wrote it; False for a file
    from before its check said so."""
    found = _find(_BODY_CHECK, text)
    return found is not None and found[1] == _digest(_body(text))


def _find(check: re.Pattern[str], text: str) -> re.Match[str] | None:
    end = text.find("\n---\n", 3)
    return check.search(text, 0, end + 1) if text.startswith("---\n") and end > 0 else None


def _body(text: str) -> str:
    return text[text.index("\n---\n", 3) + 5 :]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


# --- links inside the archive -----------------------------------------------------------------------------------------


_STUMBLES = re.compile("[\\x00- !\"#$%&'()*:<>?\\[\\\\\\]^`{|}\x7f]")


def relative(target: str, source: str) -> str:
    """The address of the file ``target`` in a link of the file ``source``; both from the archive's
    folder, with ``/``.

    Percent-encoded where Obsidian, VS Code or GitHub would stumble (spaces, brackets, ``#``, ``%``,
    ``&`` …); Chinese stays readable, which all three open.
    """
    # A damaged database may name nothing, which `relpath` refuses.
    path = relpath(target or ".", source.rpartition("/")[0] or ".")
    return _STUMBLES.sub(lambda found: f"%{ord(found[0]):02X}", path)
