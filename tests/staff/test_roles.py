"""The role matrix, cell by cell, and what must hold between members of staff."""

import datetime as dt

import pytest

from shared.errors import Fault, InvalidInput, Refused
from shared.staff.model import JST, POWERS, Member, Power, Role, Roster, Term, checked, day_of, may, powers
from shared.vocabulary import Language

FIRST = dt.date(2026, 12, 1)
NOON = dt.datetime(2026, 12, 1, 12, tzinfo=JST)
SHEET = """
                      window verifier decider manager auditor
see_worklist          x      x        x       x       x
see_dashboard         x      x        x       x       x
see_audit             .      .        .       x       x
open_case             x      x        x       x       .
write_note            x      x        x       x       .
take_in               x      .        .       .       .
send_form             x      .        .       .       .
register_arrival      x      .        .       .       .
add_scan              x      x        .       .       .
view_scan             x      x        x       x       .
enter_form            x      .        .       .       .
record_stamps         x      .        .       .       .
find_defects          x      .        .       .       .
withdraw              x      x        .       .       .
register_delivery     x      .        .       .       .
resend                x      .        .       .       .
match_person          .      x        .       .       .
verify_identity       .      x        .       .       .
close_unverified      .      x        .       .       .
reopen                .      x        .       .       .
fix_scope             .      .        x       .       .
refer                 .      .        x       .       .
decide                .      .        x       .       .
cosign                .      x        x       x       .
extend                .      .        x       .       .
record_evidence       x      .        x       .       .
see_my_number         .      .        .       x       .
decide_my_number      .      .        .       x       .
hold                  .      .        x       x       .
sign_destruction      x      x        x       x       .
take_complaint        x      .        .       .       .
answer_complaint      .      .        x       x       .
"""
_HEAD, *_ROWS = SHEET.strip("\n").splitlines()
CELLS = [
    (Power(row.split()[0]), Role(role), mark == "x")
    for row in _ROWS
    for role, mark in zip(_HEAD.split(), row.split()[1:], strict=True)
]


def member(name: str = "hanako", *terms: Term) -> Member:
    return Member(
        id=name,
        sub=f"accounts.google.com:{name}",
        email=f"{name}@kagamino.example",
        name=name,
        languages=(Language.JA,),
        terms=terms,
    )


def test_the_sheet_has_every_cell_of_the_table() -> None:
    assert {(power, role) for power, role, _ in CELLS} == {(power, role) for power in Power for role in Role}
    assert set(POWERS) == set(Power)


@pytest.mark.parametrize(("power", "role", "granted"), CELLS, ids=[f"{p}-{r}" for p, r, _ in CELLS])
def test_a_role_has_exactly_the_powers_of_its_column(power: Power, role: Role, granted: bool) -> None:
    assert may(member("hanako", Term(role, FIRST)), power, NOON) is granted


def test_without_a_role_nothing_may_be_done_and_with_two_what_either_may() -> None:
    assert powers(member(), NOON) == frozenset()
    both = powers(member("hanako", Term(Role.WINDOW, FIRST), Term(Role.VERIFIER, FIRST)), NOON)
    assert {Power.TAKE_IN, Power.VERIFY_IDENTITY} <= both
    assert Power.DECIDE not in both


@pytest.mark.parametrize(
    ("at", "holds"),
    [
        ("2026-11-30T23:59:59+09:00", False),
        ("2026-12-01T00:00:00+09:00", True),
        ("2026-11-30T15:00:00+00:00", True),
        ("2026-12-09T23:59:59+09:00", True),
        ("2026-12-10T00:00:00+09:00", False),
    ],
)
def test_a_role_counts_from_midnight_in_japan_until_midnight_in_japan(at: str, holds: bool) -> None:
    one = member("hanako", Term(Role.DECIDER, FIRST, dt.date(2026, 12, 10)))
    assert may(one, Power.DECIDE, dt.datetime.fromisoformat(at)) is holds


def _managers(*days: tuple[int, int | None]) -> list[Member]:
    return [
        member(f"m{number}", Term(Role.MANAGER, dt.date(2026, 12, start), dt.date(2026, 12, end) if end else None))
        for number, (start, end) in enumerate(days)
    ]


@pytest.mark.parametrize(
    "days", [[(1, None)], [(1, 5), (5, None)], [(5, None), (1, 5)], [(1, 2), (2, 3), (3, None)]], ids=str
)
def test_one_protection_manager_follows_another_to_the_day(days: list[tuple[int, int | None]]) -> None:
    roster = Roster(members=checked(_managers(*days)))
    for day in range(1, 31):
        at = dt.datetime(2026, 12, day, tzinfo=JST)
        assert sum(Role.MANAGER in one.roles(at) for one in roster.members) == 1
        found = roster.manager(at)
        assert found is not None
        assert day_of(at) == dt.date(2026, 12, day)


@pytest.mark.parametrize(
    "days",
    [
        [(1, None), (5, None)],
        [(1, 6), (5, None)],
        [(1, 4), (5, None)],
        [(1, 5)],
        [(1, 5), (5, 9)],
        [(1, None), (1, None)],
        [(1, 9), (2, 3), (9, None)],
    ],
    ids=str,
)
def test_no_day_has_two_protection_managers_or_none(days: list[tuple[int, int | None]]) -> None:
    with pytest.raises(Refused, match="one_manager"):
        checked(_managers(*days))


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.AUDITOR])
def test_an_auditor_holds_no_other_role_at_the_same_time(role: Role) -> None:
    fifth = dt.date(2026, 12, 5)
    with pytest.raises(Refused, match="auditor_acts"):
        checked([member("a", Term(Role.AUDITOR, FIRST), Term(role, fifth))])
    before = checked([member("a", Term(Role.AUDITOR, FIRST, fifth), Term(role, fifth))])
    assert before[0].roles(NOON) == {Role.AUDITOR}


@pytest.mark.parametrize(
    "change",
    [
        {"name": " "},
        {"name": "x" * 121},
        {"name": "a\nb"},
        {"sub": ""},
        {"email": "nobody"},
        {"email": "a@b@c"},
        {"email": "é@x.example"},
        {"email": "a b@x.example"},
        {"languages": ()},
        {"terms": (Term(Role.WINDOW, FIRST, FIRST),)},
        {"terms": (Term(Role.WINDOW, FIRST), Term(Role.WINDOW, dt.date(2027, 1, 1)))},
    ],
    ids=str,
)
def test_a_member_who_is_not_described_properly_is_refused(change: dict[str, object]) -> None:
    fields = {name: getattr(member(), name) for name in Member.__struct_fields__}
    with pytest.raises(InvalidInput, match="registration_invalid"):
        checked([Member(**{**fields, **change})])


@pytest.mark.parametrize("same", ["sub", "email"])
def test_an_account_stands_for_one_member_alone(same: str) -> None:
    one, other = member("a"), member("b")
    fields = {name: getattr(other, name) for name in Member.__struct_fields__}
    with pytest.raises(Fault, match="registered already"):
        checked([one, Member(**{**fields, same: getattr(one, same).upper() if same == "email" else one.sub})])
