"""Any number of small articles, made when they are asked for, and an exit that meets the
captcha."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping

from tests.weixin.answer import Answer, Request
from tests.weixin.pages import Fields, article_page
from tests.weixin.site import captcha


def address(number: int) -> str:
    """The short address of article ``number``."""
    return f"https://mp.weixin.qq.com/s/{number:022d}"


class Numbered:
    """Answers for ``Site.host``. ``captcha_after``: by User-Agent, after how many answers it meets
    the captcha for good; ``captchas`` counts them."""

    def __init__(self, captcha_after: Mapping[str, int]) -> None:
        self._after = captcha_after
        self._served: Counter[str] = Counter()
        self._lock = threading.Lock()
        self.captchas = 0

    def __call__(self, request: Request) -> Answer:
        agent = request.headers["user-agent"]
        with self._lock:
            if self._served[agent] >= self._after.get(agent, 1_000_000):
                self.captchas += 1
                return captcha(request.url)
            self._served[agent] += 1
        number = int(request.url.rpartition("/")[2][:22])
        fields = Fields(
            title=title(number),
            body=f"<section><p>{number} 这一段文字说的是融资。</p></section>",
            mid=str(2247480000 + number),
            sn=f"{number:032x}",
        )
        return Answer(body=article_page(fields), coding="gzip")


def title(number: int) -> str:
    """Of article ``number``."""
    return f"第 {number} 篇文章"
