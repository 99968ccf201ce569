import hashlib
import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import typst
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin
from pypdf import PdfReader, PdfWriter
from pypdf.annotations import FreeText
from pypdf.generic import ArrayObject, DecodedStreamObject, DictionaryObject, NameObject, NumberObject, TextStringObject

from shared.clock import ManualClock
from shared.disclosure.intake import pdfs, uploads
from shared.disclosure.intake.uploads import Scan, ScanKind, accepted, headers
from shared.errors import Fault, InvalidInput, Refused

NUMBER = "123456789018"  # made up; its last digit checks the others


def pdf(text: str = "A returned form.", pages: int = 1) -> bytes:
    body = "\n#pagebreak()\n".join([text] * pages)
    return typst.compile(body.encode())


def written(change: Callable[[PdfWriter], object], text: str = "A returned form.") -> bytes:
    writer = PdfWriter(clone_from=io.BytesIO(pdf(text)))
    change(writer)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def picture(kind: str = "PNG", mode: str = "RGB", size: tuple[int, int] = (60, 40), **how) -> bytes:
    out = io.BytesIO()
    Image.new(mode, size, how.pop("colour", 1)).save(out, kind, **how)
    return out.getvalue()


async def refusal(raw: bytes, clock: ManualClock) -> Fault:
    with pytest.raises(Fault) as refused:
        await accepted(raw, clock)
    return refused.value


# what is accepted


async def test_a_pdf_is_kept_as_it_came(clock):
    raw = pdf(pages=3)
    assert await accepted(raw, clock) == Scan(ScanKind.PDF, raw, 3, hashlib.sha256(raw).hexdigest())


@pytest.mark.parametrize(("kind", "name"), [(ScanKind.JPEG, "JPEG"), (ScanKind.PNG, "PNG")])
async def test_a_picture_is_kept_as_one_page(kind, name, clock):
    scan = await accepted(picture(name), clock)
    assert (scan.kind, scan.pages, scan.sha256) == (kind, 1, hashlib.sha256(scan.content).hexdigest())
    with Image.open(io.BytesIO(scan.content)) as drawn:
        assert (drawn.format, drawn.size) == (name, (60, 40))


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
async def test_every_kind_of_png_is_drawn_anew(mode, clock):
    scan = await accepted(picture("PNG", mode, colour=0 if mode != "RGBA" else (0, 0, 0, 0)), clock)
    with Image.open(io.BytesIO(scan.content)) as drawn:
        assert drawn.mode in ("1", "L", "RGB")
        assert drawn.convert("L").getpixel((5, 5)) == (255 if mode in ("LA", "RGBA") else 0)


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
async def test_every_kind_of_jpeg_is_drawn_anew(mode, clock):
    scan = await accepted(picture("JPEG", mode, colour=0), clock)
    with Image.open(io.BytesIO(scan.content)) as drawn:
        assert drawn.mode in ("L", "RGB")


async def test_where_a_picture_was_taken_is_not_kept_and_it_stands_upright(clock):
    exif = Image.Exif()
    exif[0x0112] = 6  # lies on its side
    exif[0x010F] = "CANARY-MAKER"
    exif.get_ifd(0x8825)[1] = "CANARY-GPS"
    raw = picture("JPEG", exif=exif, comment=b"CANARY-COMMENT", icc_profile=b"CANARY-ICC" * 20)
    assert raw.count(b"CANARY") > 3
    scan = await accepted(raw, clock)
    assert b"CANARY" not in scan.content
    with Image.open(io.BytesIO(scan.content)) as drawn:
        assert drawn.size == (40, 60)
        assert not drawn.getexif()


