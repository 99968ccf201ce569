"""serverless.yaml as checked values: the table of deployed functions, and the rules it must keep.

Everything that reads the table reads it from here, so a wrong table fails the same way everywhere, with every fault
named at once.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import msgspec
import yaml

ROOT = Path(__file__).resolve().parent.parent
"""Where the repository's files are."""

Name = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_]{2,26}$")]
Seconds = Annotated[int, msgspec.Meta(ge=1, le=3600)]
Caller = Literal["app_user", "institution", "anyone", "browser", "staff", "scheduler", "tasks"]

PUBLIC: frozenset[Caller] = frozenset({"app_user", "institution", "anyone", "browser", "staff"})
"""Callers that Google's own front end cannot tell apart: the function itself must."""


class ManifestError(ValueError):
    """serverless.yaml breaks its rules. `faults` names every one."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("serverless.yaml:\n  " + "\n  ".join(faults))
        self.faults = faults


class Instances(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How many instances may run at once."""

    min: Annotated[int, msgspec.Meta(ge=0, le=100)]
    max: Annotated[int, msgspec.Meta(ge=1, le=1000)]


class Function(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One deployed function: who calls it, what it may touch, how much of a machine it gets."""

    title: str
    trigger: Literal["https", "schedule", "queue"]
    called_by: tuple[Caller, ...]
    databases: tuple[str, ...]
    secrets: tuple[str, ...]
    enqueues: tuple[str, ...]
    memory: Literal["256Mi", "512Mi", "1Gi", "2Gi", "4Gi"]
    cpu: Literal[1, 2, 4]
    concurrency: Annotated[int, msgspec.Meta(ge=1, le=1000)]
    instances: Instances
    timeout: Seconds
    reads_only: tuple[str, ...] = ()
    files: tuple[str, ...] = ()

    @property
    def public(self) -> bool:
        """Whether anyone may reach it, so that it must know its callers by itself."""
        return bool(PUBLIC & set(self.called_by))


class Schedule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A function called by the clock. `cron` is read in the manifest's time zone."""

    function: Name
    cron: Annotated[str, msgspec.Meta(pattern=r"^[0-9*/,-]+( [0-9*/,-]+){4}$")]
    deadline: Seconds


class Rate(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How fast a queue calls: started per second (Cloud Tasks allows 500), and under way at once (5,000)."""

    per_second: Annotated[int, msgspec.Meta(ge=1, le=500)]
    at_once: Annotated[int, msgspec.Meta(ge=1, le=5000)]


class Retry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How often a queue tries, and the wait between: doubled `doublings` times, then growing no faster, to a limit."""

    attempts: Annotated[int, msgspec.Meta(ge=1, le=100)]
    min_backoff: Seconds
    max_backoff: Seconds
    doublings: Annotated[int, msgspec.Meta(ge=0, le=16)]


class Queue(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A queue and the one place it calls: `POST {public_url}/{function}{path}`."""

    function: Name
    path: Annotated[str, msgspec.Meta(pattern=r"^(/[a-z_]+)*$")] = ""
    deadline: Seconds
    rate: Rate
    retry: Retry


class Database(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A Firestore database, by its id at Google. `expires`: collection to the field that says when its documents go."""

    id: str
    point_in_time_recovery: bool
    backup_days: Annotated[int, msgspec.Meta(ge=1, le=98)]
    expires: dict[str, str]


class Environment(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What every function's environment holds: values given here, and names whose values the deployment gives."""

    fixed: dict[str, str]
    deployment: tuple[str, ...]


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The whole table."""

    service: Name
    region: str
    runtime: Literal["python311", "python312", "python313"]
    time_zone: str
    settings: Environment
    databases: dict[str, Database]
    secrets: dict[str, str]
    functions: dict[Name, Function]
    schedules: dict[Name, Schedule]
    queues: dict[Name, Queue]


def load(path: Path | None = None) -> Manifest:
    """Read and check the table at `path`, by default the repository's own.

    Raises:
        ManifestError: with every fault found, each naming its place.
    """
    try:
        raw = _NoDuplicates((path or ROOT / "serverless.yaml").read_text(encoding="utf-8")).get_single_data()
    except yaml.YAMLError as error:
        raise ManifestError([str(error)]) from error
    return parse(raw)


def parse(raw: object) -> Manifest:
    """Check a table already read. Raises as `load` does."""
    if not isinstance(raw, Mapping):
        raise ManifestError(["the table is not a mapping"])
    faults: list[str] = []
    read: dict[str, Any] = {}
    for key, row in _TABLES.items():
        rows = raw.get(key)
        if not isinstance(rows, Mapping) or not rows:
            faults.append(f"{key}: missing or empty")
            rows = {}
        checked = {str(name): _row(f"{key}.{name}", value, row, faults) for name, value in rows.items()}
        read[key] = {name: value for name, value in checked.items() if value is not None}
    read |= {key: value for key, value in raw.items() if key not in _TABLES}
    manifest = _row("", read, Manifest, faults)
    if manifest is not None and not faults:
        faults.extend(_contradictions(manifest))
    if faults or manifest is None:
        raise ManifestError(faults)
    return manifest


_TABLES: dict[str, Any] = {"functions": Function, "schedules": Schedule, "queues": Queue, "databases": Database}

T = TypeVar("T")


def _row(place: str, value: object, kind: type[T], faults: list[str]) -> T | None:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        faults.append(f"{place}: {error}".removeprefix(": "))
        return None


def _contradictions(m: Manifest) -> Iterator[str]:
    for name, function in m.functions.items():
        yield from (f"functions.{name}: {fault}" for fault in _function_faults(m, name, function))
    for name, schedule in m.schedules.items():
        yield from (f"schedules.{name}: {fault}" for fault in _target_faults(m, schedule, "scheduler", longest=1800))
    for name, queue in m.queues.items():
        yield from (f"queues.{name}: {fault}" for fault in _target_faults(m, queue, "tasks", longest=1800))
        if queue.retry.min_backoff > queue.retry.max_backoff:
            yield f"queues.{name}: min_backoff above max_backoff"
    if both := set(m.settings.fixed) & set(m.settings.deployment):
        yield f"settings: both fixed and of the deployment: {sorted(both)}"


def _function_faults(m: Manifest, name: str, f: Function) -> Iterator[str]:
    for what, named, known in (
        ("database", f.databases, m.databases),
        ("secret", f.secrets, m.secrets),
        ("queue", f.enqueues, m.queues),
    ):
        yield from (f"no such {what}: {item}" for item in named if item not in known)
        if len(set(named)) != len(named):
            yield f"a {what} stands twice"
    yield from (
        f"reads only {item}, which is none of its databases" for item in f.reads_only if item not in f.databases
    )
    if f.instances.min > f.instances.max:
        yield "fewer instances at most than at least"
    if not f.called_by:
        yield "nobody calls it"
    if f.public != (f.trigger == "https"):
        yield f"trigger {f.trigger} does not suit callers {', '.join(f.called_by)}"
    if "scheduler" in f.called_by and not any(s.function == name for s in m.schedules.values()):
        yield "called by the scheduler, but no schedule names it"
    if "tasks" in f.called_by and not any(q.function == name for q in m.queues.values()):
        yield "called by tasks, but no queue names it"


def _target_faults(m: Manifest, target: Schedule | Queue, caller: Caller, *, longest: int) -> Iterator[str]:
    function = m.functions.get(target.function)
    if function is None:
        yield f"no such function: {target.function}"
        return
    if caller not in function.called_by:
        yield f"{target.function} does not list {caller} in called_by"
    if not function.timeout < target.deadline <= longest:
        yield f"deadline {target.deadline} is not above {target.function}'s timeout {function.timeout}, up to {longest}"


class _NoDuplicates(yaml.CSafeLoader):
    """A YAML loader that refuses a key given twice, where the standard one keeps the last in silence."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise yaml.constructor.ConstructorError(None, None, f"{key!r} stands twice", key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep)


if __name__ == "__main__":
    load()
