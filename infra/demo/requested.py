"""What is told of a request on paper: the shape in summary.json, and what the report shows."""

from dataclasses import dataclass, field
from typing import Any

from infra.demo.filed import Packed, Paper
from infra.demo.people import Words
from shared.vocabulary import Kind


@dataclass
class Happened:
    """A step of the case: when, what, and the days left until an answer is due, once the form has arrived."""

    at: str
    what: Words
    days_left: int | None


@dataclass
class Requested:
    """The case, as the report shows it. `erased`: documents by kind. `evidence`: what each step left behind."""

    number: str
    due_on: str = ""
    happened: list[Happened] = field(default_factory=list)
    package: Packed | None = None
    erased: dict[Kind, int] = field(default_factory=dict)
    evidence: list[dict[str, Any]] = field(default_factory=list)
    letters: list[Paper] = field(default_factory=list)
    audit_entries: int = 0
