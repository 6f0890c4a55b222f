"""What a large state costs: large values lie in rows of their own, written only when they change."""

import zlib

import orjson
import pytest
from sqlalchemy import select, update

from engine import bpmn, migration, modification, repository, runtime
from engine.bpmn import document
from engine.db.instance import instance, instance_scope
from engine.db.rows import read
from engine.migration import Plan
from engine.runtime import codec
from engine.unit_of_work import ENGINE
from tests.consistency import consistent
from tests.engine.bpmn.drawing import END, START, element, flows, script, user
from tests.factories import begun, complete, deploy, look_at, straight, token_at

BIG = [{"no": number, "text": f"line {number} " + "x" * 100} for number in range(2600)]
MARK = 99
"""what a test writes into `codec` of a row: a row that is written anew loses it"""


def rows(engine, key):
    """Scope -> (whether it was left alone since it was marked, its values by place)."""
    with engine.unit_of_work(ENGINE) as uow:
        found = uow.execute(select(instance_scope).where(instance_scope.c.instance_id == key)).all()
        return {row.scope: (row.codec == MARK, orjson.loads(zlib.decompress(row.state))) for row in found}


def mark(engine, key):
    with engine.unit_of_work(ENGINE) as uow:
        uow.execute(update(instance_scope).where(instance_scope.c.instance_id == key).values(codec=MARK))


def document_size(engine, key):
    with engine.unit_of_work(ENGINE) as uow:
        return len(uow.execute(select(instance.c.state).where(instance.c.id == key)).scalar())


def set_(engine, key, **variables):
    with engine.unit_of_work(ENGINE) as uow:
        runtime.set_variables(uow, key, variables, reason="test")


def test_a_step_does_not_write_a_large_value_that_it_does_not_touch(engine):
    deploy(engine, straight(user("a"), script("s", "n + 1", "n"), user("b"), user("c")))
    key = begun(engine, big=BIG, n=1)
    assert len(orjson.dumps(BIG)) > 300 * 1024
    assert {scope: set(held) for scope, (_, held) in rows(engine, key).items()} == {0: {"vars.big"}}
    assert document_size(engine, key) < 2 * 1024
    mark(engine, key)

    complete(engine, key, "a")
    complete(engine, key, "b")

    assert rows(engine, key)[0][0], "it was left alone"
    view = look_at(engine, key)
    assert (view.variables["n"], len(view.variables["big"]), view.markers) == (2, 2600, {"c": "active"})
    complete(engine, key, "c")
    assert look_at(engine, key).instance.status.name == "COMPLETED"
    assert look_at(engine, key).variables["big"] == BIG
    assert consistent(engine)


def test_a_large_value_that_changes_is_written_and_one_that_goes_leaves_no_row(engine):
    deploy(engine, straight(user("a"), user("b")))
    key = begun(engine, big=BIG)
    mark(engine, key)

    set_(engine, key, big=BIG[1:])

    assert rows(engine, key) == {0: (False, {"vars.big": BIG[1:]})}
    set_(engine, key, big="small")
    assert rows(engine, key) == {}
    assert look_at(engine, key).variables["big"] == "small"
    complete(engine, key, "a")
    assert consistent(engine)


def test_a_small_state_has_no_rows_beside_it(engine):
    deploy(engine, straight(user("a")))

    key = begun(engine, text="x" * 60_000)

    assert rows(engine, key) == {}


def test_an_instance_that_lies_in_one_piece_still_opens_and_is_taken_apart_by_its_next_step(engine, monkeypatch):
    deploy(engine, straight(user("a"), user("b")))
    monkeypatch.setattr(codec, "SPILLED_ABOVE", 1 << 30)
    key = begun(engine, big=BIG)
    assert rows(engine, key) == {}
    monkeypatch.undo()
    assert look_at(engine, key).variables["big"] == BIG

    complete(engine, key, "a")

    assert set(rows(engine, key)) == {0}
    assert look_at(engine, key).variables["big"] == BIG
    assert document_size(engine, key) < 2 * 1024


@pytest.mark.parametrize("value", [1, "y" * 2000, ["map", "z" * 2000]])
def test_a_variable_may_have_the_name_of_a_tag(engine, value):
    deploy(engine, straight(user("a"), user("b")))
    key = begun(engine, big=BIG, **{"$": value})
    assert look_at(engine, key).variables == {"big": BIG, "$": value}

    complete(engine, key, "a")

    assert look_at(engine, key).variables == {"big": BIG, "$": value}
    assert consistent(engine)


def test_a_variable_with_the_name_of_a_tag_may_come_when_others_already_lie_apart(engine):
    deploy(engine, straight(user("a"), user("b")))
    key = begun(engine, big=BIG)

    set_(engine, key, **{"$": 1})
    assert look_at(engine, key).variables == {"big": BIG, "$": 1}
    complete(engine, key, "a")

    assert look_at(engine, key).variables == {"big": BIG, "$": 1}
    assert consistent(engine)


def test_each_scope_has_a_row_that_goes_with_it(engine):
    inside = START + user("a") + END + flows("start a end")
    inner = inside.replace('id="start"', 'id="si"').replace('id="end"', 'id="ei"')
    inner = inner.replace('"start"', '"si"').replace('"end"', '"ei"')
    sub = element(
        "subProcess", "s", '<zeebe:ioMapping><zeebe:input source="= big" target="own"/></zeebe:ioMapping>', inner=inner
    )
    deploy(engine, straight(sub, user("b")))
    key = begun(engine, big=BIG)
    assert len(rows(engine, key)) == 2

    complete(engine, key, "a")

    assert set(rows(engine, key)) == {0}
    assert consistent(engine)


