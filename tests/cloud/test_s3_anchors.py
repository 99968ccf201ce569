"""What a store of anchors promises, asked of S3 as moto has it."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from infra.local.aws import BUCKET
from shared.cloud.aws import Aws
from shared.cloud.s3_anchors import S3Anchors
from shared.errors import Conflict, Refused, Unavailable
from shared.ids import RandomIds
from tests.aws import settings_of

UNTIL = dt.datetime(2036, 11, 25, tzinfo=dt.UTC)


@pytest.fixture
def anchors(aws: Aws) -> S3Anchors:
    return S3Anchors(aws, BUCKET)


@pytest.fixture
def name() -> str:
    return f"{RandomIds().ident()}/2026-11-25.json"


async def forge(raw: Callable[..., Any], name: str, content: bytes) -> None:
    await raw("s3", "put_object", Bucket=BUCKET, Key=name, Body=content)


async def test_what_was_never_put_is_not_there(anchors: S3Anchors, name: str):
    assert await anchors.get(name) is None


async def test_what_was_put_comes_back_and_putting_it_again_is_fine(anchors: S3Anchors, name: str):
    content = bytes(range(256))
    await anchors.put(name, content, UNTIL)
    await anchors.put(name, content, UNTIL)
    assert await anchors.get(name) == content


async def test_other_content_is_refused_and_what_is_there_stays(anchors: S3Anchors, name: str):
    await anchors.put(name, b"first", UNTIL)
    with pytest.raises(Conflict, match="anchor_differs"):
        await anchors.put(name, b"second", UNTIL)
    assert await anchors.get(name) == b"first"


async def test_it_is_locked_until_then_and_nobody_can_remove_it(anchors: S3Anchors, name: str, raw: Callable[..., Any]):
    await anchors.put(name, b"first", UNTIL)
    seen = await raw("s3", "head_object", Bucket=BUCKET, Key=name)
    assert (seen["ObjectLockMode"], seen["ObjectLockRetainUntilDate"]) == ("COMPLIANCE", UNTIL)
    for bypass in (False, True):
        with pytest.raises(Refused):
            await raw(
                "s3",
                "delete_object",
                Bucket=BUCKET,
                Key=name,
                VersionId=seen["VersionId"],
                BypassGovernanceRetention=bypass,
            )
    assert await anchors.get(name) == b"first"


async def test_a_version_on_top_hides_nothing_and_is_reported(
    anchors: S3Anchors, name: str, raw: Callable[..., Any], capsys: pytest.CaptureFixture[str]
):
    await anchors.put(name, b"first", UNTIL)
    assert "anchors.tampered" not in capsys.readouterr().err
    await forge(raw, name, b"forged")
    await forge(raw, name, b"forged again")
    assert await anchors.get(name) == b"first"
    assert '"ERROR", "event": "anchors.tampered"' in capsys.readouterr().err
    await anchors.put(name, b"first", UNTIL)
    with pytest.raises(Conflict, match="anchor_differs"):
        await anchors.put(name, b"forged again", UNTIL)


async def test_a_mark_of_deletion_hides_nothing_and_is_reported(
    anchors: S3Anchors, name: str, raw: Callable[..., Any], capsys: pytest.CaptureFixture[str]
):
    await anchors.put(name, b"first", UNTIL)
    await raw("s3", "delete_object", Bucket=BUCKET, Key=name)
    assert await anchors.get(name) == b"first"
    assert "anchors.tampered" in capsys.readouterr().err
    with pytest.raises(Conflict, match="anchor_differs"):
        await anchors.put(name, b"second", UNTIL)
    assert await anchors.names(name) == [name]


async def test_names_are_those_with_the_prefix_sorted_however_many(
    anchors: S3Anchors, aws: Aws, raw: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
):
    folder = RandomIds().ident()
    wanted = [f"{folder}/{number:03}" for number in range(12)]
    for each in (*reversed(wanted), f"{folder}0"):
        await anchors.put(each, b"x", UNTIL)
    await forge(raw, wanted[3], b"on top")
    await raw("s3", "delete_object", Bucket=BUCKET, Key=wanted[5])
    assert await anchors.names(f"{folder}/") == wanted
    assert await S3Anchors(SmallPages(aws), BUCKET).names(f"{folder}/") == wanted
    assert await S3Anchors(SmallPages(aws), BUCKET).get(wanted[3]) == b"x"


class SmallPages:
    """AWS that gives little at a time."""

    def __init__(self, aws: Aws) -> None:
        self.aws = aws

    async def call(self, service: str, operation: str, **arguments: Any) -> dict[str, Any]:
        few = {"MaxKeys": 2} if operation == "list_object_versions" else {}
        return await self.aws.call(service, operation, **arguments, **few)


async def test_a_race_has_one_winner(aws: Aws, name: str):
    class Late(S3Anchors):
        """Looks, and is overtaken before it puts."""

        async def _created(self, name: str, content: bytes, kept_until: dt.datetime) -> bool:
            await S3Anchors(aws, BUCKET).put(name, b"overtaken", kept_until)
            return await super()._created(name, content, kept_until)

    with pytest.raises(Conflict, match="anchor_differs"):
        await Late(aws, BUCKET).put(name, b"late", UNTIL)
    assert await S3Anchors(aws, BUCKET).get(name) == b"overtaken"
    await Late(aws, BUCKET).put(f"{name}.2", b"overtaken", UNTIL)


async def test_faults_are_told_as_anchors_own(aws: Aws, name: str):
    nowhere = S3Anchors(aws, "no-such-bucket")
    away = Aws(settings_of(AWS_ENDPOINT="http://127.0.0.1:9"), function="x", http=None, clock=None)  # type: ignore[arg-type]
    for act in (nowhere.put(name, b"", UNTIL), nowhere.get(name), nowhere.names("")):
        with pytest.raises(Refused, match="anchors_refused"):
            await act
    with pytest.raises(Unavailable, match="anchors_unavailable"):
        await S3Anchors(away, BUCKET).get(name)
