"""Notices are data that is checked when it is read, and that nobody can change once it is published."""

import datetime as dt
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.errors import NotFound, Refused
from shared.policy.model import Basis, NoticeRef, Rule
from shared.policy.notices import FILES, SHIPPED, load, notices
from shared.policy.view import notice_view
from shared.source.google_fit.scopes import SCOPES
from shared.vocabulary import Kind, Language, Purpose
from tests.policy.written import FIRST, LATER, LATER_AT, Edit, both, edited, later, shipped, write

MOMENT = dt.timedelta(microseconds=1)
PUBLISHED = {FIRST: "6a73e2195d75dd73f08a9ab172f9c7b361d6bd708800f4c51e09cde545454dd0"}
"""What was ever published, and under which hash. A line is only ever added."""


def tokyo(year: int, month: int, day: int) -> dt.datetime:
    """The instant at which that civil date begins in Tokyo."""
    return dt.datetime(year, month, day, tzinfo=dt.UTC) - dt.timedelta(hours=9)


def faults(folder: Path) -> str:
    """What is wrong with a folder of notices."""
    with pytest.raises(Refused) as broken:
        load(folder)
    assert broken.value.code == "notices_broken"
    return broken.value.detail


# ---------------------------------------------------------------- what comes with the code


def test_what_was_published_is_there_unchanged():
    found = {notice.contents.version: notice.sha256 for notice in notices()}
    assert {version: found[version] for version in PUBLISHED} == PUBLISHED
    assert found == PUBLISHED, "a notice that was published since belongs into this list"


@pytest.mark.parametrize("version", PUBLISHED)
def test_anybody_can_recompute_the_hash_of_a_notice(version: str):
    command = f"sha256sum {' '.join(FILES)} | sha256sum"
    told = subprocess.run(command, shell=True, cwd=SHIPPED / version, capture_output=True, text=True, check=True)
    assert told.stdout.split()[0] == PUBLISHED[version]


@pytest.mark.parametrize("version", PUBLISHED)
def test_each_kind_names_the_very_scope_that_google_is_asked_for(version: str):
    told = {kind: words.scope for kind, words in notices().find(version).contents.kinds.items()}
    assert told == {kind: scope.rpartition("/auth/")[2] for kind, scope in SCOPES.items()}


@pytest.mark.parametrize("version", PUBLISHED)
def test_both_languages_name_every_kind_purpose_and_contact(version: str):
    notice = notices().find(version)
    for language in Language:
        text = notice.text(language)
        assert [words.of(language) for words in notice.contents.kinds.values() if words.of(language) not in text] == []
        controller = notice.contents.controller
        for told in (controller.name.of(language), controller.contact.email, controller.contact.tel):
            assert told in text


# ---------------------------------------------------------------- once published, never changed


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_notice_of_which_one_byte_has_changed_is_refused(tmp_path_factory: Any, data: st.DataObject):
    folder = write(tmp_path_factory.mktemp("notices"), {FIRST: shipped()})
    path = folder / FIRST / data.draw(st.sampled_from(FILES))
    content = bytearray(path.read_bytes())
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    path.write_bytes(content)
    assert f"{FIRST}: " in faults(folder)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize(
    "change", [lambda text: text + b"\n", lambda text: text[:-1], lambda text: text.replace(b"\n", b"\r\n")]
)
def test_not_even_its_line_ends_can_change(tmp_path: Path, name: str, change: Callable[[bytes], bytes]):
    path = write(tmp_path, {FIRST: shipped()}) / FIRST / name
    path.write_bytes(change(path.read_bytes()))
    assert "its files are not those it was published with" in faults(tmp_path)


def test_two_files_that_change_places_are_not_what_was_published(tmp_path: Path):
    place = write(tmp_path, {FIRST: shipped()}) / FIRST
    ours, theirs = (place / "ja.md").read_bytes(), (place / "en.md").read_bytes()
    (place / "ja.md").write_bytes(theirs)
    (place / "en.md").write_bytes(ours)
    assert "its files are not those it was published with" in faults(tmp_path)


def test_what_is_not_listed_is_not_served(tmp_path: Path):
    both(tmp_path)
    (tmp_path / "PUBLISHED").write_text("".join((tmp_path / "PUBLISHED").read_text().splitlines(keepends=True)[:1]))
    found = load(tmp_path)
    assert [notice.contents.version for notice in found] == [FIRST]
    with pytest.raises(NotFound, match="notice_unknown"):
        found.find(LATER)
    assert found.in_force(LATER_AT).contents.version == FIRST


