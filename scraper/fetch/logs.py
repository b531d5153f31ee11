"""For programs that log what httpx and httpcore say: the same lines without secrets."""

from __future__ import annotations

import logging

from scraper.redact import redact


class RedactFilter(logging.Filter):
    """A log filter that redacts the finished message, its traceback and string extras of every
    record.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = redact(record.getMessage()), None
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = redact(record.exc_text)
        if record.stack_info:
            record.stack_info = redact(record.stack_info)
        return True
