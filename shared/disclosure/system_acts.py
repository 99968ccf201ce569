"""What the system does to a case by itself. `machine.TABLE` says when."""

import datetime as dt

from shared.disclosure.acts import Act, OfItem
from shared.disclosure.corrections import Holder
from shared.disclosure.proofs.model import Use


class Tick(Act, frozen=True, kw_only=True, tag="tick"):
    """Time has passed: lapse, remind."""


class JobDone(Act, frozen=True, kw_only=True, tag="job_done"):
    """A job that has no further consequence was done."""

    name: str
    item: str = ""


class JobDelayed(Act, frozen=True, kw_only=True, tag="job_delayed"):
    """A job could not be done yet: an attempt failed, by `problem`; or it is under way elsewhere ("")."""

    name: str
    item: str = ""
    until: dt.datetime
    problem: str = ""


class LetterSet(Act, frozen=True, kw_only=True, tag="letter_set"):
    """A letter was typeset and stored; `papers` are the hashes of its PDFs, in the order of the envelope.
    `mail` is the id of the mail that carries them; "": they are to be posted."""

    letter: str
    papers: tuple[str, ...]
    mail: str = ""


class LinkSent(Act, frozen=True, kw_only=True, tag="link_sent"):
    """A link was issued, and its mail queued. `code` is the second factor of a delivery."""

    use: Use
    until: dt.datetime
    mail: str
    items: tuple[str, ...] = ()
    code: str = ""


class LinkLocked(Act, frozen=True, kw_only=True, tag="link_locked"):
    """The second factor was wrong too often."""

    use: Use


class Collected(OfItem, frozen=True, kw_only=True, tag="collected"):
    """It was looked up what is held. `my_number`: there is My Number data among it."""

    my_number: bool = False


class BeginExecuting(OfItem, frozen=True, kw_only=True, tag="begin_executing"):
    """Carry the decision out."""


class TaskDone(OfItem, frozen=True, kw_only=True, tag="task_done"):
    """One task of it is carried out, with what proves it."""

    task: str
    proof: str
    count: int = 0


class BeginDestruction(Act, frozen=True, kw_only=True, tag="begin_destruction"):
    """From here on nothing stops it: recorded before the first byte goes."""


class LeaveToPeople(OfItem, frozen=True, kw_only=True, tag="leave_to_people"):
    """The system cannot carry it out, and nothing of it is done; `problem` says why. People look at it."""

    problem: str


class HoldersFound(OfItem, frozen=True, kw_only=True, tag="holders_found"):
    """It is known who was handed what was corrected."""

    holders: tuple[Holder, ...]
    proof: str


class Destroyed(Act, frozen=True, kw_only=True, tag="destroyed"):
    """Everything that is sealed is unreadable; two people saw the papers go. `certificate`: the hash of their proof."""

    certificate: str
