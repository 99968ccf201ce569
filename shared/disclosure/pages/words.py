"""What the pages say, in two languages: gettext catalogues, read as they were written, without a build step.

A text is known by a key (`worklist.title`), not by its Japanese: the same Japanese word is two things in English often
enough, and correcting a text must not lose its translation. A key that a catalogue lacks is an error, never a blank.
"""

import datetime as dt
import gettext
from functools import cache
from io import BytesIO
from pathlib import Path

from shared.disclosure.codes import Defect, Ground
from shared.disclosure.evidence import PAPERS, Paper
from shared.disclosure.identity import WAYS
from shared.disclosure.identity import Way as Shows
from shared.disclosure.words import DEFECTS, GROUNDS
from shared.staff.model import JST
from shared.vocabulary import Language

LOCALE = Path(__file__).parent / "locale"


class _Missing(gettext.NullTranslations):
    """What is asked where a catalogue has no such key."""

    def gettext(self, message: str) -> str:
        raise KeyError(message)

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        raise KeyError(msgid1, msgid2, n)


class Words:
    """The texts of one language. `w("key", name=…)` fills in what stands in braces; with `n`, in the right number."""

    def __init__(self, language: Language) -> None:
        self.language = language
        self._texts = catalogue(language)

    def __call__(self, key: str, *, n: int | None = None, **values: object) -> str:
        """The text. Raises KeyError: no such key, or no value for what stands in braces."""
        if n is None:
            text = self._texts.gettext(key)
        else:
            text, values = self._texts.ngettext(key, key, n), {"n": f"{n:,}", **values}
        return text.format(**values) if values else text

    def day(self, on: dt.date) -> str:
        """A civil date: 2026年11月30日(月), or Mon 30 Nov 2026."""
        from babel.dates import format_date

        pattern = "y年M月d日(E)" if self.language is Language.JA else "E d MMM y"
        return str(format_date(on, pattern, locale=self.language))

    def short_day(self, on: dt.date) -> str:
        """A civil date of about now: 11/30(月), or Mon 30 Nov."""
        from babel.dates import format_date

        pattern = "M/d(E)" if self.language is Language.JA else "E d MMM"
        return str(format_date(on, pattern, locale=self.language))

    def moment(self, at: dt.datetime) -> str:
        """An instant, as clocks in Japan show it: to the minute."""
        here = at.astimezone(JST)
        return f"{self.day(here.date())} {here:%H:%M}"


@cache
def words(language: Language) -> Words:
    """The texts of that language."""
    return Words(language)


@cache
def catalogue(language: Language) -> gettext.GNUTranslations:
    """The catalogue, compiled in memory. Raises ValueError where it is written wrongly."""
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    compiled = BytesIO()
    with (LOCALE / f"{language}.po").open("rb") as file:
        write_mo(compiled, read_po(file, locale=language, abort_invalid=True))
    compiled.seek(0)
    texts = gettext.GNUTranslations(compiled)
    texts.add_fallback(_Missing())
    return texts


def called(language: Language, code: object) -> str:
    """What letters call it: a paper, a defect, a ground, a way to prove who one is. Raises KeyError: none of these."""
    if isinstance(code, Paper):
        return PAPERS[code].ja if language is Language.JA else PAPERS[code].en
    if isinstance(code, Defect):
        return DEFECTS[code][0].of(language)
    if isinstance(code, Ground):
        return GROUNDS[code].of(language)
    if isinstance(code, Shows):
        return WAYS[code][1] if language is Language.JA else WAYS[code][2]
    raise KeyError(code)
