"""A person's marks in the front matter of a file that they changed. Pure.

The program writes a file that nobody changed anew as a whole. In one that a person changed only the
lines of ``own.NAMES`` are replaced: every other line, comments and unknown names among them, stays
as it stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import yaml

from archive.document import frontmatter
from archive.document.facts import article_of, holding_of
from archive.document.own import NAMES, Own, own_of
from archive.errors import BadInput
from scraper.messages import mark


def with_own(text: str, own: Own, wechat_tags: Iterable[str] = ()) -> str:
    """``text`` with these four as ``own`` says, every other line as it stands. A block from before
    a person's tags stood apart gets WeChat's under their name of now, ``wechat_tags``.

    Raises BadInput where the front matter cannot be read, or cannot be written without loss.
    """
    values, _rest = frontmatter.read(text)
    block = frontmatter.block_of(text)
    if block is None:
        lines = [*_entries(own.as_dict()), ""]
        return "---\n" + "\n".join(lines) + "---\n" + text if len(lines) > 1 else text
    wanted = own.as_dict()
    if "wechat_tags" not in values and (named := list(wechat_tags)):
        wanted["wechat_tags"] = named
    before, source, after = block
    newline = "\r\n" if "\r\n" in before else "\n"
    lines = source.splitlines()
    for name, value in wanted.items():
        said = own_of({name: values.get(name)}).as_dict().get(name)
        if name == "wechat_tags" or said != value:
            lines = _replaced(lines, name, value)
    made = before + "".join(line + newline for line in lines) + after
    _require_same(values, frontmatter.read(made)[0], own, wanted)
    return made


def _require_same(
    before: Mapping[str, Any], after: Mapping[str, Any], own: Own, wanted: Mapping[str, Any]
) -> None:
    others = {name: value for name, value in before.items() if name not in wanted}
    if own_of(after) != own or others != {n: v for n, v in after.items() if n not in wanted}:
        raise BadInput(mark("its front matter is written in a way that cannot be added to"))


def _replaced(lines: list[str], name: str, value: Any) -> list[str]:
    """The lines of a block with another value of ``name``."""
    at = _place_of(lines, name)
    fresh = _entries({name: value})
    if at is None:
        end = next((n for n, line in enumerate(lines) if line.startswith("check:")), len(lines))
        return [*lines[:end], *fresh, *lines[end:]]
    begin, end = at
    if name == "tags" and value and (listed := _tags_in_place(lines[begin:end], value)):
        fresh = listed
    return [*lines[:begin], *fresh, *lines[end:]]


def _place_of(lines: list[str], name: str) -> tuple[int, int] | None:
    """From and before which line the value of ``name`` stands: comments and blank lines behind it
    belong to what follows."""
    root = frontmatter.composed("\n".join(lines))
    if not isinstance(root, yaml.MappingNode) or root.flow_style:
        return None
    starts = [(key.value, key.start_mark.line) for key, _ in root.value]
    for number, (found, begin) in enumerate(starts):
        if found == name:
            end = starts[number + 1][1] if number + 1 < len(starts) else len(lines)
            while end > begin + 1 and lines[end - 1].strip()[:1] in ("", "#"):
                end -= 1
            return begin, end
    return None


_ITEM = re.compile(r"(\s*- +)(.*)")


def _is_item(line: str) -> bool:
    return _ITEM.fullmatch(line) is not None or line.strip()[:1] in ("", "#")


def _is_list(lines: list[str]) -> bool:
    head, *items = lines
    return re.fullmatch(r"tags:\s*(#.*)?", head) is not None and all(map(_is_item, items))


def _tag_of(line: str) -> str | None:
    """The tag of an item; None for a comment or a blank line."""
    item = _ITEM.fullmatch(line)
    if item is None:
        return None
    tags = own_of(frontmatter.read(f"---\ntags:\n  - {item[2]}\n---\n")[0]).tags
    return tags[0] if tags else ""


def _last_item(lines: list[str]) -> int:
    return max((n for n, line in enumerate(lines) if _ITEM.fullmatch(line)), default=0)


def _tags_in_place(lines: list[str], wanted: list[str]) -> list[str] | None:
    """A list with an item a line, comments in it left alone; None for a list written otherwise."""
    head, *items = lines
    if not _is_list(lines):
        return None
    held = {line: _tag_of(line) for line in items}
    kept = [head, *(line for line in items if held[line] in (None, *wanted))]
    last = _last_item(kept)
    item = _ITEM.fullmatch(kept[last])
    indent = item[1] if item else "  - "
    fresh = [indent + frontmatter.quoted(tag) for tag in wanted if tag not in held.values()]
    return [*kept[: last + 1], *fresh, *kept[last + 1 :]]


def _entries(values: Mapping[str, Any]) -> list[str]:
    """``values`` as lines of a block; what says nothing has none."""
    return frontmatter.write(values).splitlines()[1:-1]


def says_more(text: str, plain: str) -> bool:
    """Whether the front matter of ``text`` says anything that ``plain``, the same article as this
    program writes it, does not: another value, an unknown name, a comment. The four of a person and
    the check are left out of it."""
    there, here = (frontmatter.read(one)[0] for one in (text, plain))
    if there.keys() - here.keys() - {*NAMES, "wechat_tags", "check"}:
        return True
    if here.keys() - there.keys() - {*NAMES, "wechat_tags", "check"}:
        return True
    other, same = ({**values, **dict.fromkeys((*NAMES, "wechat_tags"))} for values in (there, here))
    if article_of(other) != article_of(same) or holding_of(other) != holding_of(same):
        return True
    return _comments(text) > _comments(plain)


def _comments(text: str) -> int:
    block = frontmatter.block_of(text)
    return len(re.findall(r"(?m)(?:^|\s)#", block[1])) if block else 0
