"""The gate: the one place that says whether data may be touched, and the only maker of the permits that touching takes.

Asked when work is queued, before each fetch, inside each commit and before each release. It decides from a state that
was read already, and fails closed: what it does not know, it refuses.
"""

from dataclasses import InitVar, dataclass
from datetime import datetime
from typing import NamedTuple, final

from shared.consent.model import DECEASED, LIVE, QOLMS, Consents, State, key_of
from shared.errors import Refused
from shared.vocabulary import Kind, Purpose

OWN = "self"
"""The recipient of `Purpose.SELF_ACCESS`: the person whose data it is."""
CASE = "case:"
"""Before the id of a case: the recipient of `Purpose.REQUEST_HANDLING`."""
_SEAL = object()


class Verdict(NamedTuple):
    """The gate's answer; `reason` is a code, "" where allowed."""

    allowed: bool
    reason: str = ""


_YES = Verdict(True)
_FROZEN = Verdict(False, "frozen")
_NEVER = Verdict(False, "never_given")
_ENDED = {state: Verdict(False, state.value) for state in State}
_EXPIRED = _ENDED[State.EXPIRED]
_ERASING = _ENDED[State.ERASING]
_STORED, _AT_QOLMS = key_of(Purpose.QOLMS_STORE, Kind.STEPS, QOLMS).split(Kind.STEPS)
"""Around a kind: the cell that says whether it is stored, or being erased, when nobody may touch it any more."""
_NO_AUTHORITY = Verdict(False, "authority_ended")


@final
@dataclass(frozen=True, slots=True)
class Permit:
    """The gate's yes, as a thing: whoever reads or writes measurements must hold one, and only the gate makes them.

    It says who may touch what for which purpose, as of which `epoch` of the person's consents. It is worth nothing
    beyond the request that it was asked for in: what is committed or sent asks again.
    """

    uid: str
    purpose: Purpose
    kind: Kind
    recipient: str
    epoch: int
    seal: InitVar[object]

    def __post_init__(self, seal: object) -> None:
        """Refuse to be made by anybody else."""
        if seal is not _SEAL:
            raise TypeError("only the gate makes permits: shared.consent.gate.admit")


def permits(consents: Consents, purpose: Purpose, kind: Kind, recipient: str, at: datetime) -> Verdict:
    """May this purpose touch this kind for this recipient at this instant?

    Inside a commit, the precondition on the document that `consents` was read from makes the answer hold at the very
    moment of writing (I3).
    """
    if consents.frozen:
        return _FROZEN
    state = consents.cells.get(key_of(purpose, kind, recipient))
    if state is None:
        return _NEVER
    if state.state not in LIVE:
        return _ENDED[state.state]
    if state.valid_until is not None and at >= state.valid_until:
        return _EXPIRED
    if state.authority_until is not None and at >= state.authority_until:
        return _NO_AUTHORITY
    return _ERASING if _is_being_erased(consents, kind) else _YES


def admit(uid: str, consents: Consents, purpose: Purpose, kind: Kind, recipient: str, at: datetime) -> Permit:
    """A permit for what `permits` allows. Raises Refused `consent_missing`, with the reason's code as detail."""
    verdict = permits(consents, purpose, kind, recipient, at)
    if not verdict.allowed:
        raise Refused("consent_missing", verdict.reason)
    return Permit(uid, purpose, kind, recipient, consents.epoch, _SEAL)


def admit_self(uid: str, consents: Consents, kind: Kind) -> Permit:
    """A permit for people to see their own data, which takes no decision of theirs. A freeze ends it, and an erasure
    from the moment in which they asked for it.

    Only for a caller who was found to be `uid`. Raises Refused `consent_missing`.
    """
    if consents.frozen:
        raise Refused("consent_missing", _FROZEN.reason)
    if _is_being_erased(consents, kind):
        raise Refused("consent_missing", _ERASING.reason)
    return Permit(uid, Purpose.SELF_ACCESS, kind, OWN, consents.epoch, _SEAL)


def admit_request(uid: str, consents: Consents, kind: Kind, case: str) -> Permit:
    """A permit to answer people's own request, decided in the case of that id, with what is stored of them. It takes no
    consent, so what was withdrawn and is still stored is told as well (個人情報保護法 art. 33). A freeze does not end
    it: whoever asks to have the use stopped may ask in the same breath to be told. Their death does, and so does an
    erasure from the moment in which it was asked for.

    Only for a caller who was found to be handling that case. Raises Refused `consent_missing`.
    """
    if not case:
        raise ValueError("a request is answered in a case")
    if consents.frozen == DECEASED:
        raise Refused("consent_missing", _FROZEN.reason)
    if _is_being_erased(consents, kind):
        raise Refused("consent_missing", _ERASING.reason)
    return Permit(uid, Purpose.REQUEST_HANDLING, kind, CASE + case, consents.epoch, _SEAL)


def _is_being_erased(consents: Consents, kind: Kind) -> bool:
    stored = consents.cells.get(_STORED + kind + _AT_QOLMS)
    return stored is not None and stored.state is State.ERASING
