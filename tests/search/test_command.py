"""The commands as a person meets them, and the sample article of the project's issue."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from archive.cli import run
from archive.db.lock import Lock
from archive.search.api import search
from benchmarks.filling import create
from benchmarks.synthetic import Draft
from tests.command import wechat_archive
from tests.search.library import filled

#: Written for this test, with what the sample article has: mixed scripts, a term over a line break,
#: the amounts.
OWN = """AIGC 的热度还在上升，一家公司刚拿了种子轮的钱，正在准备下一轮融
资，估值 10 亿美金。
Stability AI 的用户很多。有人说，人类开始为 AI 机器打工的时代来了。"""
FOUND = ["融资", "種子輪", "stability ai", '"AI 机器打工"', "1亿美金"]


def draft(number: int, title: str, text: str) -> Draft:
    published = datetime(2024, 1, number, tzinfo=UTC)
    return Draft(
        number,
        title,
        text,
        "投资实习所",
        "作者",
        None,
        "article",
        "北京",
        published,
        frozenset(),
        False,
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("library")
    drafts = [
        draft(1, "刚拿1亿美金种子轮的公司打算再融10亿美金", OWN),
        draft(2, "video 与音频", "岩茶 -video 香"),
        draft(3, "岩茶", "岩茶"),
    ]
    create(made / "archive.db", drafts)
    return made


@pytest.fixture
def command(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    def call(*words: str) -> tuple[int, str, str]:
        code = run([*words, "--archive", str(folder)])
        said = capsys.readouterr()
        return code, said.out, said.err

    return call


@pytest.mark.parametrize("query", FOUND)
def test_our_own_sample_is_found(folder: Path, query: str) -> None:
    """As the project's sample article: traditional, lower case, over a line break, across
    scripts.
    """
    assert "k000000001" in [hit.key for hit in search(folder, query)]


def test_what_is_not_there_is_not_found(folder: Path) -> None:
    """融 and 资金 both have to stand there; 融资 alone is neither."""
    assert [] == [hit.key for hit in search(folder, "融 资金")]


def test_the_sample_article(corpus: Path, tmp_path: Path) -> None:
    """The sample of the main issue is found by the five queries and not by 融 资金."""
    sample = (corpus / "sample-article.md").read_text(encoding="utf-8")
    title, _, text = sample.partition("\n")
    with filled(tmp_path, [draft(1, title.lstrip("# "), text)]) as conn:
        assert [1] * 5 == [len(search(conn, query)) for query in FOUND]
        assert 0 == len(search(conn, "融 资金"))


def test_results_for_a_person(command: Callable[..., tuple[int, str, str]]) -> None:
    """Title, account, date, key, path and the marked piece of text."""
    code, out, _ = command("search", "AI", "机器打工")
    assert code == 0
    assert out == (
        "1. 刚拿1亿美金种子轮的公司打算再融10亿美金\n"
        "   投资实习所 · 2024-01-01 · k000000001\n"
        "   articles/1.md\n"
        "   …Stability **AI** 的用户很多。有人说，人类开始为 **AI** **机器打工**的时代来了。\n"
    )


def test_results_for_a_program(command: Callable[..., tuple[int, str, str]]) -> None:
    """One JSON object a line, marks as ranges in the snippet."""
    code, out, _ = command("search", "--json", "融資")
    hit = json.loads(out)
    assert code == 0
    assert {
        "key",
        "title",
        "account",
        "author",
        "published",
        "path",
        "url",
        "score",
        "snippet",
    } <= set(hit)
    ((start, end),) = hit["snippet"]["marks"]
    assert hit["snippet"]["text"][start:end] == "融\n资"


def test_counts(command: Callable[..., tuple[int, str, str]]) -> None:
    """--count says a number, with --json as an object."""
    assert command("search", "岩茶", "--count")[:2] == (0, "2\n")
    assert command("search", "岩茶", "--count", "--json")[:2] == (
        0,
        '{"count": 2, "more": false}\n',
    )


def test_open_says_what_it_cannot_do(
    command: Callable[..., tuple[int, str, str]], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """--open without a file, or without a program that opens files, shows the result and says
    so.
    """
    opened: list[str] = []

    def launch(path: str) -> int:
        opened.append(path)
        return 1

    monkeypatch.setattr("click.launch", launch)
    code, out, err = command("search", "岩茶", "--limit", "1", "--open")
    assert code == 0
    assert out.startswith("1. **岩茶**")
    assert f"{folder / 'articles/3.md'} is not there" in err
    (folder / "articles").mkdir()
    (folder / "articles/3.md").touch()
    assert (
        "nothing on this machine opens files"
        in command("search", "岩茶", "--limit", "1", "--open")[2]
    )
    assert [str(folder / "articles/3.md")] == opened


def test_beyond_the_last_result(command: Callable[..., tuple[int, str, str]]) -> None:
    """--offset past the end shows nothing and says so."""
    code, out, err = command("search", "岩茶", "--offset", "9")
    assert (code, out) == (0, "")
    assert "nothing further" in err


def test_nothing_found_is_no_error(command: Callable[..., tuple[int, str, str]]) -> None:
    """Exit code 0, stdout empty."""
    assert command("search", "没有这个词") == (0, "", "nothing found\n")


def test_a_query_that_means_nothing(command: Callable[..., tuple[int, str, str]]) -> None:
    """Exit code 64 and what to write instead."""
    code, out, err = command("search", "kind:film")
    assert (code, out) == (64, "")
    assert "kind:film means nothing" in err


@pytest.mark.parametrize(
    ("words", "keys"), [(["岩茶", "-video"], ["k000000003"]), (["岩茶", "-香"], ["k000000003"])]
)
def test_a_word_after_a_minus_is_no_option(
    command: Callable[..., tuple[int, str, str]], words: list[str], keys: list[str]
) -> None:
    """-video is a word that is not wanted, though -v is an option."""
    _, out, _ = command("search", "--json", *words)
    assert keys == [json.loads(line)["key"] for line in out.splitlines()]


def test_what_follows_an_option_is_its_value(
    command: Callable[..., tuple[int, str, str]],
) -> None:
    """Also where it begins with a minus: an error quotes it as it was typed."""
    code, out, err = command("search", "岩茶", "--limit", "-1")
    assert (64, "") == (code, out)
    assert "'-1'" in err or " -1 " in err


def test_an_alert_leaves_words_out_as_a_search_does(folder: Path, tmp_path: Path) -> None:
    """``alert add NAME 岩茶 -video`` is a query like any other."""
    copy = shutil.copytree(folder, tmp_path / "archive")

    result = wechat_archive("--archive", str(copy), "alert", "add", "茶", "岩茶", "-video", "-香")

    assert (0, "added the alert 茶: 岩茶 -video -香") == (
        result.code,
        result.stderr.splitlines()[0],
    )


def test_no_archive(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is created; the message says what to do."""
    assert run(["search", "融资", "--archive", str(tmp_path / "none")]) != 0
    assert "makes one" in capsys.readouterr().err
    assert not (tmp_path / "none").exists()


