"""代理: both see the work, the first acts, nobody acts in a chain, for himself, or twice."""

import json
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from sqlalchemy import select

from engine import history, identity, jobs, repository, runtime, tasks
from engine.db.policy import policy_grant
from engine.errors import (
    ActNotOffered,
    AlreadyDecided,
    BeyondSubstitution,
    CannotChoose,
    Forbidden,
    InvalidSubstitution,
    InvalidValue,
    NotFound,
    NothingToConfirm,
    NotYourTask,
    PrincipalOnly,
)
from engine.modules.notification.models.notice import notice
from engine.unit_of_work import ENGINE, Actor
from tests.consistency import consistent
from tests.engine.approvals.office import FORM, Office, approval
from tests.engine.approvals.test_choosing import selected
from tests.engine.bpmn.drawing import END, START, drawing, flows
from tests.engine.policy.test_gate import a_bill

pytestmark = pytest.mark.approvals

WEEK = timedelta(days=7)
CLAIM = '<zeebe:formDefinition formId="oa/claim"/>'


def stand_in(office, principal: str, deputy: str, *, lasts: timedelta = WEEK, by: str | None = None, **options):
    now = office.clock.now()
    return office.do(by or principal, identity.substitute, principal, deputy, now, now + lasts, **options)


def test_both_see_the_work_the_first_acts_and_both_names_are_kept(office):
    instance = office.begin(approval(users="bob"))
    stand_in(office, "bob", "gus")

    [line] = office.items("gus")
    assert (line.principal, line.mine, office.asked()) == ("Bob", False, {"bob", "gus"})
    office.act("gus", tasks.agree)

    [row] = office.rows(instance)
    both = (office.who["gus"].user_id, office.who["bob"].user_id)
    assert (row.decided_by, row.on_behalf_of_id) == both
    [fact] = office.facts(instance, "task.decided")
    assert (fact.actor_id, fact.on_behalf_of_id, fact.data["decision_source"]) == (*both, "human")
    with pytest.raises(AlreadyDecided):
        office.do("bob", tasks.agree, row.id)
    assert office.asked() == set()


def test_a_substitute_of_a_substitute_sees_nothing(office):
    office.begin(approval(users="bob"))
    stand_in(office, "bob", "gus")
    stand_in(office, "gus", "hal")

    assert office.asked() == {"bob", "gus"}
    with pytest.raises(NotYourTask):
        office.do("hal", tasks.agree, office.item("bob"))


def test_nobody_stands_in_for_his_own_request(office):
    office.begin(approval(users="bob"), by="gus")
    stand_in(office, "bob", "gus")

    with pytest.raises(NotYourTask):
        office.do("gus", tasks.agree, office.item("bob"))


def test_it_is_over_at_once_when_it_is_revoked(office):
    office.begin(approval(users="bob"))
    made = stand_in(office, "bob", "gus")
    item = office.item("gus")

    office.do("bob", identity.end_substitution, made.id)

    assert office.asked() == {"bob"}
    with pytest.raises(NotYourTask):
        office.do("gus", tasks.agree, item)
    with pytest.raises(NotYourTask):
        office.do("gus", tasks.get, item)
    stand_in(office, "bob", "hal")  # the revoked one is in nobody's way


def test_one_person_for_two_principals_counts_once(office):
    """Two of four must agree: gus, for himself and for bob, is one of them."""
    instance = office.begin(approval(users="bob,gus,eve,fay", mode="ratio", extra='threshold="1/2"'))
    stand_in(office, "bob", "gus")

    for item in [line.work_item_id for line in office.items("gus")]:
        office.do("gus", tasks.agree, item)
    assert office.status(instance) == "running"
    office.act("eve", tasks.agree)

    assert office.outcome(instance)["agreed"] == 2


def test_one_person_for_two_principals_who_is_not_asked_himself_counts_once(office):
    instance = office.begin(approval(users="bob,eve,fay,hal", mode="ratio", extra='threshold="1/2"'))
    for principal in ("bob", "eve"):
        stand_in(office, principal, "gus")

    for item in [line.work_item_id for line in office.items("gus")]:
        office.do("gus", tasks.agree, item)

    assert (office.status(instance), len(office.kinds(instance, "task.decided"))) == ("running", 2)
    office.act("fay", tasks.agree)
    assert office.status(instance) == "completed"


