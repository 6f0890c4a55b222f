"""Versions are immutable; what is wrong is refused with every finding; references are pinned as drawn."""

import pytest
from sqlalchemy import select

from engine import bpmn, history, identity, repository, runtime
from engine.db.definition import deployment
from engine.errors import DeploymentRefused, NoSuchStart, NotFound, ProcessNotDeployed
from engine.process_engine import ProcessEngine
from engine.settings import Settings
from engine.unit_of_work import ENGINE, Actor
from tests.engine.bpmn.drawing import END, HEAD, START, drawing, element, flows, service, user
from tests.factories import ann, begun, complete, deploy, look_at, open_rows, straight, token_at, waits_of

SIMPLE = straight(user("check"))
FORM = (
    b'{"type": "default", "id": "oa/note",'
    b' "components": [{"id": "t", "type": "textfield", "key": "text", "label": "T"}]}'
)


def put(engine, **files):
    with engine.unit_of_work(ENGINE) as uow:
        return repository.deploy(uow, {name.replace("__", "."): content for name, content in files.items()})


def latest(engine, key, kind="process"):
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        return repository.latest(uow, key, kind)


def call(key, process, binding="deployment"):
    return element(
        "callActivity", key,
        f'<zeebe:calledElement processId="{process}" bindingType="{binding}" propagateAllParentVariables="true"/>',
    )  # fmt: skip


def test_change_makes_a_version_and_the_same_bytes_make_none(engine):
    first = put(engine, p__bpmn=SIMPLE)
    again = put(engine, p__bpmn=SIMPLE)
    changed = put(engine, p__bpmn=SIMPLE.replace(b'name="check"', b'name="look"'))

    assert [(info.key, info.version) for info in first.new] == [("p", 1)]
    assert (again.id, again.new) == (first.id, ())
    assert [(info.key, info.version) for info in changed.new] == [("p", 2)]
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert [info.version for info in repository.versions(uow, "p")] == [2, 1]
        assert repository.source(uow, first.new[0].id) == SIMPLE


def test_going_back_to_old_bytes_is_a_deployment_of_its_own(engine):
    told = "p.scenarios.yml"
    first = put(engine, p__bpmn=SIMPLE, **{told: b"scenarios: []"})
    for name in ("look", "see"):
        put(engine, p__bpmn=SIMPLE.replace(b'name="check"', f'name="{name}"'.encode()), **{told: b"# none"})
        with engine.unit_of_work(ENGINE) as uow:
            back = repository.deploy(uow, {"p.bpmn": SIMPLE, told: b"scenarios: []"}, f"not {name}")
        again = put(engine, p__bpmn=SIMPLE, **{told: b"scenarios: []"})

        assert back.id != first.id
        assert (again.id, again.new) == (back.id, ())
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert [info.version for info in repository.versions(uow, "p")] == [5, 4, 3, 2, 1]
        assert [row.note for row in repository.deployments(uow)] == ["not see", "", "not look", "", ""]


def test_running_instance_stays_on_its_version(engine):
    deploy(engine, SIMPLE)
    old = begun(engine)
    deploy(engine, SIMPLE.replace(b'name="check"', b'name="look"'))
    new = begun(engine)

    assert [look_at(engine, key).definition.version for key in (old, new)] == [1, 2]


@pytest.mark.parametrize(
    ("files", "rule"),
    [
        ({"p__bpmn": b"<definitions"}, None),
        ({"p__bpmn": straight(service("pay", "test.nobody"))}, "reference-exists"),
        ({"p__bpmn": SIMPLE, "q__bpmn": SIMPLE}, "id-twice"),
        ({"p__txt": b"hello"}, "unknown-resource"),
        ({"f__json": b"{"}, None),
    ],
)
def test_what_is_wrong_is_refused_and_nothing_is_stored(engine, files, rule):
    with pytest.raises(DeploymentRefused) as refused:
        put(engine, **files)

    assert refused.value.findings
    assert rule is None or rule in [finding.rule for finding in refused.value.findings]
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert uow.execute(select(deployment.c.id)).all() == []


