"""What the answers to a request say, and the certificates of what was carried out; as in `model`."""

from datetime import date
from enum import StrEnum
from typing import Annotated

import msgspec

from shared.papers.model import Enclosed, Letter, Paper, Titles


class Outcome(StrEnum):
    """How one request was decided."""

    FULL = "full"
    PARTIAL = "partial"
    REFUSED = "refused"
    NOT_EXIST = "not_exist"


class Decided(msgspec.Struct, frozen=True, kw_only=True):
    """One request and its outcome. `done`: what was done, or is handed over. `reason` where it is not FULL."""

    request: str
    outcome: Outcome
    done: str
    reason: str = ""


class DecisionNotice(Letter, frozen=True, kw_only=True):
    """決定通知書: the outcome of each request of one application."""

    TEMPLATE = "decision"
    TITLE = Titles("個人情報の開示等に関する決定通知書", "Decision on your requests")

    received_on: date
    items: tuple[Decided, ...]


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """What is refused of one request (`part` False: all of it), on which ground, and why (第36条).

    `article`: the provision, 個人情報保護法第33条第2項第1号. `substitute`: what was done instead (第35条第2項ただし書).
    """

    request: str
    part: bool
    what: str
    ground: str
    article: str
    reason: str
    substitute: str = ""


class RefusalNotice(Letter, frozen=True, kw_only=True):
    """不開示等通知書, whole or in part."""

    TEMPLATE = "refusal"
    TITLE = Titles("開示等の求めに応じられない旨の通知書", "Notice of refusal")
    IN_PART = Titles("開示等の求めの一部に応じられない旨の通知書", "Notice of partial refusal")

    received_on: date
    items: tuple[Refusal, ...]

    @property
    def title(self) -> Titles:
        return self.IN_PART if all(item.part for item in self.items) else self.TITLE


class PurposeRow(msgspec.Struct, frozen=True, kw_only=True):
    """One purpose for which data of this person is used. Empty `kinds` or `recipients`: none."""

    title: str
    why: str
    basis: str
    kinds: tuple[str, ...]
    recipients: tuple[str, ...]
    retention: str


class PurposeNotice(Letter, frozen=True, kw_only=True):
    """利用目的の通知書 (第32条第2項). `version`: of the notice that says so."""

    TEMPLATE = "purposes"
    TITLE = Titles("利用目的の通知書", "Notice of the purposes of use")

    received_on: date
    version: str
    purposes: tuple[PurposeRow, ...]


class Provided(msgspec.Struct, frozen=True, kw_only=True):
    """One provision to a third party (第29条), or receipt from one (第30条, `received` True)."""

    on: date
    party: str
    address: str
    kinds: tuple[str, ...]
    basis: str
    received: bool = False


class ProvisionNotice(Letter, frozen=True, kw_only=True):
    """第三者提供記録の開示 (第33条第5項). No rows: there are none, and the letter says so."""

    TEMPLATE = "provisions"
    TITLE = Titles("第三者提供記録の開示書", "Records of provision to third parties")

    received_on: date
    since: date
    until: date
    records: tuple[Provided, ...]


class NonExistenceNotice(Letter, frozen=True, kw_only=True):
    """不存在通知書 (第33条第3項). `searched`: what was looked through."""

    TEMPLATE = "non_existence"
    TITLE = Titles("個人情報の不存在に関する通知書", "Notice that no such data is held")

    received_on: date
    request: str
    sought: str
    searched: tuple[str, ...]


class AnswerCover(Letter, frozen=True, kw_only=True):
    """開示資料の送付状, for a package printed and sent by registered post. `delivery`: 簡易書留, 本人限定受取郵便…"""

    TEMPLATE = "answer"
    TITLE = Titles("開示資料送付のご案内", "The information you asked for")

    received_on: date
    delivery: str
    enclosed: tuple[Enclosed, ...]


class Erased(msgspec.Struct, frozen=True, kw_only=True):
    """What was erased, and how."""

    what: str
    how: str


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """What the law has us keep, why, and until when."""

    what: str
    why: str
    until: date | None = None


class ErasureCertificate(Letter, frozen=True, kw_only=True):
    """消去証明書. `unreadable_on`: from when no backup can be read either."""

    TEMPLATE = "erasure"
    TITLE = Titles("個人情報 消去証明書", "Certificate of erasure")

    received_on: date
    erased_on: date
    unreadable_on: date
    erased: tuple[Erased, ...]
    kept: tuple[Kept, ...]


class Destroyed(msgspec.Struct, frozen=True, kw_only=True):
    """Papers or scans of a case. `how`: 溶解処理, 鍵の破棄による消去…"""

    what: str
    quantity: str
    how: str


class Signer(msgspec.Struct, frozen=True, kw_only=True):
    """Who signed, as what, and when."""

    role: str
    name: str
    on: date


class DestructionCertificate(Paper, frozen=True, kw_only=True):
    """破棄証明書, kept by the operator: that a case's papers were destroyed. It names the case and no data subject."""

    TEMPLATE = "destruction"
    TITLE = Titles("個人情報開示等申請書類 破棄証明書", "Certificate of destruction of application papers")

    certificate: str
    answered_on: date
    due_on: date
    destroyed_on: date
    papers: tuple[Destroyed, ...]
    signers: Annotated[tuple[Signer, ...], msgspec.Meta(min_length=2, max_length=2)]

    def __post_init__(self) -> None:
        if len({signer.name for signer in self.signers}) != 2:
            raise ValueError("signers: two different people")
