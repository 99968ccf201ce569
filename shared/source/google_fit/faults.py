"""What Google's refusals mean. Told apart by reason, since a status alone does not say whose fault it is.

Source: developers.google.com/fit/rest/v1 (error reasons), November 2026; see also openmhealth/shimmer, fit-on-fhir.
"""

import msgspec

from shared import log
from shared.cloud.http import Answer
from shared.errors import Fault, NotFound, Refused, Unavailable
from shared.source.google_fit.retry import retry_after_s

_RATE = frozenset({"rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded", "RATE_LIMIT_EXCEEDED"})
_SCOPE = frozenset({"insufficientPermissions", "ACCESS_TOKEN_SCOPE_INSUFFICIENT"})
_SETUP = frozenset({"accessNotConfigured", "SERVICE_DISABLED", "keyInvalid", "USER_PROJECT_DENIED"})
DAILY_WAIT_S = 3600
RATE_WAIT_S = 60


class _Reason(msgspec.Struct):
    reason: str = ""
    message: str = ""


class _Error(msgspec.Struct):
    code: int = 0
    message: str = ""
    status: str = ""
    errors: list[_Reason] = []
    details: list[_Reason] = []


class _Envelope(msgspec.Struct):
    error: _Error


def fault_of(answer: Answer) -> Fault:
    """The fault that a Fitness API answer other than 200 stands for.

    NotFound `no_such_stream`: the person has no such data. Everything else as `sync.ports.HealthSource` says.
    """
    error = _error(answer)
    reasons = {r.reason for r in (*error.errors, *error.details)} | {error.status}
    wait = retry_after_s(answer)
    if answer.status == 401:
        return Refused("access_token_dead", "Google no longer accepts the access token")
    if answer.status == 404 or (answer.status == 400 and "no default datasource" in error.message.lower()):
        return NotFound("no_such_stream")
    if answer.status == 429 or (answer.status == 403 and reasons & _RATE):
        return Unavailable("upstream_rate_limited", "Google's rate limit", retry_after_s=wait or RATE_WAIT_S)
    if answer.status == 403:
        return _forbidden(error, reasons)
    if answer.status >= 500:
        return Unavailable("upstream_unavailable", f"Google answered {answer.status}", retry_after_s=wait)
    # 400 and the rest are our own requests gone wrong, or a page token that Google takes no longer: seen by operators,
    # and nobody's link suffers.
    log.event("google.request_refused", "ERROR", upstream_status=answer.status)
    return Unavailable("upstream_unavailable", f"Google answered {answer.status}")


def _forbidden(error: _Error, reasons: set[str]) -> Fault:
    if "dailyLimitExceeded" in reasons:
        log.event("google.daily_limit", "CRITICAL")
        return Unavailable("upstream_rate_limited", "Google's daily limit", retry_after_s=DAILY_WAIT_S)
    if reasons & _SETUP:
        log.event("google.setup_refused", "CRITICAL", reason="accessNotConfigured")
        return Unavailable("upstream_setup", "our project may not use this API")
    message = error.message.lower()
    if "private data source" in message:
        return NotFound("no_such_stream")
    if reasons & _SCOPE or "cannot read data of type" in message or "insufficient" in message:
        return Refused("scope_missing", "Google does not allow this kind")
    log.event("google.forbidden_unexplained", "ERROR", upstream_status=403)
    return Unavailable("upstream_unavailable", "Google answered 403")


def _error(answer: Answer) -> _Error:
    try:
        return msgspec.json.decode(answer.body, type=_Envelope).error
    except (ValueError, RecursionError):  # not JSON, not of this shape, not even text
        return _Error()