async def test_what_a_png_says_beside_its_picture_is_not_kept(clock):
    info = PngImagePlugin.PngInfo()
    info.add_text("Author", "CANARY-1")
    info.add_itxt("Comment", "CANARY-2")
    raw = picture("PNG", pnginfo=info, icc_profile=b"CANARY-3" * 20, dpi=(600, 600)) + b"CANARY-4"
    assert b"CANARY-1" in raw
    scan = await accepted(raw, clock)
    assert b"CANARY" not in zlib.decompress(scan.content.partition(b"IDAT")[2]) + scan.content
    with Image.open(io.BytesIO(scan.content)) as drawn:
        assert not drawn.info


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
async def test_a_picture_that_is_an_archive_or_a_page_as_well_becomes_a_picture_only(kind, clock):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("index.html", "<script>alert(1)</script>")
    scan = await accepted(picture(kind) + archive.getvalue(), clock)
    assert not zipfile.is_zipfile(io.BytesIO(scan.content))
    assert b"<script>" not in scan.content


# what is refused, by its content


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"%PD",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>",
        b"<!doctype html><title>x</title>",
        b"<?xml version='1.0'?>",
        b"PK\x03\x04" + bytes(100),
        b"GIF89a" + bytes(100),
        b"RIFF\0\0\0\0WEBP",
        b"II*\0" + bytes(100),
        b"\0\0\0\x18ftypheic",
        b"MZ" + bytes(100),
        b"\n" + b"%PDF-1.7\n%%EOF",
    ],
)
async def test_other_kinds_are_refused_whatever_they_are_called(raw, clock):
    assert (await refusal(raw, clock)).code == "upload_kind_unknown"


