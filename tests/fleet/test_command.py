"""``fleet init``, ``fleet status``, ``worker``: what a person sees."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema_rs
import psycopg
import pytest
import trustme

from archive.fleet import database, schema
from tests import pages, schemas
from tests.command import wechat_archive
from tests.fleet.crew import Crew, cluster, rows
from tests.fleet.postgres import Cluster, system_programs


def test_the_tables_are_made_once(server: Cluster) -> None:
    """A second `init` finds nothing to do, and says so."""
    with psycopg.connect(server.url, autocommit=True) as conn:
        conn.execute(f"DROP SCHEMA IF EXISTS {schema.SCHEMA} CASCADE")
    unmade = wechat_archive("fleet", "status", "--queue", server.url)
    first, second = (wechat_archive("fleet", "init", "--queue", server.url) for _ in range(2))

    assert (unmade.code, "fleet init" in unmade.stderr) == (69, True)
    assert (first.code, first.stderr) == (0, "the queue's tables are made\n")
    assert (second.code, second.stderr) == (0, "the queue's tables are up to date\n")


def test_what_a_newer_version_adds_is_added(queue: str) -> None:
    """A step of ours or of procrastinate's that the queue has not had; commands ask for it before.

    A queue that a newer version has changed is not worked on.
    """
    rows(queue, "DELETE FROM fleet_migrations WHERE name = 'fleet_1'")
    rows(queue, "DROP TABLE fleet_requests, fleet_workers, fleet_exits")
    older = wechat_archive("fleet", "status", "--queue", queue)
    update = wechat_archive("fleet", "init", "--queue", queue)
    current = wechat_archive("fleet", "status", "--queue", queue)
    rows(queue, "INSERT INTO fleet_migrations (name) VALUES ('fleet_9')")
    newer = wechat_archive("fleet", "status", "--queue", queue)

    assert (older.code, "older version" in older.stderr) == (69, True)
    assert (update.code, current.code) == (0, 0)
    assert (newer.code, "update this one" in newer.stderr) == (69, True)


def test_status_is_as_its_schema_says(queue: str, crew: Crew) -> None:
    """With a worker at work, one that has gone, a pause and a hold."""
    crew.hire("a")
    crew.until_at_work(1)
    rows(
        queue,
        "INSERT INTO fleet_exits (name, pace, blocked_until, reason, shown, held_until) VALUES "
        "('b', 3, now() + interval '1 hour', 'captcha', '环境异常', NULL), "
        "('c', 3, NULL, NULL, NULL, now() + interval '1 hour')",
    )
    found = json.loads(wechat_archive("fleet", "status", "--queue", queue, "--json").stdout)
    shown = wechat_archive("fleet", "status", "--queue", queue).stdout.splitlines()

    jsonschema_rs.validate(schemas.whole("fleet"), found)
    assert [exit["workers"] for exit in found["exits"]] == [1, 0, 0]
    assert "blocked until" in shown[1]
    assert "waits for an archive's word" in shown[2]
    assert shown[3].startswith("worker of a on ")
    assert shown[4] == "queue: 0 waiting, 0 in flight, 0 pages to be stored (0.0 MB)"


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("mysql://u:canary@h/d", "is not of the form"),
        ("postgresql://u:canary@h/d?nonsense=1", "is not of the form"),
        ("postgresql://u:canary@127.0.0.1:1/d", "cannot be used"),
        ("postgresql://u@127.0.0.1:1/d?password=canary", "cannot be used"),
    ],
)
def test_a_password_is_never_shown(
    address: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither where the queue cannot be used, nor by `config`, nor in the log."""
    monkeypatch.setenv("WECHAT_ARCHIVE_QUEUE", address)
    archive = ("--archive", str(tmp_path))
    results = [
        wechat_archive(*words, *archive, "-vv")
        for words in (("fleet", "status"), ("worker", "--exit", "a"), ("config",), ("run",))
    ]

    assert said in results[0].stderr
    assert said in results[1].stderr
    assert [] == [r for r in results if "canary" in r.stdout + r.stderr]
    assert "WECHAT_ARCHIVE_QUEUE" in results[2].stdout


def test_no_queue_is_told(tmp_path: Path) -> None:
    """78, with the three ways to name one; a wrong name of an exit is 64."""
    unnamed = wechat_archive("worker", "--exit", "a", "--archive", str(tmp_path))
    wrong = wechat_archive("worker", "--exit", "a b", "--queue", "postgresql:///x")

    assert (unnamed.code, "$WECHAT_ARCHIVE_QUEUE" in unnamed.stderr) == (78, True)
    assert wrong.code == 64


