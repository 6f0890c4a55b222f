"""What a node says about the fields of its form and the acts on it reaches who is asked, and stays as it was drawn."""

import json
from datetime import timedelta
from decimal import Decimal

import pytest

from engine import evidence, prints, repository, runtime, tasks
from engine.bpmn.parser.extensions import BUTTONS
from engine.errors import ActNotOffered, Forbidden
from engine.tasks import closed
from engine.unit_of_work import ENGINE
from tests.engine.approvals.office import FORM, approval
from tests.engine.bpmn.drawing import END, START, drawing, element, flows

pytestmark = pytest.mark.approvals

FIELDS = (
    '<troika:fields default="read"><troika:field id="lines" perm="read" addRows="true"/>'
    '<troika:field id="lines.*" perm="write"/><troika:field id="lines.cost" perm="hidden"/>'
    '<troika:field id="parts" perm="write" removeRows="false"/><troika:field id="note" perm="write" required="true"/>'
    "</troika:fields>"
)


def test_columns_rows_and_required_are_those_of_the_drawing(office):
    office.begin(approval("check", FIELDS, users="bob"))

    mine = office.view("bob").permissions

    assert [mine.on(path) for path in ("lines", "lines.amount", "lines.cost", "parts", "other")] == [
        "read", "write", "hidden", "write", "read",
    ]  # fmt: skip
    assert [(mine.adds(path), mine.removes(path)) for path in ("lines", "parts", "other")] == [
        (True, False), (True, False), (False, False),
    ]  # fmt: skip
    assert mine.required("note") is True


OFF = " ".join(f'{name}="false"' for name in sorted(BUTTONS - {"agree", "reject"}))


def test_an_act_whose_button_the_drawing_takes_away_is_neither_offered_nor_done(office):
    """`agree` and `reject` are words there, every other one may be `false`."""
    back = '<troika:return targets="any" resubmit="stepwise"/>'
    instance = office.begin(
        approval("one", users="bob"), approval("check", back, f"<troika:buttons {OFF}/>", users="eve,fay", mode="any"),
        approval("group", '<troika:buttons claim="false"/>', users="fay").replace("candidateUsers", "candidateGroups")
        .replace('"fay"', '"finance"'),
    )  # fmt: skip
    office.act("bob", tasks.agree)
    eves = office.item("eve")

    assert office.view("eve").actions == ("agree", "reject")
    for verb, arguments in (
        (tasks.return_, ("one", "x")), (tasks.transfer, ("hal", "x")), (tasks.delegate, ("hal", "x")),
        (tasks.add_before, (["hal"],)), (tasks.add_after, (["hal"],)), (tasks.add_beside, (["hal"],)),
        (tasks.attach, ("x.txt", b"x", "text/plain")),
    ):  # fmt: skip
        with pytest.raises(ActNotOffered):
            office.do("eve", verb, eves, *arguments)
    assert [office.do(login, prints.allowed, instance) for login in ("ann", "bob", "eve", "dan", "gus")] == [
        True, True, False, True, False,
    ]  # fmt: skip
    with pytest.raises(Forbidden):
        office.do("eve", prints.record, instance, "x", b"x")
    office.act("eve", tasks.agree)
    with pytest.raises(ActNotOffered):
        office.act("bob", tasks.claim)


def test_signers_stay_where_the_drawing_lets_nobody_take_them_away(office):
    office.begin(approval("check", '<troika:buttons removeSigner="false"/>', users="bob,eve"))
    office.act("bob", tasks.add_beside, ["fay"])

    assert not any(one.removable for one in office.view("bob").signers)
    with pytest.raises(ActNotOffered):
        office.do("bob", tasks.remove_signer, office.item("fay"))
    office.do("dan", tasks.remove_signer, office.item("fay"))
    assert office.asked() == {"bob", "eve"}


def test_a_task_that_is_closed_shows_what_was_on_its_page_and_says_so_where_that_is_not_known(office):
    shown = '<zeebe:formDefinition formId="oa/claim"/>'
    hidden = '<troika:fields default="read"><troika:field id="amount" perm="hidden"/></troika:fields>'
    nodes = (approval("one", shown, hidden, users="bob"), approval("two", shown, users="eve"), approval("three"))
    of = office.begin(*nodes, form=True, note="urgent", amount=Decimal(7))
    bobs = office.item("bob")
    office.act("bob", tasks.agree)

    view = office.do("bob", tasks.get, bobs)
    assert (view.values["note"], view.values_of, view.permissions.on("amount")) == ("urgent", "decided", "hidden")

    office.act("eve", tasks.agree, {"note": "not any more"})
    view = office.do("bob", tasks.get, bobs)
    assert (view.values["note"], view.values_of, view.permissions.on("amount")) == ("urgent", "decided", "hidden")
    with office.engine.unit_of_work(ENGINE, read_only=True) as uow:
        told = evidence._decisions(uow, of)
    assert [(dict(map(by_label, one["form"]["fields"]))["备注"], one["form"]["same"]) for one in told] == [
        ("urgent", True), ("not any more", True),
    ]  # fmt: skip

    office.do("dan", runtime.set_variables, of, {"note": "by hand", "amount": Decimal(8)}, reason="wrong")
    view = office.do("bob", tasks.get, bobs)
    assert (view.values["note"], view.values_of) == ("by hand", "now")


