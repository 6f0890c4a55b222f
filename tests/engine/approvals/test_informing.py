"""抄送, 催办 and 批量审批."""

from dataclasses import replace
from datetime import timedelta

import pytest

from engine import policy, tasks
from engine.errors import (
    AlreadyDecided,
    BatchNotAllowed,
    CannotTransfer,
    ContentChanged,
    DeploymentRefused,
    Forbidden,
    InstanceOver,
    InvalidValue,
    NotFound,
    NotYourTask,
    UrgedAlready,
)
from engine.unit_of_work import ENGINE
from tests.engine.approvals.office import approval, task
from tests.engine.policy.test_gate import POLICY, a_bill, changed, grants

pytestmark = pytest.mark.approvals


def test_a_list_of_copies_costs_as_much_as_one_copy(office):
    """What may be read of each request was asked line by line."""

    def statements() -> int:
        with office.engine.unit_of_work(office.who["eve"], read_only=True) as uow:
            assert tasks.copied(uow).items
            return uow.statements

    office.deploy(approval("check", users="bob", extra=""))
    office.do("ann", tasks.copy_to, office.start(), ["eve"])
    one = statements()
    for _ in range(4):
        office.do("ann", tasks.copy_to, office.start(), ["eve"])

    assert statements() == one


HIDDEN = (
    '<zeebe:formDefinition formId="oa/claim"/><troika:fields default="read"><troika:field id="note" perm="hidden"/>'
    "</troika:fields>"
)


def test_a_copy_comes_once_and_tells_when_it_was_read(office):
    instance = office.begin(approval(users="bob"))

    [made] = office.do("ann", tasks.copy_to, instance, ["fay"], "供参考")
    office.do("bob", tasks.copy_to, instance, ["fay", "gus"])

    assert [item.kind for item in office.items("fay", "copied")] == ["copy"]
    assert office.items("fay") == []  # nothing to decide
    assert office.do("fay", tasks.count)["copied"] == 1
    read = office.do("fay", tasks.read_copy, made)
    assert (read, office.items("fay", "copied")) == (office.clock.now(), [])
    office.clock.advance(timedelta(hours=1))
    assert office.do("fay", tasks.read_copy, made) == read
    assert [entry.data.get("to") and len(entry.data["to"]) for entry in office.facts(instance, "copy.")] == [1, 1, None]

    office.do("bob", tasks.copy_to, instance, ["fay"], again=True)
    assert len(office.items("fay", "copied")) == 1


def test_hidden_fields_stay_hidden_in_a_copy(office):
    instance = office.begin(approval("check", HIDDEN, users="bob"), form=True, amount=1, note="secret")
    assert not office.do("fay", tasks.may_see, instance)

    office.do("bob", tasks.copy_to, instance, ["fay"])
    office.do("ann", tasks.copy_to, instance, ["gus"])

    for login in ("fay", "gus"):
        assert office.do(login, tasks.may_see, instance)
        allowed = office.do(login, tasks.sight, instance)
        assert (allowed.on("amount"), allowed.on("note")) == ("read", "hidden")


def test_a_copy_outlives_the_round_and_the_instance(office):
    instance = office.begin(approval(users="bob"))
    office.do("bob", tasks.copy_to, instance, ["fay"])
    office.act("bob", tasks.agree)

    assert office.status(instance) == "completed"
    assert len(office.items("fay", "copied")) == 1


def test_strangers_send_no_copies_and_read_none(office):
    instance = office.begin(approval(users="bob"))
    [made] = office.do("ann", tasks.copy_to, instance, ["fay"])

    with pytest.raises(Forbidden):
        office.do("gus", tasks.copy_to, instance, ["hal"])
    with pytest.raises(NotYourTask):
        office.do("gus", tasks.read_copy, made)
    with pytest.raises(InvalidValue):
        office.do("ann", tasks.copy_to, instance, [])
    one, two = (office.do("ann", tasks.copy_to, instance, ["hal"], idempotency_key="k") for _ in range(2))
    assert one == two


def test_urging_is_limited_to_once_in_two_hours(office):
    instance = office.begin(approval(users="bob,eve"))

    assert office.do("ann", tasks.urge, instance) == 2
    office.act("bob", tasks.add_beside, ["fay"])
    assert office.do("ann", tasks.urge, instance) == 1  # fay has not been urged yet
    with pytest.raises(UrgedAlready):
        office.do("ann", tasks.urge, instance)
    assert [item.urges for item in office.items("bob")] == [1]
    office.clock.advance(timedelta(hours=2))
    assert office.do("dan", tasks.urge, instance) == 3
    assert office.items("bob")[0].urges == 2


