"""What is to be packed, and what of it is to be left out and why."""

import datetime as dt
import re
from enum import StrEnum
from typing import NamedTuple

import msgspec

from shared.errors import InvalidInput
from shared.measurement.model import FIELDS
from shared.vocabulary import Kind, Language


class Category(StrEnum):
    """What is held of a person, by where it is held; in the order in which it is packed."""

    PROFILE = "profile"
    MEASUREMENTS = "measurements"
    CONSENTS = "consents"
    CONNECTIONS = "connections"
    PROVISIONS = "provisions"
    """What was handed on to others: the records that 個人情報保護法 art. 33(5) speaks of."""
    ACCESS = "access"
    """Who read the person's data."""
    ERASURES = "erasures"
    INQUIRIES = "inquiries"


class Ground(StrEnum):
    """Why something is left out. The first three are those of 個人情報保護法 art. 33(2)."""

    HARM = "harm"
    HINDRANCE = "hindrance"
    OTHER_LAW = "other_law"
    THIRD_PARTY = "third_party"
    """It is somebody else's data: of a relative, for example."""
    MY_NUMBER = "my_number"
    ERASING = "erasing"
    """Of a kind that its person asked to have erased: nobody's decision, and in no order."""


class Redaction(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something to be left out, of every file and of whatever would let it be guessed.

    `path` names it: a category; or with segments after slashes a record of it by its id, and a field of that, at any
    depth (`inquiries/*/answers/*/by`); "*" is each. Of measurements: the kind, the civil dates
    (`2026-03-01..2026-03-05`, or "*") and the field, `origin` included. Of consents: the number of an event, and
    `authority`, `evidence`, `screen` or `reason`. `recipients/{id}` is whom something was given to, wherever they are
    named, with `name`, `address`, `contact`.

    With `text` only that text is left out, wherever it stands in what the path names, which may then be "*" for all
    there is; however wide or narrow it is written, and with whatever spaces in it.
    """

    path: str
    ground: Ground
    text: str = ""


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be packed of whom, in which language, as of `at`. The same order of the same data makes the same
    bytes.

    `case` is the case's id, which the gate's permits name, and `number` what people write on paper. `first` and `last`
    are civil dates, both included, in `zone` (an IANA name), or where that is "" in the zones the person's app told.
    """

    case: str
    number: str
    uid: str
    at: dt.datetime
    language: Language
    first: dt.date
    last: dt.date
    zone: str = ""
    categories: tuple[Category, ...] = tuple(Category)
    kinds: tuple[Kind, ...] = tuple(Kind)
    redactions: tuple[Redaction, ...] = ()


class LeftOut(NamedTuple):
    """That something is left out, where, and why: never what."""

    where: str
    ground: Ground
    passage: bool = False
    """A passage in a text, not the whole of what stands there."""


class Days(NamedTuple):
    """Civil dates, both included."""

    first: dt.date
    last: dt.date


class Place(NamedTuple):
    """A redaction's path, taken apart. "*" stands for each; `section` "*" for all there is."""

    section: str
    record: str = "*"
    field: tuple[str, ...] = ()
    days: Days | None = None
    """Of measurements: None for always. Their `record` is the kind."""


RECIPIENTS = "recipients"
_SEGMENT = re.compile(r"\*|[A-Za-z0-9_.:|@-]{1,128}")
_EVENT_FIELDS = ("authority", "evidence", "screen", "reason")
_RECIPIENT_FIELDS = ("name", "address", "contact")


def place_of(redaction: Redaction) -> Place:
    """Where a redaction points to. Raises InvalidInput `redaction_invalid`: nowhere there could be anything."""
    section, *rest = redaction.path.split("/")
    wrong = InvalidInput("redaction_invalid", "path: not of the form that is known")
    if redaction.ground is Ground.ERASING or not all(map(_SEGMENT.fullmatch, (section, *rest))):
        raise wrong
    if section == "*" and not rest and redaction.text.strip():
        return Place("*")
    if section not in (*Category, RECIPIENTS):
        raise wrong
    if section == Category.MEASUREMENTS:
        return _of_measurements(rest, wrong)
    record, *field = rest or ["*"]
    if section == Category.CONSENTS and (
        len(field) > 1 or not set(field) <= set(_EVENT_FIELDS) or (rest and not field)
    ):
        raise wrong
    if section == RECIPIENTS and (not rest or len(field) > 1 or not set(field) <= set(_RECIPIENT_FIELDS)):
        raise wrong
    return Place(section, record, tuple(field))


def _of_measurements(rest: list[str], wrong: InvalidInput) -> Place:
    kind, days, field, *beyond = [*rest, *["*", "*", "*"][len(rest) :]]
    kinds = [one for one in Kind if kind in ("*", one)]
    fields = {name.name for one in kinds for name in FIELDS[one]} | {"*", "origin"}
    if not kinds or field not in fields or beyond:
        raise wrong
    whole = () if field == "*" else (field,)
    if days == "*":
        return Place(Category.MEASUREMENTS, kind, whole)
    try:
        first, last = map(dt.date.fromisoformat, days.split(".."))
    except ValueError:
        raise wrong from None
    if last < first:
        raise wrong
    return Place(Category.MEASUREMENTS, kind, whole, Days(first, last))
