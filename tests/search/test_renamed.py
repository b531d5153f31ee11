"""An account that changed its name: each article is found, listed and shown under the one that its
page shows.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from archive.cli import run
from archive.search.api import count, search
from archive.search.rebuild import reindex
from tests.store.make import ACCOUNT, LATER, NOW, article, keep, opened


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """One account, 旧茶号 in the first article, Tea社 in the second; a third page shows no name."""
    with opened(tmp_path) as store:
        for number, name, published in ((1, "旧茶号", NOW), (2, "Tea社", LATER), (3, None, NOW)):
            account = replace(ACCOUNT, name=name)
            keep(
                store, article(number, title=f"第{number}篇", published=published, account=account)
            )
    return tmp_path


def titles(root: Path, query: str) -> list[str]:
    return sorted(hit.title for hit in search(root, query))


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("旧茶号", ["第1篇"]),
        ("account:旧茶号", ["第1篇"]),
        ("account:茶", ["第1篇"]),
        ("Tea社", ["第2篇", "第3篇"]),
        ("account:tea社", ["第1篇", "第2篇", "第3篇"]),
        ("account:ea", ["第1篇", "第2篇", "第3篇"]),
        ("ea", []),
        ("account:旧茶号 account:Tea社", ["第1篇"]),
        ("account:Tea社 -account:旧茶号", ["第2篇", "第3篇"]),
        ("第 旧茶号", ["第1篇"]),
        ("account:投资", []),
    ],
)
def test_each_name_finds_its_articles(root: Path, query: str, expected: list[str]) -> None:
    """A word by the name shown, account: by the one of now too; after a rebuild as well."""
    assert expected == titles(root, query)
    assert len(expected) == count(root, query).number
    with opened(root) as store:
        reindex(store.db.conn)
    assert expected == titles(root, query)


def test_each_article_is_shown_under_its_own_name(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And where that is not the name of now, both are said: that is why the new name finds it."""
    assert {"第1篇": "旧茶号", "第2篇": "Tea社", "第3篇": "Tea社"} == {
        hit.title: hit.account for hit in search(root, "第")
    }
    run(["search", "account:Tea社", "--archive", str(root)])
    shown = capsys.readouterr().out
    assert "旧茶号 (now Tea社) · " in shown
    assert "   Tea社 · " in shown
    run(["search", "第1篇", "--json", "--archive", str(root)])
    found = json.loads(capsys.readouterr().out)
    assert ("旧茶号", "Tea社") == (found["account"], found["account_now"])


def test_a_list_by_each_name(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """--account takes a part of either: the old name lists what showed it, the new one the
    account.
    """

    def listed(name: str) -> list[str]:
        assert run(["list", "--account", name, "--json", "--archive", str(root)]) == 0
        return sorted(json.loads(line)["title"] for line in capsys.readouterr().out.splitlines())

    assert ["第1篇"] == listed("旧茶号") == listed("旧茶")
    assert ["第1篇", "第2篇", "第3篇"] == listed("tea")
