"""``scraper.records.dataclass`` is the standard library's in all but when its methods are
generated.
"""

from __future__ import annotations

import copy
import dataclasses
import pickle
import sys

import pytest

from scraper import records


@records.dataclass(frozen=True, slots=True)
class Ours:
    name: str
    size: int = 0
    tags: tuple[str, ...] = ()
    secret: str = dataclasses.field(default="s", repr=False, compare=False)
    extra: list[int] = dataclasses.field(default_factory=list, compare=False)

    @property
    def double(self) -> int:
        return self.size * 2


@dataclasses.dataclass(frozen=True, slots=True)
class Theirs:
    name: str
    size: int = 0
    tags: tuple[str, ...] = ()
    secret: str = dataclasses.field(default="s", repr=False, compare=False)
    extra: list[int] = dataclasses.field(default_factory=list, compare=False)


@records.dataclass(slots=True, kw_only=True)
class Open:
    name: str
    count: int = 0
    seen: list[str] = dataclasses.field(init=False, default_factory=list)
    state: str = dataclasses.field(init=False, default="new")

    def __post_init__(self) -> None:
        self.count += 1


@records.dataclass(frozen=True)
class Longer(Ours):
    more: int = 1


@records.dataclass(frozen=True, slots=True)
class Said:
    word: str

    def __repr__(self) -> str:
        return f"<{self.word}>"


def test_shows_compares_and_hashes_as_the_standard_library() -> None:
    """The same words, the same order of fields, what is left out left out."""
    ours, theirs = Ours("a", 2, ("t",)), Theirs("a", 2, ("t",))

    assert repr(ours) == repr(theirs).replace("Theirs", "Ours")
    assert (hash(ours), dataclasses.asdict(ours)) == (hash(theirs), dataclasses.asdict(theirs))
    assert ours == Ours("a", 2, ("t",), "another", [1])
    assert ours != Ours("b", 2, ("t",))
    assert ours.__eq__(theirs) is NotImplemented
    assert [f.name for f in dataclasses.fields(Ours)] == [
        f.name for f in dataclasses.fields(Theirs)
    ]
    assert Ours.__match_args__ == Theirs.__match_args__
    assert Ours("a").extra is not Ours("a").extra


def test_frozen_ones_stay_as_they_are() -> None:
    """Neither assigned to nor deleted from, and no attribute beside the fields."""
    ours = Ours("a")

    with pytest.raises(dataclasses.FrozenInstanceError, match="name"):
        ours.name = "b"  # type: ignore[misc]
    with pytest.raises(dataclasses.FrozenInstanceError, match="name"):
        del ours.name
    assert hasattr(ours, "__dict__") is False


def test_copies_are_equal_and_of_the_class() -> None:
    """By ``replace``, by copying and by pickle, which frozen ones with slots need help for."""
    ours = Ours("a", 2, extra=[3])

    assert dataclasses.replace(ours, size=4) == Ours("a", 4)
    for found in (pickle.loads(pickle.dumps(ours)), copy.copy(ours), copy.deepcopy(ours)):
        assert (type(found), found, found.extra) == (Ours, ours, [3])


def test_open_ones_are_changed_and_cannot_be_keys() -> None:
    """Keyword arguments only, ``__post_init__`` is called, no hash."""
    one = Open(name="a", count=2)
    one.name = "b"

    assert one == Open(name="b", count=2)
    assert (one.count, repr(one)) == (3, "Open(name='b', count=3, seen=[], state='new')")
    with pytest.raises(TypeError, match="unhashable"):
        hash(one)
    with pytest.raises(TypeError, match="positional"):
        Open("a")  # type: ignore[call-arg]


def test_methods_of_the_class_itself_stay_and_inheriting_works() -> None:
    """What the author wrote is not generated over; a class of more fields has its parent's."""
    assert repr(Said("x")) == "<x>"
    assert (Longer("a", 3, more=4).double, Longer("a", more=4).more) == (6, 4)
    assert Longer("a") != Ours("a")


def test_wrong_arguments_are_told_at_the_first_call_too() -> None:
    """Of a class that was never made before."""

    @records.dataclass(frozen=True, slots=True)
    class Never:
        name: str

    with pytest.raises(TypeError, match="missing 1 required positional argument: 'name'"):
        Never()  # type: ignore[call-arg]
    assert "Never" not in vars(sys.modules[__name__])


@pytest.mark.parametrize(
    ("arguments", "named", "said"),
    [
        ((), {}, "missing 1 required positional argument: 'name'"),
        (("a", 1, (), "s", [], 6), {}, "takes from 2 to 6 positional arguments but 7 were given"),
        (("a",), {"name": "b"}, "got multiple values for argument 'name'"),
        (("a",), {"colour": "b"}, "got an unexpected keyword argument 'colour'"),
    ],
)
def test_every_call_makes_the_same(
    arguments: tuple[object, ...], named: dict[str, object], said: str
) -> None:
    """Before ``__init__`` is generated, and after: the same fields, the same complaint."""

    @records.dataclass(frozen=True, slots=True)
    class Fresh:
        name: str
        size: int = 0
        tags: tuple[str, ...] = ()
        secret: str = dataclasses.field(default="s", repr=False, compare=False)
        extra: list[int] = dataclasses.field(default_factory=list, compare=False)

    made = [Fresh("a", 2, extra=[3]) for _ in range(5)]
    complaints = []
    for _ in range(2):  # the first generates it
        with pytest.raises(TypeError) as raised:
            Fresh(*arguments, **named)  # type: ignore[arg-type]
        complaints.append(str(raised.value))
    made += [Fresh("a", 2, extra=[3]) for _ in range(40)]

    assert {dataclasses.astuple(one)[:4] for one in made} == {("a", 2, (), "s")}
    assert [one.extra for one in made] == [[3]] * 45
    assert all(said in complaint for complaint in complaints)


def test_what_is_open_is_the_same_made_once_or_often() -> None:
    """Keywords alone, a list of its own, fields that nobody gives, ``__post_init__``."""

    @records.dataclass(slots=True, kw_only=True)
    class Fresh:
        name: str
        count: int = 0
        seen: list[str] = dataclasses.field(init=False, default_factory=list)
        state: str = dataclasses.field(init=False, default="new")
        later: int = dataclasses.field(init=False)

        def __post_init__(self) -> None:
            self.count += 1

    made = [Fresh(name="a", count=2) for _ in range(40)]

    assert {(one.name, one.count, one.state) for one in made} == {("a", 3, "new")}
    assert len({id(one.seen) for one in made}) == 40
    assert {hasattr(one, "later") for one in made} == {False}
