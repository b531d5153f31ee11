"""The settings that a cron user makes once: what they mean, where each value comes from.

A value is looked for in this order: an option of the command, the environment, ``config.toml`` in
the archive folder, the default. ``Config.sources`` keeps the answer, so that ``wechat-archive
config`` can show it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import Field, field, fields, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from archive.db.files import read_regular
from archive.db.names import CONFIG
from archive.errors import BadConfig
from scraper.defaults import DEFAULT_USER_AGENT
from scraper.messages import mark, strerror
from scraper.records import dataclass
from scraper.redact import HIDDEN, redact

#: Bytes read of config.toml; every setting written out takes some 3 KB.
_LIMIT = 1024 * 1024

#: Which environment variable stands for which setting; the usual names, so that proxies work as
#: everywhere.
ENVIRONMENT: Mapping[str, tuple[str, ...]] = {
    "exec": ("WECHAT_ARCHIVE_EXEC",),
    "proxy": ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"),
    "ca_file": ("SSL_CERT_FILE",),
    "cookies": ("WECHAT_ARCHIVE_COOKIES",),
    "lang": ("WECHAT_ARCHIVE_LANG",),
    "queue": ("WECHAT_ARCHIVE_QUEUE",),
}

_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d|w)?", re.IGNORECASE)
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kmg]i?b?|b)?", re.IGNORECASE)
_BYTES: Mapping[str, int] = {"b": 1} | {
    f"{letter}{end}": base**power
    for power, letter in enumerate("kmg", start=1)
    for end, base in (("", 1000), ("b", 1000), ("i", 1024), ("ib", 1024))
}
_EXIT_NAME = re.compile(r"[A-Za-z0-9_.-]{1,40}")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}


def seconds(text: str | float) -> float:
    """``90``, ``"90s"``, ``"15m"``, ``"6h"``, ``"30d"``, ``"1h30m"`` → seconds.

    Raises ``ValueError`` for anything else.
    """
    if isinstance(text, int | float):
        return float(text)
    rest = text.strip()
    total, at = 0.0, 0
    for match in _DURATION.finditer(rest):
        if match.start() != at:
            break
        total += float(match[1]) * _SECONDS[(match[2] or "s").lower()]
        at = match.end()
    if not rest or at != len(rest):
        raise ValueError(mark("{text!r} is not a duration such as 90s, 15m, 6h or 30d", text=text))
    return total


def size(text: str | int) -> int:
    """``200000``, ``"200MB"``, ``"1.5 GB"``, ``"64 KiB"`` → bytes. KB, MB and GB are thousands, as
    disks count; KiB, MiB and GiB are 1024.

    Raises ``ValueError`` for anything else.
    """
    if isinstance(text, int):
        return text
    found = _SIZE.fullmatch(text.strip())
    if found is None:
        raise ValueError(mark("{text!r} is not a size such as 500KB, 200MB or 2GB", text=text))
    return round(float(found[1]) * _BYTES[(found[2] or "b").lower()])


def size_text(number: int) -> str:
    """As people write it: ``200MB``."""
    for unit in ("GB", "MB", "KB"):
        if number and number % _BYTES[unit.lower()] == 0:
            return f"{number // _BYTES[unit.lower()]}{unit}"
    return str(number)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExitConfig:
    """One ``[[exits]]`` table: a way to mp.weixin.qq.com of its own. What is None is as in the
    general settings.
    """

    name: str
    proxy: str | None = field(default=None, repr=False)  # may hold a password
    interval: float | None = None
    user_agent: str | None = None
    cookies: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WayConfig:
    """One ``[[notify]]`` table: a way by which alerts go out, ``webhook`` or ``url`` (of a service,
    as apprise writes it). ``secret`` signs what a webhook gets; ``private`` allows one in the
    person's own network or at another port than 80 and 443; ``only`` these saved searches (and
    ``starred``, ``problems``); none: everything."""

    name: str
    webhook: str | None = field(default=None, repr=False)  # these three may be or hold secrets
    url: str | None = field(default=None, repr=False)
    secret: str | None = field(default=None, repr=False)
    private: bool = False
    only: tuple[str, ...] = ()


def _setting(default: Any, help: str, **metadata: Any) -> Any:
    return field(default=default, metadata={"help": help, **metadata})


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """All settings in force. Durations are seconds; sizes are numbers of things."""

    interval: float = _setting(
        3.0, "seconds between two requests to mp.weixin.qq.com; 0: no pacing", duration=True
    )
    user_agent: str = _setting(DEFAULT_USER_AGENT, "the User-Agent sent with each request")
    cookies: str | None = _setting(
        None, "a Netscape cookies file of your own browser session", example="cookies.txt"
    )
    proxy: str | None = _setting(
        None, "proxy for all requests, as http://host:port", example="http://127.0.0.1:8080"
    )
    ca_file: str | None = _setting(
        None, "file of certificates to trust instead of the usual ones", example="certificates.pem"
    )
    images: str = _setting(
        "local", "none, remote (addresses only) or local", choices=("none", "remote", "local")
    )
    media: str = _setting(
        "audio",
        "sound and video: none, audio (sound alone) or all",
        choices=("none", "audio", "all"),
    )
    max_media: int = _setting(200_000_000, "no sound or video larger than this", size=True)
    max_height: int = _setting(720, "no video higher than this, in pixels of its shorter side")
    follow: int = _setting(0, "how many links deep `save` follows related reads")
    scope: str = _setting(
        "any", "which related reads: account, album or any", choices=("account", "album", "any")
    )
    limit: int | None = _setting(None, "at most so many articles a command", example=100)
    max_requests: int | None = _setting(
        None, "at most so many requests to mp.weixin.qq.com a `run`", example=500
    )
    max_duration: float | None = _setting(
        None, "a `run` starts nothing new after this long", duration=True, example="2h"
    )
    every: float = _setting(21600.0, "how often a watched source is looked at", duration=True)
    recheck: str = _setting(
        "auto", "how old an article is looked at again: auto, off, or a duration such as 30d"
    )
    snapshots: bool = _setting(True, "keep each raw page in snapshots.db")
    versions: str = _setting(
        "rows", "earlier versions: rows (database) or files too", choices=("rows", "files")
    )
    comments: bool = _setting(False, "Markdown files show the comments that are held")
    media_parallel: int = _setting(8, "how many images at once (media hosts, not mp.weixin.qq.com)")
    allow_hosts: tuple[str, ...] = _setting((), "further hosts that images and feeds may come from")
    ping_url: str | None = _setting(
        None,
        "healthchecks.io address told of each `run`",
        secret_path=True,
        example="https://hc-ping.com/your-uuid",
    )
    exits: tuple[ExitConfig, ...] = _setting(
        (), "several ways to mp.weixin.qq.com, each a table [[exits]]", tables="exits"
    )
    notify: tuple[WayConfig, ...] = _setting(
        (), "where alerts go, each way a table [[notify]]", tables="notify"
    )
    page_url: str | None = _setting(
        None,
        "where you reach the page of `serve`, for links in alerts",
        example="http://192.168.1.10:8787",
    )
    exec: str | None = _setting(
        None,
        "a command that gets alerts; only from --exec or $WECHAT_ARCHIVE_EXEC",
        outside=True,
        example="notify.sh",
    )
    lang: str = _setting(
        "auto",
        "the language of help, messages and alerts: auto (as the environment says), en or zh",
        choices=("auto", "en", "zh"),
    )
    queue: str | None = _setting(
        None,
        "a PostgreSQL database through which workers on other machines fetch, as "
        "postgresql://user@host/database",
        example="postgresql://archive@db.example/fleet",
    )
    sources: Mapping[str, str] = field(default_factory=dict, compare=False)

    def override(self, source: str, **values: Any) -> Config:
        """The same with these values (``None``: not given) and where they come from."""
        given = {name: value for name, value in values.items() if value is not None}
        return replace(self, **given, sources={**self.sources, **dict.fromkeys(given, source)})

    def option(self, **values: Any) -> Config:
        """The same with values from the command line; ``None`` means not given."""
        config = self
        for name, value in values.items():
            config = config.override(f"option --{name.replace('_', '-')}", **{name: value})
        return config


def is_exit_name(name: str) -> bool:
    """Whether an exit may be called so."""
    return _EXIT_NAME.fullmatch(name) is not None


_SIZES = frozenset(spec.name for spec in fields(Config) if spec.metadata.get("size"))


def setting_names() -> list[str]:
    """The names that config.toml may hold."""
    return [f.name for f in _settings() if not f.metadata.get("outside")]


def _settings() -> list[Field[Any]]:
    return [spec for spec in fields(Config) if spec.name != "sources"]


def describe(name: str) -> str:
    """One line on what a setting means."""
    return str({f.name: f.metadata.get("help", "") for f in fields(Config)}[name])


def load(root: Path, environ: Mapping[str, str] | None = None) -> Config:
    """The settings of the archive folder ``root``: defaults, then its config.toml, then the
    environment.

    Raises ``BadConfig`` for a file that is not TOML, an unknown name or a value of the wrong type.
    """
    environ = os.environ if environ is None else environ
    config = Config()
    path = root / CONFIG
    for name, value in _read(path).items():
        config = config.override(str(path), **{name: _checked(name, value, str(path))})
    for name, variables in ENVIRONMENT.items():
        for variable in variables:
            if environ.get(variable):
                config = config.override(f"${variable}", **{name: environ[variable]})
                break
    return config


def language_in(root: Path) -> str:
    """The setting ``lang`` alone, so that what is wrong with another can be said in it."""
    for variable in ENVIRONMENT["lang"]:
        if os.environ.get(variable):
            return os.environ[variable]
    try:
        return str(_read(root / CONFIG).get("lang", "auto"))
    except BadConfig:
        return "auto"


def _read(path: Path) -> dict[str, Any]:
    try:
        text = read_regular(path, _LIMIT).decode("utf-8-sig")
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except UnicodeDecodeError as error:
        raise BadConfig(mark("{path} cannot be read: {error}", path=path, error=error)) from error
    except OSError as error:
        said: str = mark("it is a link, and links are not followed: put the file itself there")
        said = said if path.is_symlink() else strerror(error)
        raise BadConfig(mark("{path} cannot be read: {said}", path=path, said=said)) from error
    import tomllib  # here: most archives have no such file

    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadConfig(
            mark(
                "{path} is not TOML: {error}. Mend it, or delete it to use the defaults.",
                path=path,
                error=error,
            )
        ) from error


def _checked(name: str, value: Any, source: str) -> Any:
    by_name = {f.name: f for f in fields(Config) if f.name != "sources"}
    if name not in by_name:
        known = ", ".join(by_name)
        raise BadConfig(
            mark(
                "{source}: no setting is called {name!r}. Known: {known}.",
                source=source,
                name=name,
                known=known,
            )
        )
    spec = by_name[name]
    if spec.metadata.get("outside"):
        raise BadConfig(
            mark(
                "{source}: {name} is not read from a folder that others may have filled: "
                "give --{name} or ${variable}",
                source=source,
                name=name,
                variable=ENVIRONMENT[name][0],
            )
        )
    try:
        return _read_value(spec.type, value, spec.metadata)
    except ValueError as error:
        said = name if spec.metadata.get("tables") else f"{name} = {value!r}"
        raise BadConfig(f"{source}: {said}: {error}") from error


def _read_value(annotation: Any, value: Any, metadata: Mapping[str, Any]) -> Any:
    """``value`` as the setting wants it. Raises ``ValueError`` with what was expected."""
    if tables := metadata.get("tables"):
        return _TABLES[tables](value)
    read = next((read for name, read in _READERS if metadata.get(name)), None)
    return _typed(annotation, value, metadata) if read is None else read(value)


def _typed(annotation: Any, value: Any, metadata: Mapping[str, Any]) -> Any:
    """``value`` as the annotation wants it. Raises ``ValueError`` with what was expected."""
    for kind, check in _CHECKS.items():
        if str(annotation).startswith(kind):
            return check(value)
    if not isinstance(value, str):
        raise ValueError(mark("expected a text in quotes"))
    choices = metadata.get("choices")
    if choices and value not in choices:
        raise ValueError(mark("expected one of {choices}", choices=choices))
    return value


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError(mark("expected true or false"))
    return value


def _whole_number(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(mark("expected a whole number, 0 or more"))
    return value


def _texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
        raise ValueError(mark('expected a list of texts, as ["example.com"]'))
    return tuple(value)


#: How the annotation of a setting begins → what its value must be; all others are texts.
_CHECKS: dict[str, Callable[[Any], Any]] = {"bool": _flag, "int": _whole_number, "tuple": _texts}


def _exits(value: Any) -> tuple[ExitConfig, ...]:
    if not isinstance(value, list) or not all(isinstance(table, dict) for table in value):
        raise ValueError(mark("expected tables, each below a line [[exits]]"))
    exits = tuple(_exit(table) for table in value)
    if len({exit.name for exit in exits}) < len(exits):
        raise ValueError(mark("two exits have the same name"))
    return exits


def _exit(table: Mapping[str, Any]) -> ExitConfig:
    known = {f.name for f in fields(ExitConfig)}
    if unknown := set(table) - known:
        raise ValueError(
            mark(
                "an exit has no {unknown}, only {known}",
                unknown=sorted(unknown),
                known=sorted(known),
            )
        )
    name = table.get("name")
    if not isinstance(name, str) or not is_exit_name(name):
        raise ValueError(mark("each exit needs a name of up to 40 letters, digits, _ . -"))
    for key, value in table.items():
        if key != "interval" and not isinstance(value, str):
            raise ValueError(
                mark("{key} of the exit {name}: expected a text in quotes", key=key, name=name)
            )
    given = dict(table)
    if "interval" in given:
        given["interval"] = _duration(given["interval"])
    return ExitConfig(**given)


def _ways(value: Any) -> tuple[WayConfig, ...]:
    if not isinstance(value, list) or not all(isinstance(table, dict) for table in value):
        raise ValueError("expected tables, each below a line [[notify]]")
    ways = tuple(_way(table) for table in value)
    if len({way.name for way in ways}) < len(ways):
        raise ValueError("two ways have the same name")
    return ways


def _way(table: Mapping[str, Any]) -> WayConfig:
    known = {f.name for f in fields(WayConfig)}
    if unknown := set(table) - known:
        raise ValueError(
            f"a way has no {', '.join(sorted(unknown))}, only {', '.join(sorted(known))}"
        )
    name = table.get("name")
    if not isinstance(name, str) or not _EXIT_NAME.fullmatch(name):
        raise ValueError("each way needs a name of up to 40 letters, digits, _ . -")
    for key, value in table.items():
        _check_way(name, key, value)
    _check_target(name, table)
    return WayConfig(**{**table, "only": tuple(table.get("only", ()))})


def _check_target(name: str, table: Mapping[str, Any]) -> None:
    """Raises ValueError without an address, which may be a secret."""
    if ("webhook" in table) == ("url" in table):
        raise ValueError(f"the way {name} needs either webhook or url")
    if "webhook" in table and urlsplit(table["webhook"]).scheme not in ("http", "https"):
        raise ValueError(f"webhook of the way {name}: expected an http or https address")
    if "url" in table and "secret" in table:
        raise ValueError(f"secret of the way {name}: only what a webhook gets is signed")


#: Settings that are tables of their own → how they are read.
_TABLES: Mapping[str, Callable[[Any], Any]] = {"exits": _exits, "notify": _ways}


def _check_way(name: str, key: str, value: Any) -> None:
    """Raises ValueError without the value, which may be a secret."""
    if key == "private":
        if not isinstance(value, bool):
            raise ValueError(f"{key} of the way {name}: expected true or false")
    elif key == "only":
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            raise ValueError(f'{key} of the way {name}: expected a list, as ["AI", "problems"]')
    elif not isinstance(value, str) or not value:
        raise ValueError(f"{key} of the way {name}: expected a text in quotes")


def _duration(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError(mark('expected seconds, or a text such as "6h"'))
    result = seconds(value)
    if not 0 <= result < float("inf"):
        raise ValueError(mark("expected 0 or more"))
    return result


def _bytes(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ValueError(mark('expected bytes, or a text such as "200MB"'))
    result = size(value)
    if result < 0:
        raise ValueError(mark("expected 0 or more"))
    return result


#: What the metadata of a setting names → how its value is read.
_READERS: tuple[tuple[str, Callable[[Any], Any]], ...] = (("duration", _duration), ("size", _bytes))


def template(say: Callable[[str], str] = str) -> str:
    """A config.toml in which every setting stands commented out with its meaning and its default,
    or where it has none with an example. ``say`` says the meanings in the reader's language."""
    lines = [say(mark("# wechat-archive settings. Take away the # of a line to use it.")), ""]
    for spec in fields(Config):
        if spec.name in setting_names():
            value = spec.default if spec.default is not None else spec.metadata["example"]
            value = size_text(int(str(value))) if spec.metadata.get("size") else value
            lines += [f"# {say(describe(spec.name))}", f"# {spec.name} = {_toml(value)}", ""]
    return "\n".join(lines)


def shown_value(name: str, value: Any) -> Any:
    """A setting's value for a person or a program to see: without passwords, and without the path
    of an address that is itself the secret."""
    if name in ("exits", "notify"):
        return tuple(one.name for one in value)
    if name in _SIZES:
        return size_text(value)
    if not isinstance(value, str):
        return value
    secret = {spec.name: spec.metadata.get("secret_path") for spec in fields(Config)}[name]
    try:
        parts = urlsplit(value)
    except ValueError:  # no address, and nobody knows where its password would end
        return HIDDEN
    if secret and parts.netloc:
        value = f"{parts.scheme}://{parts.netloc}/{HIDDEN}"
    return redact(value)


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return "[" + ", ".join(_toml(v) for v in value) + "]"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return f"{value:g}"
