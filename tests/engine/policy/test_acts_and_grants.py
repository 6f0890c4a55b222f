"""What acts of people do to approvals that count for a policy: the rows of `policy.md` 4.5 that no other test holds."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update

from engine import audit, identity, jobs, policy, repository, runtime, tasks
from engine.db.policy import policy_grant
from engine.db.task import user_task
from engine.errors import ActNotOffered, CannotChoose, CannotRemoveSigner, CannotTransfer, DeploymentRefused
from engine.runtime import settling
from engine.unit_of_work import ENGINE
from tests.engine.approvals.office import Office, approval, task
from tests.engine.bpmn.drawing import END, START, drawing, element, flows, service
from tests.engine.policy.test_gate import POLICY, a_bill, grants, held, pay, state_of
from tests.redteam.walls import without

FINANCE = """'= list contains(actor.roles, "finance")'"""
ELIGIBLE = POLICY.replace("people: 1, valid_for", f"people: 1, eligible: {FINANCE}, valid_for")
TO_GUS = 'candidateUsers="gus"'
COUNTS = '<troika:policy provides="finance_approval" subject="= bill_id" subjectType="test_bill"/>'


@pytest.fixture
def office(engine, clock) -> Office:
    return Office(engine, clock)


def begin(office: Office, stated: str, *more: str, users: str = "bob,eve", then: str = "", **options: str) -> Any:
    """A process in which `users` (bob and eve are of finance) approve a bill, then somebody keeps it; (id, bill)."""
    with office.engine.unit_of_work(ENGINE) as uow:
        policy.ship(uow, stated)
    bill_id = a_bill(office.engine)
    fin = approval("fin", COUNTS, *more, users=users, **options)
    return office.begin(fin, then or task(), bill_id=str(bill_id)), bill_id


def test_a_transfer_goes_to_whom_the_policy_entitles_and_he_must_be_so_still_when_he_agrees(office):
    instance, bill_id = begin(office, ELIGIBLE, users="bob")

    with pytest.raises(CannotTransfer, match="REF-001"):
        office.act("bob", tasks.transfer, "fay", "I am away")
    office.act("bob", tasks.transfer, "eve", "I am away")
    with office.engine.unit_of_work(ENGINE) as uow:
        identity.remove_member(uow, "finance", "eve")
    assert "REF-001" in office.view("eve").objection
    office.act("eve", tasks.agree)

    assert grants(office.engine) == []
    held(office.engine, instance, bill_id)


def test_an_approver_brings_nobody_along_where_being_asked_is_all_that_it_takes(office):
    """Two of three must agree, and the policy does not say who may: whom one of them added could be the other."""
    two = POLICY.replace("people: 1, valid_for", "people: 2, valid_for")
    then = approval("more", COUNTS, users="bob")
    change = '<troika:buttons changeFuture="true"/>'
    instance, _ = begin(office, two, change, users="bob,eve,gus", mode="ratio", extra='threshold="3/5"', then=then)

    assert {"add_before", "add_after"} <= set(office.view("bob").actions)
    with pytest.raises(ActNotOffered):
        office.act("bob", tasks.add_beside, ["hal", "ivy"], "they know the case")
    assert "set_future" not in office.view("bob").actions
    for login in ("bob", "dan"):
        with pytest.raises(CannotChoose, match="no policy says who"):
            office.do(login, tasks.set_future, instance, "more", ["hal"])


def test_an_approver_selects_nobody_for_an_approval_to_which_no_policy_entitles(office):
    then = approval("more", COUNTS, '<troika:assignment strategy="previousApproverSelect" max="1"/>')
    two = POLICY.replace("people: 1, valid_for", 'people: 2, when: "= number(facts.amount) > 0", valid_for')
    instance, bill_id = begin(office, two, users="bob", then=then)

    assert office.view("bob").selects == ()
    with pytest.raises(CannotChoose, match="no policy says who"):
        office.act("bob", tasks.agree, {}, "ok", approvers={"more": ["hal"]})
    office.act("bob", tasks.agree)

    assert not office.items("hal")
    held(office.engine, instance, bill_id)
    entitling = ELIGIBLE.replace("people: 1, eligible", "people: 2, eligible")
    instance, bill_id = begin(office, entitling, users="bob", then=then)
    office.act("bob", tasks.agree, {}, "ok", approvers={"more": ["eve"]})
    office.act("eve", tasks.agree)
    pay(office.engine, instance, bill_id)


def test_a_requester_selects_nobody_for_an_approval_to_which_no_policy_entitles(office):
    """He would choose his own judge: not deployed, and refused where the policy has been loosened since."""
    chosen = approval("fin", COUNTS, '<troika:assignment strategy="initiatorSelect" max="1"/>')

    def shipped(stated: str) -> None:
        with office.engine.unit_of_work(ENGINE) as uow:
            policy.ship(uow, stated)

    def started() -> Any:
        given = {"bill_id": str(a_bill(office.engine))}
        with office.engine.unit_of_work(office.who["ann"]) as uow:
            return runtime.start(uow, "p", given, approvers={"fin": ["eve"]}).id

    shipped(POLICY)
    with pytest.raises(DeploymentRefused, match="approver-chosen-by-requester"):
        office.deploy(chosen, task())
    shipped(ELIGIBLE)
    office.deploy(chosen, task())
    started()
    office.act("eve", tasks.agree)
    assert owners(office) == [office.who["eve"].user_id]

    shipped(POLICY)
    with pytest.raises(CannotChoose, match="no policy says who"):
        started()


BY_FIELD = '<troika:assignment strategy="formUser" field="boss"/>'
WHO = """<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="urn:who">
<decision id="who" name="who"><decisionTable id="t" hitPolicy="UNIQUE">
<input id="i" label="boss"><inputExpression typeRef="string"><text>boss</text></inputExpression></input>
<output id="o" name="users" typeRef="string"/>
<rule id="r1"><inputEntry><text>-</text></inputEntry><outputEntry><text>{}</text></outputEntry></rule>
</decisionTable></decision></definitions>"""
BY_NODE = '<troika:assignment strategy="nodeApprover" element="first"/>'
BY_TABLE = '<troika:assignment strategy="decision" decisionId="who"/>'


def by_input(source: str) -> str:
    return f'<zeebe:ioMapping><zeebe:input source="{source}" target="who"/></zeebe:ioMapping>'


@pytest.mark.parametrize(
    "drawn",
    [
        [approval("fin", COUNTS, BY_FIELD)],
        [approval("fin", COUNTS, '<troika:assignment strategy="expression" value="= [boss]"/>')],
        [approval("fin", COUNTS, users="= [boss]")],
        [approval("fin", COUNTS, users="= [process.business_key]")],
        [approval("fin", COUNTS, users="= if true then [boss] else []")],
        [approval("fin", COUNTS, by_input("= boss"), users="= [who]")],
        [approval("first", BY_FIELD), approval("fin", COUNTS, BY_NODE)],
        [approval("first", BY_FIELD), approval("fin", COUNTS, users="= approval.first.by")],
        [approval("fin", COUNTS, BY_TABLE)],
    ],
)  # fmt: skip
def test_a_yes_of_whom_data_of_the_request_name_counts_only_while_a_policy_says_who_may(office, drawn):
    """Deployed while the policy entitled; a loosened one would let the requester name his judge."""

    def begun(stated: str) -> Any:
        with office.engine.unit_of_work(ENGINE) as uow:
            policy.ship(uow, stated)
        bill_id = a_bill(office.engine)
        with office.engine.unit_of_work(office.who["ann"]) as uow:
            given = {"bill_id": str(bill_id), "boss": "eve"}
            key = "eve" if stated == ELIGIBLE else str(office.who["eve"].user_id)  # a business key is free but once
            return runtime.start(uow, "p", given, business_key=key).id, bill_id

    with office.engine.unit_of_work(ENGINE) as uow:
        policy.ship(uow, ELIGIBLE)
        repository.deploy(uow, {"processes/x/who.dmn": WHO.format("boss").encode()})
    office.deploy(*drawn, task())
    with office.engine.unit_of_work(ENGINE) as uow:
        policy.ship(uow, POLICY)
    with pytest.raises(DeploymentRefused, match="approver-chosen-by-requester"):
        office.deploy(*drawn, task("another"))
    instance, bill_id = begun(ELIGIBLE)
    for _ in drawn:
        office.act("eve", tasks.agree)
    pay(office.engine, instance, bill_id)

    instance, bill_id = begun(POLICY)
    for _ in drawn[1:]:
        office.act("eve", tasks.agree)
    assert "REF-001" in office.view("eve").objection
    office.act("eve", tasks.agree)
    held(office.engine, instance, bill_id)


def older_than_kept(engine, spec: dict[str, Any]) -> None:
    """As if its round was opened before it was kept who chose its people."""
    with without(engine, user_task, "user_task_frozen"), engine.unit_of_work(ENGINE) as uow:
        kept = spec | {"capability": spec["capability"][:3]}
        uow.execute(update(user_task).where(user_task.c.node == "fin").values(spec=kept))


@pytest.mark.parametrize(("users", "counts"), [("= [boss]", False), ("eve", True)])
def test_a_round_that_kept_only_its_strategy_counts_as_its_drawing_says(office, users, counts):
    with office.engine.unit_of_work(ENGINE) as uow:
        policy.ship(uow, ELIGIBLE)
    office.deploy(approval("fin", COUNTS, users=users), task())
    bill_id = a_bill(office.engine)
    instance = office.start(bill_id=str(bill_id), boss="eve")
    with office.engine.unit_of_work(ENGINE) as uow:
        policy.ship(uow, POLICY)
        (spec,) = uow.execute(select(user_task.c.spec).where(user_task.c.node == "fin")).scalars()
    older_than_kept(office.engine, spec)
    with office.engine.unit_of_work(ENGINE) as uow:
        assert [finding.rule for _, finding in repository.outlived(uow)] == (
            [] if counts else ["approver-chosen-by-requester"]
        )

    assert bool(office.view("eve").objection) is not counts
    office.act("eve", tasks.agree)
    if not counts:
        held(office.engine, instance, bill_id)
    else:
        pay(office.engine, instance, bill_id)


@pytest.mark.parametrize(("drawn", "says"), [("eve", "not known who named"), ("= [boss]", "named Eve")])
def test_an_approval_of_before_its_choice_was_kept_is_given_anew_where_no_policy_says_who_may(office, drawn, says):
    with office.engine.unit_of_work(ENGINE) as uow:
        policy.ship(uow, ELIGIBLE)
    office.deploy(approval("fin", COUNTS, users=drawn), service("pay", "test.pay_bill", in_bill_id="= bill_id"))
    bill_id = a_bill(office.engine)
    office.start(bill_id=str(bill_id), boss="eve")
    office.act("eve", tasks.agree)
    with office.engine.unit_of_work(ENGINE) as uow:
        policy.ship(uow, POLICY)
        (spec,) = uow.execute(select(user_task.c.spec).where(user_task.c.node == "fin")).scalars()
    if drawn == "eve":
        older_than_kept(office.engine, spec)
    jobs.run_due(office.engine)
    with office.engine.unit_of_work(office.who["ann"]) as uow:
        (found,) = policy.open_holds(uow)
        reasons = [text.format_map({name: str(fact) for name, fact in facts.items()}) for text, facts in found.reasons]
        tasks.approve_again(uow, found.job_id)
    assert says in reasons[0]
    office.act("eve", tasks.agree)
    jobs.run_due(office.engine)

    assert state_of(office.engine, bill_id) == ("paid" if drawn == "eve" else "open")


@pytest.mark.parametrize(
    "fin",
    [
        approval("fin", COUNTS, users="= if amount &gt; 100 then [&quot;bob&quot;] else [&quot;eve&quot;]"),
        approval("fin", COUNTS, by_input("= &quot;eve&quot;"), users="= [who]"),
        approval("fin", COUNTS, BY_TABLE),
        approval("fin", COUNTS, BY_NODE),
    ],
)
def test_data_that_only_choose_among_constants_name_nobody(office, fin):
    with office.engine.unit_of_work(ENGINE) as uow:
        policy.ship(uow, POLICY)
        repository.deploy(uow, {"processes/x/who.dmn": WHO.format('"eve"').encode()})
    office.deploy(approval("first", users="eve"), fin, task())
    bill_id = a_bill(office.engine)
    instance = office.start(bill_id=str(bill_id), boss="hal", amount=5)
    for _ in range(2):
        office.act("eve", tasks.agree)

    pay(office.engine, instance, bill_id)
    assert state_of(office.engine, bill_id) == "paid"


def test_whom_nobody_entitles_may_be_added_and_counts_for_nothing(office):
    two = ELIGIBLE.replace("people: 1, eligible", "people: 2, eligible")
    begin(office, two, users="bob,eve,gus", mode="ratio", extra='threshold="2/5"')
    office.act("bob", tasks.add_beside, ["hal", "ivy"], "they know the case")
    assert "REF-001" in office.view("hal").objection
    for login in ("hal", "bob"):
        office.act(login, tasks.agree)

    assert owners(office) == [office.who["bob"].user_id]


def test_whom_the_policy_entitles_counts_though_somebody_has_added_him(office):
    two = ELIGIBLE.replace("people: 1, eligible", "people: 2, eligible")
    instance, bill_id = begin(office, two, users="bob,gus", mode="ratio", extra='threshold="3/5"')

    office.act("bob", tasks.add_beside, ["eve"], "she knows the case")
    for login in ("eve", "bob"):
        office.act(login, tasks.agree)

    pay(office.engine, instance, bill_id)
    assert state_of(office.engine, bill_id) == "paid"


@pytest.mark.parametrize("verb", [tasks.add_before, tasks.add_after])
def test_who_signs_before_or_after_somebody_gives_no_approval_of_his_own(office, verb):
    begin(office, ELIGIBLE, users="bob", mode="any")

    office.act("bob", verb, ["eve"])
    office.act("eve", tasks.agree)
    if verb is tasks.add_before:
        office.act("bob", tasks.agree)

    assert owners(office) == [office.who["bob"].user_id]


def test_taking_signers_away_takes_no_provider_away_and_later_ones_are_only_added(office):
    instance, _ = begin(
        office, ELIGIBLE, '<troika:buttons changeFuture="true"/>', users="bob,eve",
        then=approval("more", COUNTS, users="bob"),
    )  # fmt: skip
    office.act("bob", tasks.add_beside, ["gus"], "he knows the case")
    mine, added = office.item("eve"), office.item("gus")

    with pytest.raises(CannotRemoveSigner):
        office.do("dan", tasks.remove_signer, mine, "quick")
    office.do("bob", tasks.remove_signer, added, "quick")
    with pytest.raises(CannotChoose, match="only added"):
        office.do("dan", tasks.set_future, instance, "more", ["gus"], adds=False)

    office.act("bob", tasks.agree)
    assert grants(office.engine) == [], "eve is asked still"
    office.act("eve", tasks.agree)
    assert len(owners(office)) == 2


def test_of_those_who_agreed_in_a_ratio_only_the_entitled_are_counted(office):
    two = ELIGIBLE.replace("people: 1, eligible", 'people: 2, when: "= number(facts.amount) > 0", eligible')
    instance, bill_id = begin(office, two, users="bob,eve,gus,hal", mode="ratio", extra='threshold="1/2"')
    for login in ("gus", "bob"):
        office.act(login, tasks.agree)

    assert owners(office) == [office.who["bob"].user_id]
    assert "finance_approval by 2 people" in held(office.engine, instance, bill_id)
    other = office.start(bill_id=str(bill_id))
    for login in ("eve", "hal"):
        office.act(login, tasks.agree)

    pay(office.engine, other, bill_id)


def rejected_later(office: Office) -> Any:
    """Approved, then rejected by somebody else, which ends it; (id, bill)."""
    then = approval("more", users="cyd", extra='onReject="end"')
    instance, bill_id = begin(office, ELIGIBLE, users="bob", then=then)
    office.act("bob", tasks.agree)
    office.act("cyd", tasks.reject, "not needed")
    assert office.status(instance) == "rejected"
    return instance, bill_id


def test_a_request_that_was_rejected_later_on_leaves_no_approval_behind(office):
    _, bill_id = rejected_later(office)

    assert grants(office.engine) == [("finance_approval", "void")]
    other = office.start(bill_id=str(bill_id))
    held(office.engine, other, bill_id)
    with office.engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert audit.verify(uow).findings == []


FALLS = '<endEvent id="falls"><errorEventDefinition id="thrown" errorRef="broken"/></endEvent>'


@pytest.mark.parametrize("taken_back", [True, False], ids=["taken_back", "given_before_it_was"])
def test_a_request_that_ends_in_an_error_that_nobody_catches_pays_nothing_elsewhere(office, monkeypatch, taken_back):
    with office.engine.unit_of_work(ENGINE) as uow:
        policy.ship(uow, ELIGIBLE)
        nodes = START + approval("fin", COUNTS, users="bob") + FALLS + flows("start fin falls")
        xml = drawing(nodes, '<error id="broken" errorCode="BROKEN"/>')
        repository.deploy(uow, {"processes/oa/p.bpmn": xml})
    bill_id = a_bill(office.engine)
    instance = office.start(bill_id=str(bill_id))
    with monkeypatch.context() as before:
        if not taken_back:
            before.setattr(settling.policy, "undo_all", lambda *_: None)
        office.act("bob", tasks.agree)
    assert office.status(instance) == "failed"

    assert grants(office.engine) == [("finance_approval", "void" if taken_back else "active")]
    held(office.engine, office.start(bill_id=str(bill_id)), bill_id)


@pytest.mark.parametrize(("verb", "left"), [(tasks.reject, "void"), (tasks.agree, "active")])
def test_a_rejection_that_is_drawn_leaves_no_approval_behind_whatever_its_end_is_called(office, verb, left):
    """What is decided last counts: a task in which something is only done is no decision."""
    with office.engine.unit_of_work(ENGINE) as uow:
        policy.ship(uow, ELIGIBLE)
    bill_id = a_bill(office.engine)
    nodes = approval("fin", COUNTS, users="bob"), approval("more", users="cyd", extra='onReject="flow"')
    xml = drawing(
        START + "".join(nodes) + element("exclusiveGateway", "ok", default="ok_tell") + task("tell", who=TO_GUS)
        + element("endEvent", "declined") + END
        + flows("start fin more ok", 'ok end ? approval.more.outcome = "agree"', "ok tell declined")
    )  # fmt: skip
    with office.engine.unit_of_work(ENGINE) as uow:
        repository.deploy(uow, {"processes/oa/p.bpmn": xml})
    instance = office.start(bill_id=str(bill_id))
    office.act("bob", tasks.agree)
    office.act("cyd", verb, "as it is" if verb is tasks.reject else {})
    if verb is tasks.reject:
        office.act("gus", tasks.complete)

    assert office.status(instance) == "completed"
    assert grants(office.engine) == [("finance_approval", left)]


def test_a_woken_request_has_none_of_its_approvals(office, monkeypatch):
    """Neither one that was rejected by a version of the product that let them live."""
    with monkeypatch.context() as before:
        before.setattr(settling.policy, "undo_all", lambda *_: None)
        instance, _ = rejected_later(office)
    assert grants(office.engine) == [("finance_approval", "active")]
    with office.engine.unit_of_work(ENGINE) as uow:
        identity.add_member(uow, "process_admin", "gus")

    office.do("dan", tasks.wake, instance, "it was a mistake")
    assert office.do("gus", tasks.wake, instance, "yes").confirmed

    assert grants(office.engine) == [("finance_approval", "void")]


def owners(office: Office) -> list[UUID]:
    """Whose the grants are, one after the other."""
    with office.engine.unit_of_work(ENGINE, read_only=True) as uow:
        return list(uow.execute(select(policy_grant.c.account_id).order_by(policy_grant.c.id)).scalars())
