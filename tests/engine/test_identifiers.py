"""Numbers that check themselves, by published examples: any one character that is changed is found."""

from datetime import UTC, datetime

import pytest

from engine import forms
from engine.errors import InvalidForm
from engine.identifiers import credit_code_check, is_credit_code, is_id_card

PEOPLE = ("11010519491231002X", "440524188001010014")
NOW = datetime(2026, 11, 23, tzinfo=UTC)
ORGANISATIONS = ("91350100M000100Y43", "91110000600037341L")


@pytest.mark.parametrize("text", [*PEOPLE, *ORGANISATIONS])
def test_one_wrong_character_is_found(text):
    check = is_id_card if text in PEOPLE else is_credit_code

    assert check(text)
    assert check(text.lower())
    changed = {text[:at] + other + text[at + 1 :] for at in range(18) for other in "0123456789X"} - {text}
    assert [one for one in changed if check(one)] == []
    assert not any(map(check, ("", text[:17], text + "1", text.replace("1", "１"))))


def test_an_organisation_code_that_does_not_check_itself_is_found():
    """A form took such a credit code, which customers could not be known by."""
    body = ORGANISATIONS[0][:16] + "5"

    assert not is_credit_code(body + credit_code_check(body))


def test_a_birthday_that_there_is_not_is_found():
    assert not is_id_card("11010519490231002X")


@pytest.mark.parametrize(("kind", "good"), [("idcard", PEOPLE[0]), ("uscc", ORGANISATIONS[0])])
def test_a_form_asks_for_the_right_number(kind, good):
    raw = {"id": "F", "type": "textfield", "key": "number", "label": "Number", "validate": {"validationType": kind}}
    form = forms.read({"id": "f", "components": [raw]}).form

    assert forms.validate(form, {"number": good}, stored={}, now=NOW) == {"number": good}
    assert forms.validate(form, {"number": ""}, stored={}, now=NOW) == {"number": ""}
    with pytest.raises(InvalidForm):
        forms.validate(form, {"number": good[::-1]}, stored={}, now=NOW)
