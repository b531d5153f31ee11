"""What stands between the program and WeChat, as far as this machine knows: nothing is asked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from archive.config import load
from archive.doctor.finding import Finding, fail, ok
from archive.doctor.surroundings import Surroundings
from archive.run.network import proxy_in_use, trusted_certificates
from scraper.errors import ScrapeError
from scraper.messages import mark, message_of

_MEND = mark("mend it in config.toml or the environment")


def proxy(root: Path, _around: Surroundings) -> Iterator[Finding]:
    """Whether there is one, and whether its address can be used; never shown with its login."""
    config = load(root)
    exits = {
        mark("exit {name}", name=one.name): one.proxy
        for one in config.exits
        if one.proxy is not None
    }
    for name, text in [(mark("proxy"), config.proxy), *exits.items()]:
        try:
            address = proxy_in_use(text)
        except ScrapeError as error:
            yield fail(
                "proxy",
                mark("{name}: {error}", name=name, error=error),
                _MEND,
            )
        else:
            yield ok(
                "proxy",
                mark("{name}: {address}", name=name, address=address) if address else mark("none"),
            )


def certificates(root: Path, _around: Surroundings) -> Iterator[Finding]:
    """Those that WeChat's own is checked against."""
    config = load(root)
    try:
        count = trusted_certificates(config)
    except ScrapeError as error:
        yield fail(
            "certificates", message_of(error), mark("name another file, or take the setting out")
        )
        return
    if count:
        yield ok(
            "certificates",
            mark(
                "{count} trusted, of {ca_file}",
                count=count,
                ca_file=config.ca_file or mark("the usual ones"),
            ),
        )
    else:
        yield fail("certificates", mark("none is trusted"), "pip install --upgrade certifi")
