"""Formulas as TeX out of what a page shows of them: MathML, or MathJax's SVG, which keeps MathML's
structure.

MathJax 3 (mdnice, doocs/md) draws each MathML node as ``<g data-mml-node="msup">`` and each
character as a path with its code point in hexadecimal (``<path data-c="1D465">``, ``<use
data-c>``). A script's place is in its ``transform``: above the line it is a superscript. Pure.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import field
from typing import Final

import lxml.etree as etree

from scraper.records import dataclass
from scraper.text import names

#: No formula nests or holds as much; what does is left to be drawn.
_DEEPEST: Final = 60
_MOST_NODES: Final = 4_000


class Unwritable(ValueError):
    """A formula that this module has no TeX for."""


@dataclass(slots=True)
class Node:
    """One MathML element: name, text of a leaf, children, ``attributes``; ``height`` is where SVG
    draws it.
    """

    name: str
    text: str = ""
    children: list[Node] = field(default_factory=list)
    height: float = 0.0
    attributes: Mapping[str, str] = field(default_factory=dict)


def of(element: etree._Element) -> str | None:
    """The TeX of a ``<math>``, an ``mjx-container`` or MathJax's ``<svg>``; ``None`` where it
    cannot be written.
    """
    math = element if _name(element) == "math" else next(element.iter("{*}math", "math"), None)
    try:
        if math is not None:
            return _settled(_written(_of_mathml(math, 0)))
        drawn = next((one for one in element.iter() if one.get("data-mml-node") == "math"), None)
        if drawn is None:
            drawn = next((one for one in element.iter() if one.get("data-mml-node")), None)
        return _settled(_written(_of_svg(drawn, 0))) if drawn is not None else None
    except Unwritable:
        return None


def _settled(text: str) -> str | None:
    return re.sub(r"\s+", " ", text).strip() or None


def _name(element: etree._Element) -> str:
    return etree.QName(element).localname if isinstance(element.tag, str) else ""


# -- reading


def _of_mathml(element: etree._Element, depth: int) -> Node:
    if depth > _DEEPEST:
        raise Unwritable("nested too deep")
    name = _name(element)
    children = [child for child in element if _name(child)]
    if name == "semantics":
        return _of_mathml(children[0], depth + 1) if children else Node("mrow")
    attributes = {str(key): str(value) for key, value in element.attrib.items()}
    if not children:
        return Node(name, text="".join(map(str, element.itertext())).strip(), attributes=attributes)
    inside = [
        _of_mathml(child, depth + 1)
        for child in children
        if _name(child) not in ("annotation", "annotation-xml", "mphantom", "none", "mprescripts")
    ]
    return Node(name, children=inside, attributes=attributes)


_PLACED = re.compile(r"translate\(\s*[-\d.e]+[\s,]+([-\d.e]+)")


def _of_svg(element: etree._Element, depth: int) -> Node:
    if depth > _DEEPEST:
        raise Unwritable("nested too deep")
    placed = _PLACED.match(element.get("transform") or "")
    node = Node(
        (element.get("data-mml-node") or "mrow").lower(), height=float(placed[1]) if placed else 0.0
    )
    characters: list[str] = []
    for child in element:
        _take(child, node, characters, depth + 1)
    node.text = "".join(characters)
    return node


def _take(element: etree._Element, node: Node, characters: list[str], depth: int) -> None:
    """What a child of a drawn node adds to it: a node, characters, or, for a bare ``<g>``, what is
    in it.
    """
    if depth > _DEEPEST:
        raise Unwritable("nested too deep")
    name = _name(element)
    point = element.get("data-c")
    if element.get("data-mml-node"):
        node.children.append(_of_svg(element, depth))
    elif point and re.fullmatch(r"[0-9A-Fa-f]{1,6}", point) and int(point, 16) < 0x110000:
        characters.append(chr(int(point, 16)))
    elif name == "text":
        characters.append("".join(map(str, element.itertext())))
    elif name == "path" and not element.get("d"):
        return
    elif name in ("path", "use", "image"):
        raise Unwritable("a character without its code")
    else:
        for child in element:
            _take(child, node, characters, depth + 1)


# -- writing


def _written(node: Node) -> str:
    if sum(1 for _ in _all(node)) > _MOST_NODES:
        raise Unwritable("too long")
    return _tex(node)


def _all(node: Node) -> list[Node]:
    found: list[Node] = []
    waiting = [node]
    while waiting and len(found) <= _MOST_NODES:
        one = waiting.pop()
        found.append(one)
        waiting += one.children
    return found


def _tex(node: Node) -> str:
    write = _WRITERS.get(node.name)
    if write is not None:
        return write(node)
    if node.children:
        return _row(node)
    return "".join(map(_character, node.text))


def _row(node: Node) -> str:
    found = ""
    for child in node.children:
        piece = _tex(child)
        # A command's name ends where a letter would go on with it.
        if re.search(r"\\[A-Za-z]+\Z", found) and piece[:1].isalpha():
            found += " "
        found += piece
    return found


def _braced(node: Node) -> str:
    return "{" + _tex(node) + "}"


def _identifier(node: Node) -> str:
    plain = "".join(unicodedata.normalize("NFKC", character) for character in node.text)
    if plain in _FUNCTIONS:
        return f"\\{plain} "
    if len(plain) > 1 and plain.isascii() and plain.isalpha():
        return f"\\mathrm{{{plain}}}"
    variant = node.attributes.get("mathvariant", "")
    shown = "".join(map(_character, node.text))
    command = _VARIANTS.get(variant)
    return f"\\{command}{{{shown}}}" if command and shown else shown


def _operator(node: Node) -> str:
    text = node.text.strip()
    if text in _WORDS or text in _FUNCTIONS:
        return f"\\{text} "
    if len(text) > 1 and text.isascii() and text.isalpha():
        return f"\\operatorname{{{text}}}"
    return "".join(map(_character, text))


def _quoted(node: Node) -> str:
    text = node.text or "".join(_plain(child) for child in node.children)
    return "\\text{" + re.sub(r"([{}$%#&_])", r"\\\1", text) + "}" if text.strip() else " "


def _plain(node: Node) -> str:
    return node.text + "".join(map(_plain, node.children))


def _parts(node: Node, count: int) -> list[Node]:
    if len(node.children) != count:
        raise Unwritable(f"{node.name} with {len(node.children)} parts")
    return node.children


def _fraction(node: Node) -> str:
    above, below = _parts(node, 2)
    if node.attributes.get("linethickness") in ("0", "0px"):
        return f"\\binom{_braced(above)}{_braced(below)}"
    return f"\\frac{_braced(above)}{_braced(below)}"


def _root(node: Node) -> str:
    inside = [child for child in node.children if child.text != "√"]  # SVG draws the sign too
    return "\\sqrt{" + "".join(map(_tex, inside)) + "}"


def _nth_root(node: Node) -> str:
    inside = [child for child in node.children if child.text != "√"]
    if len(inside) != 2:
        raise Unwritable("a root of neither two parts")
    base, degree = (
        sorted(inside, key=lambda child: child.height)
        if any(child.height for child in inside)
        else inside
    )
    return f"\\sqrt[{_tex(degree)}]{_braced(base)}"


def _base(node: Node) -> str:
    text = _tex(node)
    single = len(node.text) == 1 or re.fullmatch(r"\\[A-Za-z]+ ?|\\math\w+\{[^{}]*\}", text)
    return text.rstrip() if single or not text else "{" + text + "}"


def _superscript(node: Node) -> str:
    base, above = _parts(node, 2)
    primes = above.text or "".join(child.text for child in above.children)
    if primes and set(primes) <= set("′'"):
        return _base(base) + "'" * len(primes)
    return f"{_base(base)}^{_braced(above)}"


def _subscript(node: Node) -> str:
    base, below = _parts(node, 2)
    return f"{_base(base)}_{_braced(below)}"


def _both(node: Node) -> str:
    base, first, second = _parts(node, 3)
    below, above = (first, second) if first.height <= second.height else (second, first)
    return f"{_base(base)}_{_braced(below)}^{_braced(above)}"


def _over(node: Node) -> str:
    base, above = _parts(node, 2)
    accent = _ACCENTS.get(_plain(above).strip())
    if accent:
        return f"\\{accent}{_braced(base)}"
    if _is_large(base):
        return f"{_tex(base).rstrip()}^{_braced(above)}"
    return f"\\overset{_braced(above)}{_braced(base)}"


def _under(node: Node) -> str:
    base, below = _parts(node, 2)
    accent = _ACCENTS_BELOW.get(_plain(below).strip())
    if accent:
        return f"\\{accent}{_braced(base)}"
    if _is_large(base):
        return f"{_tex(base).rstrip()}_{_braced(below)}"
    return f"\\underset{_braced(below)}{_braced(base)}"


def _is_large(node: Node) -> bool:
    """Sums, limits and the like, whose bounds TeX places itself."""
    text = _plain(node).strip()
    return text in _LARGE or text in _FUNCTIONS


def _table(node: Node) -> str:
    rows = []
    for row in node.children:
        cells = row.children if row.name in ("mtr", "mlabeledtr") else [row]
        rows.append(" & ".join(_tex(cell).strip() for cell in cells))
    return "\\begin{matrix}" + " \\\\ ".join(rows) + "\\end{matrix}"


def _fenced(node: Node) -> str:
    opening, closing = node.attributes.get("open", "("), node.attributes.get("close", ")")
    between = (node.attributes.get("separators", ",") or " ")[0]
    inside = between.join(map(_tex, node.children))
    return f"\\left{_character(opening) or '.'}{inside}\\right{_character(closing) or '.'}"


def _space(node: Node) -> str:
    return "\\\\ " if node.attributes.get("linebreak") == "newline" else "\\ "


def _nothing(node: Node) -> str:
    return ""


def _character(character: str) -> str:
    """One character of mathematics as TeX."""
    if character in _SIGNS:
        return _SIGNS[character]
    if character in _ESCAPED:
        return f"\\{character}"
    if character in _UNSEEN:
        return ""
    name = unicodedata.name(character, "")
    plain = unicodedata.normalize("NFKC", character)
    if name.startswith("MATHEMATICAL") or "DOUBLE-STRUCK" in name or "SCRIPT CAPITAL" in name:
        command = next((command for mark, command in _ALPHABETS if mark in name), None)
        letter = _greek(plain) or plain
        return f"\\{command}{{{letter}}}" if command else letter
    return _greek(character) or character


def _greek(character: str) -> str | None:
    name = unicodedata.name(character, "") if len(character) == 1 else ""
    if not name.startswith("GREEK"):
        return None
    word = name.split()[-2] if name.endswith("SYMBOL") else name.split()[-1]
    word = _GREEK_NAMES.get(word, word).lower()
    if "CAPITAL" in name:
        return f"\\{word.capitalize()} " if word in _CAPITALS else _LATIN_CAPITALS.get(word)
    return "o" if word == "omicron" else f"\\{word} "


_GREEK_NAMES: Final = {"LAMDA": "LAMBDA"}
_CAPITALS: Final = names("""
    gamma delta theta lambda xi pi sigma upsilon phi psi omega
