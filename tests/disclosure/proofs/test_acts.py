"""What a link leads to: a page that anybody may fetch any number of times, and a button that works once."""

from functools import partial

import pytest
from starlette.requests import Request

from shared import edge
from shared.clock import ManualClock
from shared.cloud.documents import settle
from shared.cloud.identity import AppUser
from shared.cloud.pace import Pace
from shared.cloud.sqlite import SqliteDocuments
from shared.disclosure.proofs.acts import Acts
from shared.disclosure.proofs.model import State, Use
from shared.disclosure.proofs.page import AskLink, Follow, fault_page
from shared.disclosure.proofs.service import Proofs
from shared.disclosure.proofs.store import LinkStore
from shared.profile.blind import MATCH_KEY, MatchKeys
from shared.vocabulary import Language
from tests.disclosure.proofs.test_service import CaseBook
from tests.fakes import MemorySecrets, SeededIds


@pytest.fixture
def proofs(sqlite_documents: SqliteDocuments, clock: ManualClock, ids: SeededIds) -> Proofs:
    return Proofs(
        links=LinkStore(sqlite_documents),
        marks=MatchKeys(MemorySecrets({MATCH_KEY: [b"m" * 32]})),
        cases=CaseBook(),
        commit=partial(settle, sqlite_documents),
        clock=clock,
        ids=ids,
    )


async def hana(request: object) -> AppUser:
    return AppUser("hana")


async def asked(proofs: Proofs, method: str, *, token: str, language: str = "ja", at: str = "/mail") -> tuple[int, str]:
    """One request to routes as a function would have them: status and body."""
    acts = Acts(proofs, Pace(SqliteDocuments(":memory:"), proofs.clock, "proving_accounts", 3))
    app = edge.App(
        "links",
        lambda: [
            edge.Route("GET", "/mail", edge.anyone, acts.look, query=AskLink, fault_told=fault_page),
            edge.Route("POST", "/mail", edge.anyone, acts.confirm_mail, body=Follow, form=True, fault_told=fault_page),
            edge.Route("POST", "/account", hana, acts.confirm_account, body=Follow),
        ],
    )
    raw = f"token={token}".encode() if at == "/mail" else f'{{"token": "{token}"}}'.encode()
    kind = b"application/x-www-form-urlencoded" if at == "/mail" else b"application/json"

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": raw if method == "POST" else b"", "more_body": False}

    scope = {
        "type": "http",
        "method": method,
        "path": at,
        "query_string": f"token={token}".encode() if method == "GET" else b"",
        "headers": [(b"content-type", kind), (b"accept-language", language.encode())],
    }
    response = await app(Request(scope, receive))
    assert "script" not in response.headers.get("content-security-policy", "")
    return response.status_code, bytes(response.body).decode()


async def state(documents: SqliteDocuments, use: Use) -> State:
    found = await LinkStore(documents).of("c1", use)
    assert found
    return found.value.state


async def test_fetching_the_page_uses_nothing_up_and_the_button_does_once(
    proofs: Proofs, sqlite_documents: SqliteDocuments
):
    token = (await proofs.issue("c1", Use.MAIL_ADDRESS, by="saki")).token
    for _ in range(5):
        status, page = await asked(proofs, "GET", token=token)
        assert status == 200
        assert token in page
    assert await state(sqlite_documents, Use.MAIL_ADDRESS) is State.OPEN
    status, page = await asked(proofs, "POST", token=token)
    assert (status, "確認できました" in page) == (200, True)
    assert await state(sqlite_documents, Use.MAIL_ADDRESS) is State.REDEEMED
    status, page = await asked(proofs, "POST", token=token)
    assert (status, "使用済み" in page) == (410, True)


async def test_the_page_of_a_link_that_never_was_is_the_same(proofs: Proofs):
    token = (await proofs.issue("c1", Use.MAIL_ADDRESS, by="saki")).token
    good, bad = await asked(proofs, "GET", token=token), await asked(proofs, "GET", token="x" * 43)
    assert good[1].replace(token, "") == bad[1].replace("x" * 43, "")


async def test_what_is_in_the_address_is_never_markup(proofs: Proofs):
    _, page = await asked(proofs, "GET", token="%22%3E%3Cscript%3Ealert(1)%3C/script%3E")
    assert "<script" not in page


@pytest.mark.parametrize(("language", "said"), [("ja", "メールアドレスの確認"), ("en", "Confirming your mail address")])
async def test_pages_speak_the_reader_s_language(proofs: Proofs, language: str, said: str):
    for method in ("GET", "POST"):
        _, page = await asked(proofs, method, token="x" * 43, language=language)
        assert said in page
        assert f'lang="{Language(language)}"' in page


async def test_the_app_confirms_as_whoever_is_signed_in(proofs: Proofs, sqlite_documents: SqliteDocuments):
    token = (await proofs.issue("c1", Use.ACCOUNT, by="saki")).token
    assert (await asked(proofs, "POST", token=token, at="/account"))[0] == 200
    told = await sqlite_documents.get("told/c1.account")
    assert told
    assert told.data["account"] == "hana"
    status, problem = await asked(proofs, "POST", token=token, at="/account")
    assert (status, "proof_invalid" in problem) == (410, True)
