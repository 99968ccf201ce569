"""Is the person who they say they are, and may whoever acts for them? Each function does one act of `machine.TABLE`."""

import datetime as dt

import msgspec

from shared.disclosure import acts as a
from shared.disclosure.days import lapses_on
from shared.disclosure.file import Doing, File, Moment
from shared.disclosure.model import Agency, By, Proof, RequestType, Stage, Verification
from shared.disclosure.taking_in import MOST_FIELD, begin_handling, check_text
from shared.errors import Conflict, InvalidInput, Refused

REOPENS_DAYS = 30
SEAL_CERTIFICATE = dt.timedelta(days=92)
"""How old a 印鑑証明 may be when the form arrives: the three months that most offices ask for."""
MOST_PROOFS = 40
ENOUGH = "enough"
"""The result of a proof that by itself shows who somebody is."""
MATCHES = ("strong", "weak", "none")


def add_proof(do: Doing[a.AddProof]) -> File:
    """Keep what was looked at, and what came of it. Raises InvalidInput `request_invalid`."""
    file = do.file
    check_text("method", do.act.method, MOST_FIELD)
    check_text("result", do.act.result, MOST_FIELD)
    if not do.act.method or not do.act.result or len(file.case.proofs) >= MOST_PROOFS:
        raise InvalidInput("request_invalid", f"method and result; at most {MOST_PROOFS}")
    return file.with_case(proofs=(*file.case.proofs, Proof(do.act.method, do.act.result, do.by.id, do.now.at)))


def match_account(do: Doing[a.MatchAccount]) -> File:
    """Keep which account is the person's, sealed; in the open only how strongly they match."""
    file = do.file
    if do.act.strength not in MATCHES or (do.act.strength == "none") is bool(do.act.account):
        raise InvalidInput("request_invalid", "strength")
    file = file.with_case(
        subject=do.act.subject, proofs=(*file.case.proofs, Proof("match", do.act.strength, do.by.id, do.now.at))
    )
    return file.with_private(account=do.act.account)


def record_agency(do: Doing[a.RecordAgency]) -> File:
    """Keep what the agent's papers say. Raises InvalidInput `request_invalid`: there is no agent."""
    file = do.file
    if file.case.by is By.SELF:
        raise InvalidInput("request_invalid", "the person makes the request themselves")
    return file.with_case(agency=msgspec.structs.replace(do.act.agency, revoked_at=None))


def revoke_agency(do: Doing[a.RevokeAgency]) -> File:
    """From here on nothing is handed to the agent; what was not carried out yet waits for the person's own word."""
    file = do.file
    if file.case.by is By.SELF:
        raise InvalidInput("request_invalid", "the person makes the request themselves")
    agency = file.case.agency or Agency()
    return file.with_case(agency=msgspec.structs.replace(agency, revoked_at=do.now.at))


def verify(do: Doing[a.Verify]) -> File:
    """Raises Conflict `identity_unproven`: nothing that was looked at proves it; `agency_unproven`: the agent's right
    is not, for everything that is asked."""
    file = do.file
    if not proven(file):
        raise Conflict("identity_unproven")
    for item in file.case.items.values():
        check_agency(file, item.type, do.now)
    return begin_handling(file.with_case(verification=Verification(do.by.id, do.now.at)))


def close_unverified(do: Doing[a.CloseUnverified]) -> File:
    """The answer is the same whether or not there is such a person here. Raises InvalidInput `offer_two_ways`."""
    file = do.file
    if len(set(do.act.offered)) < 2:
        raise InvalidInput("offer_two_ways")
    for way in do.act.offered:
        check_text("offered", way, MOST_FIELD)
    file = file.with_private(offered=do.act.offered).with_letter("unverified")
    return file.closed(Stage.UNVERIFIED, do.now)


def reopen(do: Doing[a.Reopen]) -> File:
    """Raises Conflict `case_moved_on`: more than 30 days have passed."""
    file = do.file
    if file.case.closed_on and do.now.today > lapses_on(file.case.closed_on, REOPENS_DAYS):
        raise Conflict("case_moved_on", f"closed more than {REOPENS_DAYS} days ago")
    return file.with_case(stage=Stage.VERIFYING, closed_on=None, destroy_on=None)


def proven(file: File) -> bool:
    """Whether what was looked at proves who the person is: one proof that is enough by itself, or papers that agree
    with what is held of them."""
    results = {(proof.method, proof.result) for proof in file.case.proofs}
    return any(result == ENOUGH for _, result in results)


def check_agency(file: File, request: RequestType, now: Moment) -> None:
    """What must hold of an agent, if one acts: when their right is proven, and again before anything is carried out or
    handed over.

    Raises Conflict `agency_unproven`: no papers were looked at, the seal does not match, its certificate is too old.
    Refused `agency_over`: revoked, expired, or not for this.
    """
    if file.case.by is By.SELF:
        return
    agency = file.case.agency
    if agency is None:
        raise Conflict("agency_unproven", "papers")
    if agency.revoked_at is not None:
        raise Refused("agency_over", "revoked")
    if agency.until is not None and now.today > agency.until:
        raise Refused("agency_over", "expired")
    if agency.types and request not in agency.types:
        raise Refused("agency_over", f"not for {request}")
    if file.case.by is By.DELEGATED:
        _check_seal(file, agency)


def _check_seal(file: File, agency: Agency) -> None:
    if not agency.seal_matches or agency.seal_certificate_on is None or file.case.arrival is None:
        raise Conflict("agency_unproven", "seal")
    arrived_on = file.case.arrival.on
    oldest = arrived_on - SEAL_CERTIFICATE
    if not oldest <= agency.seal_certificate_on <= arrived_on:
        raise Conflict("agency_unproven", f"seal certificate: between {oldest} and {arrived_on}")
