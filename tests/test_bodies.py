"""Forms and files: what fits comes through as it was sent, and what does not is refused before it fills the memory."""

import datetime as dt
import tracemalloc
from typing import Any

import msgspec
import pytest

from shared import edge
from shared.bodies import MAX_BODY_BYTES, Limits, Upload
from tests.test_edge import FORM, Client

LIMITS = Limits(files=3, file_bytes=1000, all_bytes=9000)


class Filled(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str = ""
    kinds: list[str] = []
    day: dt.date | None = None
    count: int = 7
    scans: list[Upload] = []
    letter: Upload | None = None


class Sent:
    """A multipart body, put together by hand so that it can be wrong."""

    media = "multipart/form-data; boundary=edge"

    def __init__(self) -> None:
        self.body = b""

    def part(self, headers: str, content: bytes) -> "Sent":
        self.body += b"--edge\r\n" + headers.encode() + b"\r\n\r\n" + content + b"\r\n"
        return self

    def field(self, name: str, value: str) -> "Sent":
        return self.part(f'Content-Disposition: form-data; name="{name}"', value.encode())

    def file(self, name: str, filename: str, content: bytes, media: str = "application/pdf") -> "Sent":
        said = f'Content-Disposition: form-data; name="{name}"; filename="{filename}"\r\nContent-Type: {media}'
        return self.part(said, content)

    def end(self) -> bytes:
        return self.body + b"--edge--\r\n"


class Kept:
    """The act of the route: keeps what came."""

    def __init__(self, limits: Limits | None = LIMITS) -> None:
        self.body: Any = None
        form = limits is None
        self.client = Client(edge.Route("POST", "/", edge.anyone, self.act, body=Filled, files=limits, form=form))

    async def act(self, call: edge.Call) -> edge.Reply:
        self.body = call.body
        return edge.Json({})

    async def send(self, body: bytes, media: str = Sent.media, chunks: int = 1) -> str:
        answer = await self.client.call(body=body, content_type=media, chunks=chunks)
        return "ok" if answer.status == 200 else f"{answer.status} {answer.json['code']}"


async def test_a_field_that_may_be_repeated_is_a_list_and_no_other_is():
    kept = Kept(None)
    assert await kept.send(b"kinds=a&kinds=b&name=x", FORM) == "ok"
    assert (kept.body.kinds, kept.body.name) == (["a", "b"], "x")
    assert await kept.send(b"kinds=a", FORM) == "ok"
    assert kept.body.kinds == ["a"]
    assert await kept.send(b"name=a&name=b", FORM) == "400 body_not_json"


async def test_what_was_left_empty_is_as_if_it_were_not_sent():
    kept = Kept(None)
    assert await kept.send(b"name=&day=&count=", FORM) == "ok"
    assert (kept.body.name, kept.body.day, kept.body.count) == ("", None, 7)
    assert await kept.send(b"day=2026-11-30&count=3", FORM) == "ok"
    assert (kept.body.day, kept.body.count) == (dt.date(2026, 11, 30), 3)


@pytest.mark.parametrize("chunks", [1, 2, 7, 50, 1000])
async def test_files_come_through_byte_by_byte_however_they_are_cut(chunks: int):
    kept = Kept()
    content = bytes(range(256)) + b"\r\n--edg\r\n--edge-\r\n"
    sent = (
        Sent()
        .field("name", "山田 花子")
        .file("scans", "申請書 1.pdf", content)
        .file("scans", "b.png", b"", "image/PNG")
    )
    assert await kept.send(sent.field("kinds", "x").field("kinds", "y").end(), chunks=chunks) == "ok"
    assert (kept.body.name, kept.body.kinds) == ("山田 花子", ["x", "y"])
    assert kept.body.scans == [Upload("申請書 1.pdf", "application/pdf", content), Upload("b.png", "image/png", b"")]
    assert kept.body.letter is None


async def test_a_file_that_was_not_chosen_is_none():
    kept = Kept()
    assert await kept.send(Sent().file("letter", "", b"", "application/octet-stream").end()) == "ok"
    assert (kept.body.letter, kept.body.scans) == (None, [])


async def test_a_form_for_files_may_come_without_any():
    kept = Kept()
    assert await kept.send(b"name=x", FORM) == "ok"
    assert kept.body.name == "x"


@pytest.mark.parametrize(
    ("said", "kept_as"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\\\Users\\\\a\\\\scan.pdf", "scan.pdf"),
        ("a\u202egpj.exe", "agpj.exe"),
        ("x" * 300 + ".pdf", "x" * 196 + ".pdf"),
        ("花\u0000.pdf", "花.pdf"),
        ("a%22b.pdf", "a%22b.pdf"),
        ("<script>.pdf", "<script>.pdf"),
    ],
)
async def test_a_file_s_name_is_its_last_part_in_characters_that_show(said: str, kept_as: str):
    kept = Kept()
    assert await kept.send(Sent().file("letter", said, b"x").end()) == "ok"
    assert kept.body.letter.name == kept_as


def _many(count: int) -> bytes:
    sent = Sent()
    for number in range(count):
        sent.file("scans", f"{number}.pdf", b"x")
    return sent.end()


def _fields(count: int) -> bytes:
    sent = Sent()
    for _ in range(count):
        sent.field("kinds", "x")
    return sent.end()


WRONG: dict[str, tuple[bytes, str, str]] = {
    "one file too large": (Sent().file("letter", "a", b"x" * 1001).end(), Sent.media, "413 file_too_large"),
    "one file too many": (_many(4), Sent.media, "400 too_many_files"),
    "too much in all": (Sent().field("name", "x").end().ljust(9001, b"\r"), Sent.media, "413 body_too_large"),
    "too many fields": (_fields(101), Sent.media, "400 form_unreadable"),
    "cut off": (Sent().file("letter", "a", b"x").body, Sent.media, "400 form_unreadable"),
    "nothing": (b"", Sent.media, "400 form_unreadable"),
    "no boundary": (Sent().field("name", "x").end(), "multipart/form-data", "400 form_unreadable"),
    "another boundary": (Sent().field("name", "x").end(), "multipart/form-data; boundary=x", "400 form_unreadable"),
    "a boundary too long": (b"x", f"multipart/form-data; boundary={'x' * 300}", "400 form_unreadable"),
    "a part without a name": (
        Sent().part("Content-Disposition: form-data", b"x").end(),
        Sent.media,
        "400 form_unreadable",
    ),
    "a part that is no form's": (
        Sent().part('Content-Disposition: attachment; name="name"', b"x").end(),
        Sent.media,
        "400 form_unreadable",
    ),
    "a part without headers": (b"--edge\r\n\r\nx\r\n--edge--\r\n", Sent.media, "400 form_unreadable"),
    "text that is none": (
        Sent().part('Content-Disposition: form-data; name="name"', b"\xff").end(),
        Sent.media,
        "400 form_unreadable",
    ),
    "a field twice": (Sent().field("name", "a").field("name", "b").end(), Sent.media, "400 body_not_json"),
    "a field nobody asked for": (Sent().field("other", "a").end(), Sent.media, "400 body_invalid"),
    "text where a file belongs": (Sent().field("letter", "a").end(), Sent.media, "400 body_invalid"),
    "a file where text belongs": (Sent().file("name", "a", b"x").end(), Sent.media, "400 body_invalid"),
    "a file where none belongs": (Sent().file("other", "a", b"x").end(), Sent.media, "400 body_invalid"),
    "json": (b"{}", "application/json", "400 body_not_json"),
}


@pytest.mark.parametrize(("body", "media", "told"), WRONG.values(), ids=WRONG.keys())
@pytest.mark.parametrize("chunks", [1, 40])
async def test_what_cannot_be_taken_is_refused_by_name(body: bytes, media: str, told: str, chunks: int):
    kept = Kept()
    assert await kept.send(body, media, chunks) == told
    assert kept.body is None


async def test_a_form_without_files_takes_none():
    assert await Kept(None).send(Sent().file("letter", "a", b"x").end()) == "400 body_not_json"


async def test_a_field_of_text_has_its_own_limit():
    roomy = Kept(Limits(file_bytes=4 << 20, all_bytes=4 << 20))
    assert await roomy.send(Sent().field("name", "x" * (MAX_BODY_BYTES + 1)).end()) == "413 body_too_large"
    assert await roomy.send(Sent().file("letter", "a", b"x" * (MAX_BODY_BYTES + 1)).end()) == "ok"


async def test_a_hundred_megabytes_are_refused_without_being_held():
    kept = Kept()
    block, sizes = b"x" * (1 << 20), []
    head = b'--edge\r\nContent-Disposition: form-data; name="letter"; filename="a"\r\n\r\n'

    async def receive() -> Any:
        sizes.append(tracemalloc.get_traced_memory()[0])
        return {"type": "http.request", "body": head if len(sizes) == 1 else block, "more_body": len(sizes) < 100}

    from starlette.requests import Request

    headers = [(b"content-type", Sent.media.encode())]
    scope = {"type": "http", "method": "POST", "path": "/", "headers": headers, "query_string": b""}
    tracemalloc.start()
    answer = await kept.client.app(Request(scope, receive))
    tracemalloc.stop()
    assert answer.status_code == 413
    assert len(sizes) == 100, "a browser shows the answer only once it could send everything"
    assert max(sizes) - sizes[0] < 4 << 20


def test_what_was_uploaded_shows_in_no_log():
    assert repr(Upload("山田.pdf", "application/pdf", b"canary")) == "Upload(6 bytes)"
