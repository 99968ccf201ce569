"""Who writes our letters: as the notice in force says."""

from shared.papers.model import ComplaintBody, Operator
from shared.policy.model import Contents
from shared.vocabulary import Language


def operator_of(contents: Contents, language: Language) -> Operator:
    """The controller of a notice as the letterhead, in the letter's language."""
    controller, body = contents.controller, contents.accredited_body
    return Operator(
        name=controller.name.of(language),
        representative=controller.representative.of(language),
        address=controller.address.of(language),
        desk=controller.contact.name.of(language),
        email=controller.contact.email,
        tel=controller.contact.tel,
        fax=controller.contact.fax,
        complaints=ComplaintBody(
            name=body.name.of(language),
            contact=body.contact.of(language),
            address=body.address.of(language),
            email=body.email,
            hours=body.hours.of(language),
            note=body.note.of(language),
        ),
    )
