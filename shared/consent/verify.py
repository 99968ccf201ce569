"""Check a consent receipt without asking anybody: `python -m shared.consent.verify receipt.jws [--keys keys.json]`.

`keys.json` is what `/consent/keys` answers. Exit status: 0 the receipt is genuine, 1 it is not, 2 that cannot be judged
(a file is missing or is no key set).
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from shared.cloud.signing import Unbelieved, believed, keys_of
from shared.consent.ledger import Event, hash_of
from shared.consent.model import QOLMS
from shared.consent.receipts import TYPE
from shared.consent.records import Record, receipt_of, recipient_part
from shared.errors import NotFound
from shared.policy.model import Notice, Words
from shared.policy.notices import Notices, notices

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

GENUINE = Words(
    ja="本物です：この受領書は真正で、改変されていません。", en="GENUINE: this receipt is authentic and unaltered."
)
FORGED = Words(ja="無効です：この受領書は信用できません。", en="NOT VALID: this receipt must not be believed.")
UNJUDGED = Words(ja="判定できません。", en="CANNOT BE JUDGED.")

REASONS = {
    "shape": Words(ja="署名付き文書（JWS）の形をしていません。", en="It is not a signed document (compact JWS)."),
    "algorithm": Words(ja="署名方式が EdDSA ではありません。", en="It is not signed with EdDSA."),
    "type": Words(
        ja="同意の受領書ではない文書の署名です。", en="The signature is over something else than a consent receipt."
    ),
    "header_field": Words(
        ja="ヘッダーに認められない項目があります。", en="Its header holds a field that it must not have."
    ),
    "key_unknown": Words(
        ja="公開鍵の一覧に、署名した鍵がありません。", en="The key that it names is not among the published ones."
    ),
    "signature": Words(ja="署名が内容と一致しません。", en="The signature does not fit what it says."),
    "content": Words(ja="受領書として読み取れません。", en="What was signed cannot be read as a receipt."),
    "hash": Words(
        ja="台帳の行のハッシュが一致しません。", en="The hash of a line of the ledger does not fit that line."
    ),
    "chain": Words(ja="台帳の行がつながっていません。", en="The lines of the ledger do not follow each other."),
    "decision": Words(ja="台帳の行が一つの決定のものではありません。", en="The lines are not those of one decision."),
    "notice": Words(
        ja="お知らせのハッシュが、公開された版と一致しません。",
        en="The notice's hash is not that of the published version.",
    ),
    "record": Words(
        ja="記載が、台帳の行とお知らせの内容に合いません。",
        en="What it says differs from its own lines and its notice.",
    ),
}
NOT_SHIPPED = Words(
    ja="注意：このお知らせの版が手元にないため、その文面との照合はしていません。",
    en="Note: this version of the notice is not at hand, so its words were not compared.",
)


class Checked(NamedTuple):
    """What came of a check: the receipt and "" where it is genuine, else why not (a key of `REASONS`).

    `compared`: whether the version of the notice was at hand, so that its words could be compared.
    """

    receipt: Record | None
    reason: str = ""
    compared: bool = False


def check(jws: str, keys: "Mapping[str, Ed25519PublicKey]", published: Notices) -> Checked:
    """Whether `jws` is a receipt that one of `keys` signed, and that says what its lines and its notice say."""
    try:
        payload = believed(jws, keys, typ=TYPE)
    except Unbelieved as why:
        return Checked(None, why.reason)
    try:
        receipt = msgspec.json.decode(payload, type=Record)
    except msgspec.DecodeError:
        return Checked(None, "content")
    events = [item.event for item in receipt.items]
    reason = _broken(receipt, events)
    if reason:
        return Checked(receipt, reason)
    notice = _shipped(receipt, published)
    if notice is None:
        return Checked(receipt)
    if notice.sha256 != receipt.notice.sha256:
        return Checked(receipt, "notice")
    return Checked(receipt, "" if _says(receipt, events, notice) else "record", compared=True)


def _broken(receipt: Record, events: Sequence[Event]) -> str:
    if not events:
        return "content"
    for event in events:
        if event.hash != hash_of(event):
            return "hash"
    for before, event in pairwise(events):
        if event.number != before.number + 1 or event.previous != before.hash:
            return "chain"
    shared = {(event.epoch, event.notice, event.at, event.giver) for event in events}
    if len(shared) != 1 or receipt.epoch != events[0].epoch or receipt.notice.version != events[0].notice.version:
        return "decision"
    return ""


def _shipped(receipt: Record, published: Notices) -> Notice | None:
    try:
        return published.find(receipt.notice.version)
    except NotFound:
        return None


def _says(receipt: Record, events: Sequence[Event], notice: Notice) -> bool:
    """Whether the receipt is the one that its own lines and the notice make."""
    named = [item.recipient for item in receipt.items if item.recipient is not None]
    # The service stands in the notice; who else is named was registered elsewhere, and only the id is in the ledger.
    recipients = {one.id: recipient_part(one.id, None, notice) if one.id == QOLMS else one for one in named}
    try:
        again = receipt_of(receipt.subject, events, notice, recipients)
    except (KeyError, ValueError):
        return False
    # How consent is withdrawn is the app's to say, in words that may be improved.
    control = msgspec.structs.replace(again.control, method=receipt.control.method)
    return msgspec.structs.replace(again, control=control) == receipt


def main(arguments: Sequence[str] | None = None) -> int:
    """The command. Its exit status says the verdict."""
    parser = argparse.ArgumentParser(prog="python -m shared.consent.verify", description=__doc__)
    parser.add_argument("receipt", type=Path)
    parser.add_argument("--keys", type=Path, default=Path("keys.json"), help="JWK set, as /consent/keys answers it")
    chosen = parser.parse_args(arguments)
    try:
        jws = chosen.receipt.read_text(encoding="ascii", errors="replace").strip()
        keys = keys_of(chosen.keys.read_bytes())
    except (OSError, ValueError, RecursionError) as wrong:
        _tell(UNJUDGED)
        sys.stdout.write(f"  {wrong}\n")
        return 2
    checked = check(jws, keys, notices())
    if checked.receipt is None or checked.reason:
        _tell(FORGED)
        _tell(REASONS[checked.reason])
        return 1
    _tell(GENUINE)
    _show(checked.receipt)
    if not checked.compared:
        _tell(NOT_SHIPPED)
    return 0


def _show(receipt: Record) -> None:
    notice = receipt.notice
    lines = [
        f"決定 | decision        {receipt.decision}",
        f"日時 | time            {receipt.at.isoformat()}",
        f"決定者 | given by      {receipt.given_by.role}",
        f"お知らせ | notice      {notice.version}  sha256 {notice.sha256}",
        f"本人 | data subject    {receipt.subject}",
    ]
    lines += [f"  {item.event.number}  {item.event.cell or '*'}  {item.event.state}" for item in receipt.items]
    sys.stdout.write("".join(f"  {line}\n" for line in lines))


def _tell(words: Words) -> None:
    sys.stdout.write(f"{words.ja}\n{words.en}\n")


if __name__ == "__main__":
    sys.exit(main())
