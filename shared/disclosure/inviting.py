"""Links are issued and mailed: the worker of the job `link`. The link, its mail and what the case says of them are one
commit, so that nobody is mailed a link that opens nothing, and no link is lost between two of them."""

from dataclasses import dataclass
from urllib.parse import quote

from shared.disclosure import system_acts as auto
from shared.disclosure.handing import check_handing, waiting
from shared.disclosure.mailing import Mailing
from shared.disclosure.model import Job
from shared.disclosure.proofs.model import Use, fresh_code
from shared.disclosure.proofs.service import Proofs
from shared.disclosure.service import Desk, Opened
from shared.disclosure.working import Done, NotYet
from shared.ids import Ids


@dataclass(frozen=True, slots=True, kw_only=True)
class Inviting:
    """Issues links. `pages_url` is where this service's pages for people are; `app_link` opens the app."""

    proofs: Proofs
    mailing: Mailing
    desk: Desk
    ids: Ids
    pages_url: str
    app_link: str

    async def link(self, case: Opened, job: Job) -> Done | NotYet:
        """Raises Refused `proof_issues_spent`; InvalidInput `mail_address_invalid`; of a delivery as `check_agency`."""
        use, code = Use(job.item), ""
        items: tuple[str, ...] = ()
        before = case.file.case.links.get(use)
        about = str(before.count + 1 if before else 1)
        if use is Use.DELIVERY:
            items = waiting(case.file)
            if not items:
                return Done(auto.JobDone(name="link", item=use))
            check_handing(case.file, items, self.desk.moment())
            code, about = case.file.private.code or fresh_code(self.ids), ",".join(items)
        issued, writes, _ = await self.proofs.issuing(case.id, use, by="system", second=code, about=about)
        queued = await self.mailing.with_link(case, use, self._address(use, issued.token), issued.expires_at)
        sent = auto.LinkSent(use=use, until=issued.expires_at, mail=queued.id, items=items, code=code)
        return Done(sent, [*writes, *queued.writes], (queued.id,))

    def _address(self, use: Use, token: str) -> str:
        if use is Use.ACCOUNT:
            return f"{self.app_link}{'&' if '?' in self.app_link else '?'}proof={quote(token)}"
        page = "mail" if use is Use.MAIL_ADDRESS else "delivery"
        return f"{self.pages_url}/links/{page}?token={quote(token)}"
