"""The JSON Schemas of what ``--json`` gives: ``python -m tests.schemas`` writes them into
archive/schemas.

The objects that the API gives, too, have their one declaration in ``archive.web.api.shapes``.
"""

from __future__ import annotations

import json
from typing import Any

from archive.web.api.shapes import (
    COMPONENTS,
    FACTS,
    HIT,
    MAYBE_TEXT,
    MAYBE_TIME,
    NUMBER,
    OUTCOME,
    OWN,
    SIMILAR,
    SOURCE,
    TALLY,
    TEXT,
    TIME,
    VERSION,
    listed,
    named,
    record,
)
from tests import pages

FOLDER = pages.ROOT / "archive" / "schemas"
OBJECT = {"type": "object"}
FLAG = {"type": "boolean"}
FLOAT = {"type": "number"}
MAYBE_NUMBER = {"type": ["integer", "null"]}
_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def _numbers(*names: str) -> dict[str, Any]:
    return dict.fromkeys(names, NUMBER)


_RESULT = {
    **record(address=TEXT, change=TEXT, followed=FLAG),
    "properties": {
        "address": TEXT,
        "change": {
            "enum": [
                "new",
                "modified",
                "unchanged",
                "reparsed",
                "held",
                "gone",
                "skipped",
                "waiting",
                "failed",
            ]
        },
        "followed": FLAG,
        "key": TEXT,
        "path": TEXT,
        "title": TEXT,
        "due": TEXT,
        "error": record(**{"class": TEXT, "message": MAYBE_TEXT}),
    },
}
_EXIT = record(name=TEXT, requests=NUMBER, ended=MAYBE_TEXT, blocked_until=MAYBE_TIME)
_RUN = record(
    command=TEXT,
    **_numbers("saved", "unchanged", "followed", "failed", "new", "modified", "gone", "skipped"),
    **_numbers("waiting", "images", "images_missing", "media", "media_missing"),
    **_numbers("sources", "requests"),
    seconds=FLOAT,
    ended=MAYBE_TEXT,
    blocked_until=MAYBE_TEXT,
    message=MAYBE_TEXT,
    errors=OBJECT,
    exits=listed(_EXIT),
    drift=listed(record(field=TEXT, since=TIME, pages=NUMBER, of=NUMBER)),
    exit_code=NUMBER,
    results=listed(_RESULT),
)
_STATUS = record(
    archive=TEXT,
    held=record(
        **_numbers("articles", "gone", "older_parser", "accounts", "versions"), newest=MAYBE_TIME
    ),
    waiting=record(addresses=NUMBER, due=NUMBER, next_due=MAYBE_TEXT),
    failed=listed(
        record(
            **{"class": TEXT, "count": NUMBER, "waiting": FLAG, "next_due": MAYBE_TEXT},
            example=MAYBE_TEXT,
            next=TEXT,
        )
    ),
    blocked={"type": ["object", "null"]},
    exits=listed(OBJECT),
    drift=listed(OBJECT),
    albums=listed(OBJECT),
    sources=record(count=NUMBER, failing=NUMBER, next_due=MAYBE_TEXT),
    listed=record(missing=NUMBER, newest=MAYBE_TIME),
    images=record(**_numbers("held", "missing", "lost"), next_due=MAYBE_TEXT),
    media=record(
        **_numbers("held", "bytes", "missing", "lost"), next_due=MAYBE_TEXT, errors=listed(OBJECT)
    ),
    runs=listed(OBJECT),
    writing={"type": ["object", "null"]},
    problems=listed(TEXT),
)
_TOLD = record(
    key=TEXT,
    change=TEXT,
    title=TEXT,
    account=MAYBE_TEXT,
    url=MAYBE_TEXT,
    published=MAYBE_TIME,
    page=MAYBE_TEXT,
)
#: The file's name → what it describes.
_LOOK = record(
    seen=TIME,
    origin=TEXT,
    **dict.fromkeys(("read", "like", "looking", "share", "comment", "collect"), MAYBE_NUMBER),
)
_COMMENT = record(
    id=TEXT,
    author=MAYBE_TEXT,
    text=TEXT,
    written=MAYBE_TIME,
    likes=NUMBER,
    place=MAYBE_TEXT,
    by_author=FLAG,
    liked_by_author=FLAG,
    pinned=FLAG,
    to=MAYBE_TEXT,
    pictures=listed(TEXT),
    reply_count=NUMBER,
    first_seen=TIME,
    last_seen=TIME,
    gone=MAYBE_TIME,
    replies=listed(OBJECT),
)
SCHEMAS: dict[str, dict[str, Any]] = {
    "article": FACTS,
    "alerts": record(
        alerts=listed(
            record(
                name=TEXT,
                query=TEXT,
                added=TIME,
                matched=NUMBER,
                last=MAYBE_TIME,
                error=MAYBE_TEXT,
            )
        ),
        ways=listed(
            record(
                name=TEXT,
                leads_to=TEXT,
                delivered=MAYBE_TIME,
                **_numbers("failures", "waiting"),
                error=MAYBE_TEXT,
            )
        ),
    ),
    "message": record(
        id=TEXT,
        made=TIME,
        test=FLAG,
        title=TEXT,
        text=TEXT,
        matches=listed(record(alert=TEXT, query=TEXT, count=NUMBER, articles=listed(_TOLD))),
        starred=listed(_TOLD),
        problems=listed(
            record(kind=TEXT, subject=TEXT, name=TEXT, state=TEXT, facts=OBJECT, text=TEXT)
        ),
    ),
    "backup": record(command=TEXT, articles=NUMBER, files=NUMBER, exit_code=NUMBER),
    "config": record(archive=TEXT, file=TEXT, settings=OBJECT),
    "converted": record(page=TEXT, title=TEXT, kind_name=TEXT, body=TEXT, text=TEXT, markdown=TEXT),
    "count": record(count=NUMBER, more=FLAG),
    "counts": listed(_LOOK),
    "discuss": record(
        command=TEXT,
        **_numbers("looked", "failed", "new", "changed", "gone", "fresh", "without_credentials"),
        **_numbers("left", "requests", "exit_code"),
        ended=MAYBE_TEXT,
        results=listed(
            record(
                key=TEXT,
                title=TEXT,
                **_numbers("new", "changed", "gone", "held"),
                total=MAYBE_NUMBER,
                counted=FLAG,
                error=MAYBE_TEXT,
                error_code=MAYBE_TEXT,
            )
        ),
    ),
    "discussion": record(
        total=MAYBE_NUMBER,
        held=NUMBER,
        seen=MAYBE_TIME,
        complete=MAYBE_TIME,
        comments=listed(_COMMENT),
    ),
    "own": OWN,
    "outcome": OUTCOME,
    "export": record(
        command=TEXT,
        format=TEXT,
        target=TEXT,
        articles=NUMBER,
        kept=listed(OBJECT),
        exit_code=NUMBER,
    ),
    "finding": record(check=TEXT, level={"enum": ["ok", "warn", "fail"]}, said=TEXT, advice=TEXT),
    "fleet": record(
        exits=listed(
            record(
                name=TEXT,
                interval=FLOAT,
                **_numbers("workers", "requests"),
                cookies=FLAG,
                asking=FLAG,
                asked=MAYBE_TIME,
                held_until=MAYBE_TIME,
                blocked_until=MAYBE_TIME,
                reason=MAYBE_TEXT,
                shown=MAYBE_TEXT,
            )
        ),
        workers=listed(
            record(
                **dict.fromkeys(("exit", "host", "version"), TEXT),
                started=TIME,
                seen=TIME,
                at_work=FLAG,
                requests=NUMBER,
            )
        ),
        requests=record(**_numbers("waiting", "in_flight", "answered", "bytes", "archives")),
    ),
    "hit": HIT,
    "import": record(
        command=TEXT,
        **_numbers("saved", "new", "modified", "unchanged", "held", "waiting", "listed", "failed"),
        **_numbers("links", "media", "counts", "comments", "unmatched", "skipped", "exit_code"),
        accounts=listed(TEXT),
        passed_over=listed(record(path=TEXT, why=TEXT)),
        results=listed(OBJECT),
    ),
    "links": record(
        key=TEXT,
        links=listed(named("Link")),
        backlinks=listed(OBJECT),
        not_held=listed(named("Link")),
    ),
    "repack": record(**_numbers("pages", "waiting", "bytes_before", "bytes_after")),
    "reparse": record(
        command=TEXT,
        dry_run=FLAG,
        **_numbers("pages", "unchanged", "changed", "new", "failed", "missing", "exit_code"),
        fields=OBJECT,
        resumed_at=MAYBE_NUMBER,
        seconds=FLOAT,
        interrupted=FLAG,
        failures=listed(OBJECT),
    ),
    "run": _RUN,
    "similar": SIMILAR,
    "source": SOURCE,
    "status": _STATUS,
    "tag": record(tag=TEXT, whose={"enum": ["own", "wechat"]}, articles=NUMBER),
    "tally": TALLY,
    "verified": record(
        sort=TEXT,
        what=TEXT,
        path=MAYBE_TEXT,
        fault=FLAG,
        repaired={"type": ["boolean", "null"]},
        how=MAYBE_TEXT,
    ),
    "versions": listed(VERSION),
}


def whole(name: str) -> dict[str, Any]:
    """The schema as its file holds it, with what it refers to inside."""
    text = json.dumps(SCHEMAS[name]).replace("#/components/schemas/", "#/$defs/")
    used = {one: COMPONENTS[one] for one in COMPONENTS if f'"#/$defs/{one}"' in text}
    head = {"$schema": _DIALECT, "title": name}
    return {**head, **json.loads(text), **({"$defs": used} if used else {})}


def as_text(name: str) -> str:
    """The file."""
    return json.dumps(whole(name), indent=1, ensure_ascii=False) + "\n"


def main() -> None:
    """Write every file anew."""
    FOLDER.mkdir(exist_ok=True)
    for name in SCHEMAS:
        (FOLDER / f"{name}.json").write_text(as_text(name), encoding="utf-8")


if __name__ == "__main__":
    main()