def test_the_principal_may_be_the_first_and_another_account_of_the_requester_may_not_act_at_all(office):
    with office.engine.unit_of_work(ENGINE) as uow:
        ann, gus = (identity.user(uow, login) for login in ("ann", "gus"))
        second = identity.create_user(uow, "ann2", "Ann again", person_id=ann.person_id)
        office.who["ann2"] = Actor(second.id)
    office.begin(approval(users="bob"))
    stand_in(office, "bob", "gus")
    stand_in(office, "bob", "ann2", scope="processes", names=["p"])
    item = office.item("bob")

    with pytest.raises(NotYourTask):
        office.do("ann2", tasks.agree, item)
    office.do("bob", tasks.agree, item)
    with pytest.raises(AlreadyDecided):
        office.do("gus", tasks.agree, item)
    assert gus.person_id != ann.person_id


def test_an_urge_reaches_the_substitutes_who_may_act(office):
    instance = office.begin(approval("check", CLAIM, users="bob"), form=True, amount=Decimal(500))
    stand_in(office, "bob", "gus")
    stand_in(office, "bob", "hal", scope="processes", names=["p"], max_amount=Decimal(100))
    stand_in(office, "gus", "fay")

    office.do("ann", tasks.urge, instance)
    jobs.run_due(office.engine)

    urged = "Ann催办「check」"
    assert {login: urged in told(office, login) for login in ("bob", "gus", "hal", "fay")} == {
        "bob": True, "gus": True, "hal": False, "fay": False,
    }  # fmt: skip


def test_it_covers_processes_categories_amounts_and_what_is_asked_from_then_on(office):
    office.begin(approval(users="bob"))
    for options, seen in (
        ({"scope": "processes", "names": ["p"]}, True),
        ({"scope": "processes", "names": ["q"]}, False),
        ({"scope": "categories", "names": ["finance"]}, False),
        ({"include_open": False}, False),
        ({"max_amount": Decimal(100)}, True),
    ):
        office.clock.advance(timedelta(minutes=1))
        made = stand_in(office, "bob", "gus", **options)
        assert (office.asked() == {"bob", "gus"}) is seen, options
        if not seen:
            with pytest.raises(NotYourTask):
                office.do("gus", tasks.agree, office.item("bob"))
        office.do("bob", identity.end_substitution, made.id)


def test_requests_over_the_amount_stay_with_the_principal(office):
    rule = identity.Substitution(
        None, None, None, office.clock.now(), office.clock.now(), "", max_amount=Decimal(100)  # type: ignore[arg-type]
    )  # fmt: skip

    within = [rule.within(*money) for money in ((100, "CNY"), (Decimal("100.01"), "CNY"), (1, "USD"))]
    assert within == [True, False, False]


def test_the_money_of_a_task_without_a_form_is_that_of_the_request(office):
    begun = START.replace("/>", f"><extensionElements>{CLAIM}</extensionElements></startEvent>")
    with office.engine.unit_of_work(ENGINE) as uow:
        xml = drawing(begun + approval(users="bob") + END + flows("start check end"))
        repository.deploy(uow, {"processes/oa/p.bpmn": xml, "forms/oa/claim.json": json.dumps(FORM).encode()})
    large, small = office.start(amount=Decimal(101)), office.start(amount=Decimal(100))
    stand_in(office, "bob", "gus", max_amount=Decimal(100))
    items = {one.instance_id: one.work_item_id for one in office.items("bob")}

    with pytest.raises(BeyondSubstitution):
        office.do("gus", tasks.agree, items[large])
    office.do("gus", tasks.agree, items[small])


def test_a_currency_that_a_newer_form_states_holds_for_requests_that_run(office):
    """The drawing shows the form that it was deployed with; money was told by the names of variables once."""
    said = json.dumps(FORM)
    silent = said.replace('"currency": "CNY"', '"note": "x"').replace('"decimalDigits": 2', '"decimalDigits": 1')
    shown = approval("check", CLAIM.replace("/>", ' bindingType="deployment"/>'), users="bob")
    xml = drawing(START + shown + END + flows("start check end"))
    with office.engine.unit_of_work(ENGINE) as uow:
        repository.deploy(uow, {"processes/oa/p.bpmn": xml, "forms/oa/claim.json": silent.encode()})
    office.start(amount=Decimal(101))
    stand_in(office, "bob", "gus", max_amount=Decimal(100))
    assert office.view("gus", office.item("bob")).beyond is None

    with office.engine.unit_of_work(ENGINE) as uow:
        repository.deploy(uow, {"forms/oa/claim.json": said.encode()})

    assert office.view("gus", office.item("bob")).beyond.facts["found"] == "101.00 CNY"


