"""A notice as the app shows it."""

import msgspec

from shared.policy.model import Notice
from shared.policy.notices import FILES
from shared.vocabulary import Language


class PurposeView(msgspec.Struct, frozen=True):
    """One purpose in the reader's language."""

    purpose: str
    title: str
    why: str
    basis: str
    kinds: list[str]
    recipient: str
    lasts_days: int | None
    google: bool
    retention: str


class NoticeView(msgspec.Struct, frozen=True, kw_only=True):
    """A notice in the reader's language. `files` can be fetched byte for byte; `sha256` is over their hashes."""

    version: str
    sha256: str
    in_force_from: str
    language: Language
    text: str
    kinds: dict[str, str]
    purposes: list[PurposeView]
    files: list[str]


def notice_view(notice: Notice, language: Language) -> NoticeView:
    """What the app shows of a notice."""
    contents = notice.contents
    return NoticeView(
        version=contents.version,
        sha256=notice.sha256,
        in_force_from=contents.in_force_from.isoformat(),
        language=language,
        text=notice.text(language),
        kinds={kind: words.of(language) for kind, words in contents.kinds.items()},
        purposes=[
            PurposeView(
                purpose,
                words.title.of(language),
                words.why.of(language),
                words.basis,
                [kind for kind in contents.kinds if words.may_touch(kind)],
                words.recipient,
                words.lasts_days,
                words.google,
                words.retention.of(language),
            )
            for purpose, words in contents.purposes.items()
        ],
        files=list(FILES),
    )
