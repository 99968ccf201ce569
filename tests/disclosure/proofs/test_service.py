"""One-time links open once, for what they are for, and never twice, whatever fails on the way."""

import asyncio
import datetime as dt
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import Any

import pytest

from shared import log
from shared.audit.model import first_break
from shared.audit.store import stream_entries
from shared.clock import ManualClock
from shared.cloud.documents import Documents, Expect, Put, Query, Write, settle
from shared.cloud.sqlite import SqliteDocuments
from shared.disclosure.proofs import model
from shared.disclosure.proofs.model import LASTS, MOST_ISSUES, MOST_TRIES, State, Use, path_of
from shared.disclosure.proofs.service import Proofs
from shared.disclosure.proofs.store import LinkStore
from shared.errors import Conflict, Fault, NotPermitted, OutcomeUnknown, Refused
from shared.ids import Ids
from shared.profile.blind import MATCH_KEY, MatchKeys
from tests.fakes import MemorySecrets, SeededIds

CODE = "ABCD-2345"
SECRETS = {MATCH_KEY: [b"m" * 32]}


class CaseBook:
    """A case that keeps what it is told, each in a document of its own, or waits for nothing."""

    def __init__(self, *, waits: bool = True) -> None:
        self.waits, self.told = waits, 0

    async def redeemed(self, case: str, use: Use, *, about: str, account: str | None, at: Any) -> Sequence[Write]:
        if not self.waits:
            raise Refused("case_moved_on")
        return [Put(f"told/{case}.{use}", {"about": about, "account": account}, Expect.ABSENT)]

    async def locked(self, case: str, use: Use, *, at: Any) -> Sequence[Write]:
        return [Put(f"told/{case}.locked", {"use": use}, Expect.ABSENT)]


@pytest.fixture
def secrets() -> MemorySecrets:
    return MemorySecrets({name: list(versions) for name, versions in SECRETS.items()})


def links_of(documents: Documents, clock: ManualClock, ids: Ids, secrets: MemorySecrets, **parts: Any) -> Proofs:
    own: dict[str, Any] = {"cases": CaseBook(), "commit": partial(settle, documents)}
    keys = MatchKeys(secrets)
    return Proofs(**{**own, **parts}, links=LinkStore(documents), marks=keys, clock=clock, ids=ids)


@pytest.fixture
def proofs(sqlite_documents: SqliteDocuments, clock: ManualClock, ids: SeededIds, secrets: MemorySecrets) -> Proofs:
    return links_of(sqlite_documents, clock, ids, secrets)


async def state(documents: Documents, use: Use = Use.MAIL_ADDRESS) -> State:
    found = await LinkStore(documents).of("c1", use)
    assert found
    return found.value.state


async def refused(proofs: Proofs, token: str, use: Use = Use.MAIL_ADDRESS, **more: Any) -> None:
    with pytest.raises(Refused) as why:
        await proofs.redeem(token, use, **more)
    assert (why.value.code, why.value.detail, why.value.more) == ("proof_invalid", "", {}), "one and the same answer"


async def test_a_link_proves_what_it_is_for_and_the_case_is_told(proofs: Proofs, sqlite_documents: SqliteDocuments):
    issued = await proofs.issue("c1", Use.MAIL_ADDRESS, by="saki", about="mail-hash")
    done = await proofs.redeem(issued.token, Use.MAIL_ADDRESS)
    assert (done.case, done.use, done.about) == ("c1", Use.MAIL_ADDRESS, "mail-hash")
    told = await sqlite_documents.get("told/c1.mail_address")
    assert told
    assert told.data == {"about": "mail-hash", "account": None}


async def test_used_expired_revoked_replaced_locked_foreign_and_unknown_are_one_answer(
    proofs: Proofs, sqlite_documents: SqliteDocuments, clock: ManualClock
):
    used = await proofs.issue("c1", Use.MAIL_ADDRESS, by="saki")
    await proofs.redeem(used.token, Use.MAIL_ADDRESS)
    await refused(proofs, used.token)
    replaced = await proofs.issue("c2", Use.MAIL_ADDRESS, by="saki")
    newer = await proofs.issue("c2", Use.MAIL_ADDRESS, by="saki")
    await refused(proofs, replaced.token)
    await refused(proofs, newer.token, Use.DELIVERY)
    await refused(proofs, newer.token, Use.ACCOUNT, account="hana")
    await sqlite_documents.commit(await proofs.revoking("c2", by="saki"))
    await refused(proofs, newer.token)
    late = await proofs.issue("c3", Use.MAIL_ADDRESS, by="saki")
    clock.set(late.expires_at)
    await refused(proofs, late.token)
    for unknown in ("", "x" * 43, "ü" * 43, "x" * 10_000, "\ud800" * 30):
        await refused(proofs, unknown)


