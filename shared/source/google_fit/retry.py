"""Patience within one process: at most three tries, close together; what needs longer goes back to the queue."""

from collections.abc import Awaitable, Callable
from email.utils import parsedate_to_datetime

from shared import log
from shared.clock import Clock, process_clock
from shared.cloud.http import Answer
from shared.errors import Unavailable
from shared.ids import RandomIds

ATTEMPTS = 3
FIRST_WAIT_S = 0.4
LONGEST_WAIT_S = 3
_PASSING = frozenset({500, 502, 503, 504})


async def patiently(call: Callable[[], Awaitable[Answer]], clock: Clock) -> Answer:
    """Repeat `call` while the fault looks passing (no answer, 5xx), with growing, jittered waits.

    429 and anything that names a time to wait longer than `LONGEST_WAIT_S` are handed back at once: honouring them is
    the schedule's business, not a sleeping worker's. Raises what the last try raised.
    """
    for attempt in range(1, ATTEMPTS + 1):
        try:
            answer = await call()
            asked = retry_after_s(answer)
            if answer.status not in _PASSING or attempt == ATTEMPTS or (asked or 0) > LONGEST_WAIT_S:
                return answer
            wait_s = float(asked or 0)
        except Unavailable as lost:
            if attempt == ATTEMPTS or lost.code != "upstream_unavailable":
                raise
            wait_s = 0.0
        log.count("upstream_retries")
        await clock.sleep(wait_s or FIRST_WAIT_S * 2 ** (attempt - 1) * (0.5 + RandomIds().fraction()))
    raise AssertionError("unreachable: the last attempt returns or raises")


def retry_after_s(answer: Answer) -> int | None:
    """What Retry-After asks for, in whole seconds from now; None where it is absent or unreadable."""
    value = answer.headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return min(int(value), 86400) if len(value) < 10 else 86400  # thousands of digits are no number to Python
    try:
        seconds = (parsedate_to_datetime(value) - process_clock().now()).total_seconds()
    except (ValueError, TypeError):
        return None
    return min(max(0, round(seconds)), 86400)
