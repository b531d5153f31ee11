"""One thing that the API does, as its route and its description are made from. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request

from archive.i18n import gettext as _

Schema = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Parameter:
    """A name in the query. ``schema`` is its JSON Schema."""

    name: str
    what: str
    schema: Schema
    required: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """``answer`` handles the request; ``gives`` is the schema of its body (``status`` where all
    went well), ``takes`` that of the request's. ``errors``: the other statuses that it may end
    with."""

    method: str
    path: str
    what: str
    answer: Callable[[Request], Any]
    gives: Schema
    takes: Schema | None = None
    parameters: tuple[Parameter, ...] = ()
    status: int = 200
    types: tuple[str, ...] = ("application/json",)
    errors: tuple[int, ...] = field(default=(400, 404))


class Invalid(Exception):
    """The request does not say what it should; the text says what is wrong."""


def number(request: Request, name: str, default: int, least: int, most: int) -> int:
    """A whole number in the query. Raises Invalid."""
    said = request.query_params.get(name)
    if said is None:
        return default
    if not (said.isascii() and said.isdigit() and len(said) < 10 and least <= int(said) <= most):
        raise Invalid(f"{name} must be a whole number from {least} to {most}")
    return int(said)


def choice(request: Request, name: str, choices: tuple[str, ...]) -> str:
    """One of some words in the query, the first where it says nothing. Raises Invalid."""
    said = request.query_params.get(name, choices[0])
    if said not in choices:
        raise Invalid(f"{name} must be one of {', '.join(choices)}")
    return said


def text_of(body: Mapping[str, Any], name: str) -> str | None:
    """A text in the body, None where it says nothing. Raises Invalid."""
    if name not in body:
        return None
    said = body[name]
    if not isinstance(said, str):
        raise Invalid(_("{name} must be a text", name=name))
    return said


def texts_of(body: Mapping[str, Any], name: str) -> list[str]:
    """A list of texts in the body, empty where it says nothing. Raises Invalid."""
    said = body.get(name, [])
    if not isinstance(said, list) or not all(isinstance(text, str) for text in said):
        raise Invalid(_("{name} must be a list of texts", name=name))
    return said


def switch_of(body: Mapping[str, Any], name: str) -> bool | None:
    """True or false in the body, None where it says nothing. Raises Invalid."""
    if name not in body:
        return None
    said = body[name]
    if not isinstance(said, bool):
        raise Invalid(_("{name} must be true or false", name=name))
    return said


def whole_of(body: Mapping[str, Any], name: str, least: int, most: int) -> int | None:
    """A whole number in the body, None where it says nothing. Raises Invalid."""
    if name not in body:
        return None
    said = body[name]
    if not isinstance(said, int) or isinstance(said, bool) or not least <= said <= most:
        raise Invalid(
            _(
                "{name} must be a whole number from {least} to {most}",
                name=name,
                least=least,
                most=most,
            )
        )
    return said


async def json_object(request: Request) -> dict[str, Any]:
    """The request's body. Raises Invalid for anything but a JSON object."""
    try:
        body = json.loads(await request.body())
    except (ValueError, RecursionError) as error:
        raise Invalid(_("the body must be JSON")) from error
    if not isinstance(body, dict):
        raise Invalid(_("the body must be a JSON object"))
    return body