async def test_a_link_opens_with_its_own_token_alone(proofs: Proofs, sqlite_documents: SqliteDocuments):
    issued = await proofs.issue("c1", Use.MAIL_ADDRESS, by="saki")
    found = await LinkStore(sqlite_documents).of("c1", Use.MAIL_ADDRESS)
    assert found
    assert model.opens(found.value, issued.token, Use.MAIL_ADDRESS, proofs.clock.now())
    assert not model.opens(found.value, "x" * 43, Use.MAIL_ADDRESS, proofs.clock.now())


async def test_until_its_last_moment_a_link_opens(proofs: Proofs, clock: ManualClock):
    issued = await proofs.issue("c1", Use.MAIL_ADDRESS, by="saki")
    assert issued.expires_at - clock.now() == LASTS[Use.MAIL_ADDRESS]
    clock.set(issued.expires_at - dt.timedelta(microseconds=1))
    await proofs.redeem(issued.token, Use.MAIL_ADDRESS)


async def test_used_and_unknown_cost_the_same_reads(proofs: Proofs):
    used = await proofs.issue("c1", Use.MAIL_ADDRESS, by="saki")
    await proofs.redeem(used.token, Use.MAIL_ADDRESS)
    costs = []
    for token in (used.token, "x" * 43):
        account = log.open_account()
        await refused(proofs, token)
        costs.append(dict(account))
    assert costs[0] == costs[1] == {"store_reads": 1}


async def test_the_store_holds_neither_token_nor_second_factor(proofs: Proofs, sqlite_documents: SqliteDocuments):
    issued = await proofs.issue("c1", Use.DELIVERY, by="saki", second="1990-04-01")
    found = [
        *await sqlite_documents.query(Query("proof_links")),
        *await sqlite_documents.query(Query("audit")),
    ]
    assert len(found) == 2
    for canary in (issued.token, "19900401", "1990-04-01"):
        assert canary not in repr(found)


async def test_a_second_factor_guessed_without_the_key_agrees_with_nothing(proofs: Proofs, secrets: MemorySecrets):
    kept = await MatchKeys(secrets).kept_mark("second factor", "c1", "delivery", "19900401")
    stolen = MatchKeys(MemorySecrets({MATCH_KEY: [b"x" * 32]}))
    assert not await stolen.agrees(kept, "second factor", "c1", "delivery", "19900401")


# how often


async def test_a_case_is_sent_a_link_for_one_use_so_often(proofs: Proofs):
    for _ in range(MOST_ISSUES):
        await proofs.issue("c1", Use.MAIL_ADDRESS, by="saki")
    with pytest.raises(Refused, match="proof_issues_spent"):
        await proofs.issue("c1", Use.MAIL_ADDRESS, by="ren")
    await proofs.issue("c1", Use.ACCOUNT, by="saki")
    await proofs.issue("c2", Use.MAIL_ADDRESS, by="saki")


async def test_two_sent_at_once_are_one(proofs: Proofs):
    both = await asyncio.gather(
        proofs.issue("c1", Use.MAIL_ADDRESS, by="saki"),
        proofs.issue("c1", Use.MAIL_ADDRESS, by="ren"),
        return_exceptions=True,
    )
    assert sorted(type(one).__name__ for one in both) == ["Conflict", "Issued"]


@pytest.mark.parametrize("typed", [CODE, "abcd2345", "ＡＢＣＤ 2345", " abcd-2345 "])
async def test_a_second_factor_may_be_typed_in_any_way(proofs: Proofs, typed: str):
    issued = await proofs.issue("c1", Use.DELIVERY, by="saki", second=CODE)
    assert (await proofs.redeem(issued.token, Use.DELIVERY, second=typed)).use is Use.DELIVERY


