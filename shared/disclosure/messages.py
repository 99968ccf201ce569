"""What comes in about cases, typed."""

import datetime as dt
from typing import Annotated

import msgspec

from shared.disclosure import acts as a
from shared.disclosure.codes import Stage
from shared.profile.model import Field

Reason = Annotated[str, msgspec.Meta(min_length=3, max_length=200)]

StaffAct = (
    a.SendForm
    | a.RegisterArrival
    | a.EnterForm
    | a.RecordStamps
    | a.FindDefects
    | a.MendDefects
    | a.Note
    | a.BeginVerification
    | a.AddProof
    | a.MatchByHand
    | a.RecordAgency
    | a.SendLink
    | a.RevokeAgency
    | a.Verify
    | a.CloseUnverified
    | a.Reopen
    | a.FixScope
    | a.Refer
    | a.Review
    | a.Decide
    | a.Cosign
    | a.Extend
    | a.RecordEvidence
    | a.Posted
    | a.RegisterDelivery
    | a.SendAgain
    | a.AnswerOnPaper
    | a.Withdraw
    | a.PlaceHold
    | a.LiftHold
    | a.SignDestruction
)
"""What staff do by saying so. A scan and a match have routes of their own; the rest the system does."""


class AskList(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which cases to list."""

    stage: Stage | None = None
    after: str = ""
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 50


class Begin(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A contact. `id` is the sender's own name for it, 26 characters: sent twice, it is one case."""

    id: Annotated[str, msgspec.Meta(pattern="^[a-z2-7]{26}$")]
    contact: a.Contact


class Open(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why a case is opened."""

    reason: Reason


class Do(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An act. `version` is the state of the case it was decided on; `opening` what opening it gave."""

    act: StaffAct
    version: str
    opening: str


class Match(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Compare these of the applicant's fields with what is held."""

    opening: str
    version: str
    fields: tuple[Field, ...] = ()


class FileRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an app user asks for. `id` as `Begin.id`."""

    id: Annotated[str, msgspec.Meta(pattern="^[a-z2-7]{26}$")]
    requests: tuple[a.Wish, ...]


class TakeBack(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The items to take back; none: all."""

    items: tuple[str, ...] = ()


class Run(msgspec.Struct, frozen=True):
    """A task: look at a case."""

    case: str


class OpenedAt(msgspec.Struct, frozen=True):
    """What opening a case gives: it lasts until then, and has to be sent along with whatever is done to it."""

    opening: str
    until: dt.datetime