@pytest.mark.parametrize(
    ("variables", "found"),
    [
        ({"abroad": Decimal(90), "paid_in": "usd"}, "90.00 USD"),
        ({"abroad": Decimal(90)}, "90.00 ?"),
        ({"price": Decimal("100.01")}, "100.01 CNY"),
        ({"price": Decimal(-101)}, "-101.00 CNY"),
        ({"lines": [{"part": Decimal(60)}, {"part": Decimal(41)}]}, "101.00 CNY"),
        ({"price": 99, "abroad": Decimal(99), "paid_in": "CNY", "limit": Decimal(101), "amount": Decimal(101)}, None),
    ],
)  # fmt: skip
def test_a_limit_is_in_the_currency_of_the_books_and_a_foreign_amount_is_within_none(office, variables, found):
    def number(key, **properties):
        return {"type": "number", "key": key, "id": f"F_{key}", "label": "价", "properties": properties}

    form = {**FORM, "components": [
        number("price", currency="CNY"), number("abroad", currency="= paid_in"), number("amount"),
        number("limit", currency="CNY", **{"troika:limit": "none"}),
        {"type": "dynamiclist", "path": "lines", "id": "L", "components": [number("part", currency="CNY")]},
    ]}  # fmt: skip
    with office.engine.unit_of_work(ENGINE) as uow:
        xml = drawing(START + approval("check", CLAIM, users="bob") + END + flows("start check end"))
        repository.deploy(uow, {"processes/oa/p.bpmn": xml, "forms/oa/claim.json": json.dumps(form).encode()})
    office.start(**variables)
    stand_in(office, "bob", "gus", max_amount=Decimal(100))
    item = office.item("bob")

    if found is None:
        assert office.view("gus", item).beyond is None
        office.do("gus", tasks.agree, item)
        return
    with pytest.raises(BeyondSubstitution) as refused:
        office.do("gus", tasks.agree, item)
    view = office.view("gus", item)
    assert (refused.value.facts["found"], refused.value.facts["limit"]) == (found, "100.00 CNY")
    assert (view.beyond.facts, "agree" in view.actions) == (refused.value.facts, False)
    office.do("bob", tasks.agree, item)


def test_a_substitute_does_not_write_an_amount_over_his_limit(office):
    form = '<zeebe:formDefinition formId="oa/claim"/>'
    office.begin(approval("check", form, users="bob"), form=True, amount=Decimal(5), note="a")
    stand_in(office, "bob", "gus", max_amount=Decimal(100))

    with pytest.raises(BeyondSubstitution):
        office.act("gus", tasks.agree, {"amount": "100.01", "note": "a"})
    office.act("gus", tasks.agree, {"amount": "100.00", "note": "a"})


def test_the_amount_of_the_document_counts_whatever_the_request_says(engine, clock):
    provides = '<troika:policy provides="finance_approval" subject="= bill_id" subjectType="test_bill"/>'
    office, bill_id = Office(engine, clock), a_bill(engine, cents=10100)
    office.begin(approval("check", provides, users="bob"), bill_id=str(bill_id), amount=Decimal(1))
    stand_in(office, "bob", "gus", max_amount=Decimal(100))

    with pytest.raises(NotYourTask):
        office.act("gus", tasks.agree)


def test_a_new_item_is_covered_when_what_was_open_is_not(office):
    office.begin(approval(users="bob"))
    office.clock.advance(timedelta(minutes=1))
    stand_in(office, "bob", "gus", include_open=False)
    office.clock.advance(timedelta(minutes=1))
    office.begin(approval(users="bob"))

    assert (len(office.items("bob")), len(office.items("gus"))) == (2, 1)
    office.act("gus", tasks.agree)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"scope": "processes"}, "scope"),
        ({"names": ["p"]}, "scope"),
        ({"max_amount": Decimal(0)}, "amount"),
        ({"max_amount": Decimal("1e30")}, "too large"),
        ({"max_amount": Decimal("NaN")}, "too large"),
        ({"lasts": timedelta(0)}, "ends before"),
    ],
)
def test_what_cannot_be_is_refused(office, options, reason):
    with pytest.raises(InvalidSubstitution, match=reason):
        stand_in(office, "bob", "gus", **options)
    with pytest.raises(InvalidSubstitution, match="same person"):
        stand_in(office, "bob", "bob")
    with pytest.raises(Forbidden):
        stand_in(office, "bob", "gus", by="ann")


