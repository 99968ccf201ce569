"""What comes in a request's body: JSON from programs, filled-in forms from pages; as typed values, or refused."""

import json
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from starlette.requests import Request

from shared.errors import InvalidInput

MAX_BODY_BYTES = 1 << 20
_JSON, _FORM = "application/json", "application/x-www-form-urlencoded"


async def read_body(request: Request, into: type, *, form: bool = False) -> Any:
    """The body as an instance of `into`; with `form` of what a page's form sends, else of JSON.

    Raises InvalidInput: `body_not_json` (it cannot be read at all), `body_invalid`, `body_too_large`.
    """
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media not in ((_FORM,) if form else (_JSON, "")):
        raise InvalidInput("body_not_json", f"content-type must be {_FORM if form else _JSON}")
    raw = bytearray()
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > MAX_BODY_BYTES:
            raise InvalidInput("body_too_large", f"at most {MAX_BODY_BYTES} bytes")
    try:
        text = raw.decode()
        # All that a form has is text.
        return msgspec.convert(_filled_in(text) if form else _parsed(text or "{}"), into, strict=not form)
    except msgspec.ValidationError as wrong:
        raise InvalidInput("body_invalid", str(wrong)[:200]) from None
    except RecursionError:
        raise InvalidInput("body_not_json", "nested too deeply") from None
    except ValueError as wrong:
        raise InvalidInput("body_not_json", str(wrong)[:200]) from None


def _filled_in(text: str) -> dict[str, str]:
    """What a form says. Raises ValueError."""
    pairs = parse_qsl(text, keep_blank_values=True, strict_parsing=bool(text), errors="strict", max_num_fields=100)
    return dict(_no_duplicates(list(pairs)))


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
