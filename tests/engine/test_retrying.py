"""Texts of retries."""

from datetime import timedelta
from uuid import UUID

import pytest

from engine import retrying
from engine.errors import WrongRetry

MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("R2/PT1M", (MINUTE, MINUTE)),
        ("PT10S, PT1H", (timedelta(seconds=10), timedelta(hours=1))),
        ("R0/PT1M", ()),
        ("P1DT30M", (timedelta(days=1, minutes=30),)),
    ],
)
def test_text_says_how_many_tries_and_how_far_apart(text, expected):
    assert retrying.delays(text) == expected


@pytest.mark.parametrize("text", ["R5", "often", "PT", "R5/1M", "PT1M,soon"])
def test_other_texts_are_refused(text):
    with pytest.raises(WrongRetry):
        retrying.delays(text)


def test_pause_varies_by_key_and_ends():
    pauses = {retrying.pause("R2/PT1M", 1, UUID(int=number)) for number in range(50)}

    assert len(pauses) > 10
    assert all(timedelta(seconds=54) <= pause <= timedelta(seconds=66) for pause in pauses)
    assert retrying.pause("R2/PT1M", 3, UUID(int=1)) is None