def test_overlaps_of_one_scope_are_refused(office):
    stand_in(office, "bob", "gus", scope="processes", names=["p", "q"])

    stand_in(office, "bob", "hal", scope="processes", names=["r"])
    with pytest.raises(InvalidSubstitution, match="overlaps"):
        stand_in(office, "bob", "hal", scope="processes", names=["q"])


def test_a_long_one_begins_when_the_manager_agrees(office):
    office.begin(approval(users="bob"))
    made = stand_in(office, "bob", "gus", lasts=timedelta(days=31))
    assert (made.state, office.asked()) == ("pending", {"bob"})
    for login in ("bob", "gus"):
        with pytest.raises(Forbidden):
            office.do(login, identity.approve_substitution, made.id)

    office.do("cyd", identity.approve_substitution, made.id)

    assert office.asked() == {"bob", "gus"}
    with pytest.raises(NotFound):
        office.do("cyd", identity.approve_substitution, made.id)
    office.do("bob", identity.end_substitution, made.id)
    other = stand_in(office, "bob", "gus", lasts=timedelta(days=31))
    with pytest.raises(InvalidValue, match="a reason"):
        office.do("cyd", identity.approve_substitution, other.id, approved=False)
    office.do("cyd", identity.approve_substitution, other.id, approved=False, reason="too long")
    assert office.asked() == {"bob"}
    [told] = office.do("bob", identity.refused_substitutions, office.who["bob"].user_id)
    assert (told.judged_by, told.judged_reason) == (office.who["cyd"].user_id, "too long")


def test_nobody_gives_the_power_of_another_to_himself(office):
    with office.engine.unit_of_work(ENGINE) as uow:
        dan = identity.user(uow, "dan")
        identity.create_user(uow, "dan2", "Dan again", person_id=dan.person_id)
    for own in ("dan", "dan2"):
        with pytest.raises(InvalidSubstitution, match="nobody makes himself"):
            stand_in(office, "boss", own, by="dan")
    made = stand_in(office, "bob", "cyd", lasts=timedelta(days=31))
    with pytest.raises(Forbidden):
        office.do("cyd", identity.approve_substitution, made.id)
    made = stand_in(office, "dan", "gus", lasts=timedelta(days=31))
    with pytest.raises(Forbidden):
        office.do("dan", identity.approve_substitution, made.id)


def test_without_a_manager_who_could_judge_those_who_look_after_people_do_and_are_told(office):
    """Above bob are cyd and boss; boss has nobody above him, and cyd does not judge where he is the substitute."""
    of_bob = stand_in(office, "bob", "cyd", lasts=timedelta(days=31))
    of_boss = stand_in(office, "boss", "gus", lasts=timedelta(days=31))
    jobs.run_due(office.engine)

    with office.engine.unit_of_work(ENGINE, read_only=True) as uow:
        judges = [identity.judges_of(uow, one.principal_id, one.substitute_id) for one in (of_bob, of_boss)]
    assert [([user.login for user in one.people], one.manager) for one in judges] == [
        (["boss"], True),
        (["dan"], False),
    ]
    assert (told(office, "boss"), told(office, "dan")) == (
        ["Bob申请由Cyd代理，请审批"], ["Boss申请由Gus代理，没有可审批的上级，请您审批"],
    )  # fmt: skip
    office.do("boss", identity.approve_substitution, of_bob.id)
    office.do("dan", identity.approve_substitution, of_boss.id)
    office.do("boss", identity.end_substitution, of_boss.id)
    with pytest.raises(InvalidSubstitution, match="nobody to approve it"):
        stand_in(office, "boss", "dan", lasts=timedelta(days=31))


# ---------------------------------------------------------------- changed while it runs


def test_a_change_is_told_though_both_scopes_read_alike_in_one_language(office):
    made = stand_in(office, "bob", "gus")
    office.do("dan", identity.change_substitution, made.id, made.valid_to, scope="categories", names=["everything"])
    office.later(hours=3)

    with office.engine.unit_of_work(ENGINE, read_only=True) as uow:
        texts = uow.execute(select(notice.c.text).where(notice.c.user_id == office.who["bob"].user_id)).scalars().all()
    assert texts == ["范围：全部 → everything"]