async def test_more_than_ten_megabytes_are_refused_before_anything_is_read(clock):
    assert (await refusal(b"%PDF-" + bytes(uploads.MAX_BYTES), clock)).code == "upload_too_large"
    assert (await refusal(bytes(100 << 20), clock)).code == "upload_too_large"


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
async def test_half_a_picture_is_refused(kind, clock):
    noise = Image.effect_noise((200, 200), 100)
    out = io.BytesIO()
    noise.save(out, kind)
    assert (await refusal(out.getvalue()[: len(out.getvalue()) // 2], clock)).code == "upload_damaged"


async def test_half_a_pdf_is_refused(clock):
    raw = pdf()
    assert (await refusal(raw[: len(raw) // 2], clock)).code == "upload_damaged"


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


@pytest.mark.parametrize("side", [6001, 12_000, 20_000, 100_000])
async def test_a_small_file_that_is_a_huge_picture_is_refused_before_it_is_drawn(side, clock):
    """A bomb: some kilobytes that would become gigabytes."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0))
    raw = b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(bytes(3 * 10_000))) + chunk(b"IEND", b"")
    assert (await refusal(raw, clock)).code == "upload_too_many_pixels"


async def test_a_pngs_text_that_explodes_is_refused(clock):
    text = chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(80 << 20), 9))
    raw = picture()
    at = raw.index(b"IDAT") - 4
    assert (await refusal(raw[:at] + text + raw[at:], clock)).code == "upload_damaged"


async def test_an_animation_is_refused(clock):
    frames = [Image.new("RGB", (9, 9), colour) for colour in ("red", "blue")]
    out = io.BytesIO()
    frames[0].save(out, "PNG", save_all=True, append_images=frames[1:])
    assert (await refusal(out.getvalue(), clock)).code == "upload_kind_unknown"


async def test_a_pdf_with_a_password_is_refused(clock):
    raw = written(lambda writer: writer.encrypt("secret"))
    assert (await refusal(raw, clock)).code == "upload_encrypted"
    open_to_all = written(lambda writer: writer.encrypt("", "secret"))
    assert (await refusal(open_to_all, clock)).code == "upload_encrypted"


async def test_a_pdf_of_many_pages_is_refused(clock):
    assert (await refusal(pdf(pages=pdfs.MAX_PAGES + 1), clock)).code == "upload_too_many_pages"
    assert (await accepted(pdf(pages=pdfs.MAX_PAGES), clock)).pages == pdfs.MAX_PAGES


def action(kind: str, **more) -> DictionaryObject:
    return DictionaryObject({NameObject("/S"): NameObject(kind)} | {NameObject(f"/{k}"): v for k, v in more.items()})


def opens_with(what: DictionaryObject) -> Callable[[PdfWriter], object]:
    return lambda writer: writer.root_object.update({NameObject("/OpenAction"): writer._add_object(what)})


def with_xfa(writer: PdfWriter) -> None:
    writer.root_object[NameObject("/AcroForm")] = DictionaryObject({NameObject("/XFA"): ArrayObject()})


@pytest.mark.parametrize(
    "change",
    [
        lambda writer: writer.add_attachment("a.html", b"<script>"),
        opens_with(action("/JavaScript", JS=TextStringObject("app.alert(1)"))),
        opens_with(action("/Launch", F=TextStringObject("cmd.exe"))),
        opens_with(action("/SubmitForm", F=TextStringObject("https://example.com"))),
        opens_with(action("/ImportData")),
        opens_with(action("/GoToR", F=TextStringObject("other.pdf"))),
        opens_with(action("/GoToE")),
        with_xfa,
        lambda writer: writer.pages[0].update(
            {NameObject("/AA"): DictionaryObject({NameObject("/O"): action("/JavaScript")})}
        ),
        lambda writer: writer._add_object(DictionaryObject({NameObject("/Subtype"): NameObject("/RichMedia")})),
        lambda writer: writer._add_object(NameObject("/JavaScript")),  # as some other object's /S
    ],
)
async def test_a_pdf_in_which_anything_acts_is_refused(change, clock):
    assert (await refusal(written(change), clock)).code == "upload_active"


async def test_what_acts_is_found_in_compressed_objects_too(clock):
    writer = PdfWriter(clone_from=io.BytesIO(written(opens_with(action("/JavaScript")))))
    writer.compress_identical_objects()
    out = io.BytesIO()
    writer.write(out)
    hidden = out.getvalue().replace(b"/JavaScript", b"/Java#53cript")
    assert not pdfs._HIDDEN.search(hidden)
    assert (await refusal(hidden, clock)).code == "upload_active"


async def test_what_acts_is_found_in_objects_that_our_parser_does_not_use(clock):
    raw = pdf().replace(b"startxref", b"99 0 obj <</S/JavaScript/JS(x)>> endobj\nstartxref", 1)
    assert (await refusal(raw, clock)).code == "upload_active"


async def test_a_link_or_a_place_to_begin_at_does_not_act(clock):
    begins = ArrayObject([NumberObject(0), NameObject("/Fit")])
    raw = written(
        lambda writer: writer.root_object.update({NameObject("/OpenAction"): begins}),
        '#link("https://example.com")[a link]',
    )
    assert (await accepted(raw, clock)).pages == 1


@pytest.mark.parametrize("tail", [b"<script>alert(1)</script>", b"PK\x05\x06" + bytes(18)])
async def test_a_pdf_that_is_something_else_as_well_is_refused(tail, clock):
    assert (await refusal(pdf() + tail, clock)).code == "upload_kind_unknown"


async def test_a_pdf_within_an_archive_is_refused(clock):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("a", "b")
    raw = pdf()
    assert (await refusal(raw[:-6] + archive.getvalue() + b"\n%%EOF\n", clock)).code == "upload_kind_unknown"


async def test_a_pdf_with_a_huge_picture_in_it_is_refused(clock):
    wide = DecodedStreamObject()
    wide.update({NameObject("/Width"): NumberObject(60_000), NameObject("/Height"): NumberObject(60_000)})
    assert (await refusal(written(lambda writer: writer._add_object(wide)), clock)).code == "upload_too_many_pixels"


def draws(data: bytes) -> Callable[[PdfWriter], object]:
    """A page that is drawn by these instructions."""

    def change(writer: PdfWriter) -> None:
        stream = DecodedStreamObject()
        stream.set_data(data)
        writer.pages[0][NameObject("/Contents")] = writer._add_object(stream.flate_encode())

    return change


@pytest.mark.parametrize("data", [bytes(pdfs.MAX_STREAM_BYTES + 1), b"q Q " * pdfs.MAX_TOKENS])
async def test_instructions_that_explode_are_refused(data, clock):
    assert (await refusal(written(draws(data)), clock)).code == "upload_too_complex"


async def test_more_objects_than_can_be_looked_at_are_refused(clock):
    def crowd(writer: PdfWriter) -> None:
        for n in range(pdfs.MAX_OBJECTS):
            writer._add_object(NumberObject(n))

    assert (await refusal(written(crowd), clock)).code == "upload_too_complex"


async def test_a_pdf_that_takes_too_long_is_refused():
    class Passing(ManualClock):
        def monotonic_s(self) -> float:
            self.advance(timedelta(seconds=1))
            return super().monotonic_s()

    assert (await refusal(pdf("word " * 200), Passing(datetime(2026, 11, 25, tzinfo=UTC)))).code == "upload_too_complex"


async def test_more_text_than_can_be_looked_through_is_refused(clock):
    page = draws(b"BT 0 0 Td (" + b"a" * (pdfs.MAX_TEXT + 1) + b") Tj ET")
    assert (await refusal(written(page), clock)).code == "upload_too_complex"


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
async def test_a_damaged_file_is_accepted_or_refused_but_nothing_else_happens(data, clock):
    raw = bytearray(data.draw(st.sampled_from(WHOLE)))
    for _ in range(data.draw(st.integers(1, 20))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    try:
        scan = await accepted(bytes(raw), clock)
    except (InvalidInput, Refused):
        return
    assert scan.pages >= 1


WHOLE = [pdf("12 words"), picture("PNG"), picture("JPEG")]


# My Numbers


@pytest.mark.parametrize(
    "text", [NUMBER, "1234 5678 9018", "No. 1234-5678-9018 at the counter", "#text(6pt)[1234] 5678 9018"]
)
async def test_a_pdf_with_a_my_number_in_its_text_is_not_kept(text, clock):
    fault = await refusal(pdf(f"first page\n#pagebreak()\n{text}"), clock)
    assert isinstance(fault, Refused)
    assert (fault.code, fault.more) == ("my_number_found", {"pages": [2]})
    assert NUMBER not in fault.detail


async def test_a_my_number_digit_by_digit_in_a_forms_boxes_is_found(clock):
    boxes = f"#table(columns: 12, {', '.join(f'[{digit}]' for digit in NUMBER)})"
    assert (await refusal(pdf(boxes), clock)).code == "my_number_found"


def filled_in(writer: PdfWriter) -> None:
    field = {"/FT": NameObject("/Tx"), "/T": TextStringObject("number"), "/V": TextStringObject(NUMBER)}
    writer._add_object(DictionaryObject({NameObject(k): v for k, v in field.items()}))


def noted(writer: PdfWriter) -> None:
    writer.add_annotation(0, FreeText(text=f"My number: {NUMBER}", rect=(50, 550, 200, 650)))


def described(writer: PdfWriter) -> None:
    stream = DecodedStreamObject()
    stream.set_data(f"<x:xmpmeta><dc:title>{NUMBER}</dc:title></x:xmpmeta>".encode())
    stream[NameObject("/Type")] = NameObject("/Metadata")
    writer._add_object(stream.flate_encode())


@pytest.mark.parametrize("change", [filled_in, noted, described, lambda w: w.add_metadata({"/Title": NUMBER})])
async def test_a_my_number_in_a_field_a_note_or_a_property_is_found(change, clock):
    fault = await refusal(written(change), clock)
    assert (fault.code, fault.more) == ("my_number_found", {"pages": []})


async def test_a_form_with_other_numbers_is_kept(clock):
    text = "KG-1234-5678, 090-1234-5678, 2026-11-25, 100-0001, 123-45-67890-1"
    assert (await accepted(pdf(text), clock)).pages == 1
    assert "KG-1234-5678" in PdfReader(io.BytesIO(pdf(text))).pages[0].extract_text()


# how it is shown


def test_a_scan_is_served_as_what_it_is_and_can_do_nothing():
    shown = headers(ScanKind.PNG, "KG-1234-5678-1")
    assert shown["content-type"] == "image/png"
    assert shown["content-disposition"] == 'inline; filename="KG-1234-5678-1.png"'
    assert "sandbox" in shown["content-security-policy"]
    for kind in ScanKind:
        assert headers(kind, "x")["x-content-type-options"] == "nosniff"
        assert headers(kind, "x")["content-security-policy"].startswith("default-src 'none'")
        assert headers(kind, "x")["cache-control"] == "no-store"
