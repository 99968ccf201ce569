"""Everything that can go wrong, in six categories. `edge` alone turns them into HTTP and into queue language.

Fault
├── InvalidInput     the caller sent something we cannot accept; sending it again changes nothing
├── NotPermitted     who calls is unknown, or may not do this
├── NotFound         there is no such thing for this caller
├── Conflict         the state has moved on; read it again, then decide
├── Unavailable      not now; trying later may succeed
│   └── OutcomeUnknown   sent, but no answer came: it may or may not have happened; read back first
└── Refused          a rule, or a party upstream, says no, and trying later changes nothing
"""

from collections.abc import Mapping


class Fault(Exception):
    """One thing that went wrong.

    `code` is stable, is what programs branch on, and stands in the table of `problems.py`.
    `detail` is for the caller: it names fields and limits, and never repeats a secret or a health value.
    `more` are further members of the problem document, for programs (RFC 9457 §3.2): a newer state, for example.
    """

    def __init__(
        self,
        code: str,
        detail: str = "",
        *,
        retry_after_s: int | None = None,
        more: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail
        self.retry_after_s = retry_after_s
        self.more = more or {}


class InvalidInput(Fault):
    """The caller sent something we cannot accept."""


class NotPermitted(Fault):
    """The caller is unknown (`unauthenticated`) or may not do this."""


class NotFound(Fault):
    """There is no such thing for this caller."""


class Conflict(Fault):
    """The state has moved on since the caller read it."""


class Unavailable(Fault):
    """Not now. `retry_after_s` says when to come back, where that is known."""


class OutcomeUnknown(Unavailable):
    """A write was sent and no answer came. Read back before doing anything else."""


class Refused(Fault):
    """A rule or a party upstream says no for good."""
