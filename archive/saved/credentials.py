"""A file with a reader's own credentials: read, never copied."""

from __future__ import annotations

from pathlib import Path

from archive.errors import BadInput, NoSuchInput
from archive.saved import files, har
from scraper.errors import BadSettings
from scraper.messages import mark, strerror
from scraper.traffic import credentials
from scraper.traffic.credentials import Credential
from scraper.traffic.exchange import Exchange, kind_of

_LARGEST = 4 * 2**20


def read(path: Path) -> dict[str, Credential]:
    """``__biz`` → credential, out of a ``credentials.json`` or a recording (HAR). Raises
    NoSuchInput, and BadSettings for a file without any; no error quotes the file.
    """
    try:
        head = files.head(path)
        if har.begins_like_har(head) or har.begins_packed(head):
            return credentials.of_exchanges(_asked(path))
        return credentials.read(files.read(path, most=_LARGEST))
    except OSError as error:
        said = mark("{path}: {error}", path=path, error=strerror(error))
        raise NoSuchInput.of(error, said) from error
    except (BadSettings, BadInput) as error:
        raise BadSettings(mark("{path}: {error}", path=path, error=error)) from None


def _asked(path: Path) -> list[Exchange]:
    """What a client asked of mp.weixin.qq.com. Of a recording that breaks off what stands before."""
    found: list[Exchange] = []
    try:
        for one in har.exchanges(path, lambda url: kind_of(url) not in (None, "media")):
            if isinstance(one, Exchange):
                found.append(one)
    except BadInput:
        if not found:
            raise
    return found
