"""How Google writes JSON and errors."""

import json
from collections.abc import Mapping

from starlette.responses import Response

_STATUS_NAMES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
}
_REASONS = {
    400: "invalidArgument",
    401: "authError",
    403: "forbidden",
    404: "notFound",
    429: "rateLimitExceeded",
    500: "backendError",
    503: "backendError",
}
_USAGE = frozenset(
    {"rateLimitExceeded", "userRateLimitExceeded", "dailyLimitExceeded", "quotaExceeded", "accessNotConfigured"}
)


def answer(body: str | bytes, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """JSON that is already written."""
    return Response(body, status, headers, media_type="application/json; charset=UTF-8")


def document(value: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A value as JSON, laid out as Google does."""
    return answer(json.dumps(value, ensure_ascii=False, indent=2), status, headers)


def failure(status: int, message: str, reason: str = "", headers: Mapping[str, str] | None = None) -> Response:
    """Google's legacy error envelope."""
    reason = reason or _REASONS.get(status, "backendError")
    domain = "usageLimits" if reason in _USAGE else "global"
    error: dict[str, object] = {
        "code": status,
        "message": message,
        "errors": [{"message": message, "domain": domain, "reason": reason}],
    }
    if status in _STATUS_NAMES:
        error["status"] = _STATUS_NAMES[status]
    return document({"error": error}, status, headers)
