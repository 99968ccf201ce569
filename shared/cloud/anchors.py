"""Which write-once store the audit log is anchored in, and one in a folder, for one machine."""

import asyncio
import os
import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol, TypeVar

from shared.cloud.s3_anchors import Calls, S3Anchors
from shared.errors import Conflict, Refused, Unavailable
from shared.ids import RandomIds

T = TypeVar("T")

_NAME = re.compile(r"(?!.*\.\.)[A-Za-z0-9._-][A-Za-z0-9._/-]{0,199}")
_PARTIAL = ".partial-"


class WriteOnce(Protocol):
    """See `audit.ports.Anchors`."""

    async def put(self, name: str, content: bytes, kept_until: datetime) -> None: ...

    async def get(self, name: str) -> bytes | None: ...

    async def names(self, prefix: str) -> list[str]: ...


def open_anchors(where: str, aws: Calls | None = None) -> WriteOnce:
    """The store that the setting `anchors` names: `folder:PATH` or `s3:BUCKET`. Nothing is connected yet.

    A bucket is reached by `aws`; without it with whatever credentials boto3 finds, which are an auditor's own.
    Raises Refused `settings`: it names neither.
    """
    scheme, _, place = where.partition(":")
    if scheme == "s3" and place:
        return S3Anchors(aws or OwnCredentials(), place)
    if scheme != "folder" or not place:
        raise Refused("settings", "ANCHORS is neither folder:PATH nor s3:BUCKET")
    return FolderAnchors(Path(place))


class OwnCredentials:
    """As `aws.Aws`, for people at their own machines: boto3 with their own profile, and its own retries."""

    async def call(self, service: str, operation: str, **arguments: Any) -> dict[str, Any]:
        """One call of boto3. A `Body` comes back as bytes."""
        return await asyncio.to_thread(self._call, service, operation, arguments)

    def _call(self, service: str, operation: str, arguments: dict[str, Any]) -> dict[str, Any]:
        import boto3

        answer: dict[str, Any] = getattr(boto3.client(service), operation)(**arguments)
        return {**answer, "Body": answer["Body"].read()} if "Body" in answer else answer


class FolderAnchors:
    """Files in a folder, each made once. Only as safe as the folder: for one machine, and for what was exported."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def put(self, name: str, content: bytes, kept_until: datetime) -> None:
        """See `audit.ports.Anchors`."""
        await asyncio.to_thread(_safely, self._put, name, content)

    async def get(self, name: str) -> bytes | None:
        """See `audit.ports.Anchors`."""
        return await asyncio.to_thread(_safely, self._get, name)

    async def names(self, prefix: str) -> list[str]:
        """See `audit.ports.Anchors`."""
        return await asyncio.to_thread(_safely, self._names, prefix)

    def _put(self, name: str, content: bytes) -> None:
        place = self._place(name)
        place.parent.mkdir(parents=True, exist_ok=True)
        partial = self._folder / f"{_PARTIAL}{RandomIds().ident()}"
        partial.write_bytes(content)
        try:
            os.link(partial, place)  # fails where the name is taken; and nobody ever sees half a file
        except FileExistsError:
            if place.read_bytes() != content:
                raise Conflict("anchor_differs", name) from None
        finally:
            partial.unlink()

    def _get(self, name: str) -> bytes | None:
        place = self._place(name)
        return place.read_bytes() if place.is_file() else None

    def _names(self, prefix: str) -> list[str]:
        # Only the folders that the prefix leads to are looked into.
        within = self._folder / prefix.rpartition("/")[0]
        files = (path for path in within.rglob("*") if path.is_file() and not path.name.startswith(_PARTIAL))
        names = (path.relative_to(self._folder).as_posix() for path in files)
        return sorted(name for name in names if name.startswith(prefix))

    def _place(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise ValueError(f"not an anchor's name: {name!r}")
        return self._folder / name


def _safely(work: Callable[..., T], *args: object) -> T:
    try:
        return work(*args)
    except PermissionError as denied:
        raise Refused("anchors_refused", type(denied).__name__) from denied
    except OSError as failed:
        raise Unavailable("anchors_unavailable", type(failed).__name__) from failed