@pytest.mark.parametrize(
    ("lines", "fault"),
    [
        (b"", "no notice is published"),
        (b"\n", "line 1 is not a hash, a space and a version"),
        (b"abc\n", "line 1 is not a hash, a space and a version"),
        (b"0" * 63 + b" 2026-10-01\n", "line 1 is not a hash, a space and a version"),
        (b"0" * 64 + b"  2026-10-01\n", "line 1 is not a hash, a space and a version"),
        (b"0" * 64 + b" 2026-10-01 again\n", "line 1 is not a hash, a space and a version"),
        (b"A" * 64 + b" 2026-10-01\n", "line 1 is not a hash, a space and a version"),
        (b"0" * 64 + b" ../2026-10-01\n", "line 1 is not a hash, a space and a version"),
        (b"0" * 64 + b" 2026-10-01\n", "its files are not those it was published with (6a73e2195d"),
        (b"0" * 64 + b" 2027-01-01\n", "2027-01-01: [Errno 2] No such file"),
        (b"\xff\n", "PUBLISHED: 'utf-8' codec can't decode"),
    ],
)  # fmt: skip
def test_a_list_that_cannot_be_read_serves_nothing(tmp_path: Path, lines: bytes, fault: str):
    (write(tmp_path, {FIRST: shipped()}) / "PUBLISHED").write_bytes(lines)
    assert fault in faults(tmp_path)


def test_without_a_list_nothing_is_served(tmp_path: Path):
    (write(tmp_path, {FIRST: shipped()}) / "PUBLISHED").unlink()
    assert "PUBLISHED: [Errno 2]" in faults(tmp_path)


def test_a_version_that_is_listed_twice_is_refused(tmp_path: Path):
    listed = write(tmp_path, {FIRST: shipped()}) / "PUBLISHED"
    listed.write_text(listed.read_text() * 2)
    assert faults(tmp_path) == f"PUBLISHED: line 2 names {FIRST} again"


# ---------------------------------------------------------------- what a notice must be


def _purpose(code: str, **more: Any) -> Edit:
    return lambda contents: contents["purposes"][code].update(more)


def _without(*path: str) -> Edit:
    def edit(contents: dict[str, Any]) -> None:
        for name in path[:-1]:
            contents = contents[name]
        del contents[path[-1]]

    return edit


def _set(*path: Any) -> Edit:
    def edit(contents: Any) -> None:
        for name in path[:-2]:
            contents = contents[name]
        contents[path[-2]] = path[-1]

    return edit