def test_a_running_one_gets_another_end_scope_and_amount_and_both_people_are_told(office):
    office.begin(approval("check", CLAIM, users="bob"), form=True, amount=Decimal(70))
    made = stand_in(office, "bob", "gus", lasts=timedelta(hours=2), max_amount=Decimal(50))
    item, end = office.item("bob"), made.valid_to + timedelta(days=3)
    with pytest.raises(BeyondSubstitution):
        office.do("gus", tasks.agree, item)
    jobs.run_due(office.engine)

    now = office.do(
        "dan", identity.change_substitution, made.id, end, scope="processes", names=["p"], max_amount=Decimal(80)
    )
    office.later(hours=3)

    assert now == replace(made, valid_to=end, scope="processes", names=("p",), max_amount=Decimal(80))
    day = made.valid_from.astimezone(office.engine.settings.zone).date()
    changed = f"Gus对Bob的代理有变更：{day}至{day + timedelta(days=3)}"
    assert (told(office, "bob"), set(told(office, "gus"))) == ([changed], {f"Gus代理Bob：{day}至{day}", changed})
    with office.engine.unit_of_work(ENGINE, read_only=True) as uow:
        [text] = uow.execute(select(notice.c.text).where(notice.c.user_id == office.who["bob"].user_id)).scalars()
        [fact] = [entry for entry in history.acts(uow, "identity") if entry.kind == "substitution.changed"]
    assert text.splitlines() == [
        f"结束日期：{day} → {day + timedelta(days=3)}", "范围：全部 → P", "金额上限：50.00 CNY → 80.00 CNY",
    ]  # fmt: skip
    assert (fact.actor_id, fact.data["before"]["scope"], fact.data["after"]) == (
        office.who["dan"].user_id, "all",
        {"valid_to": end.isoformat(), "scope": "processes", "names": ["p"], "max_amount": "80"},
    )  # fmt: skip
    office.do("gus", tasks.agree, item)
    office.later(days=4)
    assert ("Gus的代理已结束：代您作出1项决定" in told(office, "bob"), office.items("gus")) == (True, [])


def test_what_would_need_a_word_that_it_does_not_have_is_refused_and_it_goes_on_as_it_is(office, monkeypatch):
    limit = replace(office.engine.settings, substitution_amount="1000")
    monkeypatch.setattr(office.engine, "settings", limit)
    alone = stand_in(office, "bob", "gus", max_amount=Decimal(500), scope="processes", names=["p"])
    approved = stand_in(office, "bob", "hal", lasts=timedelta(days=60))
    office.do("cyd", identity.approve_substitution, approved.id)
    later = office.clock.now() + timedelta(days=31)

    def change(login: str, rule: identity.Substitution, **terms) -> identity.Substitution:
        to = {"valid_to": rule.valid_to, "scope": rule.scope, "names": rule.names, "max_amount": rule.max_amount}
        return office.do(login, identity.change_substitution, rule.id, **(to | terms))

    for rule, terms, why in (
        (alone, {"valid_to": later}, "waits for the manager"),
        (alone, {"max_amount": Decimal(1001)}, "waits for the manager"),
        (alone, {"max_amount": None}, "waits for the manager"),
        (alone, {"max_amount": Decimal(0)}, "above zero"),
        (alone, {"names": []}, "scope"),
        (alone, {"valid_to": alone.valid_from}, "ends before it begins"),
        (alone, {"scope": "all", "names": []}, "overlaps"),
        (approved, {"valid_to": approved.valid_to + timedelta(days=1)}, "waits for the manager"),
    ):
        with pytest.raises(InvalidSubstitution, match=why):
            change("bob", rule, **terms)
    for login in ("gus", "eve"):
        with pytest.raises(Forbidden):
            change(login, alone, max_amount=Decimal(1))
    assert [one for one in office.do("bob", identity.substitutions, office.who["bob"].user_id) if one == alone]

    assert change("bob", alone, max_amount=Decimal(1000), names=["p", "q"]).max_amount == 1000
    assert change("bob", approved, valid_to=later, max_amount=Decimal(9)).valid_to == later
    office.do("bob", identity.end_substitution, alone.id)
    with pytest.raises(NotFound):
        change("bob", alone, max_amount=Decimal(1))


# ---------------------------------------------------------------- decisions that the principal confirms


