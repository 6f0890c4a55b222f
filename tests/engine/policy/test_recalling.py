"""A decision that is taken back (取回) after the machine has gone on: the proof knows what can be paid then."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from engine import jobs, policy, repository, runtime, tasks
from engine.bpmn import read
from engine.db import rows
from engine.db.instance import instance
from engine.errors import NotPossibleNow
from engine.runtime import proof
from engine.unit_of_work import ENGINE
from tests.engine.bpmn.drawing import END, START, Play, catch, drawing, element, flows, script, service, timer, user
from tests.engine.policy.against_machine import CATALOG, PAY_001, judged
from tests.engine.policy.random_payments import MARK, PAY
from tests.engine.policy.test_gate import a_bill, people, state_of
from tests.engine.test_tasks import do, first, mine

RULE = '<troika:approval mode="any" onReject="flow"/>'
NEVER = '<troika:recall until="never"/>'
AGREED = 'approval.{}.outcome = "agree"'
PAYS = service("pay", PAY, in_request_id="= request_id")
FINANCE = user("finance", RULE, MARK) + element("exclusiveGateway", "agreed", default="agreed_end")
ASKS = ("finance agreed", f"agreed pay ? {AGREED.format('finance')}", "agreed end", "pay end")
FORK = "".join(element("parallelGateway", key) for key in ("fork", "join"))


def asked_for_what_is_large(*more, recall="", behind="head ask"):
    """Finance is asked for what is large, as it is until somebody has been asked and a script has gone on."""
    body = script("large", "true", "big") + script("small", "false", "big") + user("head", RULE, recall)
    gate = element("exclusiveGateway", "ask", default="ask_pay")
    lines = (f"start large {behind}", "ask small ? big", "ask pay", "small finance", *ASKS)
    return drawing(START + END + body + gate + FINANCE + PAYS + "".join(more) + flows(*lines))


def paid_beside(recall="", then="note"):
    """Paid is in one branch what is approved in the other, where somebody else is asked then."""
    body = user("finance", RULE, MARK, recall) + catch("later", timer("PT1H")) + (user(then) if then else "")
    gate = element("exclusiveGateway", "agreed", default="agreed_join")
    lines = (
        f"start fork finance {then} join end", "fork later agreed", f"agreed pay ? {AGREED.format('finance')}",
        "agreed join", "pay join",
    )  # fmt: skip
    return drawing(START + END + FORK + body + gate + PAYS + flows(*lines))


def across(other=(), later=(), holds=False, head=()):
    """The chief is asked behind the head, and as it seems behind somebody in a branch beside; it ends there. `holds`:
    a join waits for both branches before the chief is asked."""
    body = script("large", "true", "big") + script("small", "false", "big") + user("chief", RULE, NEVER) + user("wait")
    body += user("head", RULE, *head) + user("other", RULE, *other) + user("later", RULE, NEVER, *later)
    gates = element("parallelGateway", "fork") + element("parallelGateway", "two")
    gates += element("parallelGateway" if holds else "exclusiveGateway", "merge")
    gates += element("exclusiveGateway", "ask", default="ask_pay")
    gates += element("exclusiveGateway", "crosses", default="crosses_later")
    lines = (
        "start large fork head ask", "ask two ? big", "ask pay end", "two wait end", "two merge chief small end",
        "fork other crosses later end",
        f'crosses merge ? {AGREED.format("head")} and approval.other.outcome = "reject"',
    )  # fmt: skip
    return drawing(START + END + gates + body + PAYS + flows(*lines))


SENDS_BACK = '<troika:return targets="other"/>'
VOIDED = {
    "taken back in the other branch": across(),
    "sent back in the other branch": across(other=[NEVER], later=[SENDS_BACK]),
}  # fmt: skip


@pytest.mark.parametrize("what", VOIDED)
def test_what_has_made_a_decision_final_may_be_void_again(what):
    """The chief decides behind the head, who may think again once that is void: `big` is false by then."""
    verdict = judged(VOIDED[what], states=4_000, depth=20)

    assert verdict.outcome == "violated, both"
    assert "chief: agree" in verdict.machine.paid["pay"][:-3]
    assert verdict.machine.paid["pay"][-3:] == ["head: recall", "head: agree", "pay"]


def test_the_machine_repeats_the_way_on_which_it_is_void():
    assert judged(VOIDED["taken back in the other branch"], states=4_000, depth=20).confirmed == {"pay"}


@pytest.mark.parametrize("drawn", [
    across(other=[NEVER]), across(head=[NEVER]), across(holds=True),
    across(other=[NEVER], later=[SENDS_BACK], holds=True),
])  # fmt: skip
def test_what_has_made_a_decision_final_stands_where_nobody_undoes_it(drawn):
    assert judged(drawn, states=4_000, depth=20).outcome == "proved, both"


@pytest.mark.parametrize("drawn", [asked_for_what_is_large, paid_beside])
def test_what_a_decision_has_led_to_stays_when_it_is_taken_back(drawn):
    verdict = judged(drawn(), states=600, depth=20)

    assert (verdict.outcome, verdict.confirmed) == ("violated, both", {"pay"})
    assert any(word.endswith(": recall") for word in verdict.machine.paid["pay"])
    assert judged(drawn(recall=NEVER), states=600, depth=20).outcome == "proved, both"


def test_nothing_is_taken_back_behind_which_only_a_join_waits():
    assert judged(paid_beside(then=""), states=600, depth=20).outcome == "proved, both"


def test_a_way_on_which_a_decision_is_taken_back_is_told():
    (finding,) = policy.prove(read(asked_for_what_is_large()).definition, CATALOG, policies=PAY_001)

    words = [step.message.format(**step.facts) for step in finding.steps]
    assert "the decision at 'head' is taken back" in words


def test_nothing_is_taken_back_once_the_next_has_decided():
    """Who is asked before the script, whoever that is, has decided when it has gone on."""
    late = asked_for_what_is_large(user("chief", RULE, NEVER), behind="head chief ask")

    assert judged(late, states=600, depth=20).outcome == "proved, both"


def test_a_decision_beside_that_was_asked_for_before_makes_nothing_final():
    """Two are asked at once; whoever decides first may think again when the other has decided, too."""
    beside = asked_for_what_is_large(
        FORK, user("other", RULE, NEVER), behind="fork head join ask").replace(
        b"</process>", flows("fork other join").encode() + b"</process>")  # fmt: skip

    assert judged(beside, states=600, depth=20).outcome == "violated, both"


def test_a_join_holds_nothing_of_a_branch_that_has_not_come_when_a_decision_beside_is_taken_back():
    """What another branch has brought to a later join says nothing of it."""
    body = user("fin", '<troika:approval mode="any" onReject="end"/>', MARK) + user("q") + service("w")
    gates = FORK + "".join(element("parallelGateway", key) for key in ("f", "j"))
    gates += element("exclusiveGateway", "x", default="x_join")
    lines = ("start f fork fin join j pay end", "fork q s w x join", "x end ? n = 2", "f t j")
    xml = drawing(START + END + gates + body + script("s", "1", "n") + service("t") + PAYS + flows(*lines))

    assert judged(xml, states=600, depth=20).outcome == "proved, both"


def followed_by(*tasks):
    """Who is asked behind the gateway, before the script; the last of them leads to it."""
    names = " ".join(task.partition('id="')[2].partition('"')[0] for task in tasks)
    body = script("large", "true", "big") + script("small", "false", "big") + user("head", RULE)
    gate = element("exclusiveGateway", "ask", default="ask_pay")
    lines = ("start large head ask", f"ask {names} ? big", "ask pay", f"{names.split()[-1]} small finance", *ASKS)
    if len(tasks) > 1:  # the first has decided when the script goes on
        lines = (*lines[:1], f"ask {names.split()[0]} ? big", "ask pay", f"{names.split()[0]} small {names.split()[1]}",
                 f"{names.split()[1]} finance", *ASKS)  # fmt: skip
    return drawing(START + END + body + gate + "".join(tasks) + FINANCE + PAYS + flows(*lines))


LATE = '<troika:timeout><troika:step after="P1D" {}/></troika:timeout>'
NOBODY = '<troika:onSelf do="forbid"/><troika:onEmpty do="autoReject"/>'
BY_RULE = {
    "nobody to ask": [user("chief", RULE, NEVER, NOBODY)],
    "no time left": [user("chief", RULE, NEVER, LATE.format('do="reject"'))],
    "void when a time limit sends it back": [
        user("chief", RULE, NEVER),
        user("third", RULE, NEVER,
             LATE.format('do="return" to="chief"')),
    ],
    "void when a time limit rejects it": [
        user("chief", RULE, NEVER),
        user("third", RULE.replace("flow", "return:chief"), NEVER, LATE.format('do="reject"')),
    ],
}  # fmt: skip


@pytest.mark.parametrize("what", BY_RULE)
def test_what_no_person_has_decided_makes_nothing_final(what):
    verdict = judged(followed_by(*BY_RULE[what]), states=900, depth=20)

    assert (verdict.outcome, verdict.confirmed) == ("violated, both", {"pay"})


def test_what_a_person_has_decided_makes_final_what_was_decided_before():
    drawn = followed_by(user("chief", RULE, NEVER), user("third", RULE, NEVER, '<troika:return targets="chief"/>'))

    assert judged(drawn, states=900, depth=20).outcome == "proved, both"


def test_what_somebody_has_written_who_helped_a_gateway_on_is_known_when_a_decision_before_it_is_taken_back():
    """Only what is not high comes to the task; without a level it is stuck behind it, and not high elsewhere."""
    gates = element("exclusiveGateway", "high", default="high_head") + element("exclusiveGateway", "x", default="x_r")
    gates += element("exclusiveGateway", "g") + element("exclusiveGateway", "r", default="r_end")
    lines = (
        "start high", 'high end ? level = "high"', "high head x", f"x g ? {AGREED.format('head')}", "x r",
        'g u ? level = "high"', 'g v ? level = "low"', "u end", "v end", 'r pay ? level = "high"', "r end", "pay end",
    )  # fmt: skip
    xml = drawing(START + END + gates + user("head", RULE) + user("u") + user("v") + PAYS + flows(*lines))

    assert judged(xml, states=1800, depth=20, gaps=True).outcome == "violated, both"


def test_nothing_is_taken_back_of_what_leads_on_and_back_at_once():
    """A token stays behind that has gone back: there would be two, one of which pays without the other's approval."""
    gates = element("exclusiveGateway", "agreed", default="agreed_again") + element("exclusiveGateway", "begin")
    lines = ("start begin finance agreed", f"agreed note ? {AGREED.format('finance')}", "note pay end",
             "agreed again wait end", "again begin")  # fmt: skip
    body = user("finance", RULE, MARK) + user("again") + user("wait") + service("note")
    verdict = judged(drawing(START + END + gates + body + PAYS + flows(*lines)), states=900, depth=30)

    assert (verdict.outcome, verdict.machine.paid) == ("proved, bounded", {})


