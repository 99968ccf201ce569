"""Where what is put once stays as it is: an S3 bucket with Object Lock in COMPLIANCE mode.

In such a bucket a version can be removed by nobody before its time, the account's owner included. But a newer version
may be put on top, and a mark of deletion, which hide it from who asks for the newest. So it is the oldest version that
is read, and anything above it is reported.

Source: docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html and …/conditional-writes.html, November 2026.
"""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any, Protocol

from shared import log
from shared.errors import Conflict, Refused, Unavailable

ALREADY_THERE = "PreconditionFailed"


class Calls(Protocol):
    """What reaches AWS: `aws.Aws`."""

    async def call(self, service: str, operation: str, **arguments: Any) -> dict[str, Any]:
        """One call of boto3."""
        ...


class S3Anchors:
    """The anchors in one bucket. Answers `audit.ports.Anchors`."""

    def __init__(self, aws: Calls, bucket: str) -> None:
        self._aws = aws
        self._bucket = bucket

    async def put(self, name: str, content: bytes, kept_until: datetime) -> None:
        """Keep `content` under `name` at least until then; where the very same is there already, it is done.

        Raises Conflict `anchor_differs`, Unavailable `anchors_unavailable` (it may have happened; putting the same
        again is right), Refused `anchors_refused`.
        """
        there = await self.get(name)
        if there is None and not await self._created(name, content, kept_until):
            there = await self.get(name)
        if there is not None and there != content:
            raise Conflict("anchor_differs", name)

    async def get(self, name: str) -> bytes | None:
        """What was put under `name` first, or None. Raises Unavailable and Refused as `put`."""
        versions = [version async for key, version in self._listed(name) if key == name]
        real = [version for version in versions if "Size" in version]
        if len(versions) > 1 or len(real) != len(versions):
            log.event("anchors.tampered", "ERROR", count=len(versions))
        if not real:
            return None
        answer = await self._call("get_object", Key=name, VersionId=real[-1]["VersionId"])
        found: bytes = answer["Body"]
        return found

    async def names(self, prefix: str) -> list[str]:
        """Every name that begins with `prefix` and something was ever put under, sorted. Raises as `get`."""
        return sorted({key async for key, version in self._listed(prefix) if "Size" in version})

    async def _created(self, name: str, content: bytes, kept_until: datetime) -> bool:
        try:
            await self._aws.call(
                "s3",
                "put_object",
                Bucket=self._bucket,
                Key=name,
                Body=content,
                ContentType="application/octet-stream",
                IfNoneMatch="*",
                ObjectLockMode="COMPLIANCE",
                ObjectLockRetainUntilDate=kept_until,
            )
        except Refused as refused:
            if refused.more["said"] == ALREADY_THERE:
                return False
            raise Refused("anchors_refused", refused.detail) from refused
        except Unavailable as failed:
            raise Unavailable("anchors_unavailable", failed.detail) from failed
        return True

    async def _listed(self, prefix: str) -> AsyncIterator[tuple[str, dict[str, Any]]]:
        """(key, version or mark of deletion), in order of keys, the newest of each first. Marks have no `Size`."""
        position: dict[str, str] = {}
        while True:
            page = await self._call("list_object_versions", Prefix=prefix, **position)
            found = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
            for one in sorted(found, key=lambda one: str(one["Key"])):  # stable: versions stay in S3's own order
                yield one["Key"], one
            if not page.get("IsTruncated"):
                return
            position = {"KeyMarker": page["NextKeyMarker"], "VersionIdMarker": page.get("NextVersionIdMarker", "")}
            position = {name: value for name, value in position.items() if value}

    async def _call(self, operation: str, **arguments: Any) -> dict[str, Any]:
        try:
            return await self._aws.call("s3", operation, Bucket=self._bucket, **arguments)
        except Refused as refused:
            raise Refused("anchors_refused", refused.detail) from refused
        except Unavailable as failed:
            raise Unavailable("anchors_unavailable", failed.detail) from failed
