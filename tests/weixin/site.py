"""What the small internet holds: articles, images, albums, feeds and faults, by their real
addresses.
"""

from __future__ import annotations

import base64
import hashlib
import html
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

from scraper import urls
from scraper.errors import NotAnAddress
from tests.weixin import media, pages
from tests.weixin.answer import Answer, Handler, Request
from tests.weixin.pages import Fields, article_page, status_page

ARTICLES = "mp.weixin.qq.com"
_TYPES = {
    b"\x89PNG": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF8": "image/gif",
    b"RIFF": "image/webp",
    b"<svg": "image/svg+xml",
    b"ID3": "audio/mpeg",
}


@dataclass(frozen=True, slots=True)
class Published:
    """An article of the site: what its page says, and both of its addresses."""

    fields: Fields
    short: str

    @property
    def long(self) -> str:
        """As other articles link to it."""
        f = self.fields
        return f"https://{ARTICLES}/s?__biz={f.biz}&mid={f.mid}&idx={f.idx}&sn={f.sn}&chksm={f.chksm}&scene=21"

    @property
    def title(self) -> str:
        """As its page says."""
        return self.fields.title

    @property
    def identity(self) -> tuple[str, str, str]:
        """``(biz, mid, idx)``."""
        return self.fields.biz, self.fields.mid, self.fields.idx


Target = str | Published


