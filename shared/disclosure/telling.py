"""What was corrected, in words: the person is told it with the answer (個人情報保護法 art. 34(3))."""

import datetime as dt
from collections.abc import Iterable
from zoneinfo import ZoneInfo

from shared.disclosure.corrections import Correction, ProfileFix
from shared.disclosure.package.terms import FIELD_NAMES, LABELS, MEANINGS
from shared.measurement.corrections import Does, PointFix
from shared.measurement.rows import WORDS
from shared.papers.dates import english_date, japanese_date
from shared.policy.model import Notice, Words
from shared.vocabulary import Kind, Language

_TOKYO = ZoneInfo("Asia/Tokyo")
_DONE = {
    Does.REPLACE: Words(ja="訂正", en="corrected to"),
    Does.ADD: Words(ja="追加", en="added"),
    Does.REMOVE: Words(ja="削除", en="deleted"),
    Does.RESTORE: Words(ja="連携元の記録に復元", en="restored to what its source says"),
}
_EMPTY = Words(ja="なし", en="none")
_BORN = Words(ja="生年月日", en="Date of birth")
_MEMBER = Words(ja="会員ID", en="Member ID")
_SESSION = Words(ja="睡眠の全体", en="the whole sleep")


def told(correction: Correction, notice: Notice, language: Language) -> str:
    """All of it, as sentences that stand one after another."""
    parts = [
        *(_field(one, language) for one in correction.profile),
        *points_told(correction.points, notice, language),
    ]
    return "。".join(parts) + "。" if language is Language.JA else "; ".join(parts) + "."


def points_told(fixes: Iterable[PointFix], notice: Notice, language: Language) -> list[str]:
    """Each correction of measurements: of what, of when, and what it says now."""
    return [_point(one, notice.contents.kinds[one.kind].of(language), language) for one in fixes]


def _field(fix: ProfileFix, language: Language) -> str:
    name = {"birth_on": _BORN, "member_id": _MEMBER}.get(fix.field) or LABELS[fix.field]
    value = f"{fix.address.postal_code} {fix.address.text}" if fix.address else fix.text
    return f"{name.of(language)}{_colon(language)}{value or _EMPTY.of(language)}"


def _point(fix: PointFix, kind: str, language: Language) -> str:
    when = _moment(fix.start, language)
    if fix.end is not None:
        when = f"{when}{'～' if language is Language.JA else ' to '}{_moment(fix.end, language)}"
    values = [_value(fix.kind, name, value, language) for name, value in fix.values.items()]
    what = ("、" if language is Language.JA else ", ").join(values)
    done = _DONE[fix.does].of(language)
    if not what:
        return f"{kind} {when}{_colon(language)}{done}"
    if language is Language.JA:
        return f"{kind} {when}：{what}{'に' if fix.does is Does.REPLACE else 'を'}{done}"
    return f"{kind}, {when}: {done} {what}"


def _value(kind: Kind, name: str, value: float | None, language: Language) -> str:
    field = FIELD_NAMES[name].of(language)
    if value is None:
        return f"{field} {_EMPTY.of(language)}"
    known = WORDS[kind].get(name)
    if known is None:
        return f"{field} {value:.12g}"
    word = known.get(int(value), "")
    meaning = _SESSION if word == "session" else MEANINGS.get(word)
    return f"{field} {meaning.of(language) if meaning else int(value)}"


def _moment(at: dt.datetime, language: Language) -> str:
    local = at.astimezone(_TOKYO)
    on = japanese_date(local.date()) if language is Language.JA else english_date(local.date())
    return f"{on} {local:%H:%M}" if not local.second else f"{on} {local:%H:%M:%S}"


def _colon(language: Language) -> str:
    return "：" if language is Language.JA else ": "
