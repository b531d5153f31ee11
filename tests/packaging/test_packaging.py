"""What is promised of packaging/: its files call the program as it can be called, and releases are
looked through.
"""

from __future__ import annotations

import hashlib
import json
import re
import runpy
import shlex
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from archive import cli
from archive.web.security import UNGUARDED
from tests import pages

FOLDER = pages.ROOT / "packaging"
DOCKERFILE = (FOLDER / "Dockerfile").read_text(encoding="utf-8")


def parsed(arguments: list[str]) -> dict[str, Any]:
    """What the program understands of a command line; fails for an option that it does not have."""
    rest = list(arguments)
    while rest and rest[0].startswith("--"):
        del rest[:2]
    command = cli.cli.get_command(click.Context(cli.cli), rest[0])
    assert command is not None, rest[0]
    return command.make_context(rest[0], rest[1:]).params


def test_the_image_serves_every_hour_with_a_token_for_other_machines() -> None:
    """Its default command is one that the program takes, and asks visitors for a token."""
    said = re.findall(r"^CMD (\[.*\])$", DOCKERFILE, re.M)[-1]
    options = parsed(json.loads(said))

    assert ("0.0.0.0", 3600.0) == (options["host"], options["every"])
    assert Path("/data/serve.token") == options["token_file"]


def test_the_image_runs_as_nobody_special_with_one_volume() -> None:
    """Not as root, and the only place that it writes to is the volume that is the archive."""
    assert [["10001:10001"], ["/data"]] == [
        re.findall(rf"^{word} (\S+)$", DOCKERFILE, re.M) for word in ("USER", "VOLUME")
    ]
    assert "ENV WECHAT_ARCHIVE=/data " in DOCKERFILE


def test_the_health_check_asks_for_what_needs_no_token() -> None:
    """Else the server would be ill as soon as it has a token."""
    [asked] = re.findall(r"http://127\.0\.0\.1:8787(/\S*?)'", DOCKERFILE)

    assert asked in UNGUARDED


def test_what_the_image_is_built_from_is_there() -> None:
    """Each file that is copied exists, and is let through to the build."""
    copied = [
        name for line in re.findall(r"^COPY (.*) \S+$", DOCKERFILE, re.M) for name in line.split()
    ]
    let_through = (FOLDER / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()

    assert [] == [name for name in copied if not (pages.ROOT / name).exists()]
    assert [] == [name for name in copied if f"!{name}" not in let_through]


def test_compose_keeps_the_archive_and_the_port_to_this_machine() -> None:
    """A named volume at /data; nobody else's machine reaches the port unless somebody changes the
    line.
    """
    [service] = yaml.safe_load((FOLDER / "compose.yaml").read_text("utf-8"))["services"].values()

    assert (["archive:/data"], ["127.0.0.1:8787:8787"]) == (service["volumes"], service["ports"])
    assert (FOLDER / service["build"]["context"] / service["build"]["dockerfile"]).exists()


@pytest.mark.parametrize("name", ["wechat-archive.service", "wechat-archive.timer"])
def test_the_units_are_those_of_the_manual(name: str) -> None:
    """docs/cron.md shows what packaging/systemd holds."""
    shown = [block for block in pages.code_blocks("docs/cron.md", "ini") if f"# {name}" in block]

    assert (FOLDER / "systemd" / name).read_text("utf-8").strip() == (
        shown[0].replace(f"# {name}\n", "").strip()
    )


def test_the_unit_calls_the_program_as_it_can_be_called() -> None:
    """Its options exist."""
    unit = (FOLDER / "systemd" / "wechat-archive.service").read_text(encoding="utf-8")
    [line] = re.findall(r"^ExecStart=(.*)$", unit, re.M)

    assert 3000.0 == parsed(shlex.split(line)[1:])["max_duration"]


@pytest.fixture(scope="module")
def release() -> dict[str, Any]:
    """The release script's names."""
    return runpy.run_path(str(FOLDER / "release.py"))


def test_a_wheel_that_lacks_or_adds_something_is_refused(release: dict[str, Any]) -> None:
    """Every file of the packages that is under version control, and no other."""
    tracked = {"archive/a.py", "archive/web/b.css", "tests/t.py", "README.md"}
    sound = {"archive/a.py", "archive/web/b.css", "wechat_archive-1.dist-info/METADATA"}
    wrong = release["wrong_in_wheel"]

    assert [] == wrong(tracked, sound)
    assert ["missing: archive/web/b.css"] == wrong(tracked, sound - {"archive/web/b.css"})
    assert ["not ours: tests/t.py"] == wrong(tracked, sound | {"tests/t.py"})


def test_the_formula_names_the_source_and_its_checksum(
    release: dict[str, Any], tmp_path: Path
) -> None:
    """Nothing is left to fill in."""
    sdist = tmp_path / "source.tar.gz"
    sdist.write_bytes(b"source")
    template = (FOLDER / "homebrew" / "wechat-archive.rb").read_text(encoding="utf-8")
    filled = release["formula"](template, "https://a.example/source.tar.gz", sdist)

    assert 'url "https://a.example/source.tar.gz"' in filled
    assert hashlib.sha256(b"source").hexdigest() in filled
    assert [] == re.findall(r'"@\w+@"', filled)


def test_the_image_is_tried_without_an_engine_step_by_step() -> None:
    """`packaging/in_chroot.py` finds every step of the Dockerfile, lines that go on joined."""
    found = list(runpy.run_path(str(FOLDER / "in_chroot.py"))["steps"](DOCKERFILE))

    assert re.findall(r"^([A-Z]+) ", DOCKERFILE, re.M) == [word for word, _ in found]
    build, install = (rest for word, rest in found if word == "RUN")
    assert build == "pip wheel --no-cache-dir --wheel-dir /wheels '.[mcp,notify,socks]'"
    assert install.startswith("--mount=")
    assert install.endswith("/data")
    assert isinstance(json.loads(dict(found)["HEALTHCHECK"].partition("CMD ")[2]), list)
