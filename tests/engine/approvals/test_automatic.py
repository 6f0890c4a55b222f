"""What happens without a click: empty, own, repeated, skipped. It is recorded as the engine's, never as a person's."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import select

from engine import identity, jobs, repository, tasks
from engine.db.instance import instance as instance_table
from engine.db.task import ItemStatus, RoundStatus, Source
from engine.errors import EngineError, NobodyCanBeAsked
from engine.modules.notification.models.notice import notice
from engine.unit_of_work import ENGINE
from tests.engine.approvals.office import FORM, approval
from tests.engine.bpmn.drawing import END, START, drawing, flows, service
from tests.engine.policy.test_gate import a_bill
from tests.factories import deploy

pytestmark = pytest.mark.approvals


def sources(office, instance) -> list[tuple[str, str | None]]:
    """(source, who clicked) of every decision."""
    names = {actor.user_id: login for login, actor in office.who.items()}
    return [
        (Source(row.decision_source).name.lower(), names.get(row.decided_by))
        for row in office.rows(instance)
        if row.decision is not None
    ]


def test_the_same_person_thrice_is_asked_once(office):
    dedupe = '<troika:dedupe mode="first"/>'
    instance = office.begin(*(approval(key, dedupe, users="bob") for key in ("one", "two", "three")))

    office.act("bob", tasks.agree)

    assert office.status(instance) == "completed"
    assert sources(office, instance) == [("human", "bob"), ("auto_dedupe", None), ("auto_dedupe", None)]
    evidence = [row.evidence_id for row in office.rows(instance)]
    assert evidence[1:] == [office.rows(instance)[0].id] * 2
    assert {row.assignee_id for row in office.rows(instance)} == {office.who["bob"].user_id}


LAST = '<troika:dedupe mode="last"/>'
ALWAYS_LAST = f"<extensionElements>{LAST}</extensionElements>".encode()


def test_the_same_person_thrice_is_asked_the_last_time_only(office):
    instance = office.begin(
        *(approval(key, LAST, users=who) for key, who in (("one", "bob"), ("two", "eve,bob"), ("three", "bob")))
    )
    assert office.asked() == {"eve"}
    assert sources(office, instance) == [("auto_dedupe", None), ("auto_dedupe", None)]
    assert [row.reason for row in office.rows(instance) if row.decision is not None] == ["is asked later: three"] * 2
    office.act("eve", tasks.agree)
    assert office.asked() == {"bob"}

    office.act("bob", tasks.agree)

    assert office.status(instance) == "completed"
    assert [source for source, _ in sources(office, instance)] == ["auto_dedupe", "human", "auto_dedupe", "human"]


def test_the_last_time_counts_only_where_he_is_sure_to_be_asked_and_has_to_agree(office):
    office.begin(approval("one", LAST, users="bob"), approval("two", users="bob,eve", mode="any"))
    assert office.asked() == {"bob"}


def test_a_task_that_somebody_may_still_lead_away_from_spares_nobody(office):
    form = '<zeebe:formDefinition formId="oa/claim"/>'
    body = (
        START + approval("one", LAST, users="bob") + approval("two", form, users="eve", extra='onReject="flow"')
        + '<exclusiveGateway id="much" default="much_end"/>' + approval("three", LAST, users="bob") + END
        + flows("start one two much end", "much three ? amount > 5", "three end")
    )  # fmt: skip
    with office.engine.unit_of_work(ENGINE) as uow:
        repository.deploy(uow, {"p.bpmn": drawing(body), "forms/oa/claim.json": json.dumps(FORM).encode()})

    office.start(amount=9)

    assert office.asked() == {"bob"}


def test_an_approval_that_counts_for_a_policy_is_never_spared(office):
    mark = '<troika:policy provides="finance_approval" subject="= bill_id" subjectType="test_bill"/>'
    bill = str(a_bill(office.engine))
    xml = drawing(
        START + approval("one", mark, users="bob") + approval("two", users="bob") + END + flows("start one two end")
    )
    with office.engine.unit_of_work(ENGINE) as uow:
        repository.deploy(uow, {"p.bpmn": xml.replace(b"<startEvent", ALWAYS_LAST + b"<startEvent", 1)})

    office.start(bill_id=bill)

    assert office.asked() == {"bob"}


BLOCK = '<troika:onEmpty do="blockStart"/>'


@pytest.mark.parametrize("before", [(), (approval("one", users="bob"),)])
def test_a_request_that_would_come_to_a_task_with_nobody_to_ask_is_not_accepted(office, before):
    office.deploy(*before, approval("two", BLOCK, users="gone"))

    with pytest.raises(NobodyCanBeAsked) as refused:
        office.start()

    assert (refused.value.facts, refused.value.status) == ({"task": "two"}, 422)
    with office.engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert uow.execute(select(instance_table.c.id)).all() == []


CALLED = (
    '<callActivity id="sub" name="sub"><extensionElements><zeebe:calledElement processId="q" '
    'propagateAllParentVariables="false"/><zeebe:ioMapping><zeebe:input source="= size + 5" target="much"/>'
    "</zeebe:ioMapping></extensionElements></callActivity>"
)


def calling(office, *, before: str = "", way: str) -> None:
    """`p` calls `q`, which asks nobody where `much` is over 5."""
    inside = (
        START + '<exclusiveGateway id="g" default="g_small"/>' + approval("large", BLOCK, users="gone")
        + approval("small", users="bob") + END + flows("start g small end", "g large ? much > 5", "large end")
    )  # fmt: skip
    with office.engine.unit_of_work(ENGINE) as uow:
        repository.deploy(uow, {"q.bpmn": drawing(inside).replace(b'process id="p"', b'process id="q"')})
    deploy(office.engine, drawing(START + before + CALLED + END + flows(*way.split(" | "))))


def test_a_request_that_would_come_there_in_a_called_process_is_not_accepted(office):
    calling(office, way="start sub end")

    with pytest.raises(NobodyCanBeAsked) as refused:
        office.start(size=1)

    assert refused.value.facts == {"task": "large"}
    office.start(size=0)
    assert office.asked() == {"bob"}


def test_what_a_called_process_is_given_may_not_be_known_at_the_start(office):
    """The administrators are asked for what comes there in the end."""
    tally = service("count", "test.tally", out_size="= tally")
    calling(office, before=tally, way="start count sub end")

    office.start()
    assert office.asked() == {"dan"}

    choice = '<exclusiveGateway id="x" default="x_end"/>'
    more = tally.replace("size", "more")
    calling(office, before=more + choice, way="start count x end | x sub ? more > 0 | sub end")
    office.start(size=9)
    assert len(office.items("dan")) == 2


def test_a_request_that_takes_another_way_is_accepted(office):
    body = (
        START + '<exclusiveGateway id="much" default="much_small"/>' + approval("large", BLOCK, users="gone")
        + approval("small", BLOCK, users="bob") + END
        + flows("start much small end", "much large ? amount > 5", "large end")
    )  # fmt: skip
    with office.engine.unit_of_work(ENGINE) as uow:
        repository.deploy(uow, {"p.bpmn": drawing(body)})

    office.start(amount=5)
    with pytest.raises(NobodyCanBeAsked):
        office.start(amount=6)

    assert office.asked() == {"bob"}


def test_who_leaves_after_the_start_is_replaced_by_the_administrators(office):
    office.begin(approval("one", users="bob"), approval("two", BLOCK, users="eve"))
    with office.engine.unit_of_work(ENGINE) as uow:
        identity.disable(uow, office.who["eve"].user_id)

    office.act("bob", tasks.agree)

    assert {item.node for item in office.items("dan", "claimable")} == {"two"}


def test_without_dedupe_he_is_asked_each_time(office):
    instance = office.begin(approval("one", users="bob"), approval("two", users="bob"))

    office.act("bob", tasks.agree)
    assert office.asked() == {"bob"}
    office.act("bob", tasks.agree)
    assert office.status(instance) == "completed"


def test_adjacent_dedupe_looks_at_the_task_before_only(office):
    adjacent = '<troika:dedupe mode="adjacent"/>'
    instance = office.begin(
        approval("one", users="bob"), approval("two", adjacent, users="bob,eve", mode="all"),
        approval("three", adjacent, users="bob"), approval("four", adjacent, users="eve"),
    )  # fmt: skip
    office.act("bob", tasks.agree)

    assert office.asked() == {"eve"}  # bob has just agreed
    office.act("eve", tasks.agree)
    assert office.asked() == {"bob"}  # at the task before, eve has agreed, and the engine for bob
    office.act("bob", tasks.agree)
    assert office.asked() == {"eve"}
    office.act("eve", tasks.agree)
    assert office.status(instance) == "completed"


def test_what_was_written_since_must_be_agreed_to_again(office):
    fields = '<zeebe:formDefinition formId="oa/claim"/><troika:fields default="write"/>'
    dedupe = '<troika:dedupe mode="first"/>'
    office.begin(
        approval("one", users="bob"), approval("two", fields, users="eve"), approval("three", dedupe, users="bob"),
        form=True, amount=1,
    )  # fmt: skip
    office.act("bob", tasks.agree)
    office.act("eve", tasks.agree, {"amount": 900})

    assert office.asked() == {"bob"}
    office.act("bob", tasks.agree)


def test_a_second_account_of_the_same_person_counts_as_himself(office):
    with office.engine.unit_of_work(ENGINE) as uow:
        identity.create_user(uow, "bob2", "Bob 2", person_id=identity.user(uow, "bob").id)
    instance = office.begin(
        approval("one", users="bob"), approval("two", '<troika:dedupe mode="first"/>', users="bob2,eve")
    )
    office.act("bob", tasks.agree)

    assert office.asked() == {"eve"}
    office.act("eve", tasks.agree)
    assert office.status(instance) == "completed"


def test_a_task_that_is_skipped_is_on_record_as_skipped(office):
    skip = '<troika:skipWhen value="= amount &lt; 100"/>'
    instance = office.begin(approval("check", skip, users="bob,eve", mode="all"), amount=50)

    assert office.status(instance) == "completed"
    assert sources(office, instance) == [("auto_rule", None)]
    [fact] = office.facts(instance, "task.decided")
    assert (fact.data["decision_source"], fact.data["reason"]) == ("auto_rule", "amount < 100")
    with office.engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert RoundStatus.SKIPPED in {
            row.status for row in uow.connection.exec_driver_sql("SELECT status FROM user_task").all()
        }

    office.start(amount=100)
    assert office.asked() == {"bob", "eve"}


def test_a_condition_that_gives_null_does_not_skip(office):
    office.begin(approval("check", '<troika:skipWhen value="= missing &lt; 100"/>', users="bob"))

    assert office.asked() == {"bob"}


def test_an_empty_node_passes_by_rule_and_a_disabled_approver_leaves_it_empty(office):
    with office.engine.unit_of_work(ENGINE) as uow:
        identity.disable(uow, identity.user(uow, "bob").id)
    instance = office.begin(approval("check", '<troika:onEmpty do="autoPass"/>', users="bob"))

    assert office.status(instance) == "completed"
    assert sources(office, instance) == [("auto_empty", None)]


def test_the_requester_as_approver_goes_up_and_nobody_else_clicks_for_him(office):
    instance = office.begin(approval("check", '<troika:onSelf do="manager"/>', users="bob"), by="bob")
    assert office.asked() == {"cyd"}

    instance = office.begin(approval("check", '<troika:onSelf do="skip"/>', users="bob"), by="bob")
    assert (office.status(instance), sources(office, instance)) == ("completed", [("auto_self", None)])


def test_a_chain_asks_one_after_the_other_unless_the_drawing_says_otherwise(office):
    chain = (
        '<userTask id="check" name="check"><extensionElements><troika:assignment strategy="managerChain" to="2"/>'
        "<troika:approval{}/></extensionElements></userTask>"
    )
    office.begin(chain.format(""))
    assert office.asked() == {"cyd"}
    office.act("cyd", tasks.agree)
    assert office.asked() == {"boss"}
    office.act("boss", tasks.agree)
    office.begin(chain.format(' mode="all"'))
    assert office.asked() == {"cyd", "boss"}


def test_the_least_loaded_is_picked_and_the_loads_are_on_record(office):
    office.begin(approval(users="bob,eve", mode="all"))  # each has one
    office.begin(approval(users="bob", mode="all"))  # bob has two
    instance = office.begin(approval(users="bob,eve,fay", mode="random", extra='pick="leastLoaded"'))

    assert [row.assignee_id for row in office.rows(instance)] == [office.who["fay"].user_id]
    [fact] = office.facts(instance, "task.opened")
    loads = {login: fact.data["loads"][str(office.who[login].user_id)] for login in ("bob", "eve", "fay")}
    assert loads == {"bob": 2, "eve": 1, "fay": 0}


def test_the_picked_person_is_the_same_in_every_repetition(office):
    instance = office.begin(approval(users="bob,eve,fay", mode="random"))
    [row] = office.rows(instance)
    [fact] = office.facts(instance, "task.opened")

    assert fact.data["picked"] == str(row.assignee_id)
    assert len(fact.data["asked"]) == 3


@pytest.mark.parametrize(
    ("on", "act", "read"),
    [("enter", None, True), ("pass", None, False), ("pass", "agree", True), ("pass", "reject", False),
     ("end", "reject", True), ("end", "agree", True)],
)  # fmt: skip
def test_copies_are_sent_once_when_the_drawing_says(office, on, act, read):
    cc = f'<troika:cc on="{on}" users="fay" groups="finance"/>'
    instance = office.begin(approval("check", cc, users="gus", extra='onReject="end"'))
    if act:
        office.act("gus", getattr(tasks, act), opinion="x")

    for login in ("fay", "bob", "eve"):
        assert len(office.items(login, "copied")) == int(read)
    assert office.kinds(instance, "copy.") == ["copy.sent"] * int(read)


def test_a_copy_that_two_nodes_and_a_second_round_send_is_one_with_a_receipt_and_shows_nothing_hidden(office):
    """Title, key fields, form and notice are those of the nodes that sent it; the person stands in a group twice."""
    hidden = '<troika:fields default="read"><troika:field id="note" perm="hidden"/></troika:fields>'
    back = '<troika:return targets="any" resubmit="stepwise"/>'
    head = (
        '<extensionElements><troika:title value="= &quot;for &quot; + note"/><troika:summary fields="amount note"/>'
        "</extensionElements>"
    )
    form = '<zeebe:formDefinition formId="oa/claim"/>'
    one = approval("one", f'<troika:cc on="enter" users="fay" groups="finance"/>{form}{hidden}', users="gus")
    two = approval("two", f'<troika:cc on="pass" users="fay,bob"/>{form}{hidden}{back}', users="hal")
    xml = drawing(head + START + one + two + END + flows("start one two end"))
    with office.engine.unit_of_work(ENGINE) as uow:
        repository.deploy(uow, {"p.bpmn": xml, "forms/oa/claim.json": json.dumps(FORM).encode()})
    instance = office.start(amount=5, note="a doctor")
    office.clock.advance(timedelta(minutes=5))
    [copy] = office.items("fay", "copied")
    read = office.do("fay", tasks.read_copy, copy.work_item_id)
    office.act("gus", tasks.agree)
    office.act("hal", tasks.return_, "one", "once more")
    office.act("gus", tasks.agree)
    office.act("hal", tasks.agree)

    receipts = office.do("ann", tasks.receipts, instance)
    assert sorted((one.reader_name, one.sender_name, one.read_at) for one in receipts) == [
        ("Bob", None, None), ("Eve", None, None), ("Fay", None, read),
    ]  # fmt: skip
    assert office.items("fay", "copied") == []  # read, and not unread again
    [line] = office.do("fay", tasks.copied).items
    assert (line.title, line.summary) == ("P", {"amount": 5})
    assert office.do("fay", tasks.sight, instance).on("note") == "hidden"
    jobs.run_due(office.engine)
    with office.engine.unit_of_work(ENGINE, read_only=True) as uow:
        texts = uow.execute(select(notice.c.text).where(notice.c.user_id == office.who["fay"].user_id)).scalars().all()
    assert texts == ["P"]


def test_an_unknown_person_group_or_department_is_not_deployed(office):
    with office.engine.unit_of_work(ENGINE) as uow:
        identity.create_org_unit(uow, "all", "公司")

    for part, name in (
        (approval(users="bob,bobb"), "bobb"),
        (approval(users="bob").replace("candidateUsers", "candidateGroups"), "bob"),
        (approval("check", '<troika:onEmpty do="users" users="nobody"/>'), "nobody"),
        (approval("check", '<troika:cc on="pass" groups="financ"/>'), "financ"),
    ):
        with pytest.raises(EngineError, match=f"'{name}', which the organisation does not have"):
            office.deploy(part)
    with office.engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert repository.latest_all(uow) == []


def test_who_leaves_the_round_by_rule_is_cancelled_not_decided(office):
    """Any of two: one has agreed before, so the other is not asked."""
    dedupe = '<troika:dedupe mode="first"/>'
    instance = office.begin(approval("one", users="bob"), approval("two", dedupe, users="eve,bob", mode="any"))
    office.act("bob", tasks.agree)

    assert (office.status(instance), office.asked()) == ("completed", set())
    assert [ItemStatus(row.status).name for row in office.rows(instance)] == ["DECIDED", "CANCELLED", "DECIDED"]