NEVER_GOOGLE = "purposes.new_service: data from Google may never serve it"
WRONG: dict[str, tuple[Edit, str]] = {
    "a purpose nobody knows": (
        lambda contents: contents["purposes"].update(advertising=contents["purposes"]["inquiry"]),
        "Invalid enum value 'advertising' - at `key` in `$.purposes`",
    ),
    "a kind nobody knows": (_set("kinds", "mood", {"ja": "気分", "en": "Mood", "scope": ""}), "enum value 'mood'"),
    "a purpose with such a kind": (_purpose("health_guidance", kinds=["steps", "mood"]), "Invalid enum value 'mood'"),
    "a kind without its words": (_without("kinds", "sleep"), "kinds: sleep is missing"),
    "a kind without a language": (_without("kinds", "sleep", "en"), "missing required field `en` - at `$.kinds"),
    "no legal basis": (_without("purposes", "inquiry", "basis"), "missing required field `basis` - at `$.purposes"),
    "a basis that the law does not know": (_purpose("inquiry", basis="interest"), "Invalid enum value 'interest'"),
    "no word whether Google's data may serve": (_without("purposes", "inquiry", "google"), "required field `google`"),
    "news of services from Google's data": (
        _purpose("new_service", google=True, kinds="all", basis="consent", recipient="service"), NEVER_GOOGLE,
    ),
    "news of services that could one day": (_purpose("new_service", google=True), NEVER_GOOGLE),
    "news of services from some kind": (_purpose("new_service", kinds=["steps"]), NEVER_GOOGLE),
    "measurements on a mere notice": (
        _purpose("inquiry", kinds="all", google=True), "purposes.inquiry: measurements are touched by consent",
    ),
    "measurements on a contract": (
        _purpose("partner", kinds=["steps"], google=True), "purposes.partner: measurements are touched by consent",
    ),
    "kinds that cannot come": (
        _purpose("health_guidance", google=False), "purposes.health_guidance: every kind comes from Google",
    ),
    "consent for nobody": (
        _purpose("health_guidance", recipient="none"), "purposes.health_guidance: a recipient where, and only where,",
    ),
    "somebody without consent": (_purpose("inquiry", recipient="service"), "purposes.inquiry: a recipient where, and"),
    "a relative without end": (
        _purpose("family_watch", lasts_days=None), "purposes.family_watch: what a relative sees must expire",
    ),
    "a term of no day": (_purpose("family_watch", lasts_days=0), "Expected `int` >= 1"),
    "a title in one language": (_without("purposes", "inquiry", "title", "ja"), "missing required field `ja`"),
    "an empty title": (_set("purposes", "inquiry", "title", "en", ""), "Expected `str` of length >= 1"),
    "a reason in one language": (_without("purposes", "inquiry", "why", "en"), "missing required field `en`"),
    "a field nobody knows": (_set("purposes", "inquiry", "etc", True), "Object contains unknown field `etc`"),
    "a rule that is missing": (_without("rules", "guardian_below_age"), "rules: guardian_below_age is missing"),
    "a rule without a number": (_set("rules", "guardian_below_age", []), "rules: guardian_below_age is missing"),
    "a rule nobody knows": (_set("rules", "moon", []), "Invalid enum value 'moon'"),
    "a rule that says two things": (
        lambda contents: contents["rules"]["guardian_below_age"].append({"from": dt.date(2028, 7, 16), "value": 18}),
        "rules.guardian_below_age: two begin on 2028-07-16",
    ),
    "two fees": (
        lambda contents: contents["fees"].append({"from": dt.date(2026, 10, 1), "yen": 500, "per": ["disclosure"]}),
        "fees: two for disclosure begin on 2026-10-01",
    ),
    "a fee that the law does not allow": (_set("fees", 0, "per", ["erasure"]), "Invalid enum value 'erasure'"),
    "a negative fee": (_set("fees", 0, "yen", -1), "Expected `int` >= 0"),
    "no date": (_without("in_force_from"), "missing required field `in_force_from`"),
    "no such date": (_set("in_force_from", "2026-02-30"), "Invalid RFC3339 encoded date"),
    "no such place": (_set("time_zone", "Asia/Tokio"), "time_zone: there is no 'Asia/Tokio'"),
    "no place at all": (_set("time_zone", "../etc"), "time_zone: there is no '../etc'"),
    "another version than its folder": (_set("version", "2026-10-02"), f"{FIRST}: calls itself 2026-10-02"),
    "no controller": (_without("controller"), "missing required field `controller`"),
    "nobody to complain to": (_without("accredited_body"), "missing required field `accredited_body`"),
    "no contact": (_without("controller", "contact", "tel"), "missing required field `tel`"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_what_no_notice_may_say_is_refused_by_name(tmp_path: Path, case: str):
    edit, fault = WRONG[case]
    told = faults(write(tmp_path, {FIRST: edited(shipped(), edit)}))
    assert fault in told
    assert told.startswith(f"{FIRST}: ")


def test_everything_that_is_wrong_is_said_at_once(tmp_path: Path):
    def edit(contents: dict[str, Any]) -> None:
        later(contents)
        del contents["kinds"]["sleep"]
        contents["purposes"]["family_watch"]["lasts_days"] = None

    told = faults(both(tmp_path, edit))
    assert told == (
        f"{LATER}: kinds: sleep is missing; {LATER}: purposes.family_watch: what a relative sees must expire"
    )


@pytest.mark.parametrize("name", FILES)
def test_a_language_that_is_missing_empty_or_no_text_is_refused(tmp_path: Path, name: str):
    for content, fault in ((b"", f"{name} is empty"), (b" \n", f"{name} is empty"), (b"\xff", "can't decode byte")):
        assert fault in faults(write(tmp_path / f"of-{content.hex()}", {FIRST: {**shipped(), name: content}}))
    folder = write(tmp_path / "none", {FIRST: shipped()})
    (folder / FIRST / name).unlink()
    assert "No such file" in faults(folder)


@pytest.mark.parametrize("content", [b"a: [", b"- 1", b"null", b"!!python/object/apply:os.system [ls]", b"&a [*a]"])
def test_what_is_no_notice_at_all_is_refused(tmp_path: Path, content: bytes):
    assert f"{FIRST}: " in faults(write(tmp_path, {FIRST: {**shipped(), "notice.yaml": content}}))


def test_a_purpose_that_stands_twice_is_refused_and_not_replaced(tmp_path: Path):
    twice = shipped()["notice.yaml"].replace(b"\n  inquiry:\n", b"\n  qolms_store:\n")
    told = faults(write(tmp_path, {FIRST: {**shipped(), "notice.yaml": twice}}))
    assert "qolms_store stands twice" in told


@pytest.mark.parametrize("since", ["2026-10-01", "2026-09-30"])
def test_a_later_notice_begins_later(tmp_path: Path, since: str):
    def edit(contents: dict[str, Any]) -> None:
        later(contents)
        contents["in_force_from"] = dt.date.fromisoformat(since)

    assert faults(both(tmp_path, edit)) == f"{LATER}: not in force later than {FIRST}, which was published before it"


# ---------------------------------------------------------------- which one is in force


def test_at_the_very_instant_the_later_one_is_in_force(tmp_path: Path):
    found = load(both(tmp_path))
    assert found.find(LATER).in_force_at == LATER_AT
    assert found.in_force(LATER_AT - MOMENT).contents.version == FIRST
    assert found.in_force(LATER_AT).contents.version == LATER
    assert found.in_force(LATER_AT + dt.timedelta(days=3650)).contents.version == LATER


def test_before_the_first_one_nothing_is_in_force():
    found = notices()
    with pytest.raises(Refused, match="notice_not_in_force"):
        found.in_force(tokyo(2026, 10, 1) - MOMENT)
    assert found.in_force(tokyo(2026, 10, 1)).contents.version == FIRST


def test_only_the_words_in_force_can_be_agreed_to(tmp_path: Path):
    found = load(both(tmp_path))
    old, new = found.find(FIRST).ref, found.find(LATER).ref
    for ref, at in ((new, LATER_AT - MOMENT), (old, LATER_AT)):
        with pytest.raises(Refused, match="notice_not_in_force"):
            found.agreed_to(ref, at)
    for named, at in ((old, LATER_AT - MOMENT), (new, LATER_AT), (None, LATER_AT)):
        assert found.agreed_to(named, at) is found.in_force(at)
    for ref in (NoticeRef("1999", new.sha256), NoticeRef(LATER, old.sha256), NoticeRef(FIRST, ""), NoticeRef("", "")):
        with pytest.raises(NotFound, match="notice_unknown"):
            found.agreed_to(ref, LATER_AT)


# ---------------------------------------------------------------- rules that begin on a date


def with_dates(contents: dict[str, Any]) -> None:
    """Rules that change, said in no order."""
    contents["rules"]["invitation_lasts_days"] = [
        {"from": dt.date(2027, 4, 1), "value": 14},
        {"from": dt.date(2026, 10, 1), "value": 7},
    ]
    contents["fees"] = [
        {"from": dt.date(2027, 4, 1), "yen": 300, "per": ["disclosure"]},
        {"from": dt.date(2026, 10, 1), "yen": 1000, "per": ["purpose_notice", "disclosure"]},
    ]


def test_a_rule_changes_on_its_date_and_not_a_moment_before(tmp_path: Path):
    [notice] = load(write(tmp_path, {FIRST: edited(shipped(), with_dates)}))
    for at, days, fees in (
        (tokyo(2020, 1, 1), 7, (0, 0)),
        (tokyo(2026, 10, 1) - MOMENT, 7, (0, 0)),
        (tokyo(2026, 10, 1), 7, (1000, 1000)),
        (tokyo(2027, 4, 1) - MOMENT, 7, (1000, 1000)),
        (tokyo(2027, 4, 1), 14, (1000, 300)),
    ):
        assert notice.rule(Rule.INVITATION_LASTS_DAYS, at) == days
        assert (notice.fee_yen("purpose_notice", at), notice.fee_yen("disclosure", at)) == fees
        assert notice.fee_yen("erasure", at) == 0, "the law allows a fee for two types only"


def test_the_age_below_which_a_guardian_decides_rises_in_2028():
    [notice] = notices()
    assert notice.rule(Rule.GUARDIAN_BELOW_AGE, tokyo(2028, 7, 16) - MOMENT) == 15
    assert notice.rule(Rule.GUARDIAN_BELOW_AGE, tokyo(2028, 7, 16)) == 16


# ---------------------------------------------------------------- how it is shown


@pytest.mark.parametrize("language", Language)
def test_the_app_is_shown_the_closed_list_in_the_reader_s_language(language: Language):
    [notice] = notices()
    shown = notice_view(notice, language)
    assert {one.purpose for one in shown.purposes} == {*Purpose}
    assert (shown.text, shown.sha256) == (notice.text(language), notice.sha256)
    by_code = {one.purpose: one for one in shown.purposes}
    assert by_code["new_service"].kinds == []
    assert by_code["family_watch"].kinds == [*Kind]
    asked = {code for code, one in by_code.items() if one.basis == Basis.CONSENT}
    assert asked == {"qolms_store", "health_guidance", "online_consult", "family_watch"}
