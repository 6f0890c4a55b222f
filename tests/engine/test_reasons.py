"""Reasons of the engine are codes with values; rows keep their text, and it is read back."""

import pytest

from engine import reasons
from webui import route

VALUES = {"n": "2", "element": "fin", "task": "财务审批: 二", "field": "budget owner", "name": "limits"}


@pytest.mark.parametrize("code", sorted(reasons.CODES))
def test_a_reason_that_a_row_keeps_is_read_back_and_has_words(code):
    plain = next((text for text in reasons._PLAIN if reasons.code_of(text) == code), None)
    template = reasons._WITH_VALUES.get(code, "")
    values = {name: text for name, text in VALUES.items() if f"{{{name}}}" in template}
    kept = plain or reasons.text(code, **values)

    found = reasons.read(kept)

    assert found == reasons.Reason(code, values)
    said = route.because(found, str)
    assert all(text in said for text in values.values())


def test_what_a_person_wrote_is_no_reason_of_the_engine():
    for written in ("please", "", "manager x of the requester", "named in", "sent back!"):
        assert reasons.read(written) is None
    assert route.WORDS.keys() == reasons.CODES
