"""Small pages of every kind and era, each beside what must come out of it.

``KIND/NAME/page.html`` is a page in the real structure, written for this purpose; ``article.json``
and ``body.md`` (or ``error.json`` for what is no article) lie beside it; ``url.txt`` holds the
address where that matters. After a change that is meant, ``pytest tests/cases --accept`` writes
them anew: read the difference before committing it.
"""

from __future__ import annotations

import dataclasses
import functools
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

import scraper
from archive import body_markdown

CASES = Path(__file__).parent
URL = "https://mp.weixin.qq.com/s/AAAAAAAAAAAAAAAAAAAAAA"
FIELDS = [field.name for field in dataclasses.fields(scraper.Article) if field.name != "body"] + [
    "body.md"
]
ERROR_FIELDS = ["error", "code", "reason", "shown", "target", "message"]


def cases(kinds: bool) -> list[str]:
    """``KIND/NAME`` of every article (or every status page)."""
    found = sorted(
        path.parent.relative_to(CASES).as_posix() for path in CASES.glob("*/*/page.html")
    )
    return [name for name in found if name.startswith("status/") is not kinds]


@functools.cache
def outcome(name: str) -> dict[str, Any]:
    """What the page of a case becomes, as JSON data."""
    folder = CASES / name
    address = folder / "url.txt"
    url = address.read_text(encoding="utf-8").strip() if address.exists() else URL
    try:
        article = scraper.parse(scraper.Page(url=url, body=(folder / "page.html").read_bytes()))
    except scraper.ScrapeError as error:
        given = {
            field: getattr(error, field, None) for field in ("code", "reason", "shown", "target")
        }
        return {"error": type(error).__name__, **given, "message": str(error)}
    fields = dataclasses.asdict(article)
    del fields["body"]
    fields["text"] = article.text.split("\n")
    return {**json.loads(json.dumps(fields, default=_plain)), "body.md": body_markdown(article)}


def _plain(value: object) -> object:
    assert isinstance(value, datetime)
    assert value.tzinfo is not None
    return value.isoformat()


def expected(name: str) -> dict[str, Any]:
    """What lies beside the page."""
    folder = CASES / name
    if (folder / "error.json").exists():
        found: dict[str, Any] = json.loads((folder / "error.json").read_text(encoding="utf-8"))
        return found
    article: dict[str, Any] = json.loads((folder / "article.json").read_text(encoding="utf-8"))
    return {**article, "body.md": (folder / "body.md").read_text(encoding="utf-8")}


def accept(name: str) -> None:
    """Write what comes out now beside the page."""
    folder = CASES / name
    for old in ("article.json", "body.md", "error.json"):
        (folder / old).unlink(missing_ok=True)
    found = dict(outcome(name))
    if "error" not in found:
        (folder / "body.md").write_text(found.pop("body.md"), encoding="utf-8", newline="\n")
    target = folder / ("error.json" if "error" in found else "article.json")
    target.write_text(
        json.dumps(found, ensure_ascii=False, indent=1) + "\n", encoding="utf-8", newline="\n"
    )


@pytest.fixture(autouse=True)
def _accepted(request: pytest.FixtureRequest) -> None:
    if request.config.getoption("--accept"):
        accept(request.getfixturevalue("name"))


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("name", cases(True))
def test_each_field_of_an_article_is_as_written_beside_it(name: str, field: str) -> None:
    """Every field of every small page comes out as the file beside the page says."""
    assert expected(name).get(field) == outcome(name).get(field)


@pytest.mark.parametrize("name", cases(False))
def test_what_is_no_article_is_told_for_what_it_is(name: str) -> None:
    """Status pages, Chinese, English and mixed, raise the error that stands beside them, word for
    word.
    """
    assert expected(name) == outcome(name)
