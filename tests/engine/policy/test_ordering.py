"""Branches that have nothing to do with each other are looked at in one order; what they may find stays the same."""

from types import SimpleNamespace

import pytest

from engine import bpmn
from engine.errors import CannotCompile
from engine.policy.checker import space_of
from engine.policy.search import DRAWING, Effort, search
from engine.policy.space.states import FINAL
from tests.engine.bpmn.drawing import (
    END,
    START,
    boundary,
    catch,
    drawing,
    element,
    flows,
    message,
    message_event,
    script,
    service,
    timer,
    user,
)
from tests.engine.policy.against_machine import CATALOG, PAY_001, Catalog, _asked, _form, drawn, judged
from tests.engine.policy.random_payments import MARK, PAY, ROOTS
from tests.engine.policy.sizes import CATALOG as PLAIN
from tests.engine.policy.sizes import reviewed

RULE = '<troika:approval mode="any" onReject="flow"/>'
ENDS = '<troika:approval mode="any" onReject="end"/>'
NEVER = '<troika:recall until="never"/>'
PAYS = service("pay", PAY, in_request_id="= request_id")
FORK = element("parallelGateway", "fork") + element("parallelGateway", "join")
OTHER = service("w", "erp.other", out_request_id='= "B"')
ENOUGH = Effort(1_500, 3_000)


def spaces(xml, catalog=CATALOG):
    """The space of a drawing, and the same one in which every order is looked at."""
    definition = bpmn.read(xml, "order.bpmn").definition
    own = {process.id: process for process in definition.processes}
    found = [
        space_of(
            own["p"], catalog, PAY_001, lambda _, node: own.get(node.call.process_id) if node.call else None, _form,
            decisions=_asked,
        ) for _ in range(2)
    ]  # fmt: skip
    found[1].apart = []
    return found


def beside(first, second, *lines, more=()):
    """Something is done in one branch, finance approves in the other, and what it has agreed to is paid."""
    gate = element("exclusiveGateway", "ok", default="ok_end")
    ways = (f"start fork {first} join ok", f"fork {second} join", 'ok pay ? approval.fin.outcome = "agree"')
    return drawing(
        START + END + FORK + gate + PAYS + "".join(more) + flows(*ways, "ok end", "pay end", *lines), ROOTS
    )  # fmt: skip


FINANCE = user("fin", RULE, MARK) + user("more", RULE)
DISTURBED = {
    "one writes which document the other has approved": beside(
        "note w", "more fin", more=[FINANCE, user("note", RULE, NEVER), OTHER]
    ),
    "one rejects what the other has approved": beside("again", "fin more", more=[FINANCE, user("again", RULE, MARK)]),
    "one rejects what the other has approved as something else": beside(
        "again", "fin more", more=[FINANCE, user("again", RULE, MARK.replace("finance", "head"))]
    ),
    "one asks what the other has decided": drawing(
        START + END + FORK + script("begins", "false", "skipped") + FINANCE + user("first", RULE)
        + element("exclusiveGateway", "asks", default="asks_skips") + script("skips", "true", "skipped")
        + element("exclusiveGateway", "merge") + element("exclusiveGateway", "ok", default="ok_end") + PAYS
        + flows("start begins fork fin more join ok", "ok end", "pay end", "ok pay ? skipped = true",
                "fork first asks skips merge join", 'asks merge ? approval.fin.outcome = "reject"')
    ),
    "one writes what the other one asks": drawing(
        START + END + FORK + script("small", "1", "amount") + script("large", "900", "amount") + user("note", RULE)
        + user("sure", RULE) + user("fin", RULE, MARK) + element("exclusiveGateway", "asks", default="asks_merge")
        + element("exclusiveGateway", "merge") + element("exclusiveGateway", "ok", default="ok_stop")
        + element("endEvent", "stop") + PAYS
        + flows("start small fork note large join pay end", "fork sure asks", "asks fin ? amount > 500", "fin ok",
                'ok merge ? approval.fin.outcome = "agree"', "ok stop", "asks merge join")
    ),
    "who decides in the one makes final what the other has decided, round a loop, if he is asked later": drawing(
        START + END + FORK + script("off", "false", "seen") + script("on", "true", "seen") + user("first", RULE)
        + service("begins", "ask.d1") + user("second", RULE, NEVER) + service("ends", "ask.d2")
        + "".join(element("exclusiveGateway", key) for key in ("merge", "again", "asks"))
        + catch("waits", message_event("m")) + user("fin", RULE, MARK, NEVER)
        + element("exclusiveGateway", "ok", default="ok_end") + PAYS
        + flows("start off merge fork first join ends again", "fork begins second join", "again merge ? d1 and d2",
                "again asks ? not(d1 and d2)", "asks pay ? seen = true", "asks on ? seen != true", "on waits fin ok",
                'ok pay ? approval.fin.outcome = "agree"', "ok end", "pay end"),
        message("m", "= request_id"),
    ),
}  # fmt: skip
"""each can be paid without a live approval in one of the orders only"""
NOT_PLAIN = {
    "a time limit beside a branch": beside(
        "fin more", "sees", "late end", more=[FINANCE, user("sees", RULE), boundary("late", "sees", timer("PT1H"))]
    ),
    "a branch that is sent back out of the block": drawing(
        START + END + FORK + user("asked", RULE) + FINANCE + user("sees", RULE, '<troika:return targets="asked"/>')
        + element("exclusiveGateway", "ok", default="ok_end") + PAYS
        + flows("start asked fork fin more join ok", "fork sees join", 'ok pay ? approval.fin.outcome = "agree"',
                "ok end", "pay end")
    ),
    "a branch from which one flow leads elsewhere": beside(
        "fin more", "sees gate", 'gate ok ? approval.sees.outcome = "reject"',
        more=[FINANCE, user("sees", RULE), element("exclusiveGateway", "gate", default="gate_join")],
    ),
    "a step in a branch that several flows leave": beside(
        "sees", "asked fin merge", "asked w merge", more=[
            user("fin", RULE, MARK), OTHER, user("asked", RULE), user("sees", RULE),
            element("exclusiveGateway", "merge"),
        ],
    ),
    "a payment in a branch": drawing(
        START + END + FORK + FINANCE + PAYS + user("sees", RULE)
        + flows("start fork fin more join end", "fork sees pay join")
    ),
    "an event sub-process": beside(
        "fin more", "sees", more=[
            FINANCE, user("sees", RULE),
            element("subProcess", "h", triggeredByEvent="true", inner=element(
                "startEvent", "b", isInterrupting="false", inner=message_event("m")
            ) + user("n") + element("endEvent", "e") + flows("b n e")),
        ],
    ),
}  # fmt: skip