def test_check_says_the_same_without_storing(engine):
    with engine.unit_of_work(ENGINE) as uow:
        findings = repository.check(uow, {"p.bpmn": straight(service("pay", "test.nobody"))})
        assert "reference-exists" in [finding.rule for finding in findings]
        assert repository.check(uow, {"p.bpmn": SIMPLE, "f.json": FORM}) is not None


def test_deployment_reference_stays_with_the_version_it_was_deployed_with(engine):
    callee = straight(user("pack"), process_id="ship")
    caller = straight(call("shipping", "ship"), process_id="sell")
    put(engine, ship__bpmn=callee, sell__bpmn=caller)
    put(engine, ship__bpmn=callee.replace(b'name="pack"', b'name="wrap"'))
    pinned = look_at(engine, begun(engine, "sell"))
    assert pinned.waits[-1][1] == "pack"


def test_new_callee_in_the_same_set_makes_a_new_version_of_its_unchanged_caller(engine):
    callee = straight(user("pack"), process_id="ship")
    caller = straight(call("shipping", "ship"), process_id="sell")
    put(engine, ship__bpmn=callee, sell__bpmn=caller)
    second = put(engine, ship__bpmn=callee.replace(b'name="pack"', b'name="wrap"'), sell__bpmn=caller)

    assert sorted((info.key, info.version) for info in second.new) == [("sell", 2), ("ship", 2)]


def test_latest_reference_follows_the_newest_version(engine):
    callee = straight(user("pack"), process_id="ship")
    put(engine, ship__bpmn=callee, sell__bpmn=straight(call("shipping", "ship", "latest"), process_id="sell"))
    put(engine, ship__bpmn=straight(user("wrap"), process_id="ship"))

    assert "wrap" in [node for _, node, _ in look_at(engine, begun(engine, "sell")).waits]


GLOBAL = (
    HEAD + '<globalUserTask id="look" name="Look"><extensionElements>'
    '<zeebe:assignmentDefinition candidateGroups="staff"/></extensionElements></globalUserTask></definitions>'
).encode()  # fmt: skip


@pytest.mark.parametrize("binding", ["latest", "deployment"])
def test_global_task_is_a_definition_of_its_own_that_only_calls_begin(engine, binding):
    put(engine, look__bpmn=GLOBAL)
    put(engine, p__bpmn=straight(call("ask", "look", binding)))
    instance = begun(engine)

    assert [node for _, node, _ in look_at(engine, instance).waits] == ["look"]
    assert open_rows(engine, instance) == waits_of(engine, instance)
    complete(engine, instance, "look", seen=True)
    assert look_at(engine, instance).state.root.vars == {"seen": True}
    with engine.unit_of_work(ann(engine), read_only=True) as uow:
        assert [info.key for info in repository.startable(uow)] == ["p"]
    with pytest.raises(NoSuchStart):
        begun(engine, "look")


def test_call_follows_its_global_task_to_a_new_version(engine):
    put(engine, look__bpmn=GLOBAL, p__bpmn=straight(call("ask", "look")))
    again = put(engine, look__bpmn=GLOBAL.replace(b'"Look"', b'"See"'), p__bpmn=straight(call("ask", "look")))
    assert sorted((info.key, info.version) for info in again.new) == [("look", 2), ("p", 2)]


def test_call_of_a_global_task_that_nobody_has_deployed_is_refused(engine):
    with pytest.raises(DeploymentRefused) as refused:
        put(engine, p__bpmn=straight(call("ask", "look")))
    assert {(found.rule, found.element_id) for found in refused.value.findings} == {("reference-exists", "ask")}


