"""The conditions of the flows of one gateway beside each other."""

import itertools
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from engine import bpmn, feel
from engine.feel.types import Type
from tests.engine.bpmn.drawing import drawing, flows
from webui.designer import conditions
from webui.designer.conditions import MOMENT, TEXT, Row
from webui.designer.gateways import BOTH, EMPTY, MORE, NEVER, NONE, beside

KINDS = {"kind": Type("string", options=("a", "b"))}


def ways(*texts, default=False, kind="exclusiveGateway", required=(), types=KINDS):
    """What is said of a gateway whose flows g_e0, g_e1, … have these conditions."""
    ends = "".join(f'<endEvent id="e{place}"/>' for place in range(len(texts) + default))
    lines = [f"g e{place} ? {text}" for place, text in enumerate(texts)]
    held = f' default="g_e{len(texts)}"' if default else ""
    lines += [f"g e{len(texts)}"] if default else []
    xml = drawing(f'<startEvent id="s"/><{kind} id="g"{held}/>{ends}{flows("s g", *lines)}')
    (process,) = bpmn.read(xml).definition.processes
    return [(one["kind"], one["flows"], dict(one["example"])) for one in beside(process, types, required).get("g", [])]


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        (("amount > 500", "amount < 500"), [(NONE, ["g_e0", "g_e1"], {"amount": "500"}),
                                           (EMPTY, ["g_e0", "g_e1"], {"amount": "null"})]),
        (("amount >= 500", "amount <= 500"), [(BOTH, ["g_e0", "g_e1"], {"amount": "500"}),
                                             (EMPTY, ["g_e0", "g_e1"], {"amount": "null"})]),
        (("amount > 500 or amount = null", "amount > 100 and amount <= 500", "amount <= 100"), []),
        (('kind = "a"', 'kind = "b"'), [(EMPTY, ["g_e0", "g_e1"], {"kind": "null"})]),
        (('kind in ("a", "b") or kind = null', 'not(kind in ("a"))'), [(BOTH, ["g_e0", "g_e1"], {"kind": '"b"'}),
                                                                     (NEVER, ["g_e1"], {"kind": '"b"'})]),
        (('starts with(kind, "x")', 'kind = "a"'), [(MORE, ["g_e0"], {})]),
    ],
)  # fmt: skip
def test_gaps_overlaps_and_what_is_missing_are_told_with_an_example(texts, said):
    assert ways(*texts) == said


def test_a_default_takes_what_is_left_and_an_inclusive_gateway_may_take_several():
    assert [kind for kind, *_ in ways("amount > 500", default=True)] == [EMPTY]
    assert [kind for kind, *_ in ways("amount > 5", "amount > 3", kind="inclusiveGateway")] == [NONE, EMPTY]


def test_days_and_two_fields_are_compared_too():
    texts = ('date(at) >= date("2026-01-01") and amount > 5', 'date(at) < date("2026-01-01")')

    assert (NONE, ["g_e0", "g_e1"]) in [one[:2] for one in ways(*texts)]
    assert all(set(one[2]) <= {"at", "amount"} for one in ways(*texts))


def test_what_the_engine_itself_says_is_never_missing():
    assert ways('approval.t.outcome = "agree"', default=True) == []


def test_a_day_that_is_missing_is_the_same_field():
    texts = ('date(m) >= date("2026-01-01")', 'date(m) < date("2026-01-01")')

    assert ways(*texts, "m = null") == []
    assert ways(*texts) == [(EMPTY, ["g_e0", "g_e1"], {"m": "null"})]


def test_a_missing_value_stops_a_request_also_beside_certain_values_of_others():
    texts = ('amount > 500 and kind = "a"', 'amount > 500 and kind = "b"', "amount <= 500")

    (amount, kind) = ways(*texts)
    assert amount == (EMPTY, ["g_e0", "g_e1", "g_e2"], {"amount": "null"})
    assert kind[0] == EMPTY
    assert list(kind[2]) == ["kind", "amount"]
    assert (kind[2]["kind"], Decimal(kind[2]["amount"]) > 500) == ("null", True)
    assert ways(*texts, required=["amount", "kind"]) == []


def test_of_a_field_that_is_required_no_missing_value_is_told():
    assert ways('amount > 5 or amount = null and kind = "a"', "amount <= 5", required=["amount"]) == []


def test_what_cannot_be_compared_is_told():
    assert ways("x > 5", 'x = "a"', 'x = "b"') == [(MORE, ["g_e0", "g_e1", "g_e2"], {})]


VALUES = {
    conditions.NUMBER: ["4", "5", "6", "7"], conditions.TEXT: ["a", "b", "c", ""], conditions.TRUTH: ["true", "false"],
    conditions.DATE: ["2026-01-01", "2026-01-02", "2026-01-03"],
    conditions.MOMENT: ["2026-01-01", "2026-01-02", "2026-01-03"],
}  # fmt: skip
NOT_COMPARED = {"contains", "not-contains", "starts", "ends", "last-days"}


def met(text, **values):
    """Whether a condition holds, as the engine itself says."""
    now = datetime(2026, 1, 3, tzinfo=UTC)
    return feel.evaluate(text, values, now=now).value is True


def value_of(kind, typed):
    moment = f'date and time("{typed}T12:00:00+08:00")'
    return feel.evaluate(moment if kind == MOMENT else conditions.literal_of(Row("m", "", type=kind), typed), {}).value


@pytest.mark.parametrize(("kind", "options"), [*((kind, ()) for kind in VALUES), (TEXT, ("a", "b", "c"))])
def test_whatever_two_comparisons_of_a_field_the_engine_bears_out_what_is_said(kind, options):
    first, last = VALUES[kind][:2]
    offered = [operator for operator, _ in conditions.OFFERED[kind]]
    rows = [Row("m", one, "7" if one == "last-days" else first, (last,), kind) for one in offered]
    types = {"m": Type(kind, options=options)}
    samples = [(typed, value_of(kind, typed)) for typed in options or VALUES[kind]]
    for two in itertools.product(rows, repeat=2):
        texts = [conditions.feel_of_groups([[row]]).removeprefix("= ") for row in two]
        found = ways(*texts, types=types)
        kinds = {one[0] for one in found}
        if kinds == {MORE}:
            assert {row.operator for row in two} & NOT_COMPARED, texts
            continue
        taken = {typed: [met(text, m=value) for text in texts] for typed, value in [*samples, (None, None)]}
        there = [taken[typed] for typed, _ in samples]
        assert (NONE in kinds) >= any(not any(ways_) for ways_ in there), (texts, found)
        assert (EMPTY in kinds) == (not any(taken[None])), (texts, found)
        assert {BOTH, NEVER} & kinds or not any(map(all, there)), (texts, found)
        for said, flows_, example in found:
            shown = example.get("m")
            holds = [met(text, m=feel.evaluate(_at_noon(kind, shown), {}).value) for text in texts] if shown else []
            if said in (NONE, EMPTY):
                assert holds == [False, False], (texts, found)
            elif said == BOTH:
                assert holds == [True, True], (texts, found)
            elif said == NEVER:
                place = int(flows_[0][-1])
                assert not any(one[place] and not any(one[:place]) for one in taken.values()), (texts, found)


def _at_noon(kind, shown):
    return shown if kind != MOMENT or shown == "null" else f'date and time({shown}, time("12:00:00+08:00"))'
