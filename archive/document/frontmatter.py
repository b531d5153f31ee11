"""The YAML block at the head of a Markdown file, written and read by a YAML library.

Every text is double-quoted, so that no title, however it looks (``yes``, ``2022-10-27``, ``a: b``,
``- x``), becomes anything but a text. Obsidian, Hugo, Jekyll and GitHub read it.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import yaml
from yaml.representer import BaseRepresenter

from archive.errors import BadInput
from scraper.messages import mark
from scraper.patterns import lazy

_BLOCK = lazy(r"\A\ufeff?---[ \t]*\r?\n(?:(.*?)\r?\n)??---[ \t]*(?:\r?\n|\Z)", re.DOTALL)
#: libyaml's where PyYAML has it: files of a whole archive are read at once by `import` and
#: `verify`.
_BASE: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
#: The longest of 83 real articles has 11 KB; there is room for 2,500 related reads.
LARGEST = 2**19
#: No number or time that is one is longer; `1:59:59:…` of 60 KB takes seconds to add up.
_LONGEST_NUMBER = 40
#: Not representable in UTF-8 at all; written as the replacement character rather than as a file
#: that nothing opens.
_SURROGATES = re.compile("[\ud800-\udfff]")


class _Loader(_BASE):  # type: ignore[misc]
    """Reads what a person may have written: a number or day that cannot be one is a text, and fails
    nobody.
    """


def _lenient(tag: str) -> None:
    construct = getattr(_BASE, f"construct_yaml_{tag}")

    def read(loader: Any, node: yaml.ScalarNode) -> Any:
        if len(node.value) > _LONGEST_NUMBER:
            return node.value
        try:
            return construct(loader, node)
        except (ValueError, OverflowError):  # a thirteenth month
            return node.value

    _Loader.add_constructor(f"tag:yaml.org,2002:{tag}", read)


for _tag in ("int", "float", "timestamp"):
    _lenient(_tag)


class _Quoted(str):
    """A text that is always written in double quotes."""


class _Line(dict[str, Any]):
    """A small record in a list, written on one line: an index article has hundreds of links."""


class _Dumper(yaml.SafeDumper):
    """Writes as a person would: keys bare, texts quoted, lists indented, no anchors."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def _quoted(dumper: BaseRepresenter, text: _Quoted) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", str(text), style='"')


def _on_one_line(dumper: BaseRepresenter, record: _Line) -> yaml.MappingNode:
    return dumper.represent_mapping("tag:yaml.org,2002:map", record, flow_style=True)


_Dumper.add_representer(_Quoted, _quoted)
_Dumper.add_representer(_Line, _on_one_line)

#: How numbers and truths are written, and which texts would be read as one.
_REPRESENTER, _RESOLVER = yaml.SafeDumper(io.StringIO()), yaml.resolver.Resolver()

#: An entry of a list as libyaml writes it. Every text stands quoted on one line, so no text begins
#: a line.
_ENTRY = re.compile("^( *)- ", re.MULTILINE)


def write(values: Mapping[str, Any]) -> str:
    """The block, ``---`` lines included, of all values that say something (not ``None``, ``""``,
    ``[]``, ``{}``).
    """
    shown = {name: _prepared(value) for name, value in values.items() if not _is_empty(value)}
    return f"---\n{_dumped(shown) if shown else ''}---\n"


def quoted(text: str) -> str:
    """A text as ``write`` has it, in double quotes."""
    return _dumped({"x": _Quoted(_SURROGATES.sub("\ufffd", text))})[3:].strip()


def _dumped(shown: dict[str, Any]) -> str:
    how: dict[str, Any] = {"allow_unicode": True, "width": 2**31 - 1}
    if not yaml.__with_libyaml__:
        return yaml.dump(shown, Dumper=_Dumper, sort_keys=False, **how)  # type: ignore[no-any-return]
    events = [yaml.StreamStartEvent(), yaml.DocumentStartEvent(explicit=False)]
    _add(events, shown)
    events += [yaml.DocumentEndEvent(explicit=False), yaml.StreamEndEvent()]
    return _ENTRY.sub(r"\1  - ", yaml.emit(events, Dumper=yaml.CSafeDumper, **how))


