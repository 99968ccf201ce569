import pytest

from shared.cloud.http import Answer
from shared.errors import Unavailable
from shared.source.google_fit.retry import ATTEMPTS, patiently


class Upstream:
    """Answers in turn; an exception is raised."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.calls = 0

    async def __call__(self):
        self.calls += 1
        one = self.answers.pop(0)
        if isinstance(one, Exception):
            raise one
        return one


def status(code, **headers):
    return Answer(code, {k.replace("_", "-"): v for k, v in headers.items()}, b"")


LOST = Unavailable("upstream_unavailable")


@pytest.mark.parametrize("first", [status(500), status(502), status(503), status(504), LOST])
async def test_a_passing_fault_is_tried_again(clock, first):
    upstream = Upstream(first, status(200))
    assert (await patiently(upstream, clock)).status == 200
    assert upstream.calls == 2


@pytest.mark.parametrize("first", [status(200), status(400), status(401), status(403), status(404), status(429)])
async def test_everything_else_is_handed_back_at_once(clock, first):
    upstream = Upstream(first)
    assert await patiently(upstream, clock) is first
    assert upstream.calls == 1


async def test_it_stops_after_three(clock):
    upstream = Upstream(*[status(503)] * 5)
    assert (await patiently(upstream, clock)).status == 503
    assert upstream.calls == ATTEMPTS == 3
    lost = Upstream(*[LOST] * 5)
    with pytest.raises(Unavailable):
        await patiently(lost, clock)
    assert lost.calls == 3


async def test_a_long_wait_that_google_asks_for_is_left_to_the_schedule(clock):
    upstream = Upstream(status(503, retry_after="30"), status(200))
    assert (await patiently(upstream, clock)).status == 503


async def test_an_oversized_answer_is_not_fetched_again(clock):
    upstream = Upstream(Unavailable("upstream_malformed"), status(200))
    with pytest.raises(Unavailable, match="upstream_malformed"):
        await patiently(upstream, clock)
    assert upstream.calls == 1
