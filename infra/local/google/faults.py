"""Faults on demand: what goes wrong, where, for whom, how often. `gate` brings them about."""

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal

FaultKind = Literal[
    "status",
    "slow",
    "dropped",
    "truncated",
    "malformed",
    "html",
    "repeated_token",
    "empty_page",
    "nan",
    "oversized",
    "deep",
    "duplicate_keys",
    "answer",
]
KINDS: tuple[FaultKind, ...] = (
    "status",
    "slow",
    "dropped",
    "truncated",
    "malformed",
    "html",
    "repeated_token",
    "empty_page",
    "nan",
    "oversized",
    "deep",
    "duplicate_keys",
    "answer",
)


@dataclass
class Fault:
    """One thing that goes wrong.

    `kind`:
        status          answers `status` with Google's envelope and `reason` (429 rateLimitExceeded unless told), and
                        `retry_after`: seconds, or "date" for an HTTP date `retry_after_s` from now, or None
        slow            answers as usual, after `seconds` of real time
        dropped         closes the connection without a byte
        truncated       closes it half-way through the body that was announced
        malformed       half the JSON, with a matching length
        html            a 200 with an error page
        repeated_token  a page whose `nextPageToken` is the token that was sent (or "repeated" on the first page)
        empty_page      a page without points whose token leads to the page that should have come
        nan             a page in which one value is NaN
        oversized       a page padded to more than `size` bytes
        deep            an answer nested 100,000 levels deep
        duplicate_keys  an answer that states its first key twice
        answer          `status` and `body` word for word

    `endpoint` is a pattern over the endpoint's name (auth, token, revoke, certs, dataSources, datasets,
    dataPointChanges, sessions) or over the whole decoded path. `account` is an e-mail address, or None for everyone.
    `times` counts down to nothing; None lasts until cleared. `after` first lets the request have its effect.
    """

    kind: FaultKind
    endpoint: str = "*"
    account: str | None = None
    times: int | None = 1
    skip: int = 0
    after: bool = False
    status: int = 429
    reason: str = ""
    retry_after: int | Literal["date"] | None = None
    retry_after_s: int = 30
    seconds: float = 0.0
    size: int = 1_200_000
    body: str = ""

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"no such fault: {self.kind}")

    def fits(self, endpoint: str, path: str, email: str | None) -> bool:
        """Whether this request is one it strikes."""
        return self.account in (None, email) and (
            fnmatchcase(endpoint, self.endpoint) or fnmatchcase(path, self.endpoint)
        )


class Faults:
    """The faults in force, struck in the order they were added, one per request."""

    def __init__(self) -> None:
        self.active: list[Fault] = []

    def add(self, fault: Fault) -> Fault:
        """Put a fault in force."""
        self.active.append(fault)
        return fault

    def clear(self, fault: Fault | None = None) -> None:
        """End one fault, or all."""
        self.active = [f for f in self.active if fault is not None and f is not fault]

    def strike(self, endpoint: str, path: str, email: str | None) -> Fault | None:
        """The fault that strikes this request, counted down; None where all is well."""
        for fault in self.active:
            if not fault.fits(endpoint, path, email):
                continue
            if fault.skip:
                fault.skip -= 1
                continue
            if fault.times is not None:
                fault.times -= 1
                if fault.times <= 0:
                    self.active.remove(fault)
            return fault
        return None