def test_a_further_visit_tells_again_only_where_the_drawing_says_so(office):
    told = [f'<troika:cc on="enter" users="{who}"{more}/>' for who, more in (("ivy", ' again="true"'), ("hal", ""))]
    instance = office.begin(
        approval("a", *told, users="bob"), approval("b", '<troika:return targets="any"/>', users="eve")
    )
    for login in ("ivy", "hal"):
        office.do(login, tasks.read_copy, office.items(login, "copied")[0].work_item_id)
    office.act("bob", tasks.agree)
    assert office.items("ivy", "copied") == []

    office.act("eve", tasks.return_, "a", "look again")

    assert [len(office.items(login, "copied")) for login in ("ivy", "hal")] == [1, 0]
    assert [fact.data["to"] for fact in office.facts(instance, "copy.sent")][2:] == [[str(office.who["ivy"].user_id)]]
    office.act("bob", tasks.agree)
    office.act("eve", tasks.return_, "a", "and again")
    assert len(office.items("ivy", "copied")) == 1  # unread still: told once


def test_how_long_somebody_is_left_in_peace_is_a_setting(office, monkeypatch):
    monkeypatch.setattr(office.engine, "settings", replace(office.engine.settings, urge_every_minutes=30))
    instance = office.begin(approval("check", users="bob"))

    assert office.do("ann", tasks.urge, instance) == 1
    office.later(minutes=29)
    with pytest.raises(UrgedAlready):
        office.do("ann", tasks.urge, instance)
    office.later(minutes=1)
    assert office.do("ann", tasks.urge, instance) == 1


def test_only_the_requester_and_the_cockpit_urge_and_only_while_somebody_is_asked(office):
    instance = office.begin(approval(users="bob"))

    with pytest.raises(Forbidden):
        office.do("bob", tasks.urge, instance)
    assert office.do("ann", tasks.urge, instance, idempotency_key="u") == 1
    assert office.do("ann", tasks.urge, instance, idempotency_key="u") == 0
    office.act("bob", tasks.agree)
    with pytest.raises(InstanceOver):
        office.do("ann", tasks.urge, instance)


BATCH = '<troika:buttons batch="true"/>'


def test_a_batch_gives_each_line_its_own_result(office):
    """Mixed list: one fine, one stale, one with a required opinion, one decided already, one of somebody else."""
    fine, stale, decided = (office.begin(approval("check", BATCH, users="bob"), amount=n) for n in range(3))
    strict = office.begin(approval("check", BATCH + '<troika:opinion required="always"/>', users="bob"))
    other = office.begin(approval("check", BATCH, users="eve"))
    items = {item.instance_id: item for item in office.items("bob")}
    digests = office.do("bob", tasks.seen, [item.work_item_id for item in items.values()])
    assert set(digests) == {items[key].work_item_id for key in (fine, stale, decided)}
    assert items[fine].batch
    office.do("bob", tasks.agree, items[decided].work_item_id)

    lines = [
        tasks.Chosen(items[fine].work_item_id, digests[items[fine].work_item_id]),
        tasks.Chosen(items[stale].work_item_id, "form:00"),
        tasks.Chosen(items[decided].work_item_id, digests[items[decided].work_item_id]),
        tasks.Chosen(items[strict].work_item_id, "form:00"),
        tasks.Chosen(office.item("eve"), "form:00"),
    ]
    results = tasks.agree_many(office.engine, office.who["bob"], lines)

    assert [result.outcome for result in results] == ["agree", None, None, None, None]
    assert [type(result.error) for result in results[1:]] == [
        ContentChanged, AlreadyDecided, BatchNotAllowed, NotYourTask
    ]  # fmt: skip
    assert [office.status(key) for key in (fine, stale, decided, strict, other)] == [
        "completed", "running", "completed", "running", "running"
    ]  # fmt: skip


def test_a_repeated_batch_decides_once_and_answers_the_same(office):
    office.begin(approval("check", BATCH, users="bob"))
    item = office.item("bob")
    line = tasks.Chosen(item, office.do("bob", tasks.seen, [item])[item])

    first, again = (
        tasks.agree_many(office.engine, office.who["bob"], [line], idempotency_key="b-1") for _ in range(2)
    )  # fmt: skip

    assert first == again == [tasks.Result(item, "agree")]


def test_what_is_handled_goes_in_a_batch_too_and_a_hundred_is_the_most(office):
    instance = office.begin(task("keep", BATCH))
    item = office.item("bob")
    line = tasks.Chosen(item, office.do("bob", tasks.seen, [item])[item])

    with pytest.raises(InvalidValue):
        tasks.agree_many(office.engine, office.who["bob"], [line] * 101)
    [result] = tasks.agree_many(office.engine, office.who["bob"], [line])

    assert (result.outcome, office.status(instance)) == ("handled", "completed")


def test_a_node_that_does_not_say_so_is_not_decided_from_a_list(office):
    office.begin(approval(users="bob"))
    item = office.item("bob")

    assert office.do("bob", tasks.seen, [item]) == {}
    [result] = tasks.agree_many(office.engine, office.who["bob"], [tasks.Chosen(item, "form:00")])
    assert isinstance(result.error, BatchNotAllowed)