def _add(events: list[yaml.Event], value: Any) -> None:
    """What libyaml is to write for a value, as events: the same bytes as ``_Dumper``'s, but for the
    indentation of lists. PyYAML would make nodes of it first and look at each for what else it might
    be, in Python, which takes three times as long."""
    if isinstance(value, dict):
        events.append(yaml.MappingStartEvent(None, None, True, flow_style=isinstance(value, _Line)))
        for name, part in value.items():
            events.append(_key(name))
            _add(events, part)
        events.append(yaml.MappingEndEvent())
    elif isinstance(value, list):
        events.append(yaml.SequenceStartEvent(None, None, True, flow_style=False))
        for part in value:
            _add(events, part)
        events.append(yaml.SequenceEndEvent())
    elif isinstance(value, _Quoted):
        events.append(yaml.ScalarEvent(None, None, (False, True), str(value), style='"'))
    else:
        text = _REPRESENTER.represent_data(value).value
        events.append(yaml.ScalarEvent(None, None, (True, False), text))


@lru_cache(1024)
def _key(name: str) -> yaml.ScalarEvent:
    """A name, bare where it cannot be taken for anything else."""
    tag = _RESOLVER.resolve(yaml.ScalarNode, name, (True, False))  # type: ignore[no-untyped-call]
    return yaml.ScalarEvent(None, None, (tag == "tag:yaml.org,2002:str", True), name)


def _is_empty(value: Any) -> bool:
    return value is None or (isinstance(value, str | list | tuple | dict) and not value)


def _prepared(value: Any) -> Any:
    if isinstance(value, str):
        return _Quoted(_SURROGATES.sub("\ufffd", value))
    if isinstance(value, Mapping):
        return {str(name): _prepared(part) for name, part in value.items() if not _is_empty(part)}
    if isinstance(value, list | tuple):
        return [
            _Line(_prepared(part)) if isinstance(part, Mapping) else _prepared(part)
            for part in value
        ]
    return value


def read(text: str) -> tuple[dict[str, Any], str]:
    """``(values, rest)``: the block's values, empty without a block, and everything after it.

    Raises BadInput where a block is there but is no YAML mapping, is larger than any article's, or
    repeats parts of itself by reference: 600 bytes of such aliases unfold to gigabytes.
    """
    block = _BLOCK().match(text)
    if block is None:
        return {}, text
    source = block[1] or ""
    if len(source) > LARGEST:
        raise BadInput(
            mark("the front matter is longer than {largest} KB", largest=LARGEST // 2**10)
        )
    try:
        if _has_aliases(source):
            raise BadInput(mark("the front matter has YAML aliases (*name), which are not read"))
        values = yaml.load(source, Loader=_Loader)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        said = str(error).splitlines() or [type(error).__name__]
        raise BadInput(mark("the front matter is not YAML: {said}", said=said[0])) from error
    if values is None:
        values = {}
    if not isinstance(values, dict):
        raise BadInput(mark("the front matter is YAML, but not names with values"))
    return {str(name): value for name, value in values.items()}, text[block.end() :]


def block_of(text: str) -> tuple[str, str, str] | None:
    """The block's first line with all before it, its lines, and everything from its last line on;
    None without a block."""
    found = _BLOCK().match(text)
    if found is None:
        return None
    if found[1] is None:
        begin = text.index("\n") + 1
        return text[:begin], "", text[begin:]
    behind = text.index("\n", found.end(1)) + 1
    return text[: found.start(1)], found[1], text[behind:]


def composed(source: str) -> yaml.Node | None:
    """The lines of a block as YAML's own nodes, which know where they stand."""
    return yaml.compose(source, Loader=_BASE)


def _has_aliases(source: str) -> bool:
    # An alias needs an anchor; a look at the characters saves reading nearly every file twice.
    if "*" not in source or "&" not in source:
        return False
    return any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(source, Loader=_BASE))
