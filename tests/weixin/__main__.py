"""``python -m tests.weixin [--log FILE] [SITE] -- COMMAND…``: run a command inside the small
internet.

SITE is a Python file, ``module:function`` or a folder; without it the site of
``tests/weixin/default_site.py`` is served, whose articles begin at
https://mp.weixin.qq.com/s/WelcomeToASmallWeixin1. A Python file (or module) has a function
``site()`` that returns a ``tests.weixin.Site``. A folder holds files by their address without the
scheme, as ``wget --mirror`` leaves them: ``mp.weixin.qq.com/s/0123456789abcdefghijkl`` (``.html``
at the end is fine), ``mmbiz.qpic.cn/mmbiz_png/x/640``.

The command gets HTTPS_PROXY, HTTP_PROXY and SSL_CERT_FILE; nothing that it asks for leaves this
machine. Its exit code is passed on. ``--log FILE`` writes each request as a line of JSON when the
command has ended.
"""

from __future__ import annotations

import importlib
import json
import os
import runpy
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from tests.weixin.answer import Answer
from tests.weixin.server import Internet
from tests.weixin.site import Site

_USAGE = 64


def main(args: list[str]) -> int:
    """Runs the command; returns its exit code."""
    if args in (["-h"], ["--help"]):
        print(__doc__)
        return 0
    if "--" not in args or args[-1] == "--":
        print(__doc__, file=sys.stderr)
        return _USAGE
    at = args.index("--")
    own, command = args[:at], args[at + 1 :]
    log = own.pop(own.index("--log") + 1) if "--log" in own[:-1] else None
    names = [word for word in own if word != "--log"]
    if len(names) > 1:
        print(f"one SITE at most, not {names}", file=sys.stderr)
        return _USAGE
    try:
        site = load(names[0] if names else "tests.weixin.default_site:site")
    except (ImportError, AttributeError, KeyError, OSError) as error:
        print(f"{names[0]} is no site: {error}", file=sys.stderr)
        return _USAGE
    with Internet(site) as internet:
        code = _run(command, {**os.environ, **internet.env})
        if log:
            lines = [
                json.dumps(_line(request), ensure_ascii=False)
                for request in internet.log.requests()
            ]
            Path(log).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return code


def load(name: str) -> Site:
    """The site called ``name``: a folder, a Python file, ``module:function`` or a module with
    ``site()``.
    """
    path = Path(name)
    if path.is_dir():
        return _folder(path)
    if path.suffix == ".py":
        return cast("Callable[[], Site]", runpy.run_path(name)["site"])()
    module, _, function = name.partition(":")
    return cast(
        "Callable[[], Site]", getattr(importlib.import_module(module), function or "site")
    )()


def _folder(root: Path) -> Site:
    site = Site()
    for path in sorted(root.rglob("*")):
        if path.is_file():
            where = path.relative_to(root).as_posix()
            url = "https://" + (
                where.removesuffix(".html") if where.startswith("mp.weixin.qq.com/") else where
            )
            body = path.read_bytes()
            if where.endswith((".html", ".htm")) or where.startswith("mp.weixin.qq.com/"):
                site.on(url, Answer(body=body, coding="gzip"))
            else:
                site.image(url, body)
    return site


def _run(command: list[str], env: dict[str, str]) -> int:
    """As if the command had been typed alone: signals are its own, a death by signal is 128 + its
    number.
    """
    try:
        process = subprocess.Popen(command, env=env)
    except OSError as error:
        print(f"{command[0]}: {error.strerror}", file=sys.stderr)
        return 127
    for name in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, lambda number, frame: process.send_signal(number))
    while True:
        try:
            code = process.wait()
            return code if code >= 0 else 128 - code
        except KeyboardInterrupt:  # the terminal has told the command as well
            continue


def _line(request: Any) -> dict[str, Any]:
    return {
        "at": round(request.at, 4),
        "wall": request.wall.isoformat(),
        "method": request.method,
        "url": request.url,
        "status": request.status,
        "in_flight": request.in_flight,
        "headers": request.headers,
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