def test_a_decision_to_be_confirmed_counts_when_the_principal_has_confirmed_it(office):
    instance = office.begin(approval(users="bob,eve", mode="any", extra='hearAll="true"'), form=True)
    stand_in(office, "bob", "gus", confirm=True)

    assert office.view("gus").actions == ("agree", "reject", "comment", "attach")
    office.act("gus", tasks.agree, opinion="fine with me")
    office.act("eve", tasks.reject, "no")

    assert office.status(instance) == "running"
    [line], [waiting] = office.items("bob"), office.items("gus")
    assert (line.unconfirmed, line.mine, waiting.unconfirmed, waiting.principal) == (True, True, True, "Bob")
    view = office.view("bob")
    assert view.actions == ("confirm", "refuse")
    assert (view.status, view.proposal.by.name, view.proposal.decision, view.proposal.opinion) == (
        "countersigning", "Gus", "agree", "fine with me",
    )  # fmt: skip
    assert (office.view("gus", line.work_item_id).actions, view.progress) == ((), (1, 2))
    office.clean()

    office.do("bob", tasks.confirm, line.work_item_id)

    assert (office.outcome(instance)["agreed"], office.status(instance)) == (1, "completed")
    assert office.kinds(instance) == [
        "task.opened", "task.decided", "task.confirm_asked", "task.decided", "task.confirmed",
    ]  # fmt: skip
    office.clean()


def test_a_refused_decision_is_asked_of_the_principal_again_and_stays_on_record(office):
    instance = office.begin(approval(users="bob"))
    stand_in(office, "bob", "gus", confirm=True)
    office.act("gus", tasks.agree, opinion="fine with me")
    item = office.item("bob")

    again = office.do("bob", tasks.refuse, item, "not with me", idempotency_key="one")

    assert office.do("bob", tasks.refuse, item, "not with me", idempotency_key="one") == again
    assert (office.item("bob"), office.status(instance)) == (again, "running")
    first = office.rows(instance)[0]
    assert (first.opinion, first.void_reason, first.voided_at is not None) == ("fine with me", "not with me", True)
    with pytest.raises(NothingToConfirm):
        office.do("bob", tasks.confirm, item)
    office.act("bob", tasks.reject, "never")
    assert office.status(instance) == "rejected"
    office.clean()


@pytest.mark.parametrize(("otherwise", "status"), [("stands", "completed"), ("falls", "running")])
def test_without_an_answer_it_stands_or_falls_after_a_day_as_the_substitution_says(office, otherwise, status):
    instance = office.begin(approval(users="bob"))
    stand_in(office, "bob", "gus", confirm=True, unconfirmed=otherwise)
    office.act("gus", tasks.agree)

    office.later(hours=23)
    assert (office.status(instance), [line.unconfirmed for line in office.items("bob")]) == ("running", [True])
    office.later(hours=2)

    assert office.status(instance) == status
    assert [line.unconfirmed for line in office.items("bob")] == ([] if otherwise == "stands" else [False])
    office.clean()


def test_only_the_principal_confirms_and_his_substitute_only_proposes(office):
    office.begin(approval(users="bob"))
    stand_in(office, "bob", "gus", confirm=True)
    stand_in(office, "bob", "hal", scope="processes", names=["p"], confirm=True)
    item = office.item("bob")
    for verb, *rest in (
        (tasks.transfer, "gus", "mine"), (tasks.delegate, "hal", "what?"), (tasks.add_before, ["hal"]),
        (tasks.return_, "initiator", "no"),
    ):  # fmt: skip
        with pytest.raises(PrincipalOnly):
            office.do("gus", verb, item, *rest)
    with pytest.raises(ActNotOffered):
        office.do("gus", tasks.add_after, item, ["hal"])
    with pytest.raises(NothingToConfirm):
        office.do("bob", tasks.confirm, item)

    office.do("gus", tasks.agree, item)

    for login in ("gus", "hal", "eve"):
        with pytest.raises(NotYourTask):
            office.do(login, tasks.confirm, item)
    for login in ("bob", "hal"):
        with pytest.raises(AlreadyDecided):
            office.do(login, tasks.agree, item)


def test_what_the_substitute_wrote_is_written_when_it_is_confirmed(office):
    form = '<zeebe:formDefinition formId="oa/claim"/>'
    instance = office.begin(approval("check", form, users="bob"), form=True, amount=Decimal(5), note="a")
    stand_in(office, "bob", "gus", confirm=True)
    office.act("gus", tasks.agree, {"amount": "7.00", "note": "b"})
    item = office.item("bob")

    assert (office.view("bob").values["note"], office.view("bob").draft["fields"]["note"]) == ("a", "b")
    office.do("bob", tasks.confirm, item)

    with office.engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert runtime.instance_view(uow, instance).variables["note"] == "b"


