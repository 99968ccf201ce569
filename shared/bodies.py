"""What comes in a request's body: JSON from programs, forms and files from pages; as typed values, or refused."""

import json
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from starlette.requests import Request

from shared.errors import InvalidInput

MAX_BODY_BYTES = 1 << 20
_JSON, _FORM, _MULTIPART = "application/json", "application/x-www-form-urlencoded", "multipart/form-data"
_MOST_FIELDS = 100
_READ_ON_BYTES = 128 << 20
"""A browser shows our answer only after it could send everything: so much of what is too large is read and dropped."""


class Upload(msgspec.Struct, frozen=True):
    """A file that a page's form sent. Its name (without folders) and type are what the sender says, and no more; the
    name may be somebody's."""

    name: str
    declared_type: str
    content: bytes

    def __repr__(self) -> str:
        return f"Upload({len(self.content)} bytes)"


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a form with files may hold. Cloud Run itself takes no request above 32 MiB (HTTP/1, November 2026:
    docs.cloud.google.com/run/quotas)."""

    files: int = 10
    file_bytes: int = 12 << 20
    all_bytes: int = 31 << 20


async def read_body(request: Request, into: type, *, form: bool = False, files: Limits | None = None) -> Any:
    """The body as an instance of `into`: of JSON, with `form` of what a page's form sends, with `files` of a form that
    may send files as well, to fields of type `Upload` or lists of it.

    Of a form, fields that are lists in `into` may stand more than once. What was left empty is as if it were not sent,
    where `into` wants something else than text and can do without it; so is a file that was not chosen.

    Raises InvalidInput: `body_not_json` or `form_unreadable` (it cannot be read at all), `body_invalid`,
    `body_too_large`, `file_too_large`, `too_many_files`.
    """
    wanted = _FORM if form else _JSON
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if files and media == _MULTIPART:
        return _typed(_gathered(await _parts(request, files), into), into, form=True)
    if media not in ((_FORM,) if form or files else (_JSON, "")):
        raise InvalidInput("body_not_json", f"content-type must be {_MULTIPART if files else wanted}")
    raw = bytearray()
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > MAX_BODY_BYTES:
            raise InvalidInput("body_too_large", f"at most {MAX_BODY_BYTES} bytes")
    try:
        text = raw.decode()
        sent = _gathered(_filled_in(text), into) if form or files else _parsed(text or "{}")
    except RecursionError:
        raise InvalidInput("body_not_json", "nested too deeply") from None
    except ValueError as wrong:
        raise InvalidInput("body_not_json", str(wrong)[:200]) from None
    return _typed(sent, into, form=form or files is not None)


def _typed(sent: Any, into: type, *, form: bool) -> Any:
    try:
        # All that a form has besides files is text.
        return msgspec.convert(sent, into, strict=not form)
    except msgspec.ValidationError as wrong:
        raise InvalidInput("body_invalid", str(wrong)[:200]) from None
    except RecursionError:
        raise InvalidInput("body_not_json", "nested too deeply") from None


def _filled_in(text: str) -> list[tuple[str, str]]:
    """What a form says. Raises ValueError."""
    return parse_qsl(
        text, keep_blank_values=True, strict_parsing=bool(text), errors="strict", max_num_fields=_MOST_FIELDS
    )


def _gathered(pairs: Iterable[tuple[str, str | Upload]], into: type) -> dict[str, Any]:
    """Fields by name. Raises InvalidInput `body_not_json`: one that is no list stands more than once."""
    kinds: Mapping[str, msgspec.inspect.Field] = {}
    described = msgspec.inspect.type_info(into)
    if isinstance(described, msgspec.inspect.StructType):
        kinds = {one.encode_name: one for one in described.fields}
    found: dict[str, Any] = {}
    for name, value in pairs:
        known = kinds.get(name)
        if known is not None and not value and not known.required and not _takes(known.type, msgspec.inspect.StrType):
            continue
        if known is not None and _takes(known.type, msgspec.inspect.CollectionType):
            found.setdefault(name, []).append(value)
        elif name in found:
            raise InvalidInput("body_not_json", "a name is given more than once")
        else:
            found[name] = value
    return found


def _takes(wanted: msgspec.inspect.Type, kind: type[msgspec.inspect.Type]) -> bool:
    match wanted:
        case msgspec.inspect.UnionType(types=types):
            return any(_takes(one, kind) for one in types)
        case msgspec.inspect.Metadata(type=inner):
            return _takes(inner, kind)
    return isinstance(wanted, kind)


def _parsed(text: str) -> Any:
    """RFC 8259 as everyone reads it. Raises ValueError, RecursionError."""
    parsed = json.loads(text, object_pairs_hook=_no_duplicates, parse_constant=_no_constant)
    if "\\u" in text:
        # Half of a surrogate pair is no character: it could be neither stored nor sent on.
        json.dumps(parsed, ensure_ascii=False).encode()
    return parsed


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name is given more than once")
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


async def _parts(request: Request, limits: Limits) -> list[tuple[str, str | Upload]]:
    """The parts of a multipart form (RFC 7578), in their order, held in memory: `limits` bound it."""
    from python_multipart.exceptions import FormParserError

    stream = request.stream()
    try:
        reading = _Reading(request.headers.get("content-type", ""), limits)
        async for chunk in stream:
            reading.feed(chunk)
        return reading.done()
    except (FormParserError, UnicodeDecodeError):
        raise InvalidInput("form_unreadable", "this is no multipart form") from None
    except InvalidInput:
        await _read_on(stream)
        raise


async def _read_on(stream: AsyncIterator[bytes]) -> None:
    dropped = 0
    async for chunk in stream:
        dropped += len(chunk)
        if dropped > _READ_ON_BYTES:
            return


class _Reading:
    """One multipart body, fed piece by piece. What it is fed beyond a limit it refuses at once."""

    def __init__(self, content_type: str, limits: Limits) -> None:
        from python_multipart.multipart import MultipartParser, parse_options_header

        boundary = parse_options_header(content_type)[1].get(b"boundary", b"")
        if not boundary:
            raise InvalidInput("form_unreadable", "there is no boundary")
        self._options = parse_options_header
        self._limits = limits
        self._seen = self._files = 0
        self._ended = False
        self._found: list[tuple[str, str | Upload]] = []
        self._begin()
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin,
                "on_header_field": lambda data, start, end: self._name.extend(data[start:end]),
                "on_header_value": lambda data, start, end: self._value.extend(data[start:end]),
                "on_header_end": self._header,
                "on_headers_finished": self._described,
                "on_part_data": self._more,
                "on_part_end": self._finish,
                "on_end": self._end,
            },
        )

    def feed(self, chunk: bytes) -> None:
        """Raises InvalidInput, FormParserError."""
        self._seen += len(chunk)
        if self._seen > self._limits.all_bytes:
            raise InvalidInput("body_too_large", f"at most {self._limits.all_bytes} bytes")
        self._parser.write(chunk)

    def done(self) -> list[tuple[str, str | Upload]]:
        """Everything. Raises InvalidInput `form_unreadable` where the end is missing."""
        if not self._ended:
            raise InvalidInput("form_unreadable", "the form was cut off")
        return self._found

    def _begin(self) -> None:
        self._name, self._value, self._content = bytearray(), bytearray(), bytearray()
        self._headers: dict[str, str] = {}

    def _header(self) -> None:
        self._headers[self._name.decode("ascii").lower()] = self._value.decode()
        self._name, self._value = bytearray(), bytearray()

    def _described(self) -> None:
        # `parse_options_header` speaks latin-1 only, while browsers write names in UTF-8.
        disposition = self._headers.get("content-disposition", "").encode().decode("latin-1")
        kind, options = self._options(disposition)
        self._field = options.get(b"name", b"").decode()
        self._file = options[b"filename"].decode() if b"filename" in options else None
        if kind != b"form-data" or not self._field:
            raise InvalidInput("form_unreadable", "a part has no name")
        self._files += self._file is not None
        if self._files > self._limits.files:
            raise InvalidInput("too_many_files", f"at most {self._limits.files} files")
        if len(self._found) >= _MOST_FIELDS:
            raise InvalidInput("form_unreadable", f"at most {_MOST_FIELDS} fields")

    def _more(self, data: bytes, start: int, end: int) -> None:
        self._content += data[start:end]
        if self._file is None and len(self._content) > MAX_BODY_BYTES:
            raise InvalidInput("body_too_large", f"{self._field}: at most {MAX_BODY_BYTES} bytes")
        if len(self._content) > self._limits.file_bytes:
            raise InvalidInput("file_too_large", f"{self._field}: at most {self._limits.file_bytes} bytes")

    def _finish(self) -> None:
        if self._file is None:
            self._found.append((self._field, self._content.decode()))
        elif self._file or self._content:
            declared = self._headers.get("content-type", "").partition(";")[0].strip().lower()
            self._found.append((self._field, Upload(_plain(self._file), declared, bytes(self._content))))

    def _end(self) -> None:
        self._ended = True


def _plain(name: str) -> str:
    """The file's name alone, of characters that can be shown."""
    last = name.replace("\\", "/").rpartition("/")[2]
    return "".join(letter for letter in last if letter.isprintable())[-200:]
