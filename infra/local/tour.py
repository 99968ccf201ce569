"""What `make dev` tells: where everything is, and the whole tour as commands to copy, in Japanese and English.

The tokens are not in it: they stand in a file of variables to read into a shell.
"""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import NamedTuple

from infra.demo.people import Words

DAYS = 7
ZONE = "Asia/Tokyo"
_CURL = r"curl -sw '\n'"
_HANA = '-H "Authorization: Bearer $HANA"'
_JSON = '-H "Content-Type: application/json"'
_WITHDRAWN = '{"purpose":"qolms_store","kind":"sleep","recipient":"qolms","decision":"withdraw"}'
_GUIDANCE = '{"purpose":"health_guidance","kind":"steps","recipient":"\'$HOSPITAL_ID\'","decision":"give"}'
_HOSPITAL = '-H "Authorization: Bearer $HOSPITAL"'
_PERSON = r"""sed -E 's/.*"person":"([^"]*)".*/\1/'"""
_SEEN = r"""sed -E 's/.*"epoch":([0-9]+).*("notice":\{[^}]*\}).*/"if_epoch":\1,\2/'"""
_FAULT = '{"kind":"status","status":503,"account":"hana@example.com","times":null}'


class Step(NamedTuple):
    """What comes next, and the lines that do it."""

    what: Words
    commands: tuple[str, ...]


def confirming(url: str, code: str) -> str:
    """The command that confirms a link as hana."""
    return _sent(f"{url}/connection/confirm", f'{{"code":"{code}"}}')


def steps(variables: str, today: date) -> list[Step]:
    """The tour. `variables` is the file to read first."""
    days = f"$URL/measurement?kind=steps&from={today - timedelta(days=DAYS)}&to={today}"
    points = f"$URL/measurement?kind=sleep&resolution=point&from={today - timedelta(days=1)}&to={today}"
    read = (
        f"$URL/release/summaries?person=$PERSON&purpose=health_guidance&kind=steps&from={today - timedelta(days=DAYS)}"
    )
    read += f"&to={today}&zone={ZONE}"
    return [
        Step(
            Words(
                "変数を読み込む（トークンは1時間有効、30分ごとに書き直される）",
                "Read the variables. Tokens last an hour, and are written anew every 30 minutes",
            ),
            (f". {variables}",),
        ),
        Step(
            Words(
                "hana として連携を始める。authorization_url をブラウザで開き、hana と項目を選んで続行",
                "Begin linking as hana. Open the authorization_url in a browser, choose hana, tick, continue."
                " For English add -H Accept-Language:en",
            ),
            (_sent("$URL/oauth_start", '{"provider":"google_fit","kinds":["steps","sleep"]}'),),
        ),
        Step(
            Words(
                "ブラウザに出たコードで確定（/app/ に hana でサインイン中なら、もう済んでいる）。最初の取得が始まる",
                "Confirm with the code that the browser shows, unless hana is signed in at /app/. A first fetch begins",
            ),
            ("CODE=PASTE_IT_HERE", confirming("$URL", "'$CODE'")),
        ),
        Step(
            Words("連携の状態。今すぐ取得は1分に1回まで", "How the link stands. Fetching now works once a minute"),
            (f"{_CURL} $URL/connection {_HANA}", f"{_CURL} -X POST $URL/connection/sync {_HANA}"),
        ),
        Step(
            Words(
                "最初にタイムゾーンを伝え、計測値を日ごと、点ごとに読む。連携の last_success_at が入るまでは空",
                "Tell the time zone first, then read by day and by point: empty until the link has a last_success_at",
            ),
            (
                _sent("$URL/measurement/zone", f'{{"zone":"{ZONE}"}}'),
                f'{_CURL} "{days}" {_HANA}',
                f'{_CURL} "{points}" {_HANA}',
            ),
        ),
        Step(
            Words(
                "同意を見る。睡眠の同意を撤回し、もう一度同意する。同意するには、見た状態（epoch）とお知らせ（notice）を示す",
                "See the consents, withdraw sleep, and give it again, which takes the state and notice seen",
            ),
            (
                f"{_CURL} $URL/consent {_HANA}",
                _sent("$URL/consent", f'{{"changes":[{_WITHDRAWN}]}}'),
                f"SEEN=$({_CURL} $URL/consent {_HANA} | {_SEEN})",
                _sent("$URL/consent", f'{{"changes":[{_WITHDRAWN.replace("withdraw", "give")}],\'"$SEEN"\'}}'),
                f"{_CURL} $URL/consent/history {_HANA}",
            ),
        ),
        Step(
            Words(
                "歩数を模擬病院に見せることに同意する。病院が読み、本人は何が提供されたかを見る",
                "Let the simulated hospital see steps. It reads, and hana sees what was handed on",
            ),
            (
                f"SEEN=$({_CURL} $URL/consent {_HANA} | {_SEEN})",
                _sent("$URL/consent", f'{{"changes":[{_GUIDANCE}],\'"$SEEN"\'}}'),
                f"{_CURL} $URL/release {_HOSPITAL}",
                "PERSON=$(" + f"{_CURL} $URL/release {_HOSPITAL} | " + _PERSON + ")",
                f'{_CURL} "{read}" {_HOSPITAL}',
                f"{_CURL} $URL/consent/provisions {_HANA}",
            ),
        ),
        Step(
            Words(
                "模擬 Google を失敗させる。その後に取得すると connection の last_error に出る",
                "Make the simulated Google fail. After the next fetch, connection shows it as last_error",
            ),
            (f"{_CURL} $URL/google/_world/faults -d '{_FAULT}'",),
        ),
        Step(
            Words("模擬 Google を元に戻す", "Let the simulated Google work again"),
            (f"{_CURL} -X DELETE $URL/google/_world/faults",),
        ),
        Step(
            Words(
                "スケジューラーの代わりに呼び、取得の時刻が来た人を集める",
                "Call in the place of the scheduler: finds who is due",
            ),
            (f'{_CURL} -X POST $URL/sync_dispatch -H "Authorization: Bearer $TICK"',),
        ),
        Step(Words("連携を解除する", "End the link"), (f"{_CURL} -X DELETE $URL/connection/google_fit {_HANA}",)),
        Step(
            Words(
                "同意をすべてやめ、保存されたものをすべて消す。病院は、終わったことだけを知る",
                "Stop everything, then erase what is stored. The hospital learns no more than that it has ended",
            ),
            (
                f"{_CURL} -X DELETE $URL/consent {_HANA}",
                _sent("$URL/erasure", '{"kinds":null}'),
                f"{_CURL} $URL/erasure {_HANA}",
                f"{_CURL} $URL/release {_HOSPITAL}",
            ),
        ),
    ]


