"""The letterhead is the notice's."""

import msgspec
import pytest

from shared.disclosure.operator import operator_of
from shared.policy.notices import notices
from shared.vocabulary import Language
from tests.papers.pages import words_in


@pytest.mark.parametrize("language", Language)
def test_a_letterhead_says_what_the_notice_says(language: Language):
    contents = next(iter(notices())).contents
    head = operator_of(contents, language)
    assert head.name == contents.controller.name.of(language)
    assert head.tel == contents.controller.contact.tel
    assert head.complaints.note == contents.accredited_body.note.of(language)
    notice = set(words_in(msgspec.to_builtins(contents.controller).values()))
    notice |= set(words_in(msgspec.to_builtins(contents.accredited_body).values()))
    said = list(words_in(head))
    assert set(said) <= notice
    assert len(set(said)) == len(said) == 13
