"""What the routes of the `profile` function do: from a typed call to a reply, and nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass

from shared import edge
from shared.cloud.pace import Pace
from shared.errors import Conflict, NotFound
from shared.policy.notices import Notices
from shared.profile.messages import AskTake, Give, ProfileView, view
from shared.profile.model import Field, Held, Value
from shared.profile.service import Profiles


@dataclass(frozen=True, slots=True)
class Acts:
    """The profile screen's questions and answers."""

    profiles: Profiles
    notices: Notices
    pace: Pace

    async def see(self, call: edge.Call) -> edge.Reply:
        """What is held, and what for."""
        return edge.Json(self._seen(await self.profiles.see(call.caller.uid), call))

    async def give(self, call: edge.Call) -> edge.Reply:
        """Hold what is given."""
        body: Give = call.body
        return edge.Json(await self._change(call, body.given(), body.if_version))

    async def take(self, call: edge.Call) -> edge.Reply:
        """Hold one field no longer."""
        if call.path["field"] not in set(Field):
            raise NotFound("no_such_route", f"field: one of {', '.join(Field)}")
        asked: AskTake = call.query
        return edge.Json(await self._change(call, {Field(call.path["field"]): None}, asked.if_version))

    async def _change(self, call: edge.Call, given: Mapping[Field, Value | None], if_version: int) -> ProfileView:
        await self.pace.spend(call.caller.uid)
        try:
            return self._seen(await self.profiles.change(call.caller.uid, given, if_version=if_version), call)
        except Conflict as stale:
            if stale.code != "profile_stale":
                raise
            newer = self._seen(await self.profiles.see(call.caller.uid), call)
            raise Conflict("profile_stale", stale.detail, more={"profile": newer}) from None

    def _seen(self, held: Held, call: edge.Call) -> ProfileView:
        return view(held, self.notices.in_force(self.profiles.clock.now()), call.language)