async def test_after_so_many_wrong_tries_a_link_is_locked_and_the_case_is_told(
    proofs: Proofs, sqlite_documents: SqliteDocuments
):
    issued = await proofs.issue("c1", Use.DELIVERY, by="saki", second=CODE)
    for left in range(MOST_TRIES - 1, 0, -1):
        with pytest.raises(NotPermitted, match="second_factor_wrong") as wrong:
            await proofs.redeem(issued.token, Use.DELIVERY, second="AAAA-2222")
        assert wrong.value.more == {"left": left}
        assert await sqlite_documents.get("told/c1.locked") is None
    await refused(proofs, issued.token, Use.DELIVERY, second="AAAA-2222")
    assert await state(sqlite_documents, Use.DELIVERY) is State.LOCKED
    assert await sqlite_documents.get("told/c1.locked")
    await refused(proofs, issued.token, Use.DELIVERY, second=CODE)
    again = await proofs.issue("c1", Use.DELIVERY, by="saki", second=CODE)
    await proofs.redeem(again.token, Use.DELIVERY, second=CODE)


async def test_trying_many_at_once_tries_no_more(proofs: Proofs, sqlite_documents: SqliteDocuments):
    issued = await proofs.issue("c1", Use.DELIVERY, by="saki", second=CODE)
    guesses = [f"AAAA-22{n:02}" for n in range(30)]
    answers: list[Any] = await asyncio.gather(
        *(proofs.redeem(issued.token, Use.DELIVERY, second=guess) for guess in guesses), return_exceptions=True
    )
    told = [one for one in answers if isinstance(one, NotPermitted)]
    assert len(told) < MOST_TRIES
    assert all(isinstance(one, Fault) for one in answers)
    found = await LinkStore(sqlite_documents).of("c1", Use.DELIVERY)
    assert found
    assert found.value.tries <= MOST_TRIES


async def test_a_delivery_without_a_second_factor_is_never_made(proofs: Proofs):
    for second in ("", " - "):
        with pytest.raises(ValueError, match="second factor"):
            await proofs.issue("c1", Use.DELIVERY, by="saki", second=second)


async def test_a_second_factor_still_agrees_after_the_key_was_rotated(proofs: Proofs, secrets: MemorySecrets):
    issued = await proofs.issue("c1", Use.DELIVERY, by="saki", second=CODE)
    secrets.rotate(MATCH_KEY, b"n" * 32)
    assert await proofs.redeem(issued.token, Use.DELIVERY, second=CODE)


async def test_who_reads_a_letter_as_a_digit_is_let_in_all_the_same(proofs: Proofs):
    issued = await proofs.issue("c1", Use.DELIVERY, by="saki", second="XOXF-I7XE")
    assert await proofs.redeem(issued.token, Use.DELIVERY, second="x0xf17xe")


def test_a_code_is_of_eight_letters_and_digits_that_nobody_confuses():
    codes = {model.fresh_code(SeededIds(n)) for n in range(200)}
    assert len(codes) == 200
    assert all(len(code) == 9 and code[4] == "-" and not set(code) & set("0189") for code in codes)


# whose


async def test_an_account_is_proven_by_whoever_is_signed_in(proofs: Proofs, sqlite_documents: SqliteDocuments):
    issued = await proofs.issue("c1", Use.ACCOUNT, by="saki")
    with pytest.raises(ValueError, match="account"):
        await proofs.redeem(issued.token, Use.ACCOUNT)
    await proofs.redeem(issued.token, Use.ACCOUNT, account="hana")
    told = await sqlite_documents.get("told/c1.account")
    assert told
    assert told.data["account"] == "hana"
    await refused(proofs, issued.token, Use.ACCOUNT, account="ken")


async def test_what_the_case_no_longer_waits_for_opens_nothing_and_uses_nothing_up(
    sqlite_documents: SqliteDocuments, clock: ManualClock, ids: SeededIds, secrets: MemorySecrets
):
    book = CaseBook(waits=False)
    proofs = links_of(sqlite_documents, clock, ids, secrets, cases=book)
    issued = await proofs.issue("c1", Use.MAIL_ADDRESS, by="saki")
    await refused(proofs, issued.token)
    assert await state(sqlite_documents) is State.OPEN
    book.waits = True
    assert await proofs.redeem(issued.token, Use.MAIL_ADDRESS)


# races and crashes