def test_what_a_sequence_goes_through_lies_apart_too(engine):
    loop = '<zeebe:loopCharacteristics inputCollection="= big" inputElement="item"/>'
    marker = '<multiInstanceLoopCharacteristics isSequential="true"><extensionElements>' + loop
    marker += "</extensionElements></multiInstanceLoopCharacteristics>"
    task = element("userTask", "u", '<zeebe:assignmentDefinition candidateGroups="staff"/>', inner=marker)
    deploy(engine, straight(task))
    key = begun(engine, big=BIG)
    held = {scope: set(values) for scope, (_, values) in rows(engine, key).items()}
    assert {"vars.big"} in held.values()
    assert {"loop.items"} in held.values()
    mark(engine, key)

    complete(engine, key, "u")

    assert all(kept for kept, _ in rows(engine, key).values())
    assert consistent(engine)


def test_a_verb_that_fails_leaves_the_rows_as_they_were(engine):
    deploy(engine, straight(user("a")))
    key = begun(engine, big=BIG)
    before = rows(engine, key)

    def break_off():
        with engine.unit_of_work(ENGINE) as uow:
            runtime.set_variables(uow, key, {"big": "small"}, reason="test")
            uow.flush()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        break_off()

    assert rows(engine, key) == before
    assert look_at(engine, key).variables["big"] == BIG


def test_two_steps_in_one_transaction_write_what_the_last_one_left(engine):
    deploy(engine, straight(user("a")))
    key = begun(engine, big=BIG)

    with engine.unit_of_work(ENGINE) as uow:
        runtime.set_variables(uow, key, {"big": "small"}, reason="test")
        runtime.set_variables(uow, key, {"big": BIG[5:]}, reason="test")

    assert rows(engine, key) == {0: (False, {"vars.big": BIG[5:]})}
    assert look_at(engine, key).variables["big"] == BIG[5:]


def test_a_page_that_was_overtaken_looks_again(engine):
    deploy(engine, straight(user("a")))
    key = begun(engine, big=BIG)
    with engine.unit_of_work(ENGINE) as uow:
        seen = read(uow, key)
    set_(engine, key, big=BIG[1:])

    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        state = runtime.load(uow, seen)

    assert bpmn.variables(state)["big"] == BIG[1:]


def test_migration_and_modification_take_the_rows_along(engine):
    deploy(engine, straight(user("a"), user("b")))
    key = begun(engine, big=BIG)
    deploy(engine, straight(user("a"), user("c")))
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        new, old = (info.id for info in repository.versions(uow, "p"))
    mark(engine, key)

    with engine.unit_of_work(ENGINE) as uow:
        migration.migrate(uow, key, Plan(old, new), reason="test")
    plan = bpmn.Modification((token_at(engine, key, "a"),), (bpmn.Placing("c"),))
    with engine.unit_of_work(ENGINE) as uow:
        modification.modify(uow, key, plan, reason="test")

    assert rows(engine, key)[0][0]
    view = look_at(engine, key)
    assert (view.markers, view.variables["big"]) == ({"c": "active"}, BIG)
    assert consistent(engine)


def test_what_can_be_undone_later_lies_apart_too(engine):
    inner = (START + user("a") + END + flows("start a end")).replace('"start"', '"si"').replace('"end"', '"ei"')
    undo = element(
        "subProcess", "undo", triggeredByEvent="true",
        inner='<startEvent id="su"><compensateEventDefinition/></startEvent><endEvent id="eu"/>' + flows("su eu"),
    )  # fmt: skip
    inner = inner.replace('id="start_a" sourceRef="start"', 'id="si_a" sourceRef="si"') + undo
    own = '<zeebe:ioMapping><zeebe:input source="= big" target="own"/></zeebe:ioMapping>'
    deploy(engine, straight(element("subProcess", "s", own, inner=inner), user("b"), user("c")))
    key = begun(engine, big=BIG)
    complete(engine, key, "a")
    ((kept, held),) = rows(engine, key).values()
    assert sorted(place.partition(".")[0] for place in held) == ["log", "vars"]
    assert not kept
    mark(engine, key)

    complete(engine, key, "b")
    assert rows(engine, key)[0][0]
    with engine.unit_of_work(ENGINE) as uow:
        runtime.compensate(uow, key, "test")

    assert set(rows(engine, key)[0][1]) == {"vars.big"}
    assert consistent(engine)


def test_splitting_and_joining_a_document_changes_nothing(engine):
    deploy(engine, straight(user("a")))
    key = begun(engine, big=BIG, small=1)
    with engine.unit_of_work(ENGINE) as uow:
        state = runtime.load(uow, uow.lock_instance(key))
        whole = bpmn.dump(state)
        apart = bpmn.dump(state)
        parts = document.split(apart, lambda value: len(orjson.dumps(value)), 1000)
        assert set(parts[0]) == {"vars.big"}
        assert apart == bpmn.dump(state, parts)
        document.join(apart, parts)
        assert apart == whole
