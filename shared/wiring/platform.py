"""What every function stands on: settings, clock, store, HTTP, and who calls."""

from dataclasses import dataclass
from functools import partial

from shared.clock import Clock, process_clock
from shared.cloud.documents import Documents, settle
from shared.cloud.http import Http
from shared.cloud.identity import Identities
from shared.cloud.stores import open_documents
from shared.config import Settings, settings
from shared.consent.ports import Commit


@dataclass(frozen=True, slots=True)
class Platform:
    """Shared parts of one function."""

    settings: Settings
    clock: Clock
    documents: Documents
    http: Http
    identities: Identities

    @property
    def commit(self) -> Commit:
        """Commits to this store, settling unknown outcomes."""
        return partial(settle, self.documents)


def platform(function: str) -> Platform:
    """The parts for `function`, from this process's settings. Raises Refused: `settings`."""
    chosen, clock = settings(), process_clock()
    http = Http(bodies_in_flight=chosen.pages_in_flight)
    documents = open_documents(chosen.documents, project=chosen.project)
    return Platform(chosen, clock, documents, http, Identities(chosen, function=function, http=http, clock=clock))