class Site:
    """Scripts the answers. Safe to change while the internet runs.

    An address that nobody scripted is a page of 参数错误 on mp.weixin.qq.com, as WeChat does it,
    and 404 elsewhere.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._scripts: dict[str, list[Answer | Handler]] = {}
        self._once: dict[str, list[Answer | Handler]] = {}
        self._hosts: dict[str, Answer | Handler] = {}
        self._number = 0

    # What there is

    def article(
        self,
        title: str = "一篇文章",
        *,
        short: str | None = None,
        links: Sequence[Target | tuple[Target, str]] = (),
        related: Sequence[Published] = (),
        pictures: Sequence[str] = (),
        answer: Answer | None = None,
        **fields: Any,
    ) -> Published:
        """Publish an article; ``fields`` as in ``pages.Fields``, with numbers of its own where not
        given.

        ``links`` stand at the end of the body as a reader sees them, ``related`` in the page's
        list, ``pictures`` as images in the body. ``answer``: how its page is sent (coding, cut,
        delay …).
        """
        n = self._next()
        fields.setdefault("mid", str(2247480000 + n))
        fields.setdefault("sn", hashlib.md5(f"sn{n}".encode()).hexdigest())
        fields.setdefault("published", Fields().published + timedelta(hours=n))
        if pictures and fields.get("kind") == 8:
            fields["images"] = tuple(pictures)
            pictures = ()
        body = str(fields.pop("body", f"<p>这是《{html.escape(title)}》的正文，编号 {n}。</p>"))
        body += "".join(_picture(url) for url in pictures) + "".join(
            _link(target) for target in links
        )
        listed = tuple((other.long, other.title, other.fields.account) for other in related)
        known = Fields(
            title=title, body=body, related=(*fields.pop("related_links", ()), *listed), **fields
        )
        published = Published(known, short or f"https://{ARTICLES}/s/{short_id(n)}")
        self.publish(published, answer=answer)
        return published

    def publish(self, published: Published, *, answer: Answer | None = None) -> None:
        """Serve it at both of its addresses: its page calls itself by the one that it was asked
        by.
        """
        how = answer or Answer(coding="gzip")

        def handler(request: Request) -> Answer:
            fields = published.fields
            is_short = "__biz=" not in request.url and "?" not in urlsplit(request.url).path
            is_short = is_short and urlsplit(request.url).path.startswith("/s/")
            if not is_short and not _may_open(request.url, fields):
                return Answer(body=status_page("parameter-error"))
            link = published.short if is_short else fields.long
            return replace(how, body=article_page(fields, link=fields.link or link))

        self.on(published.short, handler)
        self.on(published.long, handler)

    def edit(self, published: Published, **fields: Any) -> Published:
        """The same article with other words, from now on."""
        edited = Published(replace(published.fields, **fields), published.short)
        self.publish(edited)
        return edited

    def alias(self, url: str, published: Published) -> None:
        """A temporary or other address that shows the same article, whose page then does not name
        its link.
        """
        self.on(url, Answer(body=article_page(published.fields, link=None), coding="gzip"))

    def image(self, url: str | None = None, body: bytes | None = None, **how: Any) -> str:
        """An image; a PNG of its own at mmbiz.qpic.cn where nothing is said. Returns its
        address.
        """
        n = self._next()
        url = url or f"https://mmbiz.qpic.cn/mmbiz_png/{short_id(n)}ia0/640?wx_fmt=png&from=appmsg"
        body = media.png(n) if body is None else body
        kind = next(
            (kind for start, kind in _TYPES.items() if body.startswith(start)),
            "application/octet-stream",
        )
        self.on(url, Answer(**{"body": body, "type": kind, **how}))
        return url

    def album(
        self,
        album_id: str,
        articles: Sequence[Published],
        *,
        title: str = "合集",
        size: int | None = None,
        broken: bool = False,
        biz: str | None = None,
    ) -> str:
        """An album with its public pages, JSON and HTML.

        ``size``: how many it says it has; ``broken``: no list comes. Returns its address.
        """
        biz = biz or (articles[0].fields.biz if articles else pages.BIZ)
        url = pages.album_url(biz, album_id)
        entries = [_entry(published) for published in articles]

        def handler(request: Request) -> Answer:
            asked = {
                name: values[0] for name, values in parse_qs(urlsplit(request.url).query).items()
            }
            if broken:
                return Answer(
                    body='{"base_resp":{"ret":-1}}', type="application/json; charset=UTF-8"
                )
            if asked.get("f") != "json":
                return Answer(body=pages.album_page(entries[:10], title=title), coding="gzip")
            listed = list(reversed(entries)) if asked.get("is_reverse") == "1" else entries
            mark = asked.get("begin_msgid", "0"), asked.get("begin_itemidx", "0")
            places = [
                i + 1 for i, e in enumerate(listed) if (str(e["msgid"]), str(e["itemidx"])) == mark
            ]
            at, count = (places[0] if places else 0), min(int(asked.get("count", "10")), 20)
            more = at + count < len(listed)
            total = len(articles) if size is None else size
            body = pages.album_json(
                listed[at : at + count], title=title, size=total, more=more, biz=biz
            )
            return Answer(body=body, type="application/json; charset=UTF-8", coding="gzip")

        self.on(url, handler)
        return url

    def feed(
        self,
        url: str,
        body: str | bytes,
        *,
        etag: str | None = None,
        type: str = "application/rss+xml",
    ) -> str:
        """A feed; with ``etag`` it answers 304 to whoever has that one already."""

        def handler(request: Request) -> Answer:
            if etag and request.headers.get("if-none-match") == etag:
                return Answer(status=304, headers={"ETag": etag})
            return Answer(body=body, type=type, headers={"ETag": etag} if etag else {})

        self.on(url, handler)
        return url

    def redirect(self, url: str, to: str, *, status: int = 302) -> None:
        """``url`` sends on to ``to``."""
        self.on(url, Answer(status=status, headers={"Location": to}))

    # What goes wrong

    def status(self, target: Target, name: str, **given: str) -> None:
        """From now on the page of ``target`` is the status page ``name`` (``deleted``, ``captcha``
        … see pages).
        """
        for url in _addresses(target):
            self.on(url, Answer(body=status_page(name, **given), coding="gzip"))

    def captcha(self, target: Target, *, redirect: bool = False) -> None:
        """From now on ``target`` ends in the captcha: as a page, or by a redirect to it."""
        for url in _addresses(target):
            self.on(url, captcha(url, redirect=redirect))

    def fault(self, target: Target, *answers: Answer | Handler, times: int = 1) -> None:
        """The next request (the next ``times``) to ``target`` gets this instead, then all is as
        before.
        """
        for url in _addresses(target):
            with self._lock:
                self._once.setdefault(_key(url), []).extend(list(answers) * times)

    def host(self, host: str, answer: Answer | Handler | None) -> None:
        """Everything of one host answers so; None: as before. ``site.host("mp.weixin.qq.com",
        captcha_everywhere)``.
        """
        with self._lock:
            if answer is None:
                self._hosts.pop(host, None)
            else:
                self._hosts[host] = answer

    def on(self, url: str, *answers: Answer | Handler) -> None:
        """``url`` answers so, one after another, the last one for ever."""
        with self._lock:
            self._scripts[_key(url)] = list(answers)

    def answer(self, request: Request) -> Answer:
        """What the script says to this request."""
        with self._lock:
            found = self._find(request)
        if found is None:
            if request.host == ARTICLES:
                return Answer(body=status_page("parameter-error"), coding="gzip")
            return Answer(status=404, body="<html><body>404</body></html>")
        return found if isinstance(found, Answer) else found(request)

    def _find(self, request: Request) -> Answer | Handler | None:
        if request.host in self._hosts:
            return self._hosts[request.host]
        key = _key(request.url)
        for name in (key, key.partition("?")[0]) if not key.startswith("article ") else (key,):
            if self._once.get(name):
                return self._once[name].pop(0)
            if answers := self._scripts.get(name):
                return answers.pop(0) if len(answers) > 1 else answers[0]
        return None

    def _next(self) -> int:
        with self._lock:
            self._number += 1
            return self._number


def captcha(url: str, *, redirect: bool = False) -> Answer:
    """The captcha before ``url``: as a page with status 200, or as the redirect that long addresses
    get.
    """
    if redirect:
        to = f"https://{ARTICLES}/mp/wappoc_appmsgcaptcha?poc_token=HH_0000&target_url={_quoted(url)}"
        return Answer(status=302, headers={"Location": to})
    return Answer(body=status_page("captcha", target=url), coding="gzip")


def captcha_everywhere(request: Request) -> Answer:
    """For ``Site.host``: WeChat has had enough."""
    return captcha(request.url)


def short_id(n: int) -> str:
    """The 22 characters of a short address, another one for every ``n``."""
    return base64.urlsafe_b64encode(hashlib.md5(f"short{n}".encode()).digest()).decode().rstrip("=")


def _key(url: str) -> str:
    """Two addresses of one article are one; elsewhere scheme, fragment and the query's order do not
    count.
    """
    parts = urlsplit(url)
    if parts.hostname == ARTICLES and (
        parts.path in ("/s", "/mp/appmsg/show", "/mp/appmsgalbum") or parts.path[:3] == "/s/"
    ):
        try:
            return "article " + urls.parse(url).canonical
        except NotAnAddress:
            pass
    query = "&".join(sorted(parts.query.split("&"))) if parts.query else ""
    return f"{parts.hostname}{parts.path or '/'}" + (f"?{query}" if query else "")


def _addresses(target: Target) -> tuple[str, ...]:
    return (target,) if isinstance(target, str) else (target.short, target.long)


def _may_open(url: str, fields: Fields) -> bool:
    """A long address opens only with its token."""
    asked = parse_qs(urlsplit(url).query)
    token = (asked.get("sn") or asked.get("sign") or [""])[0]
    return token == fields.sn


def _picture(url: str) -> str:
    return (
        '<section style="text-align: center;"><img class="rich_pages wxw-img" data-ratio="0.5625" data-w="1080" '
        f'data-type="png" data-src="{html.escape(url)}" src="data:image/svg+xml,%3Csvg%2F%3E"></section>'
    )


def _link(target: Target | tuple[Target, str]) -> str:
    where, text = target if isinstance(target, tuple) else (target, "")
    url = where if isinstance(where, str) else where.long + "#wechat_redirect"
    text = text or (where if isinstance(where, str) else where.title)
    return (
        f'<p><span leaf=""><a class="normal_text_link" target="_blank" href="{html.escape(url)}" '
        f'textvalue="{html.escape(text)}" data-linktype="2">{html.escape(text)}</a></span></p>'
    )


def _entry(published: Published) -> dict[str, object]:
    f = published.fields
    return {
        "msgid": f.mid,
        "itemidx": f.idx,
        "title": f.title,
        "url": f.long,
        "create_time": f.unix,
        "cover_img_1_1": f.cover,
        "is_pay_subscribe": "0",
        "key": f"{f.mid}_{f.idx}",
    }


def _quoted(url: str) -> str:
    from urllib.parse import quote

    return quote(url, safe="")
