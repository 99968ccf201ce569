"""Cases, as one-time links tell them what happened: `proofs.ports.CaseTold`."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from shared import ids
from shared.cloud.documents import Write
from shared.disclosure import acts as a
from shared.disclosure import system_acts as auto
from shared.disclosure.file import PERSON, SYSTEM
from shared.disclosure.handing import waiting
from shared.disclosure.proofs.model import Use
from shared.disclosure.service import Desk
from shared.errors import Conflict


@dataclass(frozen=True, slots=True)
class CasesTold:
    """What was proven or fetched is in the case in the very commit that uses the link up, or neither is."""

    desk: Desk

    async def redeemed(
        self, case: str, use: Use, *, about: str, account: str | None, at: dt.datetime
    ) -> Sequence[Write]:
        """As the port. A delivery is registered here, before its first byte: with the agent's right looked at again."""
        return await self.desk.doing(case, await self._act(case, use, about, account), PERSON)

    async def locked(self, case: str, use: Use, *, at: dt.datetime) -> Sequence[Write]:
        """As the port."""
        return await self.desk.doing(case, auto.LinkLocked(use=use), SYSTEM)

    async def _act(self, case: str, use: Use, about: str, account: str | None) -> a.Act:
        match use:
            case Use.MAIL_ADDRESS:
                return a.ProveMail(about=about)
            case Use.ACCOUNT if account is not None:
                return a.ProveAccount(about=about, account=account, subject=ids.digest("subject", account))
            case Use.DELIVERY:
                names = waiting((await self.desk.read(case)).file, about.split(","))
                if names:
                    return a.RegisterDelivery(items=names, on=self.desk.moment().today, proof="delivery link")
        raise Conflict("case_moved_on", "nothing waits for this link")