def test_of_a_closed_task_only_what_was_decided_since_is_read_and_nothing_where_all_is_as_it_was(office, monkeypatch):
    shown = '<zeebe:formDefinition formId="oa/claim"/>'
    people = ("eve", "bob", "eve", "bob")
    nodes = [approval(f"n{place}", shown, users=login) for place, login in enumerate(people)]
    office.begin(*nodes, form=True, note="urgent", amount=Decimal(7))
    read, of = [], closed.decisions_of
    monkeypatch.setattr(closed, "decisions_of", lambda *told: read.append(len(of(*told))) or of(*told))
    items = []
    for login in people:
        office.clock.advance(timedelta(minutes=1))
        items.append(office.item(login))
        office.act(login, tasks.agree, {"note": "again"} if len(items) == 3 else {})

    views = [office.view(login, item) for login, item in zip(people, items, strict=True)]

    assert [(view.values["note"], view.values_of) for view in views] == [
        ("urgent", "decided"), ("urgent", "decided"), ("again", "decided"), ("again", "decided"),
    ]  # fmt: skip
    assert read == [4, 3], "the last two are as they were"


def by_label(field):
    return field[0], field[2]


def test_a_closed_task_of_a_called_process_that_has_ended_shows_what_decisions_in_it_wrote_and_nothing_else(office):
    """Its own values are gone with it; variables of the same name outside were never given to it, nor to it those that
    a process has which it called itself.
    """
    private = 'propagateAllParentVariables="false" propagateAllChildVariables="false"'
    given = (
        '<zeebe:ioMapping><zeebe:input source="= 5" target="amount"/>'
        '<zeebe:input source="= &quot;its own&quot;" target="note"/></zeebe:ioMapping>'
    )
    called = element("callActivity", "sub", f'<zeebe:calledElement processId="q" {private}/>{given}')
    shown = '<zeebe:formDefinition formId="oa/claim"/>'
    deeper = element("callActivity", "deeper", f'<zeebe:calledElement processId="r" {private}/>{given}')
    inner = drawing(
        START + approval("inner", shown, users="bob") + deeper + approval("late", shown, users="fay") + END
        + flows("start inner deeper late end"), process_id="q",
    )  # fmt: skip
    most = drawing(START + approval("most", shown, users="gus") + END + flows("start most end"), process_id="r")
    outer = drawing(START + called + approval("after", users="eve") + END + flows("start sub after end"))
    with office.engine.unit_of_work(ENGINE) as uow:
        form = {"forms/oa/claim.json": json.dumps(FORM).encode()}
        repository.deploy(uow, {"processes/oa/r.bpmn": most, "processes/oa/q.bpmn": inner, **form})
        repository.deploy(uow, {"processes/oa/p.bpmn": outer})
    of, item = office.start(note="the caller's own", amount=Decimal(99999)), office.item("bob")
    office.act("bob", tasks.agree, {"note": "bob's"})
    deepest = office.item("gus")
    office.act("gus", tasks.agree, {"note": "of another process", "amount": Decimal(6)})
    last = office.item("fay")
    office.act("fay", tasks.agree, {"note": "fay's", "amount": Decimal(8)})

    views = [office.view(login, one) for login, one in (("bob", item), ("gus", deepest), ("fay", last))]

    assert [(view.values, view.values_of) for view in views] == [
        ({"note": "bob's", "amount": Decimal(5)}, "decided"),
        ({"note": "of another process", "amount": Decimal(6)}, "decided"),
        ({"note": "fay's", "amount": Decimal(8)}, "decided"),
    ]
    with office.engine.unit_of_work(ENGINE, read_only=True) as uow:
        told = str(evidence._decisions(uow, of))
    assert ("the caller's own" in told, "99999" in told) == (False, False)


def test_of_what_was_only_read_in_a_called_process_that_has_ended_it_is_said_that_it_is_not_known(office):
    shown = '<zeebe:formDefinition formId="oa/claim"/>'
    called = element("callActivity", "sub", '<zeebe:calledElement processId="q"/>')
    inner = drawing(START + approval("inner", shown, users="bob") + END + flows("start inner end"), process_id="q")
    with office.engine.unit_of_work(ENGINE) as uow:
        repository.deploy(uow, {"processes/oa/q.bpmn": inner, "forms/oa/claim.json": json.dumps(FORM).encode()})
    office.begin(called, approval("after", users="eve"), note="urgent", amount=Decimal(7))
    item = office.item("bob")
    office.act("bob", tasks.agree, {"note": "bob's"})

    view = office.view("bob", item)

    assert (view.values, view.values_of) == ({"note": "bob's"}, "recorded")
