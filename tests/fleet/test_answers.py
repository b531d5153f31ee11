"""What a worker brings: the same page and the same errors on the other side, and nothing else."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
import zstandard

from archive.fleet import answers
from archive.fleet.answers import Answer
from scraper import errors
from scraper.crawl.protocols import BudgetSpent
from scraper.errors import CutShort
from scraper.models import Page

URL, NOW = "https://mp.weixin.qq.com/s/AAAAAAAAAAAAAAAAAAAAAA", datetime(2026, 11, 28, tzinfo=UTC)
PAGE = Page(
    url=URL,
    body=b"<html>" + bytes(range(256)) * 40,
    final_url="https://mp.weixin.qq.com/s?__biz=x",
    headers=(("content-type", "text/html"), ("x-odd", "a\0b")),
    redirects=("https://mp.weixin.qq.com/s/other",),
    fetched=NOW,
    request=(("user-agent", "x"),),
)


def across(answer: Answer) -> Answer:
    """As it comes back from a JSON column."""
    return Answer(facts=json.loads(json.dumps(answer.facts)), body=answer.body)


def test_a_page_comes_back_as_it_was() -> None:
    """Every byte; only what PostgreSQL's JSON cannot hold is left out of a header."""
    found = answers.page_of(across(answers.of_page(PAGE, requests=2, captcha=False)), URL, NOW)

    assert found.body == PAGE.body
    assert found.headers == (("content-type", "text/html"), ("x-odd", "ab"))
    assert (found.final_url, found.redirects, found.request, found.fetched) == (
        PAGE.final_url,
        PAGE.redirects,
        PAGE.request,
        NOW,
    )


@pytest.mark.parametrize(
    "error",
    [
        errors.Gone("gone", reason="migrated", shown="迁移", target="https://x", url=URL),
        errors.NeedsPerson("log in", reason="login", url=URL),
        errors.Blocked("captcha", reason="verify", shown="环境异常", url=URL),
        errors.RateLimited("slowly", retry_after=7.5, url=URL),
        errors.TimedOut("no answer", url=URL),
        errors.Forbidden("not there", url=URL),
        errors.Unrecognised("what is this", url=URL),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_comes_back_as_it_was(error: errors.ScrapeError) -> None:
    """Class, words and what its class adds; a captcha stops its exit."""
    answer = across(answers.of_error(error, requests=1))
    with pytest.raises(type(error)) as raised:
        answers.page_of(answer, URL, NOW)

    assert type(raised.value) is type(error)
    assert {**vars(raised.value)} == {**vars(error)}
    assert str(raised.value) == str(error)
    assert answer.is_captcha is isinstance(error, errors.Blocked)


def test_a_fault_of_the_worker_and_a_spent_budget() -> None:
    """The one is told as unexpected, the other is nothing wrong with the address."""
    with pytest.raises(errors.Unexpected, match="KeyError"):
        answers.page_of(across(answers.of_error(KeyError("x"), requests=1)), URL, NOW)
    with pytest.raises(BudgetSpent):
        answers.page_of(across(answers.of_error(BudgetSpent(), requests=3)), URL, NOW)


GOOD = across(answers.of_page(PAGE, requests=1, captcha=False))
BOMB = zstandard.compress(bytes(33 * 1024 * 1024))


def changed(**facts: Any) -> Answer:
    return Answer(facts={**GOOD.facts, "page": {**GOOD.facts["page"], **facts}}, body=GOOD.body)


@pytest.mark.parametrize(
    "answer",
    [
        Answer(facts={}),
        Answer(facts={"page": 1}),
        Answer(facts=GOOD.facts, body=None),
        Answer(facts=GOOD.facts, body=b"no zstd"),
        Answer(facts=GOOD.facts, body=BOMB),
        Answer(facts=GOOD.facts, body=zstandard.ZstdCompressor(write_content_size=False).compress(b"x")),
        changed(status="200"),
        changed(status=7),
        changed(headers=[["one"]]),
        changed(headers=[["a", "b"]] * 1000),
        changed(headers=[["a", "x" * 10_000]]),
        changed(redirects="https://x"),
        changed(final_url=3),
        Answer(facts={"error": {"class": "SystemExit", "message": "x", "url": None}}),
        Answer(facts={"error": {"class": "Gone", "message": "x", "url": None}}),
        Answer(facts={"error": {"class": "RateLimited", "message": "x", "url": None, "retry_after": "1"}}),
        Answer(facts={"error": ["x"]}),
    ],
)  # fmt: skip
def test_what_no_worker_of_ours_writes_is_refused(answer: Answer) -> None:
    """As an answer that was cut short: asked for again, and nothing else happens."""
    with pytest.raises(CutShort, match="what a worker brought"):
        answers.page_of(answer, URL, NOW)


@pytest.mark.parametrize("claimed", [-1, "9", None, 10**9])
def test_requests_that_cannot_be_are_one(claimed: Any) -> None:
    """No worker uses up a budget by a claim."""
    assert Answer(facts={"requests": claimed}).requests == 1
