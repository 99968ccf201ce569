"""Secret Manager on one machine: the methods we use and an operator needs, kept in memory or in one file."""

import base64
import json
from dataclasses import dataclass
from pathlib import Path

import grpc
from google.cloud import secretmanager_v1 as sm

from infra.local.wire import Faults, Method, Refusal, service
from shared.clock import Clock

SERVICE = "google.cloud.secretmanager.v1.SecretManagerService"
State = sm.SecretVersion.State


@dataclass(slots=True)
class _Version:
    value: bytes
    state: int
    created_at_s: float


class LocalSecrets:
    """Secrets of one project. With `file`, they outlive the process; it is readable by its owner alone."""

    def __init__(self, *, project: str, clock: Clock, file: Path | None = None) -> None:
        self._parent = f"projects/{project}"
        self._clock = clock
        self._file = file
        self._secrets: dict[str, list[_Version]] = {}
        self.faults = Faults()
        if file is not None and file.exists():
            self._load(file)

    def put(self, name: str, value: bytes) -> str:
        """Add a version to `name`, making the secret where it is new; the version's number."""
        versions = self._secrets.setdefault(name, [])
        versions.append(_Version(value, State.ENABLED, self._clock.now().timestamp()))
        self._save()
        return str(len(versions))

    def newest(self, name: str) -> bytes:
        """The value of the newest version. For whoever plays another party, not for functions."""
        return self._secrets[name][-1].value

    def has(self, name: str) -> bool:
        """Whether the secret has a version."""
        return bool(self._secrets.get(name))

    def set_state(self, name: str, version: str, state: int) -> None:
        """Enable, disable or destroy a version; what is destroyed is gone."""
        self._set_state(f"{self._parent}/secrets/{name}/versions/{version}", state)

    def service(self) -> grpc.GenericRpcHandler:
        """For a `wire.Server`."""
        return service(
            SERVICE,
            {
                "CreateSecret": Method(self._create, sm.CreateSecretRequest, sm.Secret),
                "GetSecret": Method(self._get, sm.GetSecretRequest, sm.Secret),
                "AddSecretVersion": Method(self._add, sm.AddSecretVersionRequest, sm.SecretVersion),
                "AccessSecretVersion": Method(
                    self._access, sm.AccessSecretVersionRequest, sm.AccessSecretVersionResponse
                ),
                "GetSecretVersion": Method(self._get_version, sm.GetSecretVersionRequest, sm.SecretVersion),
                "ListSecretVersions": Method(
                    self._list_versions, sm.ListSecretVersionsRequest, sm.ListSecretVersionsResponse
                ),
                "EnableSecretVersion": Method(
                    lambda r: self._set_state(r.name, State.ENABLED), sm.EnableSecretVersionRequest, sm.SecretVersion
                ),
                "DisableSecretVersion": Method(
                    lambda r: self._set_state(r.name, State.DISABLED), sm.DisableSecretVersionRequest, sm.SecretVersion
                ),
                "DestroySecretVersion": Method(
                    lambda r: self._set_state(r.name, State.DESTROYED),
                    sm.DestroySecretVersionRequest,
                    sm.SecretVersion,
                ),
            },
            self.faults,
        )

    def _create(self, request: sm.CreateSecretRequest) -> sm.Secret:
        if request.secret_id in self._secrets:
            raise Refusal(grpc.StatusCode.ALREADY_EXISTS, f"Secret [{request.secret_id}] already exists.")
        self._secrets[request.secret_id] = []
        self._save()
        return sm.Secret(name=f"{self._parent}/secrets/{request.secret_id}")

    def _get(self, request: sm.GetSecretRequest) -> sm.Secret:
        self._versions_of(request.name)
        return sm.Secret(name=request.name)

    def _add(self, request: sm.AddSecretVersionRequest) -> sm.SecretVersion:
        self._versions_of(request.parent)
        version = self.put(request.parent.rpartition("/")[2], request.payload.data)
        return self._describe(request.parent, int(version))

    def _access(self, request: sm.AccessSecretVersionRequest) -> sm.AccessSecretVersionResponse:
        secret, number, version = self._find(request.name)
        if version.state != State.ENABLED:
            raise Refusal(
                grpc.StatusCode.FAILED_PRECONDITION,
                f"Secret Version [{request.name}] is in {State(version.state).name} state.",
            )
        return sm.AccessSecretVersionResponse(
            name=f"{secret}/versions/{number}", payload=sm.SecretPayload(data=version.value)
        )

    def _get_version(self, request: sm.GetSecretVersionRequest) -> sm.SecretVersion:
        secret, number, _ = self._find(request.name)
        return self._describe(secret, number)

    def _list_versions(self, request: sm.ListSecretVersionsRequest) -> sm.ListSecretVersionsResponse:
        wanted = request.filter.removeprefix("state:")
        numbers = [
            number
            for number, version in reversed(list(enumerate(self._versions_of(request.parent), 1)))
            if wanted in ("", State(version.state).name)
        ]
        start = int(request.page_token or 0)
        size = request.page_size or 100
        return sm.ListSecretVersionsResponse(
            versions=[self._describe(request.parent, number) for number in numbers[start : start + size]],
            next_page_token=str(start + size) if start + size < len(numbers) else "",
            total_size=len(numbers),
        )

    def _set_state(self, name: str, state: int) -> sm.SecretVersion:
        secret, number, version = self._find(name)
        if version.state == State.DESTROYED and state != State.DESTROYED:
            raise Refusal(grpc.StatusCode.FAILED_PRECONDITION, f"Secret Version [{name}] is in DESTROYED state.")
        version.state = state
        if state == State.DESTROYED:
            version.value = b""
        self._save()
        return self._describe(secret, number)

    def _find(self, name: str) -> tuple[str, int, _Version]:
        """The secret's path, the version's number and the version. "latest" is the newest, whatever its state."""
        secret, _, alias = name.partition("/versions/")
        versions = self._versions_of(secret)
        number = len(versions) if alias == "latest" else int(alias) if alias.isdigit() else 0
        if not 0 < number <= len(versions):
            raise Refusal(grpc.StatusCode.NOT_FOUND, f"Secret Version [{name}] not found.")
        return secret, number, versions[number - 1]

    def _versions_of(self, path: str) -> list[_Version]:
        parent, _, secret = path.partition("/secrets/")
        if parent != self._parent or secret not in self._secrets:
            raise Refusal(grpc.StatusCode.NOT_FOUND, f"Secret [{path}] not found.")
        return self._secrets[secret]

    def _describe(self, secret: str, number: int) -> sm.SecretVersion:
        version = self._secrets[secret.rpartition("/")[2]][number - 1]
        return sm.SecretVersion(
            name=f"{secret}/versions/{number}", state=version.state, create_time={"seconds": int(version.created_at_s)}
        )

    def _load(self, file: Path) -> None:
        for name, versions in json.loads(file.read_text(encoding="utf-8")).items():
            self._secrets[name] = [
                _Version(base64.b64decode(v["value"]), getattr(State, v["state"]), v["created_at_s"]) for v in versions
            ]

    def _save(self) -> None:
        if self._file is None:
            return
        document = {
            name: [
                {
                    "value": base64.b64encode(v.value).decode(),
                    "state": State(v.state).name,
                    "created_at_s": v.created_at_s,
                }
                for v in versions
            ]
            for name, versions in self._secrets.items()
        }
        self._file.parent.mkdir(parents=True, exist_ok=True)
        new = self._file.with_suffix(".new")
        new.touch(mode=0o600)
        new.write_text(json.dumps(document), encoding="utf-8")
        new.replace(self._file)
