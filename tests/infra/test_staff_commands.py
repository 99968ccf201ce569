"""The commands of staff, run as they are typed: institutions, people, and who staff are themselves."""

import asyncio
import os
import subprocess
import sys

import pytest

from infra import institutions, people, roster
from infra.manifest import ROOT
from infra.staff import NextTick
from shared.cloud.sqlite import SqliteDocuments
from shared.consent.authorities import AuthorityStore
from shared.consent.store import ConsentStore


@pytest.fixture
def typed(tmp_path):
    """Types a command, over a store that is there."""
    file = tmp_path / "documents.db"

    async def make():
        store = SqliteDocuments(str(file))
        await store.commit([])
        assert await store.get("users/nobody") is None
        await store.close()

    asyncio.run(make())

    def run(module, *arguments, documents=""):
        kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        return subprocess.run(
            [sys.executable, "-m", f"infra.{module}", *arguments],
            cwd=ROOT,
            env=kept | {"PYTHONUTF8": "1", "COLUMNS": "160", "DOCUMENTS": documents or f"sqlite:{file}"},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    return run


ADD = ("add", "--name-ja", "港病院", "--name-en", "Minato Hospital", "--address", "東京都港区", "--contact", "03")


def one_line(done):
    """What went wrong, in English; it is told in Japanese first."""
    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    japanese, _, english = line.partition(" / ")
    assert not japanese.isascii()
    return english


def test_an_institution_is_added_amended_and_listed(typed):
    added = typed("institutions", *ADD, "--evidence", "contract-1")
    assert (added.returncode, added.stderr) == (0, "")
    name = added.stdout.strip()
    amended = typed("institutions", "amend", name, "--contact", "03-1", "--evidence", "letter-2")
    assert (amended.returncode, amended.stdout) == (0, "変更しました / amended\n")
    listed = typed("institutions", "list")
    assert all(word in listed.stdout for word in (name, "港病院", "Minato Hospital", "active", "有効"))


def test_an_institutions_system_is_registered_with_its_account_and_no_other_institution_has_it(typed):
    account = ("--account", "reader@clinic.example", "--account-id", "10769150350006150715113082367")
    added = typed("institutions", *ADD, "--evidence", "contract-1", *account)
    assert (added.returncode, added.stderr) == (0, "")
    again = typed("institutions", "amend", added.stdout.strip(), "--evidence", "contract-2", *account)
    assert again.returncode == 0
    assert "another institution's" in one_line(typed("institutions", *ADD, "--evidence", "contract-3", *account))
    assert "unique id" in one_line(typed("institutions", *ADD, "--evidence", "contract-4", *account[:2]))
    odd = typed("institutions", *ADD, "--evidence", "contract-5", *account[:3], "reader")
    assert "registration_invalid" in one_line(odd)


def test_what_is_missing_or_unknown_is_said_in_one_line_in_both_languages(typed):
    assert "evidence_missing" in one_line(typed("institutions", *ADD))
    assert "evidence_missing" in one_line(typed("people", "guardian", "taro", "hana", "--born", "2015-04-01"))
    assert "not_registered" in one_line(typed("institutions", "end", "unknown", "--evidence", "x-1"))
    assert "not_registered" in one_line(typed("people", "end", "unknown", "--evidence", "x-1"))
    assert "registration_invalid" in one_line(typed("people", "guardian", "taro", "hana", "--evidence", "x-1"))
    only_one = typed("institutions", "amend", "x", "--name-ja", "港", "--evidence", "x-1")
    assert "both languages" in one_line(only_one)
    for module in ("institutions", "people"):
        assert "there is no store" in one_line(
            typed(module, "list", *["taro"][: module == "people"], documents="sqlite:/x")
        )


async def test_a_guardian_a_date_of_birth_and_a_death_are_registered(typed, tmp_path):
    run = asyncio.to_thread
    born = ("--born", "2015-04-01", "--evidence", "koseki-3", "--kind", "weight")
    name = (await run(typed, "people", "guardian", "taro", "hana", *born)).stdout.strip()
    listed = await run(typed, "people", "list", "hana")
    assert all(word in listed.stdout for word in (name, "taro", "guardian", "koseki-3", "counts"))
    for arguments in (
        ("born", "yuki", "1980-05-04", "--evidence", "licence-1"),
        ("deceased", "yuki", "--evidence", "certificate-9"),
        ("deceased", "yuki", "--mistaken", "--evidence", "letter-2"),
        ("end", name, "--evidence", "letter-1"),
    ):
        done = await run(typed, "people", *arguments)
        assert (done.returncode, done.stdout) == (0, "登録しました / registered\n"), done.stderr
    store = SqliteDocuments(str(tmp_path / "documents.db"))
    [right] = await AuthorityStore(store).over("taro")
    assert (right.id, right.authority.ended) == (name, True)
    standing = await ConsentStore(store).standing("yuki")
    assert (str(standing.born_on), standing.consents.frozen, standing.consents.epoch) == ("1980-05-04", "", 2)
    await store.close()


def test_an_agents_right_must_end(capsys):
    with pytest.raises(SystemExit):
        people.options(["agent", "hana", "ken", "--evidence", "power-7"])
    assert "--until" in capsys.readouterr().err
    assert str(people.options(["agent", "hana", "ken", "--until", "2027-01-01"]).until) == "2027-01-01"


SUZUKI = ("add", "--sub", "accounts.google.com:101", "--email", "suzuki@kagamino.example", "--name", "鈴木 一郎")
BY = ("--by", "admin@kagamino.example", "--evidence", "hr-7")


def test_a_member_of_staff_is_registered_given_a_role_and_sent_away(typed):
    added = typed("roster", *SUZUKI, "--language", "ja", "--language", "en", *BY)
    assert (added.returncode, added.stderr) == (0, "")
    name = added.stdout.strip()
    assert "なし none" in typed("roster", "list").stdout
    for arguments in (("role", name, "window", *BY), ("amend", name, "--name", "鈴木 二郎", *BY)):
        assert typed("roster", *arguments).stdout == "変更しました / changed\n"
    listed = typed("roster", "list").stdout
    assert all(word in listed for word in (name, "鈴木 二郎", "suzuki@kagamino.example", "窓口 window", "ja en"))
    assert typed("roster", "end", name, *BY).returncode == 0
    assert "なし none" in typed("roster", "list").stdout


def test_what_cannot_be_registered_about_staff_is_said_in_one_line(typed):
    name = typed("roster", *SUZUKI, *BY).stdout.strip()
    own = ("--by", "Suzuki@kagamino.example", "--evidence", "hr-8")
    assert "self_change" in one_line(typed("roster", "role", name, "decider", *own))
    assert "evidence_missing" in one_line(typed("roster", "role", name, "window", *BY[:2]))
    assert "by: the e-mail" in one_line(typed("roster", "role", name, "window", *BY[2:]))
    assert "today or later" in one_line(typed("roster", "role", name, "window", "--from", "2020-01-01", *BY))
    assert "registered already" in one_line(typed("roster", *SUZUKI, *BY))
    assert "not_registered" in one_line(typed("roster", "end", "nobody", *BY))
    typed("roster", "role", name, "auditor", *BY)
    assert "auditor_acts" in one_line(typed("roster", "role", name, "window", *BY))


@pytest.mark.parametrize("module", [institutions, people, roster])
def test_help_says_what_there_is_in_both_languages(module, capsys):
    with pytest.raises(SystemExit):
        module.options(["--help"])
    told = capsys.readouterr().out
    assert "DOCUMENTS" in told
    assert "登録" in told
    assert "register" in told


async def test_what_is_due_is_left_to_the_next_tick():
    assert await NextTick().enqueue("revocation", "connection/revoke_due", {}, name_parts=("revoke",)) is False