def begun(engine, xml, monkeypatch):
    """On the engine, where Root asks and decides everything but finance; (who, where Root is asked first, the bill)."""
    real = (
        xml.replace(b'candidateGroups="staff"', b'candidateUsers="root"').replace(b"request_id", b"bill_id")
        .replace(PAY.encode(), b"test.pay_bill").replace(b"erp_payment_request", b"test_bill")
    )  # fmt: skip
    before, finance, after = real.partition(b'id="finance"')
    who, bill_id = people(engine), a_bill(engine)
    with monkeypatch.context() as unproved, engine.unit_of_work(ENGINE) as uow:
        unproved.setattr(policy, "prove", lambda *_, **__: [])
        repository.deploy(uow, {"processes/p.bpmn": before + finance + after.replace(b'"root"', b'"fay"', 1)})
    with engine.unit_of_work(who["root"]) as uow:
        runtime.start(uow, "p", {"bill_id": str(bill_id)})
    return who["root"], first(engine, who["root"]), bill_id


@pytest.mark.parametrize("what", [None, *BY_RULE])
def test_so_it_is_on_the_engine_and_the_gate_holds(engine, clock, monkeypatch, what):
    xml = asked_for_what_is_large() if what is None else followed_by(*BY_RULE[what])
    root, head, bill_id = begun(engine, xml, monkeypatch)
    do(engine, root, tasks.agree, head)
    if what is not None and what.startswith("void"):
        do(engine, root, tasks.agree, first(engine, root))
    if what is not None:
        clock.advance(timedelta(days=2))
        jobs.run_due(engine)

    do(engine, root, tasks.recall, head)
    do(engine, root, tasks.agree, first(engine, root))
    jobs.run_due(engine)

    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert len(policy.open_holds(uow)) == 1
    assert state_of(engine, bill_id) == "open"


