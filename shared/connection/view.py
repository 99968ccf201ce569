"""A connection as its person sees it. No token, no subject."""

from datetime import datetime, timedelta

import msgspec

from shared.connection.model import Connection, KindLink, LinkState
from shared.consent.gate import permits
from shared.consent.model import QOLMS
from shared.vocabulary import Kind, Provider, Purpose


class KindView(msgspec.Struct, frozen=True, kw_only=True):
    """One kind as the app shows it."""

    granted: bool
    consented: bool
    state: LinkState
    cursor: datetime | None
    last_success_at: datetime | None
    last_error: str | None
    set_aside: int
    next_sync_at: datetime | None


class ConnectionView(msgspec.Struct, frozen=True, kw_only=True):
    """One connection as the app shows it."""

    provider: Provider
    state: LinkState
    linked_at: datetime
    last_success_at: datetime | None
    last_error: str | None
    next_sync_at: datetime | None
    kinds: dict[Kind, KindView]


_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


def view(connection: Connection, at: datetime) -> ConnectionView:
    """What the person may see of their connection."""
    running = connection.state is LinkState.ACTIVE

    def kind_view(kind: Kind, link: KindLink) -> KindView:
        verdict = connection.verdict(kind, at)
        paused = running and not verdict.allowed
        return KindView(
            granted=link.granted,
            consented=permits(connection.consents, Purpose.QOLMS_STORE, kind, QOLMS, at).allowed,
            state=LinkState.PAUSED if paused else connection.state,
            cursor=_EPOCH + timedelta(microseconds=link.cursor_ns // 1000) if link.cursor_ns else None,
            last_success_at=link.last_success_at,
            last_error=link.last_error or None,
            set_aside=link.set_aside,
            next_sync_at=connection.next_sync_at if running and not paused else None,
        )

    return ConnectionView(
        provider=connection.provider,
        state=connection.state,
        linked_at=connection.linked_at,
        last_success_at=connection.last_success_at,
        last_error=connection.last_error or None,
        next_sync_at=connection.next_sync_at if running else None,
        kinds={kind: kind_view(kind, connection.kinds[kind]) for kind in Kind if kind in connection.kinds},
    )
