"""Whether what a form says agrees with what its person gave in the app, asked by a verifier, of the parts it takes."""

from datetime import date

from infra.demo.phone import Unexpected
from shared.disclosure import acts
from shared.disclosure.file import staff
from shared.disclosure.own_acts import subject_of
from shared.profile.matching import Agreement, stated
from shared.profile.model import Field
from shared.staff.store import RosterStore
from shared.wiring.desk import desk
from shared.wiring.keys import keys
from shared.wiring.matching import matching, references
from shared.wiring.platform import platform


async def match(case: str, email: str, *, birth_on: date, **said: str) -> None:
    """Compare, as the member of staff with this address, and keep in the case which account it is.

    Raises Unexpected: it is nobody's, or not one person's alone.
    """
    p = platform("disclosure")
    k = keys(p)
    by = next(one for one in (await RosterStore(p.documents).read()).value.members if one.email == email)
    answer = await matching(p, k).match(case, by.id, stated(birth_on=birth_on, **said))
    accounts = await references(k).open(case, answer.reference)
    if len(accounts) != 1:
        raise Unexpected(f"the form matches {len(accounts)} accounts")
    reached = answer.fields.get(Field.MAIL) is Agreement.AGREED
    act = acts.MatchAccount(account=accounts[0], subject=subject_of(accounts[0]), mail=reached)
    await desk(p).do(case, act, staff(by))