def test_branches_that_are_reviewed_on_their_own_are_looked_at_one_after_the_other():
    one_order, every_order = spaces(reviewed(6), PLAIN)

    found = search(one_order)

    assert (found.spent, found.violations) == (False, {})
    assert len(found.seen) < 100
    assert search(every_order, effort=DRAWING).spent


@pytest.mark.parametrize("name", DISTURBED)
def test_branches_that_disturb_each_other_are_looked_at_in_every_order(name):
    one_order, every_order = spaces(DISTURBED[name])

    assert set(search(one_order).violations) == set(search(every_order).violations) == {"pay"}
    assert judged(DISTURBED[name], states=1_800, depth=40).outcome == "violated, both"


@pytest.mark.parametrize("name", NOT_PLAIN)
def test_a_block_that_is_not_plain_is_looked_at_in_every_order(name):
    one_order, _ = spaces(NOT_PLAIN[name])

    assert one_order.apart == []


def test_the_second_of_two_tokens_in_a_branch_comes_before_the_join_lets_the_first_on():
    assert judged(NOT_PLAIN["a step in a branch that several flows leave"]).outcome == "violated, both"


def test_what_lasts_in_a_called_process_beside_a_decision_that_may_be_taken_back_is_looked_at_in_every_order():
    lasting = Catalog({**CATALOG, "erp.last": SimpleNamespace(guarded_by=None, outputs={}, lasts=True)})
    body = user("head", RULE) + script("turns", "true", "turned") + service("lasts", "erp.last") + FINANCE + PAYS
    body += user("sees", RULE) + element("exclusiveGateway", "asks", default="asks_end")
    ways = ("start fork head turns join fin asks end", "fork lasts sees join", "asks pay ? turned = true", "pay end")
    one_order, _ = spaces(drawing(START + END + FORK + body + flows(*ways)), lasting)
    unlike, _ = spaces(drawing(START + END + FORK + body + flows(*ways)))

    assert (one_order.apart, len(unlike.apart)) == ([], 1)
    assert "head" in one_order.recalled


def test_more_tokens_than_a_join_waits_for_are_looked_at_in_every_order():
    """A second token comes into a branch that another one has left."""
    xml = drawing(
        START + END + FORK + element("exclusiveGateway", "merge") + element("parallelGateway", "twice")
        + catch("waits", timer("PT1H")) + FINANCE + user("sees", RULE) + user("note", RULE) + PAYS
        + element("exclusiveGateway", "ok", default="ok_end")
        + flows("start twice merge fork fin more join ok", "twice waits merge", "fork sees note join",
                'ok pay ? approval.fin.outcome = "agree"', "ok end", "pay end")
    )  # fmt: skip
    one_order, every_order = spaces(xml)

    ways = [{name: len(one.moves) for name, one in search(space).violations.items()} for space in spaces(xml)]

    assert len(one_order.apart) == 1
    assert ways[0] == ways[1]
    assert any(len(one_order.parties(state)) == 1 and len(state.tokens) > 2 for state in search(every_order).seen)


def test_while_a_decision_may_become_one_that_is_taken_back_again_every_order_is_looked_at():
    one_order, _ = spaces(reviewed(3), PLAIN)
    (state,) = one_order.starts()
    (_, begun), *_ = one_order.steps(state)
    final = one_order.slot("a0", FINAL)

    assert len(one_order.parties(begun)) == 3
    assert len(one_order.parties(begun._replace(tokens=tuple(sorted([*begun.tokens, final]))))) == 1


def test_one_order_finds_what_every_order_finds():
    reduced = 0
    for seed in range(40):
        xml = drawn("branches beside each other", seed)
        definition = bpmn.read(xml, "chance.bpmn").definition
        try:
            bpmn.compile(definition, "p")
        except CannotCompile:
            continue
        one, every = (search(space, effort=ENOUGH) for space in spaces(xml))
        if every.spent:
            continue
        reduced += len(one.seen) < len(every.seen)
        assert {key: (way.missing, len(way.moves)) for key, way in one.violations.items()} == {
            key: (way.missing, len(way.moves)) for key, way in every.violations.items()
        }, f"drawing {seed}"

    assert reduced > 4


@pytest.mark.parametrize("seed", range(1_085_000, 1_085_012))
def test_what_is_proved_in_one_order_the_machine_cannot_do(seed):
    verdict = judged(drawn("branches beside each other", seed), states=200, depth=12)

    assert verdict is None or verdict.outcome not in ("missed", "confirmed wrongly")
