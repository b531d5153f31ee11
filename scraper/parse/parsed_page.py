"""A page as the parser looks at it: its bytes in UTF-8 and, each made only when asked for, its data
and its tree.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from typing import cast

import lxml.etree

from scraper import hostile
from scraper.body import tree as body_tree
from scraper.models import Page
from scraper.parse import cgidata, cut
from scraper.parse.cgidata import PageData
from scraper.parse.literal import Literal, unescape
from scraper.parse.scripts import Scripts


class ParsedPage:
    """One page; ``received`` is its body in UTF-8 without a BOM (see
    ``scraper.parse.encoding``).
    """

    def __init__(self, page: Page, received: bytes) -> None:
        self.page = page
        self.received = received
        #: What ``scraper.parse.meta.raw`` has found: several fields are asked for twice.
        self.known: dict[tuple[str, bool], Literal] = {}
        self._of_class: dict[str, list[lxml.etree._Element]] = {}

    @cached_property
    def body(self) -> bytes:
        """The page without NUL bytes, at which libxml2 would stop. Pages with cgiDataNew never get
        here.
        """
        return self.received.replace(b"\0", b"") if b"\0" in self.received else self.received

    @property
    def url(self) -> str:
        """The address the page came from, after redirects."""
        return self.page.final_url or self.page.url

    @cached_property
    def cgi(self) -> PageData | None:
        """``window.cgiDataNew``, None where the page has none."""
        return cgidata.find(self.received)

    @cached_property
    def scripts(self) -> Scripts:
        """The assignments of the inline scripts."""
        return Scripts(self.body)

    @cached_property
    def content(self) -> bytes | None:
        """``#js_content`` with its own tag, as it stands in the page; None where there is none."""
        at = self._content_at
        return self.body[at[0] : at[3]] if at else None

    @cached_property
    def content_tree(self) -> body_tree.Parsed:
        """``#js_content`` as a tree, made for ``scraper.body.clean``."""
        return body_tree.parse(self.content or b"")

    @cached_property
    def _content_attributes(self) -> bytes:
        """Where a name is looked for that an element of the body may have: its ids and classes, which
        the tree gives in a tenth of the time of a look at all its bytes, if it has been made.
        """
        if "content_tree" not in self.__dict__:
            return self.content or b""
        found = cast("list[str]", _IDS_AND_CLASSES(self.content_tree.root))
        return " ".join(found).encode("utf-8", "replace")

    @cached_property
    def _content_at(self) -> tuple[int, int, int, int] | None:
        return cut.element(self.body, "js_content")

    @cached_property
    def _before(self) -> bytes:
        """The page up to what is inside ``#js_content``, all of it where there is none, without
        what is inside scripts and styles.
        """
        at = self._content_at
        return self._without_code(0, at[1] if at else len(self.body))

    @cached_property
    def _shell(self) -> bytes:
        """The page without what is inside ``#js_content``, which is parsed for itself, and inside
        scripts and styles, which make two thirds of it.
        """
        at = self._content_at
        return self._before + self._without_code(at[2], len(self.body)) if at else self._before

    def _without_code(self, begin: int, end: int) -> bytes:
        return cut.without_code(self.body, begin, end, self.scripts.insides)

    @cached_property
    def _header(self) -> bytes:
        """From ``#img-content`` to the body: the title, who published it and when. A tenth of the
        shell, and on most pages of 2014–2020 all that is looked for stands there.
        """
        at = self._before.find(_ARTICLE) if self._content_at else -1
        return self._before[self._before.rfind(b"<", 0, at) :] if at >= 0 else b""

    @cached_property
    def _head(self) -> bytes:
        """The page before its ``<body``, if all ``<meta`` elements stand there, else the shell."""
        end = max(0, self._before.find(b"<body"))
        return self._shell if _META.search(self._shell, end) else self._before[:end]

    @cached_property
    def tree(self) -> lxml.etree._Element | None:
        """The page around its body as lxml reads it; None where there is no element. Costs more
        than all else.
        """
        return parse_html(self._shell)

    @cached_property
    def _names(self) -> Names:
        return Names(self.tree)

    @cached_property
    def _header_names(self) -> Names:
        return Names(parse_html(self._header))

    @cached_property
    def _content_names(self) -> Names:
        return Names(parse_html(self.content) if self.content else None)

    def data(self, key: str) -> Literal:
        """A top-level value of cgiDataNew, None where there is none."""
        return self.cgi.get(key) if self.cgi is not None else None

    @cached_property
    def _all_names(self) -> bytes:
        return self._shell + self._content_attributes

    def _named(self, name: str) -> Iterator[Names]:
        sought = name.encode()
        # A look at the bytes is much cheaper than at a tree, and most names are on few pages.
        if sought not in self._all_names:
            return
        in_shell = self._shell.count(sought)
        if in_shell:
            in_header = self._header.count(sought)
            yield self._header_names if in_header == in_shell else self._names
        if sought in self._content_attributes:
            yield self._content_names

    def _with_id(self, name: str) -> Iterator[lxml.etree._Element]:
        for names in self._named(name):
            yield from names.ids.get(name, ())

    def by_id(self, name: str) -> lxml.etree._Element | None:
        """The first element with this ``id``; ``#js_content`` itself is empty here (see
        ``content``).
        """
        return next(self._with_id(name), None)

    def text_by_id(self, name: str) -> str | None:
        """The words of the first element with this ``id`` that has any.

        A page saved by a browser may hold an id twice, the empty one of the template first (seen
        in 2026: ``js_ip_wording``, ``publish_time``).
        """
        for element in self._with_id(name):
            words = text_of(element)
            if words:
                return words
        return None

    def by_class(self, name: str) -> list[lxml.etree._Element]:
        """All elements of this class, those around the body first."""
        if name not in self._of_class:  # tags are asked for as tags and as links
            self._of_class[name] = [
                element for names in self._named(name) for element in names.classes.get(name, ())
            ]
        return self._of_class[name]

    def description(self) -> str | None:
        """What the page says about itself in its head, line breaks kept."""
        return (
            self.meta("og:description")
            or self.meta("twitter:description")
            or self.meta("description")
        )

    def saved_from(self) -> str | None:
        """The address that a browser or a saver wrote into a comment at the head of its copy."""
        match = _SAVED_FROM.search(self.received[:4096])
        return match[1].decode("ascii", "replace") if match else None

    def meta(self, name: str) -> str | None:
        """``content`` of ``<meta name=…>`` or ``<meta property=…>``; JS escapes there (``\\x0a``)
        are resolved.
        """
        for names, content in self._metas if name.encode() in self._head else ():
            if name in names:
                return unescape(content.encode("utf-8", "replace")).decode("utf-8", "replace")
        return None

    @cached_property
    def _metas(self) -> list[tuple[tuple[str | None, str | None], str]]:
        """The names and the ``content`` of each ``<meta>`` that has any."""
        tree = self.tree if self._head is self._shell else parse_html(self._head)
        found = tree.iter("meta") if tree is not None else ()
        return [
            ((element.get("name"), element.get("property")), content)
            for element in found
            if (content := element.get("content"))
        ]