def test_on_the_engine_nothing_is_taken_back_once_the_next_has_decided(engine, monkeypatch):
    xml = followed_by(user("chief", RULE, NEVER), user("third", RULE, NEVER, '<troika:return targets="chief"/>'))
    root, head, _ = begun(engine, xml, monkeypatch)
    do(engine, root, tasks.agree, head)
    do(engine, root, tasks.agree, first(engine, root))

    with pytest.raises(NotPossibleNow):
        do(engine, root, tasks.recall, head)


def decided_across(engine, monkeypatch, **drawn):
    """Up to where the chief has made final what the head has decided; who did all that, what asks at each task, the
    bill."""
    root, _, bill_id = begun(engine, across(**drawn), monkeypatch)
    asked = {}
    for node in ("head", "other", "chief"):
        asked |= {item.node: item.work_item_id for item in mine(engine, root)}
        do(engine, root, tasks.agree, asked[node])
        jobs.run_due(engine)
    return root, asked, bill_id


def test_on_the_engine_it_may_be_void_again_and_the_gate_holds(engine, monkeypatch):
    root, asked, bill_id = decided_across(engine, monkeypatch)
    with pytest.raises(NotPossibleNow):
        do(engine, root, tasks.recall, asked["head"])
    do(engine, root, tasks.recall, asked["other"])

    do(engine, root, tasks.recall, asked["head"])
    do(engine, root, tasks.agree, next(item.work_item_id for item in mine(engine, root) if item.node == "head"))
    jobs.run_due(engine)

    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert len(policy.open_holds(uow)) == 1
    assert state_of(engine, bill_id) == "open"


@pytest.mark.parametrize(("drawn", "pays"), [({}, ["pay"]), ({"other": [NEVER]}, []), ({"head": [NEVER]}, [])])
def test_the_proof_of_a_request_that_runs_knows_what_may_be_void_again(engine, monkeypatch, drawn, pays):
    decided_across(engine, monkeypatch, **drawn)

    with engine.unit_of_work(ENGINE) as uow:
        (row,) = uow.execute(select(instance.c.id)).all()
        view = runtime.instance_view(uow, row.id)
        assert [one.element_id for one in proof.prove(uow, rows.read(uow, row.id), view.state)] == pays


def test_a_request_that_runs_may_be_taken_back_to_who_decided_last():
    """Where it stands, `big` is false; whether somebody may be asked again on that, its rounds say."""
    xml = asked_for_what_is_large()
    play = Play(xml, {"request_id": "A"})
    play.complete("head", {"outcome": "agree"})

    def found(decided):
        return policy.prove(
            read(xml).definition, CATALOG, policies=PAY_001,
            begin=lambda space: policy.states(space, play.state, [], decided=decided),
        )  # fmt: skip

    assert found([]) == []
    assert [one.element_id for one in found(["head"])] == ["pay"]