def test_an_index_of_another_version_is_made_anew_by_the_search(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Automatic: one word about it on stderr, then the results."""
    with filled(tmp_path, [draft(1, "融资", OWN)]) as conn, conn:
        conn.execute("UPDATE search_meta SET value = '0.0' WHERE name = 'version'")
    assert run(["search", "融资", "--count", "--archive", str(tmp_path)]) == 0
    said = capsys.readouterr()
    assert said.out == "1\n"
    assert "index is being made" in said.err


def test_an_index_that_somebody_else_must_make_first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """While another command writes, the search says what is going on and what to do; exit code
    75.
    """
    with filled(tmp_path, [draft(1, "融资", OWN)]) as conn, conn:
        conn.execute("UPDATE search_meta SET value = '0.0' WHERE name = 'version'")
    with Lock(tmp_path, command="wechat-archive reindex"):
        assert run(["search", "融资", "--archive", str(tmp_path)]) == 75
    said = capsys.readouterr()
    assert said.out == ""
    assert "the search index of" in said.err
    assert "'wechat-archive reindex' (process" in said.err
    assert "search again when it is done" in said.err
    assert "--wait" not in said.err


def test_a_search_while_another_command_writes(
    command: Callable[..., tuple[int, str, str]], folder: Path
) -> None:
    """The index is of this version: it is read, whoever writes."""
    with Lock(folder, command="wechat-archive save"):
        assert command("search", "岩茶", "--count") == (0, "2\n", "")


def test_similar_and_reindex_commands(
    command: Callable[..., tuple[int, str, str]], tmp_path: Path
) -> None:
    """reindex says how many; similar takes a key; the metadata file is written."""
    assert command("reindex") == (0, "", "3 articles indexed\n")
    assert command("similar", "k000000001") == (0, "", "nothing similar is held\n")
    assert command("similar", "nokey")[0] == 1
    assert command("reindex", "--datasette", str(tmp_path / "metadata.json"))[0] == 0
    assert "archive" in json.loads((tmp_path / "metadata.json").read_text())["databases"]


def test_searching_imports_nothing_heavy(folder: Path) -> None:
    """Start-up is most of a search: no parser, no network, no sqlite-utils, no rich."""
    heavy = (
        "lxml",
        "bs4",
        "httpx",
        "sqlite_utils",
        "rich",
        "markdownify",
        "feedparser",
        "yaml",
        "asyncio",
        "zstandard",
    )
    code = (
        "import sys; from archive.cli import run;"
        f"run(['search', '融资', '--archive', {str(folder)!r}]);"
        f"print([name for name in {heavy!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
