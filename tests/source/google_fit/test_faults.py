import json

import pytest

from shared.cloud.http import Answer
from shared.errors import NotFound, Refused, Unavailable
from shared.source.google_fit.faults import fault_of


def answer(status, reason="", message="", *, headers=None, body=None):
    envelope = {"error": {"code": status, "message": message, "errors": [{"domain": "global", "reason": reason}]}}
    return Answer(status, headers or {}, json.dumps(envelope).encode() if body is None else body)


@pytest.mark.parametrize(
    ("given", "category", "code"),
    [
        (answer(401, "authError"), Refused, "access_token_dead"),
        (answer(403, "insufficientPermissions", "Insufficient Permission"), Refused, "scope_missing"),
        (answer(403, "", "Cannot read data of type com.google.weight"), Refused, "scope_missing"),
        (answer(403, "userRateLimitExceeded"), Unavailable, "upstream_rate_limited"),
        (answer(403, "rateLimitExceeded"), Unavailable, "upstream_rate_limited"),
        (answer(403, "dailyLimitExceeded"), Unavailable, "upstream_rate_limited"),
        (answer(403, "accessNotConfigured"), Unavailable, "upstream_setup"),
        (answer(403, "", "Cannot read private data source"), NotFound, "no_such_stream"),
        (answer(403, "forbidden", "Forbidden"), Unavailable, "upstream_unavailable"),
        (answer(403, "somethingNew", "No"), Unavailable, "upstream_unavailable"),
        (answer(404, "notFound", "DataSourceId not found"), NotFound, "no_such_stream"),
        (answer(400, "invalidArgument", "no default datasource found for: x"), NotFound, "no_such_stream"),
        (answer(400, "invalidArgument", "bad"), Unavailable, "upstream_unavailable"),
        (answer(429, "rateLimitExceeded"), Unavailable, "upstream_rate_limited"),
        (answer(500, "backendError"), Unavailable, "upstream_unavailable"),
        (answer(503), Unavailable, "upstream_unavailable"),
        (answer(403, body=b"<html>"), Unavailable, "upstream_unavailable"),
        (answer(502, body=b""), Unavailable, "upstream_unavailable"),
        (answer(401, body=b"[]"), Refused, "access_token_dead"),
    ],
)
def test_what_a_refusal_means_is_told_by_its_reason(given, category, code):
    fault = fault_of(given)
    assert (type(fault), fault.code) == (category, code)


@pytest.mark.parametrize(("value", "seconds"), [("120", 120), ("", 60), ("soon", 60), ("999999999", 86400)])
def test_a_rate_limit_says_when_to_come_back(value, seconds):
    assert fault_of(answer(429, headers={"retry-after": value})).retry_after_s == seconds


def test_nothing_of_googles_message_is_passed_on():
    assert "canary" not in str(fault_of(answer(403, "x", "canary")))