def test_data_of_an_instance_is_stored_between_two_acts(engine):
    data = '<dataObject id="Order" name="order"/><dataObject id="Answer" name="answer"/>'
    task = (
        '<userTask id="check"><extensionElements>'
        '<zeebe:assignmentDefinition candidateGroups="staff"/></extensionElements>'
        '<ioSpecification><dataInput id="i" name="asked"/><dataOutput id="o" name="found"/>'
        "<inputSet><dataInputRefs>i</dataInputRefs></inputSet><outputSet><dataOutputRefs>o</dataOutputRefs></outputSet>"
        "</ioSpecification>"
        "<dataInputAssociation><sourceRef>Order</sourceRef><targetRef>i</targetRef></dataInputAssociation>"
        "<dataOutputAssociation><sourceRef>o</sourceRef><targetRef>Answer</targetRef></dataOutputAssociation></userTask>"
    )
    deploy(engine, drawing(data + START + task + END + flows("start check end")))
    stuck, instance = begun(engine), begun(engine, order=7)

    assert {item.code for item in look_at(engine, stuck).state.incidents.values()} == {"data-input-missing"}
    assert bpmn.variables(look_at(engine, instance).state, 0, token_at(engine, instance, "check"))["asked"] == 7
    complete(engine, instance, "check", found=8, beside=9)
    assert look_at(engine, instance).state.root.vars == {"order": 7, "answer": 8}


def test_form_follows_its_newest_version(engine):
    put(engine, note__json=FORM)
    put(engine, note__json=FORM.replace(b'"label": "T"', b'"label": "Text"'))
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert repository.form(uow, "oa/note").fields[0].label == "Text"
        with pytest.raises(NotFound):
            repository.form(uow, "oa/nothing")


def test_starters_of_the_drawing_say_who_may_start(engine):
    head = '<extensionElements><troika:starters groups="staff"/></extensionElements>'
    deploy(engine, drawing(head + START + user("check") + END + flows("start check end")))
    employee = ann(engine)

    with engine.unit_of_work(employee, read_only=True) as uow:
        assert [info.key for info in repository.startable(uow)] == ["p"]
    with engine.unit_of_work(ENGINE) as uow:
        repository.retire(uow, "p")
    with engine.unit_of_work(employee, read_only=True) as uow:
        assert repository.startable(uow) == []


def test_a_department_of_the_starters_means_those_below_it_and_whoever_works_there_as_well(engine):
    head = '<extensionElements><troika:starters departments="sales"/></extensionElements>'
    deploy(engine, drawing(head + START + user("check") + END + flows("start check end")))
    with engine.unit_of_work(ENGINE) as uow:
        identity.create_org_unit(uow, "sales", "销售部")
        identity.create_org_unit(uow, "sales_north", "销售北区", parent="sales")
        identity.create_org_unit(uow, "store", "仓库")
        people = {
            login: identity.create_user(uow, login, login, org_unit=unit)
            for login, unit in (("in", "sales"), ("below", "sales_north"), ("also", "store"), ("out", "store"))
        }
        identity.join_department(uow, "also", "sales_north")

    may = {}
    for login, person in people.items():
        with engine.unit_of_work(Actor(person.id), read_only=True) as uow:
            may[login] = bool(repository.startable(uow))
    assert may == {"in": True, "below": True, "also": True, "out": False}


def test_deployment_is_on_record(engine):
    employee = ann(engine)
    with engine.unit_of_work(Actor(employee.user_id)) as uow:
        repository.deploy(uow, {"p.bpmn": SIMPLE}, note="first")
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        (act,) = history.acts(uow, "deployment")
        (row,) = repository.deployments(uow)
    assert (act.kind, act.actor_id, act.data["new"]) == ("deployed", employee.user_id, ["process p v1"])
    assert row.note == "first"


def test_unknown_process_is_not_deployed(engine):
    with pytest.raises(ProcessNotDeployed):
        latest(engine, "nothing")


def test_another_process_reads_what_one_has_deployed(tmp_path, clock):
    settings = Settings(database_url=f"sqlite:///{tmp_path}/t.db")
    first = ProcessEngine(settings, clock=clock)
    first.create_schema()
    deploy(first, SIMPLE)
    instance = begun(first)
    first.dispose()
    second = ProcessEngine(settings, clock=clock)

    assert look_at(second, instance).markers == {"check": "active"}
    with second.unit_of_work(ENGINE) as uow:
        runtime.cancel(uow, instance, "done")
    second.dispose()
