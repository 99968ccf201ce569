"""Handing over, and links: what there is to hand over, which way it goes, and what following a link does to a case. The
functions of acts do one act of `machine.TABLE` each."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

import msgspec

from shared.disclosure import acts as a
from shared.disclosure import system_acts as auto
from shared.disclosure.codes import Channel, RequestType, Step, Way
from shared.disclosure.evidence import MailLink, Match, SignIn
from shared.disclosure.file import Doing, File, Moment
from shared.disclosure.model import Item
from shared.disclosure.proofs.model import MOST_ISSUES, SentLink, Use
from shared.disclosure.verifying import check_agency
from shared.errors import Conflict, InvalidInput, Refused
from shared.mail.model import deliverable

HANDED: Mapping[RequestType, tuple[str, str]] = MappingProxyType(
    {
        RequestType.DISCLOSE: ("application/zip", "zip"),
        RequestType.RECORD: ("application/zip", "zip"),
        RequestType.PURPOSE: ("application/pdf", "pdf"),
    }
)
"""What there is to hand over, by type."""
_MADE_BY = MappingProxyType(
    {RequestType.DISCLOSE: "package", RequestType.RECORD: "records", RequestType.PURPOSE: "purposes"}
)


def parts_of(item: Item) -> int:
    """How many files of this item lie on the shelf, at `result.{item}.{1, 2, ...}`; 0: there is nothing to hand over,
    not yet, or by other hands than the system's."""
    if item.step not in (Step.NOTIFYING, Step.ANSWERED):
        return 0
    return sum(len(one.proof.split(",")) for one in item.evidence if one.task == _MADE_BY.get(item.type))


def waiting(file: File, among: Iterable[str] = ()) -> tuple[str, ...]:
    """The items that wait to be handed over by a link; `among` these, where any are named."""
    named = tuple(among)
    return tuple(
        name
        for name, item in file.case.items.items()
        if item.step is Step.NOTIFYING and by_link(file, item) and (not named or name in named)
    )


def by_link(file: File, item: Item) -> bool:
    """Whether it is handed over by a mailed link. Whoever asked in the app fetches it there, signed in."""
    return item.way is Way.ELECTRONIC and file.case.channel is not Channel.APP and bool(parts_of(item))


def answered(file: File, name: str) -> File:
    """The item's answer is to be told: by a letter, and where something is handed over by a link, by that as well. The
    letter then waits for it, since it holds the code that goes with the link."""
    item = file.case.items[name]
    if not by_link(file, item):
        return file.with_letter("answer", item.way, name)
    link = file.case.links.get(Use.DELIVERY)
    if deliverable(_reader(file)) and (link is None or link.count < MOST_ISSUES):
        return file.with_job("link", Use.DELIVERY)
    return file.with_item(name, way=Way.PAPER).with_letter("answer", Way.PAPER, name)


def send_link(do: Doing[a.SendLink]) -> File:
    """Raises InvalidInput `request_invalid`: a delivery is no proof; `mail_missing`: the person stated no address to
    which anything could be sent; Refused `proof_issues_spent`."""
    file = do.file
    if do.act.use is Use.DELIVERY:
        raise InvalidInput("request_invalid", "use: mail_address or account")
    if not deliverable(file.private.person.mail):
        raise InvalidInput("mail_missing")
    _check_issues(file, do.act.use)
    return file.with_job("link", do.act.use)


def send_again(do: Doing[a.SendAgain]) -> File:
    """Raises Conflict `case_moved_on`: nothing waits to be fetched; Refused `proof_issues_spent`; as `check_agency`."""
    file = do.file
    names = waiting(file)
    if not names:
        raise Conflict("case_moved_on", "nothing waits to be fetched")
    for name in names:
        check_agency(file, file.case.items[name], do.now)
    _check_issues(file, Use.DELIVERY)
    return file.with_job("link", Use.DELIVERY)


def answer_on_paper(do: Doing[a.AnswerOnPaper]) -> File:
    """A link to it opens it no more; a letter goes with what is printed. Raises Conflict `case_moved_on`: it goes on
    paper already, or there is nothing in it."""
    file = do.file
    item = file.case.items[do.act.item]
    if item.way is Way.PAPER or not parts_of(item):
        raise Conflict("case_moved_on", f"item {do.act.item}")
    return file.with_item(do.act.item, way=Way.PAPER).with_letter("answer", Way.PAPER, do.act.item)


def link_sent(do: Doing[auto.LinkSent]) -> File:
    """The letters that waited for it can be written: each item's, once."""
    file, act = do.file, do.act
    before = file.case.links.get(act.use)
    link = SentLink(
        count=before.count + 1 if before else 1, at=do.now.at, until=act.until, mail=act.mail, items=act.items
    )
    file = file.with_case(links={**file.case.links, act.use.value: link}).without_job("link", act.use)
    if act.code:
        file = file.with_private(code=act.code)
    told = {name for letter in file.case.letters.values() if letter.kind == "answer" for name in letter.items}
    for name in act.items:
        if name not in told:
            file = file.with_letter("answer", file.case.items[name].way, name)
    return file


def prove_mail(do: Doing[a.ProveMail]) -> File:
    """Whether it is an address that is held, the match says. Raises Conflict `case_moved_on`: it is not the newest."""
    file = _followed(do, Use.MAIL_ADDRESS)
    agreed = any(isinstance(one, Match) and one.mail for one in file.private.evidence)
    return file.with_private(evidence=(*file.private.evidence, MailLink(at=do.now.at, agreed=agreed)))


def prove_account(do: Doing[a.ProveAccount]) -> File:
    """Raises Conflict `case_moved_on`: it is not the newest, or the case was matched to another account."""
    file = _followed(do, Use.ACCOUNT)
    if file.private.account not in ("", do.act.account):
        raise Conflict("case_moved_on", "it was matched to another account")
    file = file.with_private(account=do.act.account, evidence=(*file.private.evidence, SignIn(at=do.now.at)))
    return file.with_case(subject=do.act.subject)


def link_locked(do: Doing[auto.LinkLocked]) -> File:
    """It shows on the case, and the desk is told."""
    link = do.file.case.links.get(do.act.use)
    if link is None:
        return do.file
    locked = msgspec.structs.replace(link, locked=True)
    return do.file.with_case(links={**do.file.case.links, do.act.use.value: locked}).with_job("tell_locked", do.act.use)


def check_handing(file: File, names: Iterable[str], now: Moment) -> None:
    """Before every byte: as `check_agency`, for each of these items."""
    for name in names:
        check_agency(file, file.case.items[name], now)


def _followed(do: "Doing[a.ProveMail] | Doing[a.ProveAccount]", use: Use) -> File:
    link = do.file.case.links.get(use)
    if link is None or do.act.about != str(link.count):
        raise Conflict("case_moved_on", "not the newest link")
    followed = msgspec.structs.replace(link, followed_at=do.now.at)
    return do.file.with_case(links={**do.file.case.links, use.value: followed})


def _reader(file: File) -> str:
    return (file.private.agent or file.private.person).mail


def _check_issues(file: File, use: Use) -> None:
    link = file.case.links.get(use)
    if link is not None and link.count >= MOST_ISSUES:
        raise Refused("proof_issues_spent", f"at most {MOST_ISSUES}")