def test_a_request_that_is_withdrawn_takes_the_open_confirmation_along(office):
    instance = office.begin(approval(users="bob"))
    stand_in(office, "bob", "gus", confirm=True)
    office.act("gus", tasks.agree)

    office.do("ann", tasks.withdraw, instance, "not needed")
    office.later(hours=25)

    assert (office.asked(), office.status(instance)) == (set(), "withdrawn")
    assert consistent(office.engine)


def test_an_approval_that_counts_for_a_policy_makes_no_grant_before_it_is_confirmed(engine, clock):
    provides = '<troika:policy provides="finance_approval" subject="= bill_id" subjectType="test_bill"/>'
    office, bill_id = Office(engine, clock), a_bill(engine)
    office.begin(approval("check", provides, users="bob"), bill_id=str(bill_id))
    stand_in(office, "bob", "gus", confirm=True)

    office.act("gus", tasks.agree)
    assert grants(engine) == []
    office.act("bob", tasks.confirm)

    assert grants(engine) == [(office.who["gus"].user_id, office.who["bob"].user_id)]


def grants(engine) -> list[tuple[UUID, UUID]]:
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        who = select(policy_grant.c.account_id, policy_grant.c.on_behalf_of_id)
        return [tuple(row) for row in uow.execute(who)]


# ---------------------------------------------------------------- approval, copies, and what is told at the end


def test_a_large_one_waits_for_the_manager_and_he_for_nobody_of_his_own(office, monkeypatch):
    limit = replace(office.engine.settings, substitution_amount="1000")
    monkeypatch.setattr(office.engine, "settings", limit)
    small = stand_in(office, "bob", "gus", max_amount=Decimal(1000), scope="processes", names=["q"])
    large = stand_in(office, "bob", "gus", max_amount=Decimal("1000.01"), scope="processes", names=["p"])
    any_amount = stand_in(office, "cyd", "gus")

    assert [one.state for one in (small, large, any_amount)] == ["active", "pending", "pending"]
    judging = {
        login: [one.id for one in office.do(login, identity.substitutions_to_judge)]
        for login in ("bob", "gus", "eve", "cyd", "boss", "dan")
    }
    assert judging == {
        "bob": [], "gus": [], "eve": [], "cyd": [large.id], "boss": [any_amount.id], "dan": [large.id, any_amount.id],
    }  # fmt: skip
    jobs.run_due(office.engine)
    assert told(office, "cyd") == ["Bob申请由Gus代理，请审批"]
    office.do("cyd", identity.approve_substitution, large.id)
    jobs.run_due(office.engine)
    assert (told(office, "bob"), office.do("cyd", identity.substitutions_to_judge)) == (["Bob由Gus代理，已获批准"], [])


def test_the_principal_gets_an_unread_copy_of_each_decision_when_he_wants_one(office):
    office.begin(approval(users="bob"), approval("again", users="bob"))
    stand_in(office, "bob", "gus", keep_copy=True)

    office.act("gus", tasks.agree)
    [copy] = office.do("bob", tasks.copied).items
    assert copy.sender_name == "Gus"
    office.do("bob", tasks.read_copy, copy.work_item_id)
    assert office.do("bob", tasks.copied, unread=True).items == []
    office.act("gus", tasks.reject, "no")

    assert len(office.do("bob", tasks.copied, unread=True).items) == 1
    assert consistent(office.engine)


