"""What letters say: a typed struct per kind of letter, and its words in `templates/<kind>.<language>.txt`.

The first line of a template is the subject. `$name` stands for a field of the struct, as a person writes it; lists
become lines. E-mail is read by whoever carries it, so no letter holds health data, or more of a person than their name.
"""

import datetime as dt
from functools import cache
from pathlib import Path
from string import Template
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from shared.vocabulary import Language

JST = ZoneInfo("Asia/Tokyo")
_FOLDER = Path(__file__).parent / "templates"


class Words(NamedTuple):
    """A letter in one language."""

    subject: str
    text: str


class ToPerson(msgspec.Struct, frozen=True, kw_only=True):
    """What every letter to the person, or to their agent, has. `number` is the case's, as it stands on paper; `desk`
    are the lines by which the desk is reached, from the notice in force and in the letter's language. `papers_until`,
    where a case ends: so long its papers are kept."""

    name: str
    number: str
    desk: list[str]


class Acknowledged(ToPerson, frozen=True, kw_only=True):
    """A request has come in."""

    received_on: dt.date
    answer_by: dt.date


class FormSent(ToPerson, frozen=True, kw_only=True):
    """The form is on its way, by post or attached."""

    sent_on: dt.date
    return_by: dt.date


class Defective(ToPerson, frozen=True, kw_only=True):
    """Something is missing; the notice is attached."""

    missing: list[str]
    complete_by: dt.date


class VerifyAddress(ToPerson, frozen=True, kw_only=True):
    """A link that proves that its reader reads this mailbox."""

    link: str
    valid_until: dt.datetime


class VerifyAccount(ToPerson, frozen=True, kw_only=True):
    """A link that proves, in the app, that its reader has an account there. `requests`: what was asked for, so that
    whoever asked for nothing sees that it is not theirs to confirm."""

    requests: list[str]
    link: str
    valid_until: dt.datetime


class PackageReady(ToPerson, frozen=True, kw_only=True):
    """What is held of the person can be fetched, once."""

    link: str
    valid_until: dt.datetime


class Answered(ToPerson, frozen=True, kw_only=True):
    """All that was asked for has been decided and carried out. `decisions`: a line per item."""

    answered_on: dt.date
    papers_until: dt.date
    decisions: list[str]


class Declined(ToPerson, frozen=True, kw_only=True):
    """Some or all of it is refused. `grounds`: a line per item with ground, reason and article; `complaints`: the lines
    of the accredited body, its note that it is not for product inquiries among them."""

    decided_on: dt.date
    papers_until: dt.date
    grounds: list[str]
    complaints: list[str]


class Lapsed(ToPerson, frozen=True, kw_only=True):
    """The case has ended because an answer stayed away."""

    waited_for: str
    lapsed_on: dt.date
    papers_until: dt.date


class Withdrawn(ToPerson, frozen=True, kw_only=True):
    """The person has taken the request back."""

    withdrawn_on: dt.date
    papers_until: dt.date


class Extended(ToPerson, frozen=True, kw_only=True):
    """The answer takes longer."""

    reason: str
    answer_by: dt.date
    extended_to: dt.date


class Reminder(msgspec.Struct, frozen=True, kw_only=True):
    """To staff, on days 7, 10 and 13 of the 14. It names nobody."""

    number: str
    day: int
    days_left: int
    answer_by: dt.date
    state: str
    link: str


class LinkLocked(msgspec.Struct, frozen=True, kw_only=True):
    """To staff: a link to what is handed over was tried too often with a wrong code. It names nobody."""

    number: str
    link: str


Kind = (
    Acknowledged
    | FormSent
    | Defective
    | VerifyAddress
    | VerifyAccount
    | PackageReady
    | Answered
    | Declined
    | Lapsed
    | Withdrawn
    | Extended
    | Reminder
    | LinkLocked
)
KINDS: dict[str, type[Kind]] = {
    "acknowledged": Acknowledged,
    "form_sent": FormSent,
    "defective": Defective,
    "verify_address": VerifyAddress,
    "verify_account": VerifyAccount,
    "package_ready": PackageReady,
    "answered": Answered,
    "declined": Declined,
    "lapsed": Lapsed,
    "withdrawn": Withdrawn,
    "extended": Extended,
    "reminder": Reminder,
    "link_locked": LinkLocked,
}


def template_of(said: Kind) -> str:
    """Which letter it is, for `Message.template`."""
    return next(name for name, kind in KINDS.items() if type(said) is kind)


def written(said: Kind, language: Language) -> Words:
    """The letter in the reader's language."""
    subject, text = _template(template_of(said), language)
    fields = {name: _as_read(value, language) for name, value in msgspec.structs.asdict(said).items()}
    one_line = {name: " ".join(value.split()) for name, value in fields.items()}
    return Words(subject.substitute(one_line), text.substitute(fields))


@cache
def _template(name: str, language: Language) -> tuple[Template, Template]:
    subject, _, text = (_FOLDER / f"{name}.{language}.txt").read_text(encoding="utf-8").partition("\n")
    return Template(subject), Template(text.lstrip("\n"))


def _as_read(value: object, language: Language) -> str:
    """A value as a person of that language writes it. Instants are told in Japan's time."""
    from babel.dates import format_date, format_datetime

    japanese = language is Language.JA
    match value:
        case dt.datetime():
            pattern = "y年M月d日（E）H時mm分" if japanese else "EEEE, d MMMM y, HH:mm 'JST'"
            return str(format_datetime(value.astimezone(JST), pattern, locale=language))
        case dt.date():
            return str(format_date(value, "y年M月d日（E）" if japanese else "EEEE, d MMMM y", locale=language))
        case list():
            return "\n".join(f"{'・' if japanese else '- '}{_as_read(each, language)}" for each in value)
        case _:
            # What people gave us stays on its line: it must not look like a line of ours.
            return " ".join(str(value).split())
