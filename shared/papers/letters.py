"""Letters to pages."""

import io
from datetime import datetime

from shared.papers.model import ApplicationForm, Paper
from shared.papers.typesetting import typeset
from shared.vocabulary import Language


async def print_paper(paper: Paper, language: Language, at: datetime) -> bytes:
    """Any paper of `model` as a PDF in `language`, which must be the one its words are in.

    `at` is the aware instant the file is dated. Raises InvalidInput: `glyph_missing`, `paper_too_long`.
    """
    images = {"qr": _qr(paper.number)} if isinstance(paper, ApplicationForm) else {}
    return await typeset(paper.TEMPLATE, paper, language=language, title=paper.title.of(language), at=at, images=images)


def _qr(number: str) -> str:
    """The number as a QR code (SVG), a quarter of it redundant, as it is scanned off folded paper."""
    import segno

    drawn = io.BytesIO()
    segno.make_qr(number, error="q", boost_error=False).save(drawn, kind="svg", border=4, xmldecl=False, svgns=True)
    return drawn.getvalue().decode()
