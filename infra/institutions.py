"""Medical institutions, until staff have pages for them: `make institutions ARGS='list'`.

    add    --name-ja … --name-en … --address … --contact … --evidence … [--account … --account-id …]
    amend  ID --evidence … [--name-ja … --name-en …] [--address …] [--contact …] [--account … --account-id …]
    end    ID --evidence …
    list

`--evidence` is the reference of the papers that the act rests on, such as a contract's number. By default it is the
store of `make dev`; `DOCUMENTS=firestore PROJECT=…` is a deployment, with the credentials of whoever asks. `end` takes
a minute longer than its work: it looks again for who was deciding at that very moment. Cut short, it is run again.

An institution's system reads at /release with an ID token of its service account, made for that address. Its owner
tells the account's unique id: `gcloud iam service-accounts describe ACCOUNT --format='value(uniqueId)'`.
"""

import argparse
import os

from rich.console import Console
from rich.table import Table

from infra.operating import refuse, run, store
from infra.staff import institutions
from shared.clock import SystemClock
from shared.consent.institutions import Caller, Institutions, Known
from shared.ids import RandomIds
from shared.policy.model import Words
from shared.policy.notices import notices


async def act(given: argparse.Namespace) -> None:
    """Do what was asked for."""
    documents = store()
    try:
        use = institutions(documents, SystemClock(), RandomIds(), notices(os.environ.get("NOTICES", "")))
        match given.act:
            case "add":
                words = Words(given.name_ja, given.name_en)
                print(await use.register(words, given.address, given.contact, given.evidence, _caller(given)))
            case "amend":
                await use.amend(
                    given.id,
                    given.evidence,
                    name=_name(given),
                    address=given.address,
                    contact=given.contact,
                    caller=_caller(given),
                )
                print("変更しました / amended")
            case "end":
                await _end(use, given)
            case _:
                Console().print(table(await use.listed()))
    finally:
        await documents.close()


async def _end(use: Institutions, given: argparse.Namespace) -> None:
    done = await use.end(given.id, given.evidence)
    print(f"終了しました。{done.told:,} 人の記録に反映 / ended; it stands in the ledgers of {done.told:,} people")
    if done.left:
        refuse(f"{done.left:,} 人が未反映。もう一度実行してください", f"{done.left:,} people are left: run it again")


def _name(given: argparse.Namespace) -> Words | None:
    if bool(given.name_ja) != bool(given.name_en):
        refuse("名称は日本語と英語の両方が必要です", "a name is given in both languages")
    return Words(given.name_ja, given.name_en) if given.name_ja else None


def _caller(given: argparse.Namespace) -> Caller | None:
    if bool(given.account) != bool(given.account_id):
        refuse(
            "アカウントはメールアドレスと固有 ID の両方が必要です",
            "an account is given by its address and its unique id",
        )
    return Caller(given.account, given.account_id) if given.account else None


def table(found: list[Known]) -> Table:
    """One line each."""
    shown = Table(title="医療機関 / Institutions")
    shown.add_column("ID", min_width=26)  # it is there to be copied
    for column in ("名称\nname", "状態\nstate", "同意のある人\npeople who give to it"):
        shown.add_column(column)
    for one in found:
        state = "有効\nactive" if one.value.active else "終了\nended"
        shown.add_row(one.id, f"{one.value.name.ja}\n{one.value.name.en}", state, f"{one.people:,}")
    return shown


def options(arguments: list[str] | None = None) -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(
        prog="python -m infra.institutions",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="医療機関を登録・変更・終了する / register, amend and end medical institutions",
        epilog="環境変数 / environment: DOCUMENTS=sqlite:.dev/documents.db (make dev) | DOCUMENTS=firestore PROJECT=…",
    )
    acts = parser.add_subparsers(dest="act", required=True)
    acts.add_parser("list", help="一覧 / list them")
    add = acts.add_parser("add", help="登録 / register one; prints its ID")
    amend = acts.add_parser("amend", help="変更 / change what is said of it")
    end = acts.add_parser("end", help="終了。提供は直ちに止まる / end it: nothing goes there any more")
    for one, required in ((add, True), (amend, False)):
        one.add_argument("--name-ja", required=required, default="", help="日本語の名称 / its name in Japanese")
        one.add_argument("--name-en", required=required, default="", help="英語の名称 / its name in English")
        one.add_argument("--address", required=required, default="", help="所在地 / its address")
        one.add_argument("--contact", required=required, default="", help="連絡先 / where it is reached")
        one.add_argument(
            "--account", default="", help="読み取りに使うサービスアカウント / the account its system calls with"
        )
        one.add_argument("--account-id", default="", help="その固有 ID（数字） / that account's unique id, a number")
    for one in (amend, end):
        one.add_argument("id", help="ID")
    for one in (add, amend, end):
        one.add_argument("--evidence", default="", help="根拠書類の参照番号 / the reference of the papers")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    run(act(options()))
