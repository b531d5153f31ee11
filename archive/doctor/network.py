"""What stands between the program and WeChat, as far as this machine knows: nothing is asked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from archive.config import load
from archive.doctor.finding import Finding, fail, ok
from archive.doctor.surroundings import Surroundings
from archive.run.network import proxy_in_use, trusted_certificates
from scraper.errors import ScrapeError


def proxy(root: Path, _around: Surroundings) -> Iterator[Finding]:
    """Whether there is one, and whether its address can be used; never shown with its login."""
    config = load(root)
    exits = {f"exit {one.name}": one.proxy for one in config.exits if one.proxy is not None}
    for name, text in {"proxy": config.proxy, **exits}.items():
        try:
            address = proxy_in_use(text)
        except ScrapeError as error:
            yield fail("proxy", f"{name}: {error}", "mend it in config.toml or the environment")
        else:
            yield ok("proxy", f"{name}: {address}" if address else "none")


def certificates(root: Path, _around: Surroundings) -> Iterator[Finding]:
    """Those that WeChat's own is checked against."""
    config = load(root)
    try:
        count = trusted_certificates(config)
    except ScrapeError as error:
        yield fail("certificates", str(error), "name another file, or take the setting out")
        return
    if count:
        yield ok("certificates", f"{count} trusted, of {config.ca_file or 'the usual ones'}")
    else:
        yield fail("certificates", "none is trusted", "pip install --upgrade certifi")
