"""The world: Google's accounts, its OAuth server, its quotas and its bad days, without HTTP."""

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

from infra.local.google.accounts import Account
from infra.local.google.consent import Refusal, decide, read_request
from infra.local.google.devices import Device, every_device
from infra.local.google.faults import Faults
from infra.local.google.oauth import OAuth
from infra.local.google.quota import Quota
from infra.local.google.recordings import Recorded, load
from infra.local.google.signing import SigningKey
from infra.local.google.tokens import Client
from shared.clock import Clock
from shared.ids import digest


class World:
    """Everything there is. Time is the clock's; what looks random follows from `seed` alone, signing keys apart.

    With `auto_live` every data request first lets the account's devices live up to now; without it they live only
    when `live` is called. `page_ceiling` bounds points per page whatever `limit` asks.
    """

    def __init__(
        self,
        clock: Clock,
        seed: str = "world",
        *,
        issuer: str = "https://accounts.google.com",
        quota: Quota | None = None,
        auto_live: bool = False,
        page_ceiling: int = 10_000,
        signing_key: SigningKey | None = None,
    ) -> None:
        self.clock = clock
        self.seed = seed
        self.auto_live = auto_live
        self.page_ceiling = page_ceiling
        self.accounts: dict[str, Account] = {}
        self.faults = Faults()
        self.quota = quota or Quota()
        self.calls: Counter[tuple[str, str]] = Counter()
        self.recorded = Recorded()
        self._minted = 0
        key = signing_key or SigningKey(digest(seed, "kid")[:40])
        self.oauth = OAuth(clock, self._mint, issuer, key)

    @classmethod
    def from_recordings(cls, directory: Path, clock: Clock, seed: str = "world") -> "World":
        """A world whose accounts answer what was recorded in `directory`; `recorded` says what could be used."""
        world = cls(clock, seed)
        world.recorded = load(directory, lambda email: world.account(email, devices=[]))
        return world

    def client(self, client_id: str, secret: str, redirect_uris: Iterable[str], *, name: str = "KAGAMINO") -> Client:
        """Register an OAuth client."""
        client = Client(client_id, secret, tuple(redirect_uris), name)
        self.oauth.clients[client_id] = client
        return client

    def account(
        self,
        email: str,
        *,
        zone: str = "Asia/Tokyo",
        name: str = "",
        devices: Iterable[Device] | None = None,
        history: dt.timedelta = dt.timedelta(days=7),
    ) -> Account:
        """Open an account whose devices (None: one of each) have been in use for `history`, and let them live."""
        account = Account(email, name or email.partition("@")[0], ZoneInfo(zone), self.seed, self.clock.now() - history)
        self.accounts[email] = account
        for device in every_device() if devices is None else devices:
            account.add_device(device)
        account.live(self.clock.now())
        return account

    def live(self, until: dt.datetime | None = None, *, email: str | None = None) -> int:
        """Let devices measure and upload up to `until` (now); how many records reached Google."""
        who = [self.accounts[email]] if email else list(self.accounts.values())
        return sum(account.live(until or self.clock.now()) for account in who)

    def consent(
        self, authorization_url: str, email: str, scopes: Iterable[str] | None = None, *, deny: bool = False
    ) -> str:
        """Do what the person does on the consent screen; the address Google sends the browser to.

        `scopes` are the ticked ones; None ticks all.

        Raises:
            Refusal: the request is one Google shows an error page for.
        """
        query = parse_qs(urlsplit(authorization_url).query, keep_blank_values=True)
        request = read_request({k: v[-1] for k, v in query.items()}, self.oauth.clients)
        if isinstance(request, Refusal):
            raise request
        ticked = list(request.scopes) if scopes is None else list(scopes)
        return decide(self.oauth, request, self.accounts[email], ticked, allow=not deny)

    def mint_server_auth_code(
        self, email: str, client_id: str, scopes: Iterable[str], *, force_refresh: bool = True
    ) -> str:
        """The code Android's authorize() hands an app: no redirect address, no PKCE."""
        account = self.accounts[email]
        lasting = force_refresh or not self.oauth.has_grant(account, client_id)
        return self.oauth.issue_code(account, client_id, scopes, redirect_uri="", lasting=lasting).value

    def revoke(self, email: str, client_id: str | None = None) -> None:
        """The person withdraws the app's access in their account's settings."""
        self.oauth.end_grant(self.accounts[email], client_id)

    def counters(self) -> dict[str, dict[str, int]]:
        """Calls so far: per endpoint, per account ("" where nobody could be told)."""
        table: dict[str, dict[str, int]] = {}
        for (endpoint, email), n in sorted(self.calls.items()):
            table.setdefault(endpoint, {})[email] = n
        return table

    def _mint(self) -> str:
        self._minted += 1
        return digest(self.seed, "token", str(self._minted))[:43]
