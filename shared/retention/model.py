"""What is let go by itself, and when: THE table. Papers of cases are not here, nor what goes with them: two
people see those go (`disclosure.destroying`)."""

from collections.abc import Mapping
from types import MappingProxyType

import msgspec

EXPIRES: Mapping[str, str] = MappingProxyType(
    {
        "link_attempts": "expires_at",
        "google_subjects": "forget_at",
        "provisions": "kept_until",
        "releases": "forget_at",
    }
)
"""By collection, the field that names the instant from which a document is to be gone. The store's own expiry
(`serverless.yaml`) is the backstop: it comes up to days late, and what has expired can be read until then."""


class Tally(msgspec.Struct, frozen=True, kw_only=True):
    """What one run came to: documents let go by collection; whether chunks of nobody's are all swept; cases whose
    papers are due, which wait for two signatures; whether something is left for the next run."""

    gone: dict[str, int]
    swept: bool
    papers_due: int
    finished: bool