def test_a_missing_extra_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """78, with what to install."""
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(Exception, match="pip install 'wechat-archive\\[fleet\\]'"):
        database.checked("postgresql://h/d")


@pytest.mark.parametrize("page", ["docs/fleet.md", "docs/fleet.zh-CN.md"])
def test_the_roles_of_the_manual_are_enough_and_no_more(
    page: str, server: Cluster, queue: str, crew: Crew, tmp_path: Path
) -> None:
    """Archive and worker work with them; a worker reads no page and hands nothing out."""
    _, _, rest = pages.read(page).partition("<!-- the roles -->\n```sql\n")
    grants = rest.partition("\n```")[0]
    with psycopg.connect(server.url, autocommit=True) as conn:
        for role in ("fleet_archive", "fleet_worker"):
            conn.execute(
                f"DO $$ BEGIN CREATE ROLE {role} LOGIN; "
                "EXCEPTION WHEN duplicate_object THEN NULL; END $$"
            )
        conn.execute(grants)
    article = crew.internet.site.article("一篇")
    worker = server.address("fleet_worker")
    pid = crew.hire("a", queue=worker)
    crew.until_at_work(1)
    code = crew.wait(
        crew.command(
            "save", article.short, "--images", "none", "--archive", str(tmp_path), "-q",
            env={"WECHAT_ARCHIVE_QUEUE": server.address("fleet_archive")},
        )
    )  # fmt: skip
    status = wechat_archive("fleet", "status", "--queue", server.address("fleet_archive"))

    assert (code, crew.dismiss(pid), status.code) == (0, 0, 0)
    assert rows(queue, "SELECT * FROM fleet_requests") == []
    for forbidden in (
        "SELECT body FROM fleet_requests",
        "DELETE FROM fleet_requests",
        "INSERT INTO procrastinate_jobs (queue_name, task_name) VALUES ('a', 'fetch')",
        "CREATE TABLE x ()",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            rows(worker, forbidden)
    init = wechat_archive("fleet", "init", "--queue", worker)
    assert (init.code, "may not make tables" in init.stderr) == (69, True)


def test_a_password_comes_from_where_psql_takes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """$PGPASSWORD and a password file; the address holds none."""
    hba = "local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n"
    with cluster(tcp=True, hba=hba) as database:
        inside = f"postgresql://postgres@/postgres?host={database.folder}&port={database.port}"
        with psycopg.connect(inside, autocommit=True) as conn:
            conn.execute("ALTER ROLE postgres PASSWORD 'canary'")
        without = wechat_archive("fleet", "init", "--queue", database.url)
        monkeypatch.setenv("PGPASSWORD", "canary")
        made = wechat_archive("fleet", "init", "--queue", database.url)
        monkeypatch.delenv("PGPASSWORD")
        file = tmp_path / "pgpass"
        file.write_text(f"127.0.0.1:{database.port}:*:postgres:canary\n")
        file.chmod(0o600)
        monkeypatch.setenv("PGPASSFILE", str(file))
        status = wechat_archive("fleet", "status", "--queue", database.url)

    assert (without.code, made.code, status.code) == (69, 0, 0)
    assert "password" in without.stderr


def test_the_server_is_checked_where_the_address_says_so(tmp_path: Path) -> None:
    """sslmode=verify-full: a server with our CA's certificate, and no other."""
    programs = system_programs()  # the one that comes with pip has no TLS
    if programs is None:
        pytest.skip("no PostgreSQL with TLS: the system has none installed")
    ca, stranger = trustme.CA(), trustme.CA()
    own, other = tmp_path / "own.pem", tmp_path / "other.pem"
    ca.cert_pem.write_to_path(str(own))
    stranger.cert_pem.write_to_path(str(other))
    certificate = ca.issue_cert("127.0.0.1")
    files = {
        "server.crt": b"".join(blob.bytes() for blob in certificate.cert_chain_pems),
        "server.key": certificate.private_key_pem.bytes(),
    }
    hba = "hostssl all all 127.0.0.1/32 trust\nhostnossl all all 127.0.0.1/32 reject\n"
    with Cluster(
        programs=programs, tcp=True, hba=hba, settings={"ssl": "on"}, files=files
    ) as database:
        codes = {
            option: wechat_archive("fleet", "init", "--queue", f"{database.url}?{option}").code
            for option in (
                f"sslmode=verify-full&sslrootcert={own}",
                f"sslmode=verify-full&sslrootcert={other}",
                "sslmode=disable",
            )
        }

    assert [*codes.values()] == [0, 69, 69]
