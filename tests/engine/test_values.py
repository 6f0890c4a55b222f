"""What a variable may hold, how it is stored, and the digests that bind approvals."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import values
from engine.errors import InvalidValue
from engine.values import YearsMonths

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.decimals(allow_nan=False, allow_infinity=False),
    st.text(),
    st.dates(),
    st.times(),
    st.datetimes(timezones=st.sampled_from([None, UTC, ZoneInfo("Asia/Shanghai")])),
    st.timedeltas(),
    st.builds(YearsMonths, st.integers(-9999, 9999)),
)
ANY = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.just("$"), inner))


@given(ANY)
def test_every_value_survives_its_stored_form(value):
    stored = values.stored_json(value)

    restored = values.load_json(stored)

    assert values.stored_json(restored) == stored
    assert restored == values.load_json(stored)


@given(ANY)
def test_the_quick_way_to_canonical_json_writes_the_same_text(value):
    assert values.stored_json(value).encode() == values.canonical_json(values.encode(value))


@pytest.mark.parametrize("text", ["é", "e\u0301", "\u1100\u1161", "金额", "ﬁ", "😀", "\u2028", "\x7f\x1f\n"])
def test_canonical_json_of_texts_that_have_two_spellings_or_lie_beyond_the_basic_plane(text):
    document = {text: [text], "\uffee": 1, "😀": 2, "a": 3}

    assert values.stored_json(document).encode() == values.canonical_json(document)


def test_types_are_kept_apart_by_the_stored_form():
    original = {
        "$": "a key of the user's own",
        "amount": Decimal("12.30"),
        "day": date(2026, 11, 23),
        "at": datetime(2026, 11, 23, 9, 0, tzinfo=ZoneInfo("Asia/Shanghai")),
        "clock": time(9, 30),
        "wait": timedelta(days=3, microseconds=1),
        "term": YearsMonths(14),
        "many": [True, 1, None, "x"],
    }

    restored = values.load_json(values.stored_json(original))

    assert restored == original
    assert str(restored["amount"]) == "12.30"
    assert restored["many"][0] is True


def test_floats_from_outside_become_exact_decimals_and_infinities_are_refused():
    assert values.normalise({"a": 0.1, "b": (1, 2)}) == {"a": Decimal("0.1"), "b": [1, 2]}
    for wrong in (float("nan"), Decimal("Infinity"), object(), {1: "x"}):
        with pytest.raises(InvalidValue):
            values.normalise(wrong)


def test_kinds_of_texts_and_numbers_are_stored_as_plain_ones():
    class Name(str):
        __slots__ = ()

    class Count(int):
        pass

    assert values.encode({"table": Name("erp_supplier"), "n": Count(3)}) == {"table": "erp_supplier", "n": 3}


def test_values_nested_too_deep_are_refused():
    value = []
    for _ in range(70):
        value = [value]
    with pytest.raises(InvalidValue, match="64"):
        values.normalise(value)


def test_canonical_json_refuses_what_has_two_spellings():
    with pytest.raises(InvalidValue):
        values.canonical_json({"amount": Decimal("1.0")})


PAYMENT = {
    "amount": "1680.32",
    "amount_base": "1680.32",
    "currency": "CNY",
    "entity": "91330100MADEM0011P",
    "invoices": ["INV-1", "INV-2"],
    "kind": "supplier",
    "payee": "S-1001",
    "payee_bank_version": 3,
}


@pytest.mark.parametrize(
    ("subject", "facts", "expected"),
    [
        (
            ("erp_payment_request", "PR-2026-0001"),
            PAYMENT,
            "444ca1e521d5aa9e94d388c9d3e96009aa660de7fd9a96c222654de006826dde",
        ),
        (
            ("erp_payment_request", "PR-2026-0001"),
            {**PAYMENT, "amount": "1680.33", "amount_base": "1680.33"},
            "05d0d55423f068a9f4e61216500e973e3a4d4f0e7b31433a74a2926bc09f82d1",
        ),
        (
            ("demo", "1"),
            {"amount": "0.00", "lines": [{"qty": "1.0000", "sku": "A"}], "ok": True, "z": None, "备注": "运费"},
            "eddf098c8d5127fb1bb745adbedfd88132db87c21a252be3e67e55d167e5af8f",
        ),
    ],
)
def test_binding_digest_agrees_with_the_published_vectors(subject, facts, expected):
    assert values.binding_digest(*subject, facts) == f"sha256:{expected}"


@pytest.mark.parametrize(
    ("duration", "text"),
    [
        (timedelta(), "PT0S"),
        (timedelta(days=1, hours=2, minutes=30), "P1DT2H30M"),
        (timedelta(seconds=-90), "-PT1M30S"),
        (timedelta(milliseconds=1500), "PT1.5S"),
    ],
)
def test_durations_are_written_as_iso_8601(duration, text):
    assert values.duration_text(duration) == text
