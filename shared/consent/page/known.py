"""What a page is made from: where things stand, and everybody and everything that names."""

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from shared.consent.page.telling import date, day, listed, say
from shared.consent.ports import Recipient
from shared.consent.view import Stands
from shared.policy.model import Notice, Rule
from shared.policy.notices import Notices
from shared.vocabulary import Language


class Known(NamedTuple):
    """What is shown: where things stand, under the notice in force, and everybody it names."""

    stands: Stands
    notice: Notice
    notices: Notices
    recipients: Mapping[str, Recipient]
    language: Language
    at: dt.datetime
    shown: str = ""
    """A recipient that the app opened the page for, though nothing was decided about them yet."""
    acted: str = ""
    """The card that was just used."""
    events: int = 0
    """How many lines the ledger has."""


def card_id(purpose: str, recipient: str) -> str:
    """A card's name in the page."""
    return f"card-{purpose}-{recipient.replace(':', '-')}"


def name_of(known: Known, recipient: str) -> str:
    """What a recipient is called."""
    found = known.recipients.get(recipient)
    return found.name.of(known.language) if found else say(known.language)("recipient.unknown")


def kinds_of(known: Known, kinds: Iterable[str]) -> str:
    """Kinds by name, in the notice's order."""
    asked = set(kinds)
    names = [words.of(known.language) for kind, words in known.notice.contents.kinds.items() if kind in asked]
    return listed(names, known.language)


def title_of(known: Known, purpose: str) -> str:
    """A purpose's title, in the newest notice that has it."""
    newest_first = sorted(known.notices, key=lambda one: one.in_force_at, reverse=True)
    titles = [words.title for one in newest_first for code, words in one.contents.purposes.items() if code == purpose]
    return titles[0].of(known.language) if titles else purpose


def day_of(known: Known, at: dt.datetime) -> str:
    """The civil date at `at`, where the operator is."""
    return day(at, known.notice.contents.time_zone, known.language)


def edition_of(known: Known, version: str) -> str:
    """A notice as people tell it from others: by the date it is in force from."""
    return date(known.notices.find(version).contents.in_force_from, known.language)


def hours_to_erase(known: Known) -> int:
    """Within how many hours what is stored is erased."""
    return known.notice.rule(Rule.ERASURE_WITHIN_HOURS, known.at)
