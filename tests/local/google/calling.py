"""Calls to the simulated Google in process: enough of a browser and of an API client for these tests."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlencode, urlsplit

from infra.local import in_process


class Answer(NamedTuple):
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    def sent_to(self) -> dict[str, str]:
        """The query of the address a redirect leads to."""
        return {k: v[-1] for k, v in parse_qs(urlsplit(self.headers["location"]).query).items()}


async def call(
    app: Any,
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    form: Mapping[str, str | Sequence[str]] | None = None,
    value: object = None,
) -> Answer:
    """One request; `form` is sent url-encoded, `value` as JSON."""
    sent, body = dict(headers or {}), b""
    if form is not None:
        sent["content-type"], body = in_process.FORM, urlencode(form, doseq=True).encode()
    elif value is not None:
        sent["content-type"], body = "application/json", json.dumps(value).encode()
    answer = await in_process.call(app, method, f"http://google.test{url}", headers=sent, body=body)
    return Answer(answer.status, answer.headers, answer.body)
