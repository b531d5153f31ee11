"""What ``serve`` was told."""

from __future__ import annotations

import ipaddress
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from archive.errors import BadConfig
from archive.i18n import gettext as _

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
SHORTEST_TOKEN = 16  #: characters; a shorter one could be guessed over the network


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """``host`` and ``port`` to listen at, ``token`` that a visitor must know (``None``: nobody
    needs one), ``names`` under which the server may be addressed besides its own, ``every`` seconds
    between two runs (``None``: no runs), ``intake_key`` that lets a bookmarklet, a userscript or a
    phone hand in what was read, and nothing else."""

    host: str = "127.0.0.1"
    port: int = 8787
    token: str | None = None
    read_only: bool = False
    every: float | None = None
    names: tuple[str, ...] = ()
    intake_key: str | None = None

    @property
    def is_local(self) -> bool:
        """Whether only this machine can reach the server."""
        return is_loopback(self.host)

    @property
    def address(self) -> str:
        """What to type into a browser on this machine."""
        host = "127.0.0.1" if self.host in ("0.0.0.0", "::") else self.host
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}/"


def is_loopback(host: str) -> bool:
    """``localhost`` and the addresses that never leave the machine."""
    if host.lower() in LOOPBACK:
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def read_token(place: Path) -> tuple[str, bool]:
    """The token in a file, and whether it was made just now, because there was no such file.

    Raises BadConfig for a token that is too short or a file that cannot be read or made.
    """
    try:
        if not place.exists():
            return _new_token(place), True
        token = place.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise BadConfig(
            _("the token file {file} cannot be used: {error}").format(file=place, error=error)
        ) from error
    if (
        len(token) < SHORTEST_TOKEN
        or not token.isascii()
        or not token.isprintable()
        or " " in token
    ):
        raise BadConfig(
            _(
                "{file} must hold one token of at least {n} letters, digits and signs; "
                "remove the file, and `serve` makes one"
            ).format(file=place, n=SHORTEST_TOKEN)
        )
    return token, False


def _new_token(place: Path) -> str:
    token = secrets.token_urlsafe(32)
    handle = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(token + "\n")
    return token