async def test_of_two_who_follow_a_link_at_once_one_does(proofs: Proofs, sqlite_documents: SqliteDocuments):
    issued = await proofs.issue("c1", Use.MAIL_ADDRESS, by="saki")
    many: list[Any] = await asyncio.gather(
        *(proofs.redeem(issued.token, Use.MAIL_ADDRESS) for _ in range(8)), return_exceptions=True
    )
    assert sorted(type(one).__name__ for one in many) == ["Redeemed", *["Refused"] * 7]
    assert {one.code for one in many if isinstance(one, Fault)} == {"proof_invalid"}
    entries = await stream_entries(sqlite_documents, f"proof.{path_of('c1', Use.MAIL_ADDRESS).partition('/')[2]}")
    assert [one.action for one in entries] == ["proof.issued", "proof.redeemed"]


async def test_a_link_that_is_followed_and_revoked_at_once_is_one_of_both(
    proofs: Proofs, sqlite_documents: SqliteDocuments
):
    issued = await proofs.issue("c1", Use.MAIL_ADDRESS, by="saki")
    closing = await proofs.revoking("c1", by="saki")
    await proofs.redeem(issued.token, Use.MAIL_ADDRESS)
    with pytest.raises(Conflict):
        await sqlite_documents.commit(closing)
    other = await proofs.issue("c2", Use.MAIL_ADDRESS, by="saki")
    await sqlite_documents.commit(await proofs.revoking("c2", by="saki"))
    await refused(proofs, other.token)


class Failing:
    """A store that dies at its n-th call: before it happens, or with the answer lost."""

    def __init__(self, documents: Documents, at: int, *, after: bool) -> None:
        self.documents, self.left, self.after = documents, at, after

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.documents, name)

        async def call(*arguments: Any) -> Any:
            self.left -= 1
            if self.left != 0:
                return await method(*arguments)
            if self.after:
                await method(*arguments)
            raise OutcomeUnknown("commit_unknown")

        return call


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("second", [CODE, "AAAA-2222"])
async def test_wherever_it_dies_a_link_is_used_with_the_case_told_or_not_at_all(
    sqlite_documents: SqliteDocuments,
    clock: ManualClock,
    ids: SeededIds,
    secrets: MemorySecrets,
    after: bool,
    second: str,
):
    died, at = 0, 0
    while died == at:
        at += 1
        case = f"c{at}"
        issued = await links_of(sqlite_documents, clock, ids, secrets).issue(case, Use.DELIVERY, by="s", second=CODE)
        failing = Failing(sqlite_documents, at, after=after)
        frail = links_of(failing, clock, ids, secrets)
        with suppress(OutcomeUnknown, NotPermitted):
            await frail.redeem(issued.token, Use.DELIVERY, second=second)
        died += failing.left <= 0
        found = await LinkStore(sqlite_documents).of(case, Use.DELIVERY)
        told = await sqlite_documents.get(f"told/{case}.delivery")
        assert found
        assert (found.value.state is State.REDEEMED) == (told is not None), f"died at call {at}"
        assert found.value.tries <= 1, f"died at call {at}"
        assert second == CODE or found.value.state is State.OPEN
        entries = await stream_entries(sqlite_documents, f"proof.{path_of(case, Use.DELIVERY).partition('/')[2]}")
        assert first_break(entries) is None
        assert len(entries) == 1 + (found.value.state is State.REDEEMED) + found.value.tries
    assert died >= 2


async def test_every_step_is_on_record_by_codes(proofs: Proofs, sqlite_documents: SqliteDocuments):
    issued = await proofs.issue("c1", Use.DELIVERY, by="saki", second=CODE)
    with pytest.raises(NotPermitted):
        await proofs.redeem(issued.token, Use.DELIVERY, second="AAAA-2222")
    await proofs.redeem(issued.token, Use.DELIVERY, second=CODE)
    entries = await stream_entries(sqlite_documents, f"proof.{path_of('c1', Use.DELIVERY).partition('/')[2]}")
    assert [(one.actor, one.action, one.facts["tries"]) for one in entries] == [
        ("saki", "proof.issued", 0),
        ("browser", "proof.refused", 1),
        ("browser", "proof.redeemed", 1),
    ]
    assert entries[0].facts == {"case": "c1", "use": "delivery", "issued": 1, "tries": 0}


async def test_a_case_s_links_go_with_its_papers(proofs: Proofs, sqlite_documents: SqliteDocuments):
    for use in (Use.MAIL_ADDRESS, Use.ACCOUNT):
        await proofs.issue("c1", use, by="saki")
    await sqlite_documents.commit(LinkStore.forgetting("c1"))
    assert await sqlite_documents.query(Query("proof_links")) == []
