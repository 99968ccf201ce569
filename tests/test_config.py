import pytest

from shared.config import Settings, load
from shared.errors import Refused

GIVEN = {
    "DOCUMENTS": "firestore",
    "PUBLIC_URL": "https://functions.example/",
    "FIREBASE_PROJECT": "p",
    "FIREBASE_API_KEY": "k",
    "SCHEDULER_ACCOUNT": "s@p",
    "TASKS_ACCOUNT": "t@p",
    "GOOGLE_CLIENT_ID": "c",
    "APP_LINK": "https://app.example/linked",
    "AWS_ROLE": "arn:aws:iam::1:role/kagamino",
    "ANCHORS": "s3:anchors",
    "MAIL_FROM": "privacy@kagamino.example",
    "MAIL_CONFIGURATION_SET": "kagamino",
    "MAIL_EVENTS_URL": "https://sqs.example/1/mail-events",
}


def test_what_is_given_and_what_is_not():
    settings = load(GIVEN)
    assert settings.public_url == "https://functions.example"
    assert settings.overlap_days == 30
    assert settings.development == 0


def test_everything_that_is_missing_or_wrong_is_told_at_once():
    with pytest.raises(Refused) as refused:
        load({"SYNC_INTERVAL_S": "soon", "DUE_SHARDS": "0", "BACKFILL_DAYS": "-1"})
    for name in ("DOCUMENTS", "PUBLIC_URL", "APP_LINK", "SYNC_INTERVAL_S", "DUE_SHARDS", "BACKFILL_DAYS"):
        assert name in refused.value.detail


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SYNC_INTERVAL_S", "60"),
        ("SYNC_DEADLINE_S", "1501"),
        ("USER_CALLS_PER_MINUTE", "301"),
        ("OVERLAP_DAYS", "0"),
        ("DOCUMENTS", "mongodb://x"),
        ("APP_LINK", "kagamino://linked"),
        ("PUBLIC_URL", "http://functions.example"),
        ("MACHINE_URL", "http://functions.example"),
        ("TASKS_ENDPOINT", "127.0.0.1:1"),
        ("SECRETS_ENDPOINT", "127.0.0.1:1"),
        ("FIREBASE_API_KEY", ""),
        ("IAP_AUDIENCE", "https://staff.example"),
        ("AWS_ENDPOINT", "http://127.0.0.1:1"),
        ("AWS_ROLE", ""),
        ("ANCHORS", ""),
        ("ANCHORS", "folder:/anchors"),
        ("MAIL_FROM", ""),
        ("MAIL_CONFIGURATION_SET", ""),
        ("MAIL_EVENTS_URL", ""),
    ],
)
def test_a_dangerous_value_is_refused_by_name(name, value):
    with pytest.raises(Refused) as refused:
        load({**GIVEN, name: value})
    assert name in refused.value.detail


def test_a_developers_machine_may_be_plain():
    plain = {"PUBLIC_URL": "http://127.0.0.1:8080", "APP_LINK": "kagamino://linked", "TASKS_ENDPOINT": "127.0.0.1:1"}
    assert load({**GIVEN, **plain, "DEVELOPMENT": "1"}).tasks_endpoint == "127.0.0.1:1"


def test_no_credential_is_a_setting():
    assert not [f for f in Settings.__dataclass_fields__ if "secret" in f and f != "secrets_endpoint"]
