"""HAR files as recorders write them, made of what the small internet answers."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.weixin.pages import article_page
from tests.weixin.site import ARTICLES, Published
from tests.weixin.talk import COOKIE, Said, comments_answer, counts_answer, with_session

WHEN = datetime(2026, 9, 1, 2, 0, tzinfo=UTC)


@dataclass(kw_only=True)
class Recording:
    """A recording that grows: every exchange a second after the last one."""

    at: datetime = WHEN
    entries: list[dict[str, Any]] = field(default_factory=list)

    def add(
        self,
        url: str,
        body: bytes | str | Mapping[str, Any],
        *,
        kind: str = "text/html; charset=UTF-8",
        method: str = "GET",
        status: int = 200,
        **content: Any,
    ) -> Recording:
        """One exchange; ``content`` replaces what the answer's ``content`` would be."""
        if isinstance(body, Mapping):
            body, kind = json.dumps(body, ensure_ascii=False), "application/json; charset=UTF-8"
        text = (
            {"text": body}
            if isinstance(body, str)
            else {"text": base64.b64encode(body).decode(), "encoding": "base64"}
        )
        self.at += timedelta(seconds=1)
        headers = [{"name": "Cookie", "value": COOKIE}, {"name": "User-Agent", "value": "Mobile"}]
        self.entries.append(
            {
                "startedDateTime": self.at.isoformat().replace("+00:00", "Z"),
                "time": 20.5,
                "request": {"method": method, "url": url, "headers": headers, "cookies": []},
                "response": {
                    "status": status,
                    "headers": [{"name": "Set-Cookie", "value": COOKIE}],
                    "content": {"size": len(body), "mimeType": kind, **text, **content},
                },
            }
        )
        return self

    def page(self, published: Published, **extra: Any) -> Recording:
        """An article as the client opened it; ``extra`` goes into cgiDataNew."""
        f = published.fields
        body = article_page(f, link=f.link or f.long, extra={**f.extra, **extra})
        return self.add(with_session(published.long), body.decode())

    def comments(
        self, published: Published, said: Sequence[Said], buffer: str = "", **answer: Any
    ) -> Recording:
        """A page of an article's comments."""
        return self.add(
            with_session(talk_url(published, "getcomment", f"&buffer={buffer}&offset=0&limit=100")),
            comments_answer(said, **answer),
        )

    def counts(self, published: Published, **counts: int) -> Recording:
        """An answer of getappmsgext."""
        f = published.fields
        url = f"https://{ARTICLES}/mp/getappmsgext?__biz={f.biz}&mid={f.mid}&idx={f.idx}&sn={f.sn}"
        return self.add(with_session(url), counts_answer(counts), method="POST")

    def har(self) -> bytes:
        """The file."""
        log = {"version": "1.2", "creator": {"name": "tests", "version": "1"}, "pages": []}
        return json.dumps({"log": {**log, "entries": self.entries}}, ensure_ascii=False).encode()


def talk_url(published: Published, action: str, more: str = "") -> str:
    """The address of comments or replies."""
    f = published.fields
    return (
        f"https://{ARTICLES}/mp/appmsg_comment?action={action}&scene=0&__biz={f.biz}"
        f"&appmsgid={f.mid}&idx={f.idx}&comment_id={f.comment_id}{more}&f=json"
    )
