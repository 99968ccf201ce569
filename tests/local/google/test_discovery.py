"""The checker itself: it finds what is wrong, and only that."""

import json

import pytest

from infra.local.google.catalogue import READ_SCOPES
from tests.local.google.calling import call
from tests.local.google.discovery import DiscoveryCheck, discoveries, documents

_ROOT = "/fitness/v1/users/me"
_SET = f"{_ROOT}/dataSources/raw%3At%3Ap/datasets/0-9"


def _app(body: bytes, status: int = 200):
    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": body})

    return DiscoveryCheck(app)


@pytest.mark.parametrize(
    "url",
    [
        f"{_ROOT}/dataSources?dataTypeName=a&dataTypeName=b&prettyPrint=false",
        f"{_SET}?limit=1&pageToken=x",
        f"{_ROOT}/sessions?activityType=72&includeDeleted=true&startTime=2026-01-01T00:00:00Z",
    ],
)
async def test_a_request_as_documented_passes(url):
    check = _app(b"{}")
    await call(check, "GET", url)
    check.verify()
    assert (check.requests, check.answers) == (1, 1)


@pytest.mark.parametrize(
    ("method", "url"),
    [
        ("GET", f"{_SET}?limits=1"),
        ("GET", f"{_SET}?limit=many"),
        ("GET", f"{_SET}?limit=3000000000"),
        ("GET", f"{_SET}?limit=1&limit=2"),
        ("GET", f"{_ROOT}/sessions?includeDeleted=yes"),
        ("GET", f"{_ROOT}/weights"),
        ("POST", f"{_ROOT}/sessions"),
        ("GET", "/fitness/v1/users/someone/dataSources"),
    ],
)
async def test_a_request_that_is_not_documented_fails(method, url):
    check = _app(b"{}")
    await call(check, method, url)
    with pytest.raises(AssertionError):
        check.verify()


@pytest.mark.parametrize(
    "answer",
    [
        {"minStartTimeNs": 5},
        {"minStartTimeNs": "5.0"},
        {"minStartTimeNs": "99999999999999999999"},
        {"points": []},
        {"point": [{"values": []}]},
        {"point": [{"value": [{"fpVal": "5"}]}]},
        {"point": [{"value": [{"intVal": 3_000_000_000}]}]},
        [],
        "text",
    ],
)
async def test_an_answer_that_is_not_documented_fails(answer):
    check = _app(json.dumps(answer).encode())
    await call(check, "GET", _SET)
    with pytest.raises(AssertionError):
        check.verify()


@pytest.mark.parametrize("body", [b"{", b'{"point":[{"value":[{"fpVal":NaN}]}]}', b"<html>"])
async def test_an_answer_that_is_not_json_fails(body):
    check = _app(body)
    await call(check, "GET", _SET)
    with pytest.raises(AssertionError, match="not JSON"):
        check.verify()


@pytest.mark.parametrize(
    "error", [{}, {"error": {"code": 403, "message": "m"}}, {"error": {"code": 500, "message": "m", "errors": [{}]}}]
)
async def test_an_error_without_googles_envelope_fails(error):
    check = _app(json.dumps(error).encode(), 403)
    await call(check, "GET", _SET)
    with pytest.raises(AssertionError, match="envelope"):
        check.verify()


async def test_what_is_not_fitness_passes_unseen():
    check = _app(b"anything")
    await call(check, "GET", "/token?what=ever")
    check.verify()
    assert check.requests == 0


def test_the_shipped_document_is_always_there_and_serves_every_endpoint_we_simulate():
    assert "documents" in documents()
    for discovery in discoveries().values():
        paths = {m["path"] for m in discovery.methods if m["httpMethod"] == "GET"}
        assert paths == {
            "{userId}/dataSources",
            "{userId}/dataSources/{dataSourceId}",
            "{userId}/dataSources/{dataSourceId}/dataPointChanges",
            "{userId}/dataSources/{dataSourceId}/datasets/{datasetId}",
            "{userId}/sessions",
        }


def test_the_worlds_scopes_are_those_of_the_document():
    for document in documents().values():
        assert set(READ_SCOPES) <= set(document["auth"]["oauth2"]["scopes"])