def test_whoever_is_asked_may_get_a_copy_too_and_whoever_got_one_may_be_asked(office):
    instance = office.begin(approval("check", '<troika:cc on="enter" users="bob"/>', users="bob,fay"))

    office.do("bob", tasks.copy_to, instance, ["fay", "gus"])
    office.act("bob", tasks.add_beside, ["gus"])

    assert office.asked() == {"bob", "fay", "gus"}
    assert all(len(office.items(login, "copied")) == 1 for login in ("bob", "fay", "gus"))


def test_a_copy_is_no_task(office):
    instance = office.begin(approval(users="bob"))
    [made] = office.do("bob", tasks.copy_to, instance, ["fay"])

    for verb in (tasks.get, tasks.agree, tasks.claim, tasks.targets, tasks.recall, tasks.remove_signer):
        with pytest.raises(NotFound):
            office.do("fay", verb, made)


def test_a_batch_leaves_out_who_has_to_choose_people_for_later(office):
    chooses = (
        '<userTask id="next" name="next"><extensionElements><troika:assignment strategy="previousApproverSelect"/>'
        '<troika:approval mode="all"/><troika:onEmpty do="autoPass"/></extensionElements></userTask>'
    )
    instance = office.begin(approval("check", '<troika:buttons batch="true"/>', users="bob"), chooses)
    item = office.item("bob")

    assert office.do("bob", tasks.seen, [item]) == {}
    [result] = tasks.agree_many(office.engine, office.who["bob"], [tasks.Chosen(item, "form:")])

    assert isinstance(result.error, BatchNotAllowed)
    assert (office.status(instance), office.asked()) == ("running", {"bob"})


def test_the_document_of_an_approval_is_not_shown_to_who_may_not_read_the_request(office):
    provides = '<troika:policy provides="finance_approval" subject="= bill_id" subjectType="test_bill"/>'
    bill_id = a_bill(office.engine)
    instance = office.begin(
        approval("first", '<troika:fields default="hidden"/>', users="eve"), approval("check", provides, users="bob"),
        bill_id=str(bill_id),
    )  # fmt: skip
    office.act("eve", tasks.agree)
    [item] = [row.id for row in office.rows(instance) if row.decision is None]

    assert office.view("bob", item).facts_display == {"金额": "100.00 CNY", "收款人": "S-1"}
    assert office.view("ann", item).facts_display is not None
    assert office.view("eve", item).facts_display is None


def test_an_approval_that_counts_for_a_policy_is_given_from_a_list_where_the_policy_says_so(office):
    counts = '<troika:policy provides="finance_approval" subject="= bill_id" subjectType="test_bill"/>'
    node = approval("check", BATCH, counts, users="bob", mode="any", extra='onReject="end"')
    with office.engine.unit_of_work(ENGINE) as uow:
        policy.ship(uow, POLICY)
    with pytest.raises(DeploymentRefused) as refused:
        office.deploy(node)
    assert [finding.rule for finding in refused.value.findings] == ["automatic-approval-guarded"]
    with office.engine.unit_of_work(ENGINE) as uow:
        policy.ship(uow, POLICY + "  batch: allowed\n")
    office.deploy(node)
    bills = [a_bill(office.engine) for _ in range(2)]
    for bill_id in bills:
        office.start(bill_id=str(bill_id))
    lines = [line.work_item_id for line in office.items("bob")]
    chosen = [tasks.Chosen(key, seen) for key, seen in office.do("bob", tasks.seen, lines).items()]
    changed(office.engine, bills[0], version=20000)

    results = tasks.agree_many(office.engine, office.who["bob"], chosen)

    assert sorted((result.outcome or "", type(result.error)) for result in results) == [
        ("", ContentChanged), ("agree", type(None)),
    ]  # fmt: skip
    assert grants(office.engine) == [("finance_approval", "active")]


def test_a_task_whose_document_is_gone_is_left_out_of_a_batch_and_of_transfers(office):
    """The list shows the others; it is handed to nobody, by hand or when somebody leaves, but the time limit passes it
    to the administrators."""
    counts = '<troika:policy provides="finance_approval" subject="= bill_id" subjectType="test_bill"/>'
    limit = '<troika:timeout><troika:step after="PT1H" do="transfer" to="manager"/></troika:timeout>'
    with office.engine.unit_of_work(ENGINE) as uow:
        policy.ship(uow, POLICY + "  batch: allowed\n")
    office.deploy(approval("check", BATCH, counts, limit, users="bob", mode="any", extra='onReject="end"'))
    bill = a_bill(office.engine)
    lost, fine = office.start(bill_id=""), office.start(bill_id=str(bill))
    of = {line.instance_id: line.work_item_id for line in office.items("bob")}

    assert list(office.do("bob", tasks.seen, list(of.values()))) == [of[fine]]
    with pytest.raises(CannotTransfer, match="cannot be found"):
        office.do("bob", tasks.transfer, of[lost], "eve", "x")
    lines = tasks.hand_over(office.engine, office.who["dan"], "bob", "eve", "left")
    assert [str(line.conflict) for line in lines if line.work_item_id == of[lost]] != ["None"]
    office.later(hours=2)
    assert office.asked() >= {"dan"}
