"""Settings: where a value comes from, and what a wrong one is told."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from archive.config import Config, load, seconds, setting_names, template
from archive.errors import BadConfig
from tests.command import wechat_archive


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("90", 90),
        ("90s", 90),
        ("15m", 900),
        ("6h", 21600),
        ("1h30m", 5400),
        ("30d", 2592000),
        ("0.5", 0.5),
        (3, 3),
    ],
)
def test_a_duration_is_read_as_people_write_it(text: str | float, expected: float) -> None:
    """Units from milliseconds to weeks, alone or together; no unit is seconds."""
    assert expected == seconds(text)


@pytest.mark.parametrize("text", ["", "soon", "6 hours!", "-1h", "h6", "1h 30x"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    """A word that is no duration is an error, never a silent zero."""
    with pytest.raises(ValueError, match="not a duration"):
        seconds(text)


def test_the_file_goes_before_the_default(tmp_path: Path) -> None:
    """config.toml sets a value, and says that it did."""
    (tmp_path / "config.toml").write_text('interval = "10s"\nimages = "remote"\n', encoding="utf-8")

    config = load(tmp_path, {})

    assert (10.0, "remote") == (config.interval, config.images)
    assert str(tmp_path / "config.toml") == config.sources["interval"]


def test_the_environment_goes_before_the_file_and_an_option_before_both(tmp_path: Path) -> None:
    """The order is: option, environment, file, default."""
    (tmp_path / "config.toml").write_text('proxy = "http://file:1"\n', encoding="utf-8")

    config = load(tmp_path, {"HTTPS_PROXY": "http://environment:2"})

    assert "http://environment:2" == config.proxy
    assert "http://option:3" == config.option(proxy="http://option:3").proxy
    assert "option --proxy" == config.option(proxy="http://option:3").sources["proxy"]
    assert config == config.option(proxy=None)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("intervall = 3", "no setting is called 'intervall'"),
        ("interval = true", "expected seconds"),
        ("interval = -1", "expected 0 or more"),
        ('images = "some"', "expected one of none, remote, local"),
        ("limit = 1.5", "expected a whole number"),
        ('snapshots = "yes"', "expected true or false"),
        ("allow_hosts = 3", "expected a list of texts"),
        ("interval = ", "is not TOML"),
        ("user_agent = 3", "expected a text in quotes"),
    ],
)
def test_a_wrong_setting_is_named(tmp_path: Path, text: str, words: str) -> None:
    """A mistake in config.toml names the file, the setting and what was expected."""
    (tmp_path / "config.toml").write_text(text, encoding="utf-8")

    with pytest.raises(BadConfig) as caught:
        load(tmp_path, {})

    assert words in str(caught.value)
    assert str(tmp_path) in str(caught.value)


def test_the_template_is_a_config_file(tmp_path: Path) -> None:
    """Every setting stands in the template; with the # taken away each line is right: it gives the
    default, or where there is none an example."""
    given = [
        line.removeprefix("# ") for line in template().splitlines() if re.match(r"# \w+ = ", line)
    ]
    (tmp_path / "config.toml").write_text("\n".join(given), encoding="utf-8")
    found, default = load(tmp_path, {}), Config()

    assert setting_names() == [line.split(" = ")[0] for line in given]
    for name in setting_names():
        if getattr(default, name) is None:
            assert getattr(found, name) is not None
        else:
            assert getattr(default, name) == getattr(found, name)


def test_the_file_to_begin_with_is_private(tmp_path: Path) -> None:
    """A proxy's password will be written into it."""
    wechat_archive("config", "--init", "--archive", str(tmp_path))
    assert 0o600 == (tmp_path / "config.toml").stat().st_mode & 0o777


@pytest.mark.parametrize("how", [(), ("--json",)])
def test_no_secret_is_shown(tmp_path: Path, how: tuple[str, ...]) -> None:
    """A person may paste what `config` prints: who knows a ping's address can call off the
    alarm.
    """
    (tmp_path / "config.toml").write_text(
        'proxy = "http://user:hunter2@proxy.example:8080"\n'
        'ping_url = "https://hc-ping.com/5f9d8c7b-CANARY/backup?key=hunter2"\n',
        encoding="utf-8",
    )
    shown = wechat_archive("config", *how, "--archive", str(tmp_path)).stdout

    assert "https://hc-ping.com/***" in shown
    assert "proxy.example:8080" in shown
    assert "hunter2" not in shown
    assert "CANARY" not in shown


@given(st.binary(max_size=200))
@example(b"interval = 7")
@example(b"interval = ")
@example(b"\xff")
@example(b"\xef\xbb\xbf")
def test_any_bytes_are_a_config_or_a_clear_error(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    """Whatever stands in config.toml, the program says so in its own words."""
    folder = tmp_path_factory.mktemp("config")
    (folder / "config.toml").write_bytes(data)
    try:
        load(folder, {})
    except BadConfig as error:
        assert "config.toml" in str(error)
    else:
        assert tomllib.loads(data.decode("utf-8-sig")).keys() <= set(setting_names())


def test_the_command_shows_each_setting_and_its_source(tmp_path: Path) -> None:
    """`config --json` names value and source of every setting."""
    (tmp_path / "config.toml").write_text("interval = 7\n", encoding="utf-8")

    result = wechat_archive("config", "--json", "--archive", str(tmp_path))

    settings = json.loads(result.stdout)["settings"]
    assert {"value": 7.0, "source": str(tmp_path / "config.toml")} == settings["interval"]
    assert {"value": 0, "source": "default"} == settings["follow"]
    assert set(setting_names()) == set(settings)


def test_the_command_writes_a_file_to_begin_with_once(tmp_path: Path) -> None:
    """`config --init` never overwrites a file that is there."""
    archive = tmp_path / "new" / "archive"

    first = wechat_archive("config", "--init", "--archive", str(archive))
    second = wechat_archive("config", "--init", "--archive", str(archive))

    assert (0, 64) == (first.code, second.code)
    assert template() == (archive / "config.toml").read_text(encoding="utf-8")
    assert "already there" in second.stderr


def test_proxy_passwords_are_not_shown(tmp_path: Path) -> None:
    """A person may paste what `config` prints."""
    (tmp_path / "config.toml").write_text(
        'proxy = "http://user:hunter2@proxy.example:8080"\n', encoding="utf-8"
    )

    for form in ([], ["--json"]):
        result = wechat_archive("config", *form, "--archive", str(tmp_path))

        assert "hunter2" not in result.stdout + result.stderr
