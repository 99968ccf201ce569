"""What is deployed, watched and written down agree with each other and with the code."""

import ast
import json
import re

import pytest
import yaml

from infra import indexes
from infra.imports import closure
from infra.manifest import ROOT, load

ALERTS = yaml.safe_load((ROOT / "infra/tofu/alerts.yaml").read_text(encoding="utf-8"))
PLAYBOOKS = {path.stem: path.read_text(encoding="utf-8") for path in (ROOT / "infra/playbooks").glob("*.md")}
SOURCES = "\n".join(
    path.read_text(encoding="utf-8") for place in ("functions", "shared") for path in (ROOT / place).rglob("*.py")
)
ENQUEUED = re.compile(r'enqueue\(\s*"(\w+)",\s*"([\w/]+)"')
"""A queue's name and where its task goes, as the code gives them."""

VAULT = ast.parse((ROOT / "shared/cloud/vault.py").read_text(encoding="utf-8"))
DATA_KEYS, SHREDDER = (
    next(each for each in VAULT.body if isinstance(each, ast.ClassDef) and each.name == name)
    for name in ("DataKeys", "KeyShredder")
)

TOFU = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "infra/tofu").glob("*.tf"))


def test_every_alert_has_its_playbook_and_every_playbook_its_alert():
    assert set(PLAYBOOKS) == set(ALERTS)


@pytest.mark.parametrize("name", sorted(PLAYBOOKS))
def test_a_playbook_says_what_it_means_where_to_look_and_what_to_do(name):
    japanese, english = PLAYBOOKS[name].split("\n---\n\n")
    assert english.startswith(f"# {ALERTS[name]['title']}\n")
    for part in ("**意味：**", "**最初に見る所**", "**対処**"):
        assert part in japanese
    for part in ("**What it means.**", "**First looks**", "**Remedies**"):
        assert part in english


@pytest.mark.parametrize("name", sorted(name for name, alert in ALERTS.items() if "log" in alert))
def test_an_alert_counts_events_that_some_code_really_logs(name):
    events = re.findall(r'"([a-z_]+(?:\.[a-z_]+)?)"', ALERTS[name]["log"].split("AND")[0])
    assert events
    for event in events:
        assert re.search(rf'event\(\s*"{re.escape(event)}"', SOURCES), event


def test_the_deployment_s_indexes_are_the_code_s():
    written = (ROOT / "infra/tofu/indexes.json").read_text(encoding="utf-8")
    assert json.loads(written) == json.loads(indexes.listed()), "run: python -m infra.indexes"


def test_documents_that_expire_are_documents_the_code_writes():
    for database in load().databases.values():
        for collection, field in database.expires.items():
            assert f'"{collection}/' in SOURCES
            assert f"{field}: datetime" in SOURCES


def test_every_setting_of_the_deployment_has_a_value_in_tofu():
    table = re.search(r"deployment = \{\n(.*?)\n  \}", TOFU, re.DOTALL)
    assert table
    given = set(re.findall(r"^ {4}([A-Z_]+) +=", table[1], re.MULTILINE))
    assert given == set(load().settings.deployment)


@pytest.mark.parametrize("name", sorted(load().functions))
def test_a_function_has_exactly_the_rights_that_its_code_can_use(name):
    reached = {str(path.relative_to(ROOT)) for path in closure(ROOT / "functions" / name / "main.py", ROOT).files}
    function = load().functions[name]
    assert bool(function.enqueues) == ("shared/cloud/tasks.py" in reached)
    assert bool(function.secrets) == ("shared/cloud/secrets.py" in reached)
    # What anybody may call shares the code that links, and seals a token with it; data keys it never opens.
    # `disclosure` hands people's own data to whoever has a one-time link and its code: infra/decisions/0018.
    knows_callers = name == "disclosure" or not {"anyone", "browser"} & set(function.called_by)
    opens_data = knows_callers and "shared/cloud/vault.py" in reached
    assert ("keys" in function.databases) == opens_data
    texts = [(ROOT / path).read_text(encoding="utf-8") for path in sorted(reached - {"shared/cloud/vault.py"})]
    writes_keys = any(re.search(rf"\.({'|'.join(writing(DATA_KEYS) + writing(SHREDDER))})\(", text) for text in texts)
    # Only keys are ever merely read: every function writes what the default database holds.
    assert set(function.reads_only) == ({"keys"} if opens_data and not writes_keys else set())
    asked = {queue for text in texts for queue, _ in ENQUEUED.findall(text)}
    assert set(function.enqueues) <= asked


def writing(kind: ast.ClassDef) -> list[str]:
    """The methods of a class that commit something."""
    return [
        each.name for each in kind.body if isinstance(each, ast.AsyncFunctionDef) and ".commit(" in ast.unparse(each)
    ]


def test_what_writes_data_keys_is_found():
    assert writing(DATA_KEYS) == ["ensure", "rewrap"]
    assert writing(SHREDDER) == ["destroy"]


def test_tasks_are_sent_where_their_queue_calls():
    queues = load().queues
    sent = set(ENQUEUED.findall(SOURCES))
    assert sent == {(name, f"{queue.function}{queue.path}") for name, queue in queues.items()}


def test_a_tick_knows_how_far_the_next_one_is():
    every = re.fullmatch(r"\*/(\d+) \* \* \* \*", load().schedules["sync_tick"].cron)
    told = re.search(r"TICK_S = (\d+)", (ROOT / "functions/sync_dispatch/main.py").read_text(encoding="utf-8"))
    assert every
    assert told
    assert int(told[1]) == int(every[1]) * 60
