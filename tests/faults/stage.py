"""The whole of linking and syncing on one stage: workers over the real store and the simulated Google, a queue, a
scheduler and a person who tries again."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

from shared.connection.model import Connection, LinkState
from shared.consent.model import Decision
from shared.consent.service import How
from shared.errors import Refused
from shared.source.google_fit.scopes import SCOPES
from shared.vocabulary import Kind, Language
from tests.fakes import decisions
from tests.faults.copied import Person, demand
from tests.faults.passage import KilledHere, Strike
from tests.faults.scenes import Scenes
from tests.faults.workers import FIT, HANAKO, KEY, PEOPLE, SETTINGS, START, TARO, TICK_S, Hands

__all__ = ["FIT", "HANAKO", "START", "TARO", "Hands", "Stage"]


class Stage(Scenes):
    """Scenes, with the stories' verbs and what must be true when they have come to rest."""

    async def link(
        self,
        kinds: Sequence[Kind],
        person: Person = HANAKO,
        at_google: Person | None = None,
        ticked: Sequence[Kind] | None = None,
    ) -> None:
        """Start, consent at Google, come back, confirm; begin anew where an attempt is spent."""
        for _ in range(4):
            started = await self.person(lambda w: w.linking.start(person.uid, FIT, list(kinds), Language.JA))
            scopes = ["openid", *(SCOPES[kind] for kind in (ticked or kinds))]
            location = self.world.consent(started.authorization_url, (at_google or person).email, scopes)
            code = await self._returned(location)
            if code and await self._confirmed(person, code):
                return
        raise AssertionError("never linked")

    async def park(self, kinds: Sequence[Kind], person: Person = HANAKO, at_google: Person | None = None) -> str:
        """Consent at Google, up to the code that waits to be confirmed."""
        started = await self.ask(lambda w: w.linking.start(person.uid, FIT, list(kinds), Language.JA))
        location = self.world.consent(started.authorization_url, (at_google or person).email)
        return await self._returned(location)

    async def _returned(self, location: str) -> str:
        query = {name: values[-1] for name, values in parse_qs(urlsplit(location).query).items()}

        async def back(worker: Hands) -> Any:
            return await worker.linking.returned(
                state=query["state"], code=query.get("code", ""), error="", scope=query.get("scope", "")
            )

        try:
            returned = await self.ask(back)
        except KilledHere:
            self.faults.append("killed")
            returned = await self.ask(back)  # the person reloads the page
        return str(returned.code)

    async def _confirmed(self, person: Person, code: str) -> bool:
        before = self.watch.connection(person.uid)
        try:
            await self.person(lambda w: w.linking.confirm(person.uid, code))
        except Refused:
            connection = self.watch.connection(person.uid)
            begun = connection is not None and connection.linked > (before.linked if before else 0)
            demand(not begun, "I8", "a link began, and its person was told that it did not")
            return False
        return True

    async def decide(self, decision: Decision, *kinds: Kind, person: Person = HANAKO) -> None:
        """Give or withdraw."""
        await self.person(lambda w: w.consenting.decide(person.uid, decisions(decision, *kinds), How(), if_epoch=None))

    async def rest(self) -> None:
        """Two intervals pass without faults; then everything must be as if there never had been any."""
        self.strike(None)
        delivered, called = len(self.queue.delivered), sum(self.world.calls.values())
        await self.pass_time(timedelta(seconds=2 * SETTINGS.sync_interval_s))
        self.watch.check_chains()
        self.check_busy(len(self.queue.delivered) - delivered, sum(self.world.calls.values()) - called)
        for person in PEOPLE:
            connection = self.watch.connection(person.uid)
            if connection is not None:
                self.check_person(person, connection)
        left = [path for path in self.watch.documents if path.startswith("loose_grants/")]
        demand(not left, "I10", f"grants nobody uses are left: {left}")
        demand(not self.queue.given_up, "I10", f"given up: {self.queue.given_up}")
        waiting = [task for task in self.queue.waiting.values() if task.due_at <= self.clock.now()]
        demand(not waiting, "I10", f"still waiting: {waiting}")

    def check_busy(self, deliveries: int, calls: int) -> None:
        """I10: nobody tries for ever. Two intervals need two visits, what a fault left over, and history's slices."""
        demand(deliveries <= 12, "I10", f"{deliveries} deliveries in two intervals")
        demand(calls <= 120, "I10", f"{calls} calls of Google in two intervals")

    def check_person(self, person: Person, connection: Connection) -> None:
        """I1, I5 and I10 for one person, whatever state their link is in."""
        if connection.state is LinkState.REVOKED:
            demand(not self.watch.tokens_alive(connection), "I10", "the grant was not revoked at Google")
        if connection.state is not LinkState.ACTIVE:
            return
        late = self.clock.now() - (connection.last_success_at or START)
        demand(late <= timedelta(seconds=SETTINGS.sync_interval_s + 2 * TICK_S), "I10", f"not fresh for {late}")
        demand(connection.failures == 0 and connection.lease is None, "I10", "traces of a fault are left")
        token = self.watch.refresh_token(connection)
        demand(
            token is not None and self.watch.is_newest(token), "I5", "the newest refresh token is not what is stored"
        )
        since = START.replace(hour=0) - timedelta(days=SETTINGS.backfill_days)
        self.watch.check_fetched(person.uid, int(since.timestamp()) * 1_000_000_000)

    async def check_store(self) -> None:
        """The store holds what was committed, and nothing else."""
        demand(await self.stored() == self.watch.documents, "I8", "the store is not what was committed")

    def tokens_made(self) -> list[str]:
        """Every state, verifier, nonce and one-time code so far."""
        return list(self.ids.made)

    @property
    def id_tokens(self) -> list[str]:
        """Every ID token Google signed so far."""
        return KEY.signed

    def connection(self, person: Person = HANAKO) -> Connection:
        """The connection as stored."""
        found = self.watch.connection(person.uid)
        assert found is not None
        return found

    def strike(self, strike: Strike | None) -> None:
        """Let something go wrong; numbers count from here."""
        self.passage.trace.clear()
        self.passage.whose.clear()
        self.passage.strike = strike
