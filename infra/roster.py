"""Who staff are, and what they may do: `make staff ARGS='list'`.

    add     --sub … --email … --name … [--language ja --language en] --by … --evidence …
    amend   ID [--email …] [--name …] [--language …] --by … --evidence …
    role    ID ROLE [--from YYYY-MM-DD] [--until YYYY-MM-DD] --by … --evidence …
    end     ID [--role ROLE] [--on YYYY-MM-DD] --by … --evidence …
    list

A member of staff is a Google account that Identity-Aware Proxy lets through. `--sub` is what the proxy calls it
(accounts.google.com: and a number): who opens the pages without being registered is shown it, and passes it on.
ROLE is window, verifier, decider, manager (the protection manager, of whom there is always exactly one: giving the
role ends the term of whoever has it on that day) or auditor (who holds no other role). Days are days in Japan, by
default today; `--until` and `--on` name the first day on which a role counts no more. `--by` is the e-mail address of
the administrator who types this, and nobody changes what is registered about themselves; `--evidence` is the reference
of the papers it rests on. By default it is the store of `make dev`; `DOCUMENTS=firestore PROJECT=…` is a deployment.
"""

import argparse
import datetime as dt
from functools import partial

from rich.console import Console
from rich.table import Table

from infra.operating import run, store
from shared.clock import Clock, SystemClock
from shared.cloud.documents import Documents, settle
from shared.staff.model import Member, Role, Roster, day_of
from shared.staff.service import Person, Rostering
from shared.staff.store import RosterStore
from shared.vocabulary import Language

ROLES = {
    Role.WINDOW: "窓口",
    Role.VERIFIER: "本人確認",
    Role.DECIDER: "判断",
    Role.MANAGER: "特定個人情報保護管理者",
    Role.AUDITOR: "監査",
}


def rostering(documents: Documents, clock: Clock) -> Rostering:
    """The use case over a store."""
    return Rostering(rosters=RosterStore(documents), commit=partial(settle, documents), clock=clock)


async def act(given: argparse.Namespace) -> None:
    """Do what was asked for."""
    documents, clock = store(), SystemClock()
    try:
        use, today = rostering(documents, clock), day_of(clock.now())
        match given.act:
            case "list":
                Console().print(table(await use.listed(), today))
            case "add":
                person = Person(
                    sub=given.sub, email=given.email, name=given.name, languages=_languages(given) or (Language.JA,)
                )
                print(await use.register(person, by=given.by, evidence=given.evidence))
            case _:
                await _change(use, given, today)
                print("変更しました / changed")
    finally:
        await documents.close()


async def _change(use: Rostering, given: argparse.Namespace, today: dt.date) -> None:
    member, by, evidence = given.id, given.by, given.evidence
    match given.act:
        case "amend":
            said = {"email": given.email, "name": given.name}
            await use.amend(member, by=by, evidence=evidence, languages=_languages(given), **said)
        case "role":
            await use.give(member, Role(given.role), given.from_on or today, given.until_on, by=by, evidence=evidence)
        case "end":
            role = Role(given.role) if given.role else None
            await use.end(member, given.on or today, by=by, evidence=evidence, role=role)


def _languages(given: argparse.Namespace) -> tuple[Language, ...]:
    return tuple(dict.fromkeys(Language(one) for one in given.language))


def table(roster: Roster, today: dt.date) -> Table:
    """One line each; roles of days to come as well, those that are over not."""
    shown = Table(title="担当者 / Staff")
    shown.add_column("ID", min_width=26)  # it is there to be copied
    for column in ("氏名\nname", "アカウント\naccount", "役割\nroles", "言語\nlanguages"):
        shown.add_column(column, overflow="fold")
    for one in roster.members:
        shown.add_row(one.id, one.name, f"{one.email}\n{one.sub}", _roles(one, today), " ".join(one.languages))
    return shown


def _roles(member: Member, today: dt.date) -> str:
    lines = []
    for term in member.terms:
        if term.until_on is None or term.until_on > today:
            ahead = f" {term.from_on}" if term.from_on > today else ""
            ends = f" – {term.until_on}" if term.until_on else ""
            lines.append(f"{ROLES[term.role]} {term.role}{ahead or (' …' if ends else '')}{ends}")
    return "\n".join(lines) or "なし none"


def options(arguments: list[str] | None = None) -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(
        prog="python -m infra.roster",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="担当者とその役割を登録・変更・終了する / register staff, and give, change and end their roles",
        epilog="環境変数 / environment: DOCUMENTS=sqlite:.dev/documents.db (make dev) | DOCUMENTS=firestore PROJECT=…",
    )
    acts = parser.add_subparsers(dest="act", required=True)
    acts.add_parser("list", help="一覧 / list them")
    add = acts.add_parser("add", help="登録。役割はまだない / register somebody, without a role yet; prints the ID")
    add.add_argument("--sub", required=True, help="IAP でのアカウント識別子 / the account as the proxy calls it")
    amend = acts.add_parser("amend", help="変更 / change what is said of somebody")
    role = acts.add_parser("role", help="役割を与える / give a role")
    end = acts.add_parser("end", help="役割の終了 / end a role, or all of them")
    for one in (amend, role, end):
        one.add_argument("id", help="ID")
    for one, required in ((add, True), (amend, False)):
        one.add_argument("--email", required=required, default="", help="メールアドレス / the account's address")
        one.add_argument("--name", required=required, default="", help="表示名 / the name that is shown")
        one.add_argument(
            "--language",
            action="append",
            default=[],
            choices=list(Language),
            help="対応言語 / a language they answer in",
        )
    day = dt.date.fromisoformat
    role.add_argument("role", choices=list(Role), help="役割 / the role")
    role.add_argument("--from", dest="from_on", type=day, help="開始日 / its first day")
    role.add_argument("--until", dest="until_on", type=day, help="失効日 / the first day without it")
    end.add_argument("--role", choices=list(Role), help="役割（省略時はすべて） / the role; none: all")
    end.add_argument("--on", type=day, help="失効日 / the first day without it")
    for one in (add, amend, role, end):
        one.add_argument("--by", default="", help="実行する管理者のメールアドレス / the administrator's own address")
        one.add_argument("--evidence", default="", help="根拠書類の参照番号 / the reference of the papers")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    run(act(options()))
