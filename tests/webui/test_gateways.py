"""The conditions of the flows of one gateway beside each other."""

import pytest

from engine import bpmn
from engine.feel.types import Type
from tests.engine.bpmn.drawing import drawing, flows
from webui.designer.gateways import BOTH, EMPTY, MORE, NEVER, NONE, beside

KINDS = {"kind": Type("string", options=("a", "b"))}


def ways(*texts, default=False, kind="exclusiveGateway"):
    """What is said of a gateway whose flows g_e0, g_e1, … have these conditions."""
    ends = "".join(f'<endEvent id="e{place}"/>' for place in range(len(texts) + default))
    lines = [f"g e{place} ? {text}" for place, text in enumerate(texts)]
    held = f' default="g_e{len(texts)}"' if default else ""
    lines += [f"g e{len(texts)}"] if default else []
    xml = drawing(f'<startEvent id="s"/><{kind} id="g"{held}/>{ends}{flows("s g", *lines)}')
    (process,) = bpmn.read(xml).definition.processes
    return [(one["kind"], one["flows"], dict(one["example"])) for one in beside(process, KINDS).get("g", [])]


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
