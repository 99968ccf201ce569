"""Whether a sign-in still counts. An ID token is good for an hour by itself, whatever happened to its account since."""

import msgspec

from shared import log
from shared.clock import Clock
from shared.cloud.http import Answer, Sender
from shared.config import Settings
from shared.errors import Unavailable

BELIEVED_S = 60
"""How long an answer is good for: so long at most can somebody go on who was signed out everywhere."""
MOST_KEPT = 10_000
LOOK_UP_S = 5.0
_ENDED = frozenset({"INVALID_ID_TOKEN", "TOKEN_EXPIRED", "USER_DISABLED", "USER_NOT_FOUND"})


class _Account(msgspec.Struct, rename="camel"):
    local_id: str
    valid_since: int = 0
    disabled: bool = False


class _Accounts(msgspec.Struct):
    users: list[_Account] = []


class _Error(msgspec.Struct):
    message: str


class _Refusal(msgspec.Struct):
    error: _Error


_accounts = msgspec.json.Decoder(_Accounts, strict=False)
_refusal = msgspec.json.Decoder(_Refusal)


class SignIns:
    """Asks Firebase about each sign-in, once a minute at most.

    Source: cloud.google.com/identity-platform/docs/reference/rest/v1/accounts/lookup, November 2026.
    """

    def __init__(self, settings: Settings, *, http: Sender, clock: Clock) -> None:
        self._url = f"{settings.firebase_accounts_url}/accounts:lookup"
        self._headers = {"x-goog-api-key": settings.firebase_api_key} if settings.firebase_api_key else {}
        self._http = http
        self._clock = clock
        self._counted: dict[tuple[str, int], float] = {}

    async def count(self, uid: str, token: str, auth_time: int) -> bool:
        """Whether the sign-in of `uid` at `auth_time` (seconds) counts, given its ID token, found good otherwise.

        Raises:
            Unavailable: `keys_unavailable`: Firebase does not say.
        """
        now_s = self._clock.now().timestamp()
        if self._counted.get((uid, auth_time), 0.0) > now_s:
            return True
        counts = await self._ask(uid, token, auth_time)
        if counts:
            self._counted.pop((uid, auth_time), None)
            self._counted[uid, auth_time] = now_s + BELIEVED_S
            while len(self._counted) > MOST_KEPT:
                self._counted.pop(next(iter(self._counted)))
        return counts

    async def _ask(self, uid: str, token: str, auth_time: int) -> bool:
        log.count("sign_ins_asked")
        try:
            answer = await self._http.send(
                "POST", self._url, headers=self._headers, json={"idToken": token}, timeout_s=LOOK_UP_S
            )
            return _counts(answer, uid, auth_time)
        except (Unavailable, ValueError, RecursionError) as failed:
            log.event("sign_in.not_checked", "WARNING", fault=type(failed).__name__)
            raise Unavailable("keys_unavailable", "sign-in cannot be checked right now", retry_after_s=10) from None


def _counts(answer: Answer, uid: str, auth_time: int) -> bool:
    """What the answer says. Raises ValueError where it says neither yes nor no."""
    if answer.status == 400 and _refusal.decode(answer.body).error.message.partition(" ")[0] in _ENDED:
        return False
    if answer.status != 200:
        raise ValueError(f"status {answer.status}")
    return any(
        account.local_id == uid and not account.disabled and account.valid_since <= auth_time
        for account in _accounts.decode(answer.body).users
    )
