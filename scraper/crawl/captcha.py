"""Pure. When a captcha means that WeChat has blocked this exit, and when it is about one address
alone.
"""

from __future__ import annotations

from scraper.crawl.protocols import Task
from scraper.errors import Blocked
from scraper.records import dataclass


@dataclass(slots=True)
class CaptchaPolicy:
    """Decides by the form of the address.

    A captcha on a short address means a block. Long addresses often meet one alone outside WeChat,
    while the same articles open by their short link (docs/wechat.md), so two different ones in a
    row are required. A page about frequency is about the reader, whatever the address. While
    ``probing`` (the first request after a cool-down) one captcha is enough.
    """

    probing: bool = False
    last_captcha_address: str | None = None

    def reset(self) -> None:
        """A page of the article host came that was no captcha."""
        self.probing, self.last_captcha_address = False, None

    def is_block(self, task: Task, error: Blocked) -> bool:
        """Whether this captcha means a block; one that does not is remembered."""
        if self.probing or task.form == "short" or error.reason == "frequency":
            return True
        if self.last_captcha_address not in (None, task.address):
            return True
        self.last_captcha_address = task.address
        return False
