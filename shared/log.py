"""Structured logs that cannot leak, and the cost of the request at hand.

An event is a name and allow-listed fields; anything else is refused where it is written, not filtered where it is
read. `count` adds to the running request's cost (store reads, upstream calls, …), which `edge` logs once at its end.
"""

import json
import sys
from collections import Counter
from contextvars import ContextVar
from typing import Literal

FIELDS = frozenset(
    {
        "action", "attempt", "caller", "code", "cost", "count", "duration_ms", "fault", "finished", "function", "kind",
        "kinds", "method", "outcome", "pages", "provider", "queue", "reason", "request_id", "resumed", "route",
        "seconds", "set_aside", "shard", "shards", "slot", "state", "status", "stream", "subject", "trace",
        "upstream_status", "url_host",
    }
)  # fmt: skip
"""Every field an event may carry. Values are ids, codes, counts and durations: never names, values or tokens."""

Severity = Literal["DEBUG", "INFO", "NOTICE", "WARNING", "ERROR", "CRITICAL"]

_cost: ContextVar[Counter[str] | None] = ContextVar("cost", default=None)
_trace: ContextVar[str] = ContextVar("trace", default="")


def event(name: str, severity: Severity = "INFO", **fields: object) -> None:
    """Write one line of JSON that Cloud Logging understands to standard error.

    Raises:
        ValueError: a field is not on the list. A programming error: extend `FIELDS` on purpose, or do not log it.
    """
    unknown = fields.keys() - FIELDS
    if unknown:
        raise ValueError(f"not loggable: {sorted(unknown)}")
    line: dict[str, object] = {"severity": severity, "event": name, **fields}
    if trace := _trace.get():
        line["logging.googleapis.com/trace"] = trace
    sys.stderr.write(json.dumps(line, default=str, ensure_ascii=False) + "\n")


def unexpected(fault: BaseException, **fields: object) -> None:
    """Report a fault nobody foresaw: its type and where it was raised. Its message may quote data, and is not told."""
    frame = fault.__traceback__
    while frame and frame.tb_next:
        frame = frame.tb_next
    reason = f"{frame.tb_frame.f_code.co_qualname}:{frame.tb_lineno}" if frame else ""
    event("fault.unexpected", "ERROR", fault=type(fault).__name__, reason=reason, **fields)


def count(what: str, n: int = 1) -> None:
    """Add `n` to the cost of the request at hand; outside a request, to nothing."""
    cost = _cost.get()
    if cost is not None:
        cost[what] += n


def open_account(trace: str = "") -> Counter[str]:
    """Start counting for this request (tasks started from here share the account) and return the running counts."""
    account: Counter[str] = Counter()
    _cost.set(account)
    _trace.set(trace)
    return account
