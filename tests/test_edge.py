"""The edge: typed calls in, problem documents and queue language out."""

import json
from typing import Any, NamedTuple

import msgspec
import pytest
from starlette.requests import Request

from shared import edge
from shared.bodies import MAX_BODY_BYTES
from shared.errors import Conflict, Fault, InvalidInput, NotFound, NotPermitted, OutcomeUnknown, Refused, Unavailable
from shared.vocabulary import Language


class Body(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    count: int = 0


class Query(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"from_": "from"}):
    from_: int
    to: str = ""


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Client:
    """Calls one app of routes, without a network."""

    def __init__(self, *routes: edge.Route) -> None:
        self.app = edge.App("tried", lambda: routes)

    async def call(
        self,
        method: str = "POST",
        path: str = "/",
        body: bytes = b'{"name": "a"}',
        *,
        query: str | bytes = "",
        chunks: int = 1,
        **headers: str,
    ) -> Answer:
        sent = {"content_type": "application/json", **headers}
        named = [(k.replace("_", "-").encode(), v.encode()) for k, v in sent.items() if v]
        raw = query if isinstance(query, bytes) else query.encode()
        scope = {"type": "http", "method": method, "path": path, "headers": named, "query_string": raw}
        size = -(-len(body) // chunks) or 1
        parts = [body[i : i + size] for i in range(0, len(body), size)] or [b""]
        messages = [{"type": "http.request", "body": p, "more_body": i < len(parts)} for i, p in enumerate(parts, 1)]

        async def receive() -> Any:
            return messages.pop(0) if messages else {"type": "http.disconnect"}

        response = await self.app(Request(scope, receive))
        return Answer(response.status_code, dict(response.headers), bytes(response.body))


def raising(fault: BaseException) -> edge.Act:
    async def act(_: edge.Call) -> edge.Reply:
        raise fault

    return act


async def echo(call: edge.Call) -> edge.Reply:
    return edge.Json({"body": call.body, "query": call.query, "path": call.path, "language": call.language})


def client(act: edge.Act = echo, **route: Any) -> Client:
    return Client(edge.Route("POST", "/", edge.anyone, act, **route))


async def test_a_call_is_decoded_and_its_answer_encoded():
    answer = await client(body=Body, query=Query).call(
        body=b'{"name": "\xe8\x8a\xb1", "count": 2}', query="from=3&to=x"
    )
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json["body"] == {"name": "花", "count": 2}
    assert answer.json["query"] == {"from": 3, "to": "x"}


async def test_no_answer_may_be_cached_sniffed_or_told_where_it_came_from():
    for path in ("/", "/nowhere"):
        headers = (await client().call(path=path)).headers
        assert headers["cache-control"] == "no-store"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert "max-age" in headers["strict-transport-security"]


NOT_JSON = {
    "nonsense": b"name=a",
    "cut short": b'{"name": "a"',
    "more than one value": b'{"name": "a"} {}',
    "NaN": b'{"name": "a", "count": NaN}',
    "infinity": b'{"name": "a", "count": -Infinity}',
    "a name twice": b'{"name": "a", "name": "b"}',
    "a name twice, deep down": b'{"name": "a", "x": [{"b": 1, "b": 1}]}',
    "deep arrays": b"[" * 100_000 + b"]" * 100_000,
    "deep objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "invalid UTF-8": b'{"name": "\xff"}',
    "UTF-16": '{"name": "a"}'.encode("utf-16"),
    "a byte order mark": b'\xef\xbb\xbf{"name": "a"}',
    "half a surrogate pair": b'{"name": "\\ud83d"}',
    "half a surrogate pair as a name": b'{"name": "a", "\\uDE00": 1}',
    "a number of 5,000 digits": b'{"name": "a", "count": ' + b"9" * 5000 + b"}",
}


@pytest.mark.parametrize("body", NOT_JSON.values(), ids=NOT_JSON)
async def test_what_is_not_json_for_everyone_is_refused(body: bytes):
    answer = await client(body=Body).call(body=body)
    assert (answer.status, answer.json["code"]) == (400, "body_not_json")


async def test_a_whole_surrogate_pair_is_one_character():
    answer = await client(body=Body).call(body=b'{"name": "\\ud83d\\ude00"}')
    assert answer.json["body"]["name"] == "😀"


INVALID = {
    "nothing": (b"", "missing"),
    "null": (b"null", "null"),
    "a list": (b"[]", "array"),
    "a wrong type": (b'{"name": 1}', "$.name"),
    "a fraction for a count": (b'{"name": "a", "count": 1.5}', "$.count"),
    "a number too large to be one": (b'{"name": "a", "count": 1e999}', "$.count"),
    "an unknown member": (b'{"name": "a", "admin": true}', "admin"),
}


@pytest.mark.parametrize(("body", "named"), INVALID.values(), ids=INVALID)
async def test_json_of_another_shape_is_refused_and_the_member_named(body: bytes, named: str):
    answer = await client(body=Body).call(body=body)
    assert (answer.status, answer.json["code"]) == (400, "body_invalid")
    assert named in answer.json["detail"]


@pytest.mark.parametrize("media", ["text/plain", "application/x-www-form-urlencoded", "application/jsonx", "*/*"])
async def test_another_media_type_is_refused(media: str):
    answer = await client(body=Body).call(content_type=media)
    assert (answer.status, answer.json["code"]) == (400, "body_not_json")


@pytest.mark.parametrize("media", ["", "application/json", "Application/JSON; charset=utf-8"])
async def test_json_is_known_by_its_media_type_or_by_none(media: str):
    assert (await client(body=Body).call(content_type=media)).status == 200


@pytest.mark.parametrize("chunks", [1, 7])
async def test_a_mebibyte_is_taken_and_a_byte_more_is_not(chunks: int):
    frame = len(b'{"name": ""}')
    fits, over = (b'{"name": "' + b"a" * (MAX_BODY_BYTES - frame + more) + b'"}' for more in (0, 1))
    assert (await client(body=Body).call(body=fits, chunks=chunks)).status == 200
    answer = await client(body=Body).call(body=over, chunks=chunks)
    assert (answer.status, answer.json["code"]) == (413, "body_too_large")


@pytest.mark.parametrize("query", ["", "from=x", "from=1&from=2", "from=1&other=2", "to=x", "from=1.5"])
async def test_a_query_that_is_missing_wrong_unknown_or_doubled_is_refused(query: str):
    answer = await client(query=Query).call(query=query)
    assert (answer.status, answer.json["code"]) == (400, "query_invalid")


async def test_a_query_that_is_no_text_is_nobodys_fault_but_the_callers():
    tried = client(raising(AssertionError("not reached")), query=Query)
    answer = await tried.call(query=b"from=\xff")
    assert (answer.status, answer.json["code"]) == (400, "query_invalid")
    assert (await client().call(query=b"\xff")).status == 200


async def test_who_calls_is_asked_before_anything_is_read():
    async def nobody(_: Request) -> None:
        raise NotPermitted("unauthenticated", "a valid token is needed")

    answer = await Client(edge.Route("POST", "/", nobody, echo, body=Body)).call(body=b"x" * 2_000_000)
    assert (answer.status, answer.json["code"]) == (401, "unauthenticated")
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_a_problem_says_what_when_to_come_back_and_names_itself():
    problems = [await client(raising(Unavailable("too_many_requests", "wait", retry_after_s=42))).call() for _ in "ab"]
    first = problems[0]
    assert first.status == first.json["status"] == 429
    assert first.headers["retry-after"] == "42"
    assert first.headers["content-type"] == "application/problem+json"
    assert first.json["type"] == "urn:kagamino:problem:too_many_requests"
    assert first.json["detail"] == "wait"
    assert first.json["instance"] != problems[1].json["instance"]


@pytest.mark.parametrize(
    ("accept", "language"),
    [
        ("", "ja"),
        ("ja", "ja"),
        ("en", "en"),
        ("en-GB,en;q=0.9,ja;q=0.5", "en"),
        ("fr,en;q=0.2,ja;q=0.8", "ja"),
        ("fr", "ja"),
        ("en;q=x, ja", "ja"),
        ("," * 10_000 + "en", "ja"),
        ("*", "ja"),
    ],
)
async def test_words_are_in_the_readers_language(accept: str, language: str):
    answer = await client(raising(NotFound("not_connected"))).call(accept_language=accept)
    expected = {"ja": "連携されていません。", "en": "There is no such connection."}
    assert answer.json["title"] == expected[language]
    assert edge.language_of(accept) is Language(language)


async def test_what_nobody_expected_says_nothing_and_is_logged_without_its_message(capfd: pytest.CaptureFixture[str]):
    answer = await client(raising(RuntimeError("CANARY"))).call()
    assert (answer.status, answer.json["code"]) == (500, "unexpected")
    logged = capfd.readouterr().err
    assert "CANARY" not in logged + answer.body.decode()
    assert "RuntimeError" in logged


async def test_a_browser_is_told_of_a_fault_in_its_own_way():
    def told(fault: Fault, language: Language) -> edge.Reply:
        return edge.Redirect(f"https://app.example/?{fault.code}", f"{fault.code} {language}")

    for fault, query, code in (
        (NotFound("not_connected"), "from=1", "not_connected"),
        (RuntimeError("CANARY"), "from=1", "unexpected"),
        (RuntimeError("CANARY"), "from=1&from=2", "query_invalid"),
    ):
        answer = await client(raising(fault), query=Query, fault_told=told).call(query=query, accept_language="en")
        assert (answer.status, answer.headers["location"]) == (303, f"https://app.example/?{code}")
        assert (answer.body.decode(), answer.headers["cache-control"]) == (f"{code} en", "no-store")


async def test_a_page_that_tells_a_fault_says_as_much_in_its_headers_as_a_problem_does():
    def told(fault: Fault, language: Language) -> edge.Reply:
        return edge.Page(fault.code, 401 if fault.code == "unauthenticated" else 503)

    answer = await client(raising(NotPermitted("unauthenticated")), fault_told=told).call()
    assert (answer.status, answer.headers["www-authenticate"]) == (401, "Bearer")
    answer = await client(raising(Unavailable("store_unavailable", retry_after_s=3)), fault_told=told).call()
    assert (answer.status, answer.headers["retry-after"]) == (503, "3")


async def test_a_route_is_found_by_its_pattern_and_method():
    tried = Client(
        edge.Route("GET", "/", edge.anyone, echo),
        edge.Route("DELETE", "/{thing}", edge.anyone, echo),
        edge.Route("POST", "/{thing}/parts", edge.anyone, echo),
    )
    assert (await tried.call("DELETE", "/a%20b")).json["path"] == {"thing": "a%20b"}
    assert (await tried.call("POST", "/x/parts/")).json["path"] == {"thing": "x"}
    assert (await tried.call("GET", "/x/parts/y")).json["code"] == "no_such_route"
    assert (await tried.call("GET", "/")).json["path"] == {}
    wrong = await tried.call("PUT", "/x")
    assert (wrong.status, wrong.headers["allow"], wrong.json["code"]) == (405, "DELETE", "method_not_allowed")


async def test_an_address_written_out_is_not_one_of_a_pattern_with_a_name_in_it():
    tried = Client(
        edge.Route("GET", "/", edge.anyone, echo),
        edge.Route("DELETE", "/{thing}", edge.anyone, echo),
        edge.Route("POST", "/confirm", edge.anyone, echo),
    )
    for path, allowed in (("/", "GET"), ("/confirm", "POST"), ("/other", "DELETE")):
        answer = await tried.call("PUT", path)
        assert (answer.status, answer.headers["allow"]) == (405, allowed)
    assert (await tried.call("DELETE", "/confirm")).status == 405


QUEUE: list[tuple[Fault, int, str]] = [
    (InvalidInput("body_invalid"), 200, "parked"),
    (NotFound("not_connected"), 200, "parked"),
    (Refused("seal_broken"), 200, "parked"),
    (NotPermitted("unauthenticated"), 401, "unauthenticated"),
    (Conflict("precondition_failed"), 503, "precondition_failed"),
    (Unavailable("store_unavailable"), 503, "store_unavailable"),
    (OutcomeUnknown("commit_unknown"), 503, "commit_unknown"),
    (Unavailable("upstream_rate_limited", retry_after_s=9), 429, "upstream_rate_limited"),
]


@pytest.mark.parametrize(("fault", "status", "word"), QUEUE, ids=lambda part: getattr(part, "code", None))
async def test_the_queue_is_told_again_only_of_what_may_succeed_later(fault: Fault, status: int, word: str):
    answer = await client(raising(fault), queue=True).call()
    assert answer.status == status
    expected = {"parked": fault.code} if word == "parked" else {**answer.json, "code": word, "status": status}
    assert answer.json == expected


async def test_a_task_that_makes_no_sense_is_parked_and_logged(capfd: pytest.CaptureFixture[str]):
    answer = await client(body=Body, queue=True).call(body=b"[")
    assert (answer.status, answer.json) == (200, {"parked": "body_not_json"})
    assert '"event": "task.parked"' in capfd.readouterr().err


async def test_a_redirect_carries_a_page_that_runs_nothing():
    async def act(_: edge.Call) -> edge.Reply:
        return edge.Redirect("https://app.example/?a=b", "<p>戻る</p>")

    answer = await client(act).call()
    assert (answer.status, answer.headers["location"]) == (303, "https://app.example/?a=b")
    assert answer.body.decode() == "<p>戻る</p>"
    assert answer.headers["content-length"] == str(len(answer.body))
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "script" not in answer.headers["content-security-policy"]


async def test_a_page_is_html_with_the_same_policy():
    async def act(_: edge.Call) -> edge.Reply:
        return edge.Page("<p>a</p>", 202)

    answer = await client(act).call()
    assert (answer.status, answer.body) == (202, b"<p>a</p>")
    assert "default-src 'none'" in answer.headers["content-security-policy"]


async def test_a_page_may_have_a_policy_of_its_own():
    async def act(_: edge.Call) -> edge.Reply:
        return edge.Page("", policy={"script-src": "'self'", "style-src": "'sha256-x'"})

    policy = (await client(act).call()).headers["content-security-policy"].split("; ")
    assert {"default-src 'none'", "script-src 'self'", "style-src 'sha256-x'", "base-uri 'none'"} <= set(policy)
    assert not any("unsafe" in directive for directive in policy)


FORM = "application/x-www-form-urlencoded"


async def test_a_form_s_fields_become_typed():
    answer = await client(body=Body, form=True).call(body="name=花+%26&count=3".encode(), content_type=FORM)
    assert answer.json["body"] == {"name": "花 &", "count": 3}


@pytest.mark.parametrize(
    ("body", "media", "code"),
    [
        (b"name=a&name=b", FORM, "body_not_json"),
        (b"name", FORM, "body_not_json"),
        (b"name=%ff", FORM, "body_not_json"),
        (b"name=\xff", FORM, "body_not_json"),
        (b"&".join(b"a%d=" % n for n in range(101)), FORM, "body_not_json"),
        (b"name=a&other=b", FORM, "body_invalid"),
        (b"name=a&count=x", FORM, "body_invalid"),
        (b"", FORM, "body_invalid"),
        (b'{"name": "a"}', "application/json", "body_not_json"),
        (b"name=a", "text/plain", "body_not_json"),
        (b"name=a", "", "body_not_json"),
    ],
)
async def test_what_is_no_form_is_refused(body: bytes, media: str, code: str):
    answer = await client(body=Body, form=True).call(body=body, content_type=media)
    assert (answer.status, answer.json["code"]) == (400, code)


async def test_a_caller_who_left_is_no_fault_of_ours(capfd: pytest.CaptureFixture[str]):
    async def receive() -> Any:
        return {"type": "http.disconnect"}

    scope = {"type": "http", "method": "POST", "path": "/", "headers": [], "query_string": b""}
    response = await client(body=Body).app(Request(scope, receive))
    assert response.status_code == 499
    assert "ERROR" not in capfd.readouterr().err


async def test_routes_are_built_on_the_first_request_and_once():
    built: list[str] = []

    def routes() -> list[edge.Route]:
        built.append("once")
        return [edge.Route("POST", "/", edge.anyone, echo)]

    tried = Client()
    tried.app = edge.App("tried", routes)
    assert not built
    await tried.call()
    await tried.call()
    assert built == ["once"]


async def test_a_cookie_comes_back_to_this_host_alone_and_no_script_sees_it():
    async def act(_: edge.Call) -> edge.Reply:
        return edge.Page("", cookies=[edge.Cookie("lang", "en", lasts_s=60), edge.Cookie("other", "x-1")])

    response = await client(act).app(_request())
    assert response.headers.getlist("set-cookie") == [
        "__Host-lang=en; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=60",
        "__Host-other=x-1; Path=/; Secure; HttpOnly; SameSite=Strict",
    ]


async def test_a_redirect_may_bring_a_cookie_as_well():
    async def act(_: edge.Call) -> edge.Reply:
        return edge.Redirect("/x", "", cookies=[edge.Cookie("lang", "ja")])

    response = await client(act).app(_request())
    assert response.status_code == 303
    assert response.headers["set-cookie"].startswith("__Host-lang=ja;")


@pytest.mark.parametrize("value", ["", "a b", "a;b", "a\r\nb", "あ", "a=b"])
def test_a_cookie_holds_nothing_that_could_end_it(value: str):
    with pytest.raises(ValueError, match="a cookie"):
        edge.Cookie("lang", value).header()


@pytest.mark.parametrize(
    ("cookie", "language"),
    [
        ("__Host-lang=en", Language.EN),
        ("__Host-lang=ja", Language.JA),
        ("lang=en", Language.JA),
        ("__Host-lang=fr", Language.JA),
        ("__Host-lang=", Language.JA),
    ],
)
async def test_the_language_that_was_chosen_goes_before_the_browser_s(cookie: str, language: Language):
    answer = await client(body=Body).call(cookie=cookie, accept_language="ja")
    assert answer.json["language"] == language


def _request() -> Request:
    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    return Request({"type": "http", "method": "POST", "path": "/", "headers": [], "query_string": b""}, receive)
