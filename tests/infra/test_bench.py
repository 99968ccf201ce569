import json

import pytest

from infra.bench import __main__ as bench
from infra.bench.codec import in_rounds, of_rounds
from infra.bench.latency import chain_s
from infra.bench.targets import Part, Target, spread


def test_a_target_is_met_up_to_its_limit_and_no_further():
    assert Target("t", 1.5, 1.5).met
    assert not Target("t", 1.501, 1.5).met
    assert Target("t", 2, 1).document() == {"name": "t", "measured": 2, "limit": 1, "unit": "", "pass": False}


def test_a_chain_is_what_waits_for_each_other_and_no_more():
    root = "/fitness/v1/users/me"
    asked = [
        ("/token?[]", 1.0),
        (f'{root}/dataSources?[["dataTypeName", "x"]]', 2.0),
        (f"{root}/dataSources/a/datasets/1-2?[]", 4.0),
        (f'{root}/dataSources/a/datasets/1-2?[["pageToken", "p"]]', 4.0),
        (f"{root}/dataSources/a/datasets/0-1?[]", 5.0),
        (f"{root}/dataSources/a/dataPointChanges?[]", 3.0),
        (f'{root}/sessions?[["includeDeleted", "true"]]', 1.0),
        (f'{root}/sessions?[["startTime", "t"]]', 6.5),
    ]
    assert chain_s(asked) == 1 + 2 + (4 + 4)
    assert chain_s([]) == 0


def test_spread_says_the_middle_and_the_ends():
    assert spread([3.0, 1.0, 2.0]) == {"median": 2.0, "p95": 3.0, "least": 1.0, "most": 3.0, "n": 3}


def test_a_ratio_is_of_what_was_measured_in_the_same_round():
    # Twice busy for one of them alone; the medians of the two sides would say 5.
    assert of_rounds([1, 10, 10], [2, 2, 20]) == {"median": 0.5, "p95": 5.0, "least": 0.5, "most": 5.0, "n": 3}


def test_each_round_measures_everything_once_in_an_order_of_its_own():
    done: list[str] = []
    steps = {name: lambda name=name: done.append(name) for name in "abcd"}
    ticks = iter(range(1000))
    took = in_rounds(steps, 20, clock=lambda: float(next(ticks)))
    orders = [tuple(done[at : at + 4]) for at in range(0, 80, 4)]
    assert all(sorted(order) == list("abcd") for order in orders)
    assert len({order.index("a") for order in orders}) == 4
    assert took == {name: [1000.0] * 20 for name in "abcd"}


@pytest.mark.parametrize(("measured", "status"), [(1, 0), (3, 1)])
def test_what_is_not_met_is_named_in_the_document_and_in_the_exit_status(tmp_path, capsys, measured, status):
    async def never():
        pytest.fail("it was not asked for")

    async def part():
        return Part([Target("a number", measured, 2)], {"of": "note"})

    out = tmp_path / "out" / "bench.json"
    with pytest.raises(SystemExit) as ended:
        bench.main(["operations"], {"operations": part, "other": never}, out)
    assert ended.value.code == status
    document = json.loads(capsys.readouterr().out)
    assert document == json.loads(out.read_text(encoding="utf-8"))
    assert document["not_met"] == ["operations: a number"] * status
    assert document["parts"]["operations"]["of"] == "note"
    assert document["machine"]["cores"] >= 1