#: Chrome and IE: ``saved from url=(0077)…``, SingleFile: ``url: …``, others the address alone (all
#: seen).
_SAVED_FROM = re.compile(rb"<!--[^<>]{0,200}?(https?://mp\.weixin\.qq\.com/[^\s<>\"']+?)(?:-->|\s)")
#: How the element that holds title, account and body begins to name itself (2014–2026).
_ARTICLE = b'id="img-content"'


_META = re.compile(rb"<meta\b", re.I)


class Names:
    """The elements of a tree by ``id`` and by class, found in one pass: some thirty names are
    looked for on a page without cgiDataNew.
    """

    def __init__(self, tree: lxml.etree._Element | None) -> None:
        self.ids: dict[str, list[lxml.etree._Element]] = {}
        self.classes: dict[str, list[lxml.etree._Element]] = {}
        for element in tree.iter() if tree is not None else ():
            id_, classes = element.get("id"), element.get("class")
            if id_:
                self.ids.setdefault(id_, []).append(element)
            if classes:
                for name in dict.fromkeys(classes.split()):
                    self.classes.setdefault(name, []).append(element)


def parse_html(body: bytes) -> lxml.etree._Element | None:
    """The tree of some HTML in UTF-8, or None where there is nothing to make a tree of. Raises
    ``Hostile``.
    """
    hostile.check(body)
    try:
        return cast("lxml.etree._Element | None", lxml.etree.fromstring(body, _parser()))
    except (lxml.etree.LxmlError, ValueError):
        return None


_IDS_AND_CLASSES = lxml.etree.XPath("//@id | //@class", smart_strings=False)


def _parser() -> lxml.etree.HTMLParser:
    # Without huge_tree libxml2 silently drops text that is deeper than 256 levels.
    return lxml.etree.HTMLParser(
        encoding="utf-8", huge_tree=True, remove_comments=True, remove_pis=True
    )


def text_of(element: lxml.etree._Element | None) -> str | None:
    """The text inside an element, scripts and styles left out; None for nothing."""
    if element is None:
        return None
    text = "".join(cast("list[str]", _TEXT(element))).strip()
    return text or None


_TEXT = lxml.etree.XPath(".//text()[not(parent::script or parent::style)]")


def html_of(element: lxml.etree._Element) -> bytes:
    """The element as HTML bytes in UTF-8, itself included."""
    return lxml.etree.tostring(element, encoding="utf-8", method="html", with_tail=False)
