"""End to end: canaries go in at every door, and are looked for in everything that comes out.

Row 23 of docs/reliability.md.
"""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from archive.snapshots import Snapshots
from tests.weixin import Answer, Internet
from tests.weixin.pages import article_page

CANARY = "c4n4ry8f3e2d1c0b9a"
ROOT = Path(__file__).resolve().parents[2]
TOKENS = f"key={CANARY}&uin={CANARY}&pass_ticket={CANARY}&appmsg_token={CANARY}&exportkey={CANARY}&wxtoken={CANARY}"


def _told(page: bytes) -> bytes:
    """What WeChat writes into the page of a reader whom it knows."""
    script = (
        f'<script>var uin = "{CANARY}"; var key = "{CANARY}"; var pass_ticket = "{CANARY}";'
        f'window.user_uin = "{CANARY}"; var appmsg_token = "{CANARY}"; var cookie = "wap_sid2={CANARY}";</script>'
    )
    return page.replace(b"</head>", script.encode() + b"</head>")


@pytest.fixture
def told(internet: Internet, tmp_path: Path) -> tuple[Path, str]:
    """An archive made with a cookies file and a proxy password, from addresses full of tokens; and
    what was said.
    """
    site = internet.site
    good = site.article(
        "好文章", links=[(f"https://mp.weixin.qq.com/s/0123456789abcdefghijkl?{TOKENS}", "链接")]
    )
    page = _told(article_page(good.fields, link=good.short))
    site.on(
        good.short,
        Answer(body=page, headers={"Set-Cookie": f"wap_sid2={CANARY}", "X-Link": f"a?{TOKENS}"}),
    )
    bad = site.article("坏文章")
    site.on(bad.short, Answer(status=500, body=CANARY))
    moved = site.article("验证")
    site.redirect(
        moved.short, f"https://mp.weixin.qq.com/mp/wappoc_appmsgcaptcha?poc_token={CANARY}&{TOKENS}"
    )
    cookies = tmp_path / "cookies.txt"
    cookies.write_text(f".weixin.qq.com\tTRUE\t/\tTRUE\t4102444800\twap_sid2\t{CANARY}\n")
    root = tmp_path / "archive"
    said = ""
    for address in (
        good.short,
        good.long,
        bad.short,
        moved.short,
        "https://mp.weixin.qq.com/mp/homepage",
    ):
        command = [
            sys.executable,
            "-m",
            "archive.cli",
            "--archive",
            str(root),
            "-vv",
            "save",
            "--json",
            "--now",
        ]
        done = subprocess.run(
            [
                *command,
                "--interval",
                "0",
                "--cookies",
                str(cookies),
                f"{address}{'&' if '?' in address else '?'}{TOKENS}",
            ],
            cwd=ROOT,
            env={
                **os.environ,
                **internet.env,
                "HTTPS_PROXY": internet.proxy.replace("//", f"//user:{CANARY}@"),
            },
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        said += done.stdout + done.stderr
        assert "Traceback" not in done.stderr
    for command in (["status"], ["list", "--json"], ["config"]):
        done = subprocess.run(
            [sys.executable, "-m", "archive.cli", "--archive", str(root), *command],
            cwd=ROOT,
            env={
                **os.environ,
                **internet.env,
                "HTTPS_PROXY": internet.proxy.replace("//", f"//user:{CANARY}@"),
            },
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        said += done.stdout + done.stderr
    assert CANARY in str([request.headers.get("cookie") for request in internet.log.requests()])
    return root, said


@pytest.mark.long
def test_no_secret_stands_in_anything_written(told: tuple[Path, str]) -> None:
    """Output of every command, every file, every row of both databases, every raw page."""
    root, said = told
    assert "好文章" in said
    assert CANARY not in said
    for path in root.rglob("*"):
        if path.is_file():
            assert CANARY.encode() not in path.read_bytes(), path
    for name in ("archive.db", "snapshots.db"):
        connection = sqlite3.connect(root / name)
        try:
            tables = connection.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE '%VIRTUAL%'"
            )
            for (table,) in tables.fetchall():
                assert CANARY not in repr(
                    connection.execute(f'SELECT * FROM "{table}"').fetchall()
                ), table
        finally:
            connection.close()
    with Snapshots(root / "snapshots.db", readonly=True) as snapshots:
        pages = [snapshots.get(kept.id) for kept in snapshots.each()]
        assert pages
        assert not [page.url for page in pages if CANARY in repr(page) + repr(page.body)]
