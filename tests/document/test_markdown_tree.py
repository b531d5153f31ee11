"""The tree that Markdown is written from."""

from __future__ import annotations

import gc
from weakref import ref

from archive.document.markdown import render
from archive.document.markdown_tree import soup


def test_a_tree_is_given_back_at_once() -> None:
    """Nothing of it waits for the garbage collector, which takes a tenth of writing Markdown where
    trees are rings.
    """
    gc.disable()
    try:
        tree = soup("<ul><li>一<strong>二</strong></li></ul><p><img src='a'>三</p>")
        gone = ref(tree)
        inside = ref(tree.contents[0])
        del tree

        assert (None, None) == (gone(), inside())
    finally:
        gc.enable()


def test_each_picture_is_asked_for_once() -> None:
    """Also in a table: whoever gives an address another form is not asked twice for one place."""
    asked: list[str] = []

    def local(address: str) -> str | None:
        asked.append(address)
        return None

    cells = "<tr><td><img src='b'></td><td><ul><li><img src='c'></li></ul></td></tr>"
    render(f"<p><img src='a'></p><table>{cells}</table>", image=local)

    assert ["a", "b", "c"] == asked
