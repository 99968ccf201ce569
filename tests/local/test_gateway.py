"""The one address that leads to every function."""

import json

import pytest
from starlette.responses import PlainTextResponse

from infra.local.gateway import Gateway
from infra.local.in_process import call
from shared.problems import PROBLEMS

GATEWAY = Gateway({"front": PlainTextResponse("front"), "back": PlainTextResponse("back")}, {})


async def test_the_first_segment_names_the_function():
    assert (await call(GATEWAY, "GET", "/back/deep")).body == b"back"


@pytest.mark.parametrize("path", ["/", "/nobody/here", "/frontal"])
@pytest.mark.parametrize("accept", ["", "en-GB,ja;q=0.5"])
async def test_an_unknown_name_is_a_problem_that_names_the_functions_there_are(path, accept):
    answer = await call(GATEWAY, "GET", path, headers={"accept-language": accept})
    assert answer.status == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"
    problem = json.loads(answer.body)
    assert problem.pop("instance").startswith("urn:kagamino:request:")
    assert problem == {
        "type": "urn:kagamino:problem:no_such_route",
        "code": "no_such_route",
        "status": 404,
        "title": PROBLEMS["no_such_route"].en if accept else PROBLEMS["no_such_route"].ja,
        "detail": "functions: back, front",
    }