""")
#: Capitals that TeX has no name for: they look like Latin ones.
_LATIN_CAPITALS: Final = {
    "alpha": "A", "beta": "B", "epsilon": "E", "zeta": "Z", "eta": "H", "iota": "I", "kappa": "K", "mu": "M", "nu": "N",
    "omicron": "O", "rho": "P", "tau": "T", "chi": "X",
}  # fmt: skip
_ALPHABETS: Final = (
    ("DOUBLE-STRUCK", "mathbb"),
    ("FRAKTUR", "mathfrak"),
    ("SCRIPT", "mathcal"),
    ("MONOSPACE", "mathtt"),
    ("BOLD ITALIC", "boldsymbol"),
    ("SANS-SERIF", "mathsf"),
    ("BOLD", "mathbf"),
)
_VARIANTS: Final = {
    "bold": "mathbf",
    "bold-italic": "boldsymbol",
    "double-struck": "mathbb",
    "script": "mathcal",
    "fraktur": "mathfrak",
    "normal": "mathrm",
    "monospace": "mathtt",
    "sans-serif": "mathsf",
}
_FUNCTIONS: Final = names("""
    sin cos tan cot sec csc sinh cosh tanh coth arcsin arccos arctan log ln lg exp lim
    limsup liminf max min sup inf det dim ker gcd arg deg hom Pr
