"""What staff register about people, until they have pages for it: `make people ARGS='list UID'`.

    guardian  UID HOLDER --evidence … [--born YYYY-MM-DD] [--until YYYY-MM-DD] [--purpose …] [--kind …]
    agent     UID HOLDER --evidence … --until YYYY-MM-DD [--purpose …] [--kind …]
    end       ID  --evidence …             a guardian's or an agent's right, and what was given by it
    born      UID YYYY-MM-DD --evidence …
    deceased  UID --evidence … [--mistaken]
    list      UID                          who may decide for the person, and for whom the person may

`--evidence` is the reference of the papers, never what stands in them: without it nothing is registered. UID and HOLDER
are user ids. A date is the operator's civil date, and `--until` names the first day on which the right counts no more.
"""

import argparse
import datetime as dt
import os

from rich.console import Console
from rich.table import Table

from infra.operating import run, store
from infra.staff import registering
from shared.clock import SystemClock
from shared.consent.authorities import Stored
from shared.consent.model import Role
from shared.consent.registering import Registering
from shared.ids import RandomIds
from shared.policy.notices import notices
from shared.vocabulary import Kind, Purpose


async def act(given: argparse.Namespace) -> None:
    """Do what was asked for."""
    documents, clock = store(), SystemClock()
    try:
        use = registering(documents, clock, RandomIds(), notices(os.environ.get("NOTICES", "")))
        match given.act:
            case "guardian" | "agent":
                print(await _register(use, given))
            case "list":
                both = await use.authorities.over(given.uid) + await use.authorities.held_by(given.uid)
                Console().print(table(both, clock.now()))
            case _:
                await _tell(use, given)
                print("登録しました / registered")
    finally:
        await documents.close()


async def _register(use: Registering, given: argparse.Namespace) -> str:
    notice = use.notices.in_force(use.clock.now())
    return await use.authority(
        given.uid,
        given.holder,
        Role(given.act),
        given.evidence,
        valid_until=notice.start_of(given.until) if given.until else None,
        purposes=[Purpose(one) for one in given.purpose],
        kinds=[Kind(one) for one in given.kind],
        born_on=given.born,
    )


async def _tell(use: Registering, given: argparse.Namespace) -> None:
    match given.act:
        case "end":
            await use.end_authority(given.id, given.evidence)
        case "born":
            await use.born(given.uid, given.on, given.evidence)
        case "deceased" if given.mistaken:
            await use.alive(given.uid, given.evidence)
        case "deceased":
            await use.deceased(given.uid, given.evidence)


def table(found: list[Stored], at: dt.datetime) -> Table:
    """One line each."""
    shown = Table(title="代わりに決められる人 / Who may decide for whom")
    shown.add_column("ID", min_width=26)  # it is there to be copied
    for column in ("本人\nperson", "代理する人\nholder", "区分\nrole", "根拠\nevidence", "状態\nstate"):
        shown.add_column(column, overflow="fold")
    for one in found:
        state = "終了\nover" if one.authority.over(at) else "有効\ncounts"
        shown.add_row(one.id, one.value.subject, one.value.holder, one.value.role, one.value.evidence, state)
    return shown


def options(arguments: list[str] | None = None) -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(
        prog="python -m infra.people",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="保護者・代理人・生年月日・死亡を登録する / register guardians, agents, dates of birth, deaths",
        epilog="環境変数 / environment: DOCUMENTS=sqlite:.dev/documents.db (make dev) | DOCUMENTS=firestore PROJECT=…",
    )
    acts = parser.add_subparsers(dest="act", required=True)
    day = dt.date.fromisoformat
    for role, words in (
        ("guardian", "親権者など法定代理人 / a parent or other statutory agent"),
        ("agent", "委任による代理人 / a delegated agent"),
    ):
        one = acts.add_parser(role, help=words)
        one.add_argument("uid", help="本人 / the person")
        one.add_argument("holder", help="代理する人 / who may decide")
        one.add_argument("--until", type=day, required=role == "agent", help="失効日 / the first day without it")
        one.add_argument("--purpose", action="append", default=[], choices=list(Purpose), help="目的 / only this")
        one.add_argument("--kind", action="append", default=[], choices=list(Kind), help="種類 / only this kind")
        one.add_argument("--born", type=day, help="本人の生年月日 / the person's date of birth")
    acts.add_parser("end", help="代理権の終了 / end a right").add_argument("id", help="ID")
    born = acts.add_parser("born", help="生年月日 / a date of birth")
    born.add_argument("uid", help="本人 / the person")
    born.add_argument("on", type=day, help="YYYY-MM-DD")
    deceased = acts.add_parser("deceased", help="死亡。すべてが止まる / a death: everything ends")
    deceased.add_argument("uid", help="本人 / the person")
    deceased.add_argument("--mistaken", action="store_true", help="誤りだった / it was registered by mistake")
    for name in ("guardian", "agent", "end", "born", "deceased"):
        acts.choices[name].add_argument("--evidence", default="", help="根拠書類の参照番号 / the papers' reference")
    acts.add_parser("list", help="一覧 / list").add_argument("uid", help="利用者 / the person")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    run(act(options()))
