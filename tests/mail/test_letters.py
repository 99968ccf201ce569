"""Every letter, in both languages, as it is read."""

import datetime as dt
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from shared.mail import letters
from shared.mail.letters import KINDS, Kind, template_of, written
from shared.mail.model import Letter, checked
from shared.vocabulary import Language

FOLDER = Path(letters.__file__).parent / "templates"
JA, EN = Language.JA, Language.EN
DAY, LATER = dt.date(2026, 11, 25), dt.date(2028, 2, 29)
PERSON: dict[str, Any] = {
    "name": "髙邊 𠮷子",
    "number": "KG-7H2K-9QXM",
    "desk": ["個人情報問合せ窓口担当", "電話 03-6846-1002"],
}
UNTIL = dt.datetime(2026, 11, 30, 15, 5, tzinfo=dt.UTC)

SAID: dict[str, Kind] = {
    "acknowledged": letters.Acknowledged(**PERSON, received_on=DAY, answer_by=LATER),
    "form_sent": letters.FormSent(**PERSON, sent_on=DAY, return_by=LATER),
    "defective": letters.Defective(**PERSON, missing=["委任状", "切手 1,000円分"], complete_by=LATER),
    "verify_address": letters.VerifyAddress(**PERSON, link="https://x.example/v/abc", valid_until=UNTIL),
    "verify_account": letters.VerifyAccount(
        **PERSON, requests=["開示", "消去"], link="https://x.example/a?proof=abc", valid_until=UNTIL
    ),
    "link_locked": letters.LinkLocked(number="KG-7H2K-9QXM", link="https://x.example/cases/a"),
    "package_ready": letters.PackageReady(**PERSON, link="https://x.example/p/abc", valid_until=UNTIL),
    "answered": letters.Answered(**PERSON, papers_until=LATER, answered_on=DAY, decisions=["開示：全部", "消去：全部"]),
    "declined": letters.Declined(
        **PERSON, papers_until=LATER, decided_on=DAY, grounds=["開示：法33条2項2号"], complaints=["JAPHIC", "注記"]
    ),
    "lapsed": letters.Lapsed(**PERSON, papers_until=LATER, waited_for="申請書", lapsed_on=DAY),
    "withdrawn": letters.Withdrawn(**PERSON, papers_until=LATER, withdrawn_on=DAY),
    "extended": letters.Extended(**PERSON, reason="調査に時間を要するため", answer_by=DAY, extended_to=LATER),
    "reminder": letters.Reminder(
        number="KG-7H2K-9QXM", day=10, days_left=4, answer_by=DAY, state="調査中", link="https://x.example/cases/a"
    ),
}


def test_each_kind_of_letter_is_here_and_has_a_template_in_each_language():
    assert SAID.keys() == KINDS.keys()
    assert {path.name for path in FOLDER.iterdir()} == {
        f"{name}.{language}.txt" for name in KINDS for language in Language
    }


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("name", KINDS)
def test_a_letter_says_all_that_it_was_given(name: str, language: Language):
    said = SAID[name]
    assert template_of(said) == name
    words = written(said, language)
    assert "$" not in words.subject + words.text
    assert "KG-7H2K-9QXM" in words.subject
    for value in msgspec.structs.asdict(said).values():
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, dt.date):
                assert str(each.year) in words.text
            else:
                assert str(each) in words.subject + words.text
    checked(Letter(to="hana@example.com", subject=words.subject, text=words.text))
    assert len(words.subject) <= 80
    assert words.text.endswith("\n")


@pytest.mark.parametrize("name", KINDS)
def test_both_languages_use_the_same_fields_and_japanese_stays_in_japanese(name: str):
    ja, en = ((FOLDER / f"{name}.{language}.txt").read_text(encoding="utf-8") for language in (JA, EN))
    fields = {field.name for field in msgspec.structs.fields(KINDS[name])}
    assert {*re.findall(r"\$(\w+)", ja)} == {*re.findall(r"\$(\w+)", en)} == fields
    assert not re.search(r"[ぁ-んァ-ヶ一-龠]", en)
    assert re.search(r"[ぁ-ん]", ja)


def test_days_and_times_are_written_as_people_write_them():
    ja, en = (written(SAID["verify_address"], language).text for language in (JA, EN))
    assert "2026年12月1日（火）0時05分" in ja, "in Japan's time"
    assert "Tuesday, 1 December 2026, 00:05 JST" in en
    ja, en = (written(SAID["acknowledged"], language).text for language in (JA, EN))
    assert "2028年2月29日（火）" in ja
    assert "Tuesday, 29 February 2028" in en


def test_lists_become_lines():
    assert "・委任状\n・切手 1,000円分\n" in written(SAID["defective"], JA).text
    assert "- 委任状\n- 切手 1,000円分\n" in written(SAID["defective"], EN).text


@pytest.mark.parametrize("language", Language)
def test_what_somebody_calls_themselves_makes_no_lines_fields_or_headers(language: Language):
    name = "花$desk\r\nBcc: eve@example.com\n\nhttps://evil.example ${number} $$"
    words = written(letters.Withdrawn(**{**PERSON, "name": name}, papers_until=DAY, withdrawn_on=DAY), language)
    assert "花$desk Bcc: eve@example.com https://evil.example ${number} $$" in words.text
    assert not [line for line in words.text.splitlines() if line.startswith(("Bcc", "https"))]
    number = "KG\r\nBcc: e@x.jp"
    assert (
        "\n"
        not in written(
            letters.Withdrawn(**{**PERSON, "number": number}, papers_until=DAY, withdrawn_on=DAY), language
        ).subject
    )


def test_a_reminder_to_staff_names_nobody():
    assert {field.name for field in msgspec.structs.fields(letters.Reminder)}.isdisjoint({"name", "to", "address"})