""")
_WORDS: Final = frozenset(("mod",))
_LARGE: Final = frozenset("∑∏∐∫∬∭∮⋃⋂⋁⋀⨁⨂")
_ACCENTS: Final = {
    "¯": "overline", "‾": "overline", "―": "overline", "ˉ": "bar", "^": "hat", "ˆ": "hat", "~": "tilde", "˜": "tilde",
    "→": "vec", "⃗": "vec", "˙": "dot", "¨": "ddot", "⏞": "overbrace", "ˇ": "check", "˘": "breve",
}  # fmt: skip
_ACCENTS_BELOW: Final = {"_": "underline", "―": "underline", "‾": "underline", "⏟": "underbrace"}
_ESCAPED: Final = frozenset("{}%#&$_")
_UNSEEN: Final = frozenset("\u2061\u2062\u2063\u2064\u200b")
_COMMANDS: Final = {
    sign: f"\\{command} "
    for sign, command in (
        pair.split("=", 1)
        for pair in names("""
            ×=times ÷=div ±=pm ∓=mp ≤=leq ≥=geq ≠=neq ≈=approx ∞=infty ∑=sum ∏=prod ∐=coprod
            ∫=int ∬=iint ∭=iiint ∮=oint ∂=partial ∇=nabla ∈=in ∉=notin ∋=ni ⊂=subset ⊆=subseteq
            ⊃=supset ⊇=supseteq ∪=cup ∩=cap →=to ←=leftarrow ↔=leftrightarrow ⇒=Rightarrow
            ⇐=Leftarrow ⇔=Leftrightarrow ↦=mapsto ↑=uparrow ↓=downarrow ⋅=cdot ·=cdot …=ldots
            ⋯=cdots ⋮=vdots ⋱=ddots ∀=forall ∃=exists ¬=neg ∧=wedge ∨=vee ∝=propto ∼=sim ≃=simeq
            ≅=cong ≡=equiv ≪=ll ≫=gg ⟨=langle ⟩=rangle ‖=| ∥=parallel ⊥=perp ∠=angle ∘=circ
            ⊕=oplus ⊗=otimes ⊙=odot ∅=emptyset ℏ=hbar ℓ=ell ℜ=Re ℑ=Im ℵ=aleph ⌊=lfloor ⌋=rfloor
            ⌈=lceil ⌉=rceil √=surd ∖=setminus ⋃=bigcup ⋂=bigcap ⋆=star ∴=therefore ∵=because
            ⊤=top ⊢=vdash ⊨=models △=triangle
        """)
    )
}
_SIGNS: Final = {
    **_COMMANDS,
    **{
        "−": "-",
        "∗": "*",
        "′": "'",
        "″": "''",
        "\u00a0": "\\ ",
        "\\": "\\backslash ",
        "~": "\\sim ",
    },
    **{
        "ℝ": "\\mathbb{R}",
        "ℕ": "\\mathbb{N}",
        "ℤ": "\\mathbb{Z}",
        "ℚ": "\\mathbb{Q}",
        "ℂ": "\\mathbb{C}",
    },
}

_WRITERS: Final[Mapping[str, Callable[[Node], str]]] = {
    "mi": _identifier,
    "mo": _operator,
    "mtext": _quoted,
    "ms": _quoted,
    "mspace": _space,
    "mphantom": _nothing,
    "mfrac": _fraction,
    "msqrt": _root,
    "mroot": _nth_root,
    "msup": _superscript,
    "msub": _subscript,
    "msubsup": _both,
    "mover": _over,
    "munder": _under,
    "munderover": _both,
    "mtable": _table,
    "mfenced": _fenced,
    "mmultiscripts": lambda node: _unwritable(node),
    "menclose": lambda node: _unwritable(node),
}


def _unwritable(node: Node) -> str:
    raise Unwritable(node.name)