def places(url: str, functions: Iterable[str], people: Mapping[str, str]) -> list[tuple[str, Words]]:
    """Addresses, and what is there."""
    names, accounts = ", ".join(functions), ", ".join(people.values())
    return [
        (
            f"{url}/app/",
            Words(
                "アプリの代役。サインイン、連携、閲覧、同意をクリックで試せる",
                "A stand-in for the app: sign in, connect, look, decide, by clicking",
            ),
        ),
        (
            f"{url}/oauth_start",
            Words(
                f"関数のひとつ。ほかも同じ形：{names}。契約は functions/openapi.yaml",
                f"One of the functions {names}; their contract is functions/openapi.yaml",
            ),
        ),
        (
            f"{url}/google/_world",
            Words(
                f"模擬 Google の中身（{accounts}）。動かし方は infra/local/google/control_http.py の冒頭",
                f"Inside the simulated Google ({accounts}); to move it, see the top of"
                " infra/local/google/control_http.py",
            ),
        ),
        (
            f"{url}/mail-box/",
            Words(
                "送られたメール。届かなかったことにもできる",
                "Mails that were sent; any of them can be made to bounce",
            ),
        ),
        (
            f"{url}/identity/certs",
            Words(
                "サービストークンの公開鍵。利用者のトークンのものは firebase_certs",
                "Public keys of the service tokens; firebase_certs has those of the users' tokens",
            ),
        ),
    ]


def told(places: Iterable[tuple[str, Words]], steps: Iterable[Step]) -> str:
    """All of it, as it is printed."""
    lines = ["KAGAMINO が起動しました / KAGAMINO is up", ""]
    for address, what in places:
        lines += [address, f"    {what.ja}", f"    {what.en}"]
    for number, step in enumerate(steps, start=1):
        lines += ["", f"# {number} {step.what.ja}", f"# {number} {step.what.en}", *step.commands]
    return "\n".join(lines)


def _sent(address: str, body: str) -> str:
    return f"{_CURL} {address} {_HANA} {_JSON} \\\n     -d '{body}'"
