"""`/_world`: moves the simulated world from outside, for tests, the demo and people trying things out. JSON in and out.

GET    /_world                   accounts with their devices and streams, clients, faults, counters
POST   /_world/accounts          {email, zone?, name?, history_days?, devices?: [{preset, buffer_hours?, offline?,
                                 partial_nights?, model?}]}
POST   /_world/clients           {client_id, secret, redirect_uris, name?}
POST   /_world/live              {email?, until?: RFC 3339}
POST   /_world/upload            {email, model?}: devices that buffer or are offline upload what they kept
POST   /_world/enter             {email, type, at, values, until?}: a manual entry
POST   /_world/correct           {email, type, values, start_ns?}: the newest point, or the one that starts then
POST   /_world/delete            {email, type, start_ns?} or {email, session}
POST   /_world/revoke            {email, client_id?}
POST   /_world/server_auth_code  {email, client_id, scopes, force_refresh?}
POST   /_world/faults            the fields of `faults.Fault`;  DELETE clears all
GET    /_world/counters          calls per endpoint and account;  DELETE starts them anew
POST   /_world/settings          {rotation?, refresh_lifetime_s?, per_user_per_minute?, per_project_per_day?}
"""

import datetime as dt
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from infra.local.google.answers import document
from infra.local.google.devices import PRESETS, Device
from infra.local.google.faults import Fault
from infra.local.google.oauth import Rotation
from infra.local.google.points import Scalar
from infra.local.google.world import World

T = TypeVar("T")


class _Device(msgspec.Struct, forbid_unknown_fields=True):
    preset: str
    buffer_hours: float | None = None
    offline: bool = False
    partial_nights: bool = False
    model: str | None = None

    def made(self) -> Device:
        device = PRESETS[self.preset](offline=self.offline, partial_nights=self.partial_nights)
        device.buffer = dt.timedelta(hours=self.buffer_hours) if self.buffer_hours else None
        device.model = self.model or device.model
        return device


class _Account(msgspec.Struct, forbid_unknown_fields=True):
    email: str
    zone: str = "Asia/Tokyo"
    name: str = ""
    history_days: float = 7
    devices: list[_Device] | None = None


class _Client(msgspec.Struct, forbid_unknown_fields=True):
    client_id: str
    secret: str
    redirect_uris: list[str]
    name: str = "KAGAMINO"


class _Live(msgspec.Struct, forbid_unknown_fields=True):
    email: str | None = None
    until: dt.datetime | None = None


class _Upload(msgspec.Struct, forbid_unknown_fields=True):
    email: str
    model: str | None = None


class _Enter(msgspec.Struct, forbid_unknown_fields=True):
    email: str
    type: str
    at: dt.datetime
    values: list[Scalar]
    until: dt.datetime | None = None


class _Correct(msgspec.Struct, forbid_unknown_fields=True):
    email: str
    type: str
    values: list[Scalar]
    start_ns: int | None = None


class _Delete(msgspec.Struct, forbid_unknown_fields=True):
    email: str
    type: str | None = None
    start_ns: int | None = None
    session: str | None = None


class _Revoke(msgspec.Struct, forbid_unknown_fields=True):
    email: str
    client_id: str | None = None


class _ServerAuthCode(msgspec.Struct, forbid_unknown_fields=True):
    email: str
    client_id: str
    scopes: list[str]
    force_refresh: bool = True


class _Settings(msgspec.Struct, forbid_unknown_fields=True):
    rotation: Rotation | msgspec.UnsetType = msgspec.UNSET
    refresh_lifetime_s: int | msgspec.UnsetType | None = msgspec.UNSET
    per_user_per_minute: int | msgspec.UnsetType | None = msgspec.UNSET
    per_project_per_day: int | msgspec.UnsetType | None = msgspec.UNSET


