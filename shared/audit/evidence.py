"""The reference of the papers that an act of staff rests on: the audit log keeps it, never what stands in them."""

import re

from shared.errors import InvalidInput

_REFERENCE = re.compile(r"[0-9A-Za-z._:/-]{1,64}")


def check_evidence(evidence: str) -> None:
    """Raises InvalidInput `evidence_missing`: it is no reference of papers. A name would be one, so spaces are not."""
    if not _REFERENCE.fullmatch(evidence):
        raise InvalidInput("evidence_missing", "evidence: the papers' reference, 1 to 64 of 0-9 A-Z a-z . _ : / -")
