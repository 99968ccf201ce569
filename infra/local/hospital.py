"""A simulated hospital: registered as staff would register it, with a system that reads with a Google account."""

from typing import NamedTuple

from infra.local.issuer import Issuer, account_id
from infra.staff import institutions
from shared.clock import Clock
from shared.cloud.documents import Documents
from shared.consent.institutions import Caller
from shared.consent.recipients import institution_calling
from shared.ids import RandomIds
from shared.policy.model import Words
from shared.policy.notices import notices

NAME = Words(ja="港病院", en="Minato Hospital")


class Hospital(NamedTuple):
    """One hospital. `recipient` is what people name in their decisions."""

    recipient: str
    account: str

    def token(self, issuer: Issuer, url: str, /, **claims: object) -> str:
        """What its system sends to the platform at `url`, good for an hour. `claims` add or replace."""
        return issuer.service_token(self.account, f"{url}/release", **claims)


async def registered(documents: Documents, clock: Clock, *, name: Words = NAME, account: str = "") -> Hospital:
    """The hospital whose system has this account, registered now unless it is already."""
    account = account or "reader@minato-hospital.iam.gserviceaccount.com"
    found = await institution_calling(documents, account_id(account))
    if found is not None:
        return Hospital(found.id, account)
    staff = institutions(documents, clock, RandomIds(), notices())
    caller = Caller(account, account_id(account))
    made = await staff.register(name, "東京都港区 / Minato, Tokyo", "03-0000-0000", "simulated", caller)
    return Hospital(f"institution:{made}", account)