def routes(world: World) -> list[Route]:
    """Where the control plane is found."""
    act = _Acts(world)

    def post(name: str, body: type[T], handler: Callable[[T], Any]) -> Route:
        return Route(f"/_world/{name}", _taking(body, handler), methods=["POST"])

    return [
        Route("/_world", _giving(act.overview), methods=["GET"]),
        Route("/_world/counters", _giving(world.counters), methods=["GET"]),
        Route("/_world/counters", _giving(world.calls.clear), methods=["DELETE"]),
        Route("/_world/faults", _giving(world.faults.clear), methods=["DELETE"]),
        post("accounts", _Account, act.account),
        post("clients", _Client, lambda c: world.client(c.client_id, c.secret, c.redirect_uris, name=c.name).client_id),
        post("live", _Live, lambda b: {"uploaded": world.live(b.until, email=b.email)}),
        post("upload", _Upload, act.upload),
        post("enter", _Enter, act.enter),
        post("correct", _Correct, act.correct),
        post("delete", _Delete, act.delete),
        post("revoke", _Revoke, lambda b: world.revoke(b.email, b.client_id)),
        post("server_auth_code", _ServerAuthCode, act.server_auth_code),
        post("faults", Fault, lambda fault: world.faults.add(fault).kind),
        post("settings", _Settings, act.settings),
    ]


def _giving(handler: Callable[[], Any]) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(_: Request) -> Response:
        return document(handler() or {})

    return endpoint


def _taking(body: type[T], handler: Callable[[T], Any]) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        try:
            result = handler(msgspec.json.decode(await request.body(), type=body))
        except (msgspec.ValidationError, msgspec.DecodeError, LookupError, ValueError, TypeError) as wrong:
            return document({"error": f"{type(wrong).__name__}: {wrong}"}, 400)
        return document(result if isinstance(result, dict) else {"done": result})

    return endpoint


class _Acts:
    def __init__(self, world: World) -> None:
        self.world = world

    def overview(self) -> dict[str, Any]:
        return {
            "now": self.world.clock.now().isoformat(),
            "accounts": [
                {
                    "email": a.email,
                    "name": a.name,
                    "zone": str(a.zone),
                    "devices": [{"model": d.model, "habits": d.habits, "pending": len(d.pending)} for d in a.devices],
                    "streams": {s.id: len(s.points) for s in a.streams.values()},
                    "sessions": len(a.sessions),
                }
                for a in self.world.accounts.values()
            ],
            "clients": sorted(self.world.oauth.clients),
            "faults": [msgspec.to_builtins(f) for f in self.world.faults.active],
            "counters": self.world.counters(),
        }

    def account(self, body: _Account) -> dict[str, Any]:
        account = self.world.account(
            body.email,
            zone=body.zone,
            name=body.name,
            devices=None if body.devices is None else [d.made() for d in body.devices],
            history=dt.timedelta(days=body.history_days),
        )
        return {"email": account.email, "sub": account.sub}

    def upload(self, body: _Upload) -> dict[str, Any]:
        account, now = self.world.accounts[body.email], self.world.clock.now()
        account.live(now)
        devices = [d for d in account.devices if d.pending and body.model in (None, d.model)]
        return {"uploaded": sum(account.upload_late(d, now) for d in devices)}

    def enter(self, body: _Enter) -> dict[str, Any]:
        account = self.world.accounts[body.email]
        point = account.enter(body.type, body.at, body.values, self.world.clock.now(), until=body.until)
        return {"start_ns": point.start_ns}

    def correct(self, body: _Correct) -> dict[str, Any]:
        account = self.world.accounts[body.email]
        point = account.find(body.type, start_ns=body.start_ns)
        account.correct(body.type, point, body.values, self.world.clock.now())
        return {"start_ns": point.start_ns}

    def delete(self, body: _Delete) -> dict[str, Any]:
        account = self.world.accounts[body.email]
        if body.session:
            account.sessions.delete(body.session, round(self.world.clock.now().timestamp() * 1000))
            return {"session": body.session}
        point = account.find(body.type or "", start_ns=body.start_ns)
        account.delete(body.type or "", [point])
        return {"start_ns": point.start_ns}

    def server_auth_code(self, body: _ServerAuthCode) -> dict[str, Any]:
        code = self.world.mint_server_auth_code(
            body.email, body.client_id, body.scopes, force_refresh=body.force_refresh
        )
        return {"server_auth_code": code}

    def settings(self, body: _Settings) -> None:
        oauth, quota = self.world.oauth, self.world.quota
        if body.rotation is not msgspec.UNSET:
            oauth.rotation = body.rotation
        if body.refresh_lifetime_s is not msgspec.UNSET:
            lifetime = body.refresh_lifetime_s
            oauth.refresh_lifetime = None if lifetime is None else dt.timedelta(seconds=lifetime)
        if body.per_user_per_minute is not msgspec.UNSET:
            quota.per_user_per_minute = body.per_user_per_minute
        if body.per_project_per_day is not msgspec.UNSET:
            quota.per_project_per_day = body.per_project_per_day
