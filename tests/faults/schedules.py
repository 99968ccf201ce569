"""Every way in which two things can happen at once, or one thing go wrong; and which of these ways come to the same.

Most I/Os of two workers do not touch each other: which of them is first, nobody can tell. So a schedule that differs
from one that was told only in the order of such I/Os need not be told: nothing in it, nor after it, is different. Nor
need it be told twice that a read failed, since it has no effect before which it could fail, or after. With
`EVERY_SCHEDULE=1` in the environment everything is told all the same.
"""

import os
from collections.abc import Iterator, Sequence

from tests.faults.passage import Medium, Mode

EVERY = os.environ.get("EVERY_SCHEDULE") == "1"

Schedule = Sequence[tuple[int, int | None]]
Io = tuple[Medium, str]
Switches = tuple[int, int]
"""How many I/Os whoever begins does, and how many the other then does before the first goes on to its end."""


def schedule(begins: int, switches: Switches) -> Schedule:
    """As `Scenes.together` takes it; `begins` is 0 or 1."""
    return [(begins, switches[0]), (1 - begins, switches[1]), (begins, None), (1 - begins, None)]


def to_tell(first: int, second: int) -> Iterator[Switches]:
    """All of them, for two that do so many I/Os."""
    for i in range(1, first + 1):
        for j in range(1, second + 1):
            yield i, j


def apart(one: Io, other: Io) -> bool:
    """Whether two I/Os of different workers do not touch each other. A pair of which it is not known does.

    What is done between two I/Os is of the worker's own memory, but for the clock, which stands still, and random ids.
    """
    (medium, what), (their_medium, theirs) = sorted([one, other])
    match medium, their_medium:
        case ("secrets", _) | (_, "secrets"):  # nobody changes one
            return True
        case "store", "store":
            return not _meet(what, theirs)
        case "http", "http":
            return what.startswith("GET ") and theirs.startswith("GET ")
        case "http", "store":  # each commit is held to what Google gave out by then
            return what.startswith("GET ") or not theirs.startswith("commit ")
        case _:
            return medium != their_medium


def _meet(what: str, theirs: str) -> bool:
    """Whether two I/Os of the store touch each other: reads never do, commits always."""
    commits = [one for one in (what, theirs) if one.startswith("commit ")]
    if len(commits) != 1:
        return bool(commits)
    verb, path = (theirs if what in commits else what).split(" ")
    return verb != "get" or path in commits[0].split(" ")


def same(at: Switches, most: Switches, first: Sequence[Io], second: Sequence[Io], *, jump: bool) -> set[Switches]:
    """Where else the switches could be, and the story is the one told with them `at`, in which whoever began did
    `first`, and the other `second`. With a `jump` of the clock at the first switch, that one stays where it is."""
    found, waiting = {at}, [at]
    while waiting:
        i, j = waiting.pop()
        beside = []
        if not jump:  # whoever began does one more, or one less, before the other's `j`
            beside += [(n, j) for n, io in ((i + 1, i), (i - 1, i - 1)) if _passes(first, io, second[:j])]
        # the other does one more, or one less, before the first's rest
        beside += [(i, m) for m, io in ((j + 1, j), (j - 1, j - 1)) if _passes(second, io, first[i:])]
        for one in beside:
            if one not in found and 1 <= one[0] <= most[0] and 1 <= one[1] <= most[1]:
                found.add(one)
                waiting.append(one)
    return found


def passing(at: int, first: Sequence[Io], second: Sequence[Io]) -> int:
    """How many of the I/Os that `first` does from `at` on could as well come before all of `second`."""
    return next(
        (n for n, io in enumerate(first[at:]) if not all(apart(io, other) for other in second)), len(first) - at
    )


def reads(io: Io) -> bool:
    """Whether an I/O changes nothing."""
    return io[0] == "secrets" or io[1].startswith(("GET ", "get ", "get_many ", "query ", "count "))


def tells_more(trace: Sequence[Io], whose: Sequence[str], number: int, mode: Mode) -> bool:
    """Whether a fault of this mode at the `number`-th I/O is another than those told besides. Only a commit's outcome
    can be unknown without effect; a read that fails after it was done is one that failed before; and whoever dies
    after a read may as well have died after their I/O before that."""
    io = trace[number - 1]
    if mode == "unknown":
        return io[1].startswith("commit ")
    if EVERY or not reads(io) or mode not in ("after", "dies"):
        return True
    return mode == "dies" and (number == 1 or whose[number - 2] != whose[number - 1])


def _passes(own: Sequence[Io], number: int, others: Sequence[Io]) -> bool:
    """Whether an I/O may change places with all of `others`; one that was never done may."""
    return number >= len(own) or all(apart(own[number], other) for other in others)