@pytest.mark.parametrize("revoked", [True, False])
def test_when_it_is_over_the_principal_is_told_once_what_was_decided_for_him(office, revoked):
    first, second = (office.begin(approval(users="bob")) for _ in range(2))
    made = stand_in(office, "bob", "gus", lasts=timedelta(hours=2))
    office.clock.advance(timedelta(minutes=1))
    one, other = office.items("gus")
    office.do("gus", tasks.agree, one.work_item_id)
    office.clock.advance(timedelta(minutes=1))
    office.do("gus", tasks.reject, other.work_item_id, "no")
    office.clock.advance(timedelta(minutes=1))
    if revoked:
        office.do("bob", identity.end_substitution, made.id)
    office.later(hours=1)
    assert len(told(office, "bob")) == 2 + revoked
    office.later(hours=2)

    assert sorted(told(office, "bob")) == [
        "Gus代您在「check」：不同意", "Gus代您在「check」：同意", "Gus的代理已结束：代您作出2项决定",
    ]  # fmt: skip
    day = made.valid_from.astimezone(office.engine.settings.zone).date()
    begun = f"Gus代理Bob：{day}至{day}"
    assert told(office, "gus") == ["您对Bob的代理已提前结束" if revoked else begun]
    [over] = office.do("bob", identity.over_substitutions, office.who["bob"].user_id)
    decided = office.do("bob", tasks.decided_by_rule, over)
    assert [(one.decision, one.by, one.void) for one in decided] == [("reject", "Gus", False), ("agree", "Gus", False)]
    assert {one.instance_id for one in decided} == {first, second}


def test_what_was_decided_for_the_principal_is_titled_as_he_may_read_it(office):
    hidden = '<troika:fields default="read"><troika:field id="amount" perm="hidden"/></troika:fields>'
    title = '<extensionElements><troika:title value="= &quot;pay &quot; + string(amount)"/></extensionElements>'
    check = approval("check", hidden, users="bob")
    with office.engine.unit_of_work(ENGINE) as uow:
        repository.deploy(uow, {"p.bpmn": drawing(title + START + check + END + flows("start check end"))})
    office.start(amount=4711)
    stand_in(office, "bob", "gus", lasts=timedelta(hours=2))
    office.act("gus", tasks.agree)
    office.later(hours=3)

    [over] = office.do("bob", identity.over_substitutions, office.who["bob"].user_id)
    lists = office.do("bob", tasks.decided_for_me), office.do("bob", tasks.decided_by_rule, over)
    with office.engine.unit_of_work(ENGINE, read_only=True) as uow:
        last = select(notice.c.text).where(notice.c.link == f"/substitutions/#over-{over.id}")
        [text] = uow.execute(last).scalars()
    assert ([[one.title for one in made] for made in lists], text) == ([["P"], ["P"]], "P · 同意")


def test_a_decision_that_others_have_overtaken_waits_for_nobody_and_does_not_count(office):
    office.begin(approval(users="bob,eve", mode="any"))
    stand_in(office, "bob", "gus", confirm=True)
    office.act("gus", tasks.agree)
    [waiting] = office.do("bob", tasks.decided_for_me)

    office.act("eve", tasks.agree)

    [over] = office.do("bob", tasks.decided_for_me)
    assert (waiting.waits, waiting.void, over.waits, over.void) == (True, False, False, True)


@pytest.mark.parametrize(("first", "then"), [(tasks.confirm, tasks.refuse), (tasks.refuse, tasks.confirm)])
def test_the_key_of_one_answer_does_not_repeat_the_other(office, first, then):
    office.begin(approval(users="bob,eve"))
    stand_in(office, "bob", "gus", confirm=True)
    office.act("gus", tasks.agree)
    item = office.item("bob")
    office.do("bob", first, item, idempotency_key="one")

    with pytest.raises(NothingToConfirm):
        office.do("bob", then, item, idempotency_key="one")


@pytest.mark.parametrize("answer", [tasks.confirm, tasks.refuse])
def test_whom_the_substitute_selects_is_asked_only_when_it_is_confirmed(office, answer):
    instance = office.begin(approval("one", users="bob"), selected("previousApproverSelect", 'max="1"', key="two"))
    stand_in(office, "bob", "gus", confirm=True)
    item = office.item("bob")
    for wrong in ({}, {"two": ["eve", "fay"]}):
        with pytest.raises(CannotChoose):
            office.do("gus", tasks.agree, item, approvers=wrong)
    office.do("gus", tasks.agree, item, approvers={"two": ["fay"]})
    assert office.kinds(instance, "approvers.") == []

    office.do("bob", answer, item)

    if answer is tasks.confirm:
        assert office.asked() == {"fay"}
    else:
        assert ([one.node for one in office.view("bob").selects], office.kinds(instance, "approvers.")) == (["two"], [])
    office.clean()


def told(office, login: str) -> list[str]:
    """Titles of the notices that somebody has."""
    with office.engine.unit_of_work(ENGINE, read_only=True) as uow:
        mine = select(notice.c.title).where(notice.c.user_id == office.who[login].user_id).order_by(notice.c.id)
        return list(uow.execute(mine).scalars())
