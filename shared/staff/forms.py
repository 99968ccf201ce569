"""What each form of the staff pages carries besides what is filled in: a token for this member and this very form.

Identity-Aware Proxy knows a browser by a cookie, which the browser sends along with whatever another site makes it
post. No other site can make or read such a token; and one that leaks opens one form, for one member.
"""

from datetime import timedelta

from shared.clock import Clock
from shared.cloud.tickets import Tickets
from shared.cloud.vault import SecretStore
from shared.errors import NotPermitted
from shared.staff.model import Member

FIELD = "form_token"
LASTS = timedelta(hours=10)
"""A form that was begun in the morning can still be sent in the evening: who sends it is known anew each time."""


class Forms:
    """Issues and checks the tokens."""

    def __init__(self, secrets: SecretStore, clock: Clock) -> None:
        self._tickets = Tickets(secrets, clock, use="staff form", lasts=LASTS, in_all=LASTS)

    async def token(self, member: Member, purpose: str) -> str:
        """For a form that this member will send. `purpose` names the act and what it is done to: `decide ‹case›`."""
        return (await self._tickets.issue(f"{member.id} {purpose}")).text

    async def check(self, member: Member, purpose: str, token: str) -> None:
        """Raises NotPermitted `page_expired`: not made for this member and purpose, or too long ago."""
        if (await self._tickets.read(token)).uid != f"{member.id} {purpose}":
            raise NotPermitted("page_expired")
