"""The command: what it reads, what it says, and its exit status."""

import asyncio
import datetime as dt
from pathlib import Path

import pytest

from shared import clock
from shared.audit.checkpoints import KEY
from shared.audit.proof import Proof
from shared.audit.verify import FINDINGS, main
from shared.clock import ManualClock
from shared.cloud.anchors import FolderAnchors
from shared.cloud.documents import Delete, Put
from shared.cloud.sqlite import SqliteDocuments
from tests.audit.book import DAY, MONDAY, NOON, OTHER_SEED, Book

UNTIL = dt.datetime(2037, 1, 1, tzinfo=dt.UTC)
ROOT = Path(__file__).parents[2]


@pytest.fixture
def house(tmp_path: Path) -> list[str]:
    """A sealed log in a file, its anchors in a folder; the arguments that name them."""

    async def written() -> None:
        documents = SqliteDocuments(str(tmp_path / "documents"))
        book = Book(documents, ManualClock(NOON))
        await book.week()
        await book.seal()
        folder = FolderAnchors(tmp_path / "anchors")
        for name, content in book.anchors.kept.items():
            await folder.put(name, content, UNTIL)
        await documents.close()

    asyncio.run(written())
    store = ["--documents", f"sqlite:{tmp_path / 'documents'}", "--until", str(MONDAY + 2 * DAY)]
    return [*store, "--anchors", f"folder:{tmp_path / 'anchors'}"]


def change(tmp_path: Path, *writes: Put | Delete) -> None:
    async def changed() -> None:
        documents = SqliteDocuments(str(tmp_path / "documents"))
        await documents.commit(writes)
        await documents.close()

    asyncio.run(changed())


def test_a_whole_log_is_told_in_both_languages(house, capsys):
    assert main(house) == 0
    told = capsys.readouterr().out
    assert "完全です" in told
    assert "WHOLE" in told
    assert "31" in told


def test_what_is_wrong_is_named_in_both_languages(house, capsys, tmp_path):
    change(tmp_path, Delete("audit/consent.a.0000000002"))
    assert main(house) == 1
    told = capsys.readouterr().out
    assert "壊れています" in told
    assert "BROKEN" in told
    assert "- consent.a.0000000002\n" in told
    assert FINDINGS["entry_missing"].ja in told
    assert FINDINGS["entry_missing"].en in told


def test_what_is_in_the_store_but_no_entry_is_named(house, capsys, tmp_path):
    change(tmp_path, Put("audit/zzz", {"x": 1}))
    assert main(house) == 1
    assert "- zzz\n" in capsys.readouterr().out


def test_an_exported_log_is_proven_like_the_store(house, capsys, tmp_path):
    path = tmp_path / "entries.ndjson"
    documents = house[:2]
    assert main([*documents, "--export", str(path)]) == 0
    exported = ["--file", str(path), *house[2:]]
    assert main(exported) == 0
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:4], lines[5], lines[4], *lines[6:]]))
    assert main(exported) == 1
    path.write_bytes(b"".join(lines[:7]) + b'{"half\n' + b"".join(lines[7:]))
    capsys.readouterr()
    assert main(exported) == 1
    assert "- entries.ndjson:8\n" in capsys.readouterr().out


def test_an_export_overwrites_nothing(house, tmp_path):
    (tmp_path / "there").write_bytes(b"x")
    assert main([*house[:2], "--export", str(tmp_path / "there")]) == 2
    assert (tmp_path / "there").read_bytes() == b"x"


def test_what_cannot_be_read_is_exported_as_what_it_is(house, tmp_path):
    change(tmp_path, Put("audit/zzz", {"x": 1}))
    path = tmp_path / "entries.ndjson"
    assert main([*house[:2], "--export", str(path)]) == 0
    assert main(["--file", str(path), *house[2:]]) == 1


def test_with_keys_of_one_s_own_no_others_are_believed(house, capsys, tmp_path):
    [kept] = (tmp_path / "anchors" / "keys").iterdir()
    assert main([*house, "--keys", str(kept)]) == 0
    other = tmp_path / "other.json"

    async def published() -> bytes:
        book = Book(SqliteDocuments(":memory:"), ManualClock(NOON))
        book.secrets.rotate(KEY, OTHER_SEED)
        await book.seal(MONDAY)
        await book.documents.close()
        return next(found for name, found in book.anchors.kept.items() if "keys/" in name and b'"2"' in found)

    other.write_bytes(asyncio.run(published()))
    assert main([*house, "--keys", str(other)]) == 1
    assert FINDINGS["checkpoint_unbelieved"].en in capsys.readouterr().out


def test_without_anchors_it_says_what_was_not_compared(house, capsys):
    assert main([*house[:2], "--chains-only"]) == 0
    assert "Note:" in capsys.readouterr().out


def test_a_day_that_should_be_sealed_by_now_and_is_not_is_named(house, capsys):
    clock.install(ManualClock(NOON + 5 * DAY))
    try:
        assert main([*house[:2], *house[4:]]) == 1
    finally:
        clock.install(clock.SystemClock())
    assert f"- checkpoints/{MONDAY + 3 * DAY}.jws" in capsys.readouterr().out


@pytest.mark.parametrize(
    "wrong",
    [
        ["--file", "/nowhere", "--chains-only"],
        ["--documents", "nothing", "--chains-only"],
        ["--documents", "sqlite::memory:", "--anchors", "nothing"],
        ["--documents", "sqlite::memory:", "--chains-only", "--keys", __file__],
    ],
)
def test_what_cannot_be_judged_is_said_and_is_no_verdict(wrong, capsys):
    assert main(wrong) == 2
    assert "CANNOT BE JUDGED" in capsys.readouterr().out


def test_the_command_line_says_what_is_missing(capsys):
    for wrong in ([], ["--documents", "sqlite:x"], ["--file", "x", "--export", "y"]):
        with pytest.raises(SystemExit):
            main(wrong)


def test_each_thing_that_can_be_found_has_its_words_and_the_reverse():
    text = "".join(
        (ROOT / "shared/audit" / name).read_text(encoding="utf-8") for name in ("proof.py", "checkpoints.py")
    )
    assert {what for what in FINDINGS if f'"{what}"' in text} == FINDINGS.keys()
    proof = Proof()
    for what in FINDINGS:
        proof.found(what, what)
    assert len(proof.findings) == len(FINDINGS)
