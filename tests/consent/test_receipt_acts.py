"""An export is told piece by piece: what fails before the first is a problem, what fails later cuts it short."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from shared import edge
from shared.cloud.identity import AppUser
from shared.cloud.pace import Pace
from shared.consent.exports import Format
from shared.consent.receipt_acts import AskExport, ReceiptActs
from shared.errors import Unavailable
from shared.vocabulary import Language
from tests.consent.receipts import House
from tests.test_edge import Client


class Breaking:
    """Exports that tell so many pieces and then fail."""

    def __init__(self, pieces: int) -> None:
        self.pieces = pieces

    async def of(self, uid: str, form: Format) -> AsyncIterator[bytes]:
        for _ in range(self.pieces):
            yield b"[1,"
        raise Unavailable("store_unavailable")


MOST = 3


def acts(exports: Any, house: House) -> ReceiptActs:
    return ReceiptActs(exports, house.signer, Pace(house.documents, house.clock, "exporting", MOST))


def client(exports: Any, house: House) -> Client:
    async def hana(_: object) -> AppUser:
        return AppUser("hana")

    return Client(edge.Route("GET", "/", hana, acts(exports, house).export, query=AskExport))


@pytest.fixture
def house(sqlite_documents, clock) -> House:
    return House(sqlite_documents, clock)


async def test_what_fails_before_the_first_piece_is_told_as_a_problem(house: House):
    answer = await client(Breaking(0), house).call("GET", query="format=fhir")
    assert (answer.status, answer.json["code"]) == (503, "store_unavailable")


@pytest.mark.parametrize("pieces", [1, 3])
async def test_what_fails_later_cuts_the_answer_short_and_is_logged_without_its_words(
    house: House, pieces: int, capfd: pytest.CaptureFixture[str]
):
    call = edge.Call(AppUser("hana"), {}, AskExport(Format.FHIR), None, Language.JA)
    exports: Any = Breaking(pieces)
    reply = await acts(exports, house).export(call)
    assert isinstance(reply, edge.Bytes)
    assert not isinstance(reply.content, bytes)
    assert [await anext(reply.content) for _ in range(pieces)] == [b"[1,"] * pieces
    with pytest.raises(Unavailable):
        await anext(reply.content)
    logged = capfd.readouterr().err
    assert '"event": "answer.cut_short"' in logged
    assert "store_unavailable" not in logged


async def test_taking_everything_along_has_a_pace_and_is_not_even_begun_beyond_it(house: House):
    asked = client(Breaking(0), house)
    codes = [(await asked.call("GET", query="format=fhir")).json["code"] for _ in range(MOST + 1)]
    assert codes == ["store_unavailable"] * MOST + ["too_many_requests"]
