"""serverless.yaml's rules: what they let through, and what they name when they do not."""

import copy
from typing import Any

import pytest
import yaml

from infra.manifest import ROOT, ManifestError, load, parse
from shared.config import Settings
from shared.config import load as load_settings


@pytest.fixture
def table():
    return copy.deepcopy(yaml.safe_load((ROOT / "serverless.yaml").read_text(encoding="utf-8")))


def faults_of(table):
    with pytest.raises(ManifestError) as caught:
        parse(table)
    return caught.value.faults


def test_the_table_keeps_its_own_rules():
    manifest = load()
    assert manifest.functions["sync_user"].called_by == ("tasks",)
    assert manifest.queues["revocation"].path == "/revoke_due"


def test_a_function_is_public_exactly_if_people_call_it():
    public = {name for name, function in load().functions.items() if function.public}
    others = {"audit_checkpoint", "case_work", "mail", "retention", "sync_dispatch", "sync_user"}
    assert public == set(load().functions) - others


def test_every_faulty_row_is_named_at_once(table):
    table["functions"]["consent"]["memory"] = "lots"
    table["functions"]["measurement"]["timeout"] = "soon"
    table["queues"]["sync"]["rate"]["per_second"] = 501
    table["unheard_of"] = 1
    named = "\n".join(faults_of(table))
    for place in ("functions.consent", "functions.measurement", "queues.sync", "unheard_of"):
        assert place in named


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda t: t["functions"]["consent"].update(secrets=["nosuch"]), "no such secret: nosuch"),
        (lambda t: t["functions"]["consent"].update(enqueues=["nosuch"]), "no such queue: nosuch"),
        (lambda t: t["functions"]["consent"].update(databases=["default", "default"]), "a database stands twice"),
        (lambda t: t["functions"]["consent"].update(reads_only=["keys"]), "reads only keys, which is none of its"),
        (lambda t: t["functions"]["consent"].update(called_by=[]), "nobody calls it"),
        (lambda t: t["functions"]["sync_user"].update(trigger="https"), "does not suit callers tasks"),
        (lambda t: t["functions"]["sync_user"].update(called_by=["tasks", "app_user"]), "does not suit callers"),
        (lambda t: t["functions"]["consent"].update(called_by=["app_user", "tasks"]), "no queue names it"),
        (lambda t: t["functions"]["consent"].update(called_by=["app_user", "scheduler"]), "no schedule names it"),
        (lambda t: t["functions"]["consent"].update(instances={"min": 3, "max": 2}), "fewer instances at most"),
        (lambda t: t["schedules"]["sync_tick"].update(function="nosuch"), "no such function: nosuch"),
        (lambda t: t["schedules"]["sync_tick"].update(function="consent"), "does not list scheduler"),
        (lambda t: t["schedules"]["sync_tick"].update(deadline=540), "not above sync_dispatch's timeout"),
        (lambda t: t["queues"]["sync"].update(deadline=300), "not above sync_user's timeout"),
        (lambda t: t["queues"]["sync"]["retry"].update(min_backoff=901), "min_backoff above max_backoff"),
        (lambda t: t["settings"]["fixed"].update(REGION="x"), "both fixed and of the deployment"),
    ],
)
def test_rows_that_contradict_each_other_are_refused(table, change, fault):
    change(table)
    assert any(fault in found for found in faults_of(table)), fault


@pytest.mark.parametrize("raw", [None, [], "text", {}])
def test_what_is_no_table_is_refused(raw):
    assert faults_of(raw)


def test_a_key_given_twice_is_refused(tmp_path):
    twice = (ROOT / "serverless.yaml").read_text(encoding="utf-8") + "\nservice: other\n"
    (tmp_path / "serverless.yaml").write_text(twice, encoding="utf-8")
    with pytest.raises(ManifestError, match="'service' stands twice"):
        load(tmp_path / "serverless.yaml")


def test_every_setting_without_a_default_is_given_to_the_functions():
    settings = load().settings
    example = {
        "ANCHORS": "s3:anchors",
        "APP_LINK": "https://app.example/linked",
        "AWS_AUDIENCE": "kagamino-aws",
        "AWS_ROLE": "arn:aws:iam::123456789012:role/kagamino",
        "FIREBASE_API_KEY": "k",
        "FIREBASE_PROJECT": "p",
        "GOOGLE_CLIENT_ID": "id",
        "IAP_AUDIENCE": "/projects/1/global/backendServices/2",
        "MACHINE_URL": "https://machines.example",
        "MAIL_CONFIGURATION_SET": "kagamino",
        "MAIL_EVENTS_URL": "https://sqs.ap-northeast-1.amazonaws.com/123456789012/mail-events",
        "MAIL_FROM": "privacy@kagamino.example",
        "PROJECT": "p",
        "PUBLIC_URL": "https://functions.example",
        "REGION": "asia-northeast1",
        "SCHEDULER_ACCOUNT": "scheduler@p.iam.gserviceaccount.com",
        "TASKS_ACCOUNT": "tasks@p.iam.gserviceaccount.com",
    }
    assert set(settings.deployment) == set(example)
    load_settings({**settings.fixed, **example})


def test_no_environment_name_is_unknown_to_the_settings():
    known = {name.upper() for name in Settings.__dataclass_fields__}
    settings = load().settings
    assert {*settings.fixed, *settings.deployment} <= known


def setting(name):
    """A number every deployed function runs with: the table's, or else the setting's default."""
    given = load().settings.fixed.get(name.upper())
    defaults: dict[str, Any] = Settings.__dataclass_fields__
    return int(given or defaults[name].default)


def test_deadlines_nest_work_within_its_function_and_that_within_its_delivery():
    manifest = load()
    assert setting("sync_deadline_s") < manifest.functions["sync_user"].timeout < manifest.queues["sync"].deadline
    tick = manifest.functions["sync_dispatch"].timeout
    assert setting("dispatch_budget_s") < tick < manifest.schedules["sync_tick"].deadline


def test_an_instance_takes_no_more_users_than_it_fetches_at_a_time():
    assert load().functions["sync_user"].concurrency <= setting("users_in_flight")
