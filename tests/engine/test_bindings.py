"""Which version a call activity enters: the latest, the one deployed together with its caller, or one with a tag."""

import json
from datetime import timedelta
from types import SimpleNamespace
from uuid import UUID

import pytest
from sqlalchemy import select, update

from engine import evidence, migration, repository, runtime, tasks
from engine.audit import verifier
from engine.db.definition import definition
from engine.errors import DeploymentRefused
from engine.forms import reader
from engine.migration import Plan
from engine.unit_of_work import ENGINE
from tests.consistency import consistent
from tests.engine.bpmn.drawing import END, START, drawing, element, flows, user
from tests.factories import ann, begun, complete, deploy, look_at, straight
from tests.redteam.walls import without


def call(key, process="ship", binding="deployment", tag=None):
    bound = f' bindingType="{binding}"' if binding else ""
    tagged = f' versionTag="{tag}"' if tag else ""
    return element("callActivity", key, f'<zeebe:calledElement processId="{process}"{bound}{tagged}/>')


def shipping(task, tag=None, process_id="ship"):
    """A process with one user task; `tag`: its version tag."""
    xml = straight(user(task), process_id=process_id)
    if tag is None:
        return xml
    head, opened, rest = xml.partition(f'<process id="{process_id}"'.encode())
    inside, end, body = rest.partition(b">")
    word = f'<extensionElements><zeebe:versionTag value="{tag}"/></extensionElements>'.encode()
    return head + opened + inside + end + word + body


def selling(*calls):
    return straight(*calls, process_id="sell")


def inside(engine, key="sell"):
    """The user tasks that an instance begun now waits at."""
    view = look_at(engine, begun(engine, key))
    return [node for _, node, kind in view.waits if kind == "work"]


def refused(engine, *drawings):
    with pytest.raises(DeploymentRefused) as raised:
        deploy(engine, *drawings)
    with engine.unit_of_work(ENGINE) as uow:
        resources = {f"test{number}.bpmn": xml for number, xml in enumerate(drawings)}
        checked = {(finding.rule, finding.element_id) for finding in repository.check(uow, resources)}
    found = [(finding.rule, finding.element_id) for finding in raised.value.findings]
    assert set(found) <= checked, "the check says the same beforehand"
    return found


def version(engine, number, key="sell"):
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        return next(info.id for info in repository.versions(uow, key) if info.version == number)


# ---------------------------------------------------------------- entering


def test_without_a_binding_the_newest_is_entered_when_the_call_is_reached(engine):
    deploy(engine, shipping("pack"), selling(user("first"), call("c", binding=None)))
    instance = begun(engine, "sell")
    deploy(engine, shipping("wrap"))

    complete(engine, instance, "first")

    assert [node for _, node, kind in look_at(engine, instance).waits if kind == "work"] == ["wrap"]


def test_a_tag_finds_the_newest_version_that_bore_it_when_the_caller_was_deployed(engine):
    deploy(engine, shipping("old", "v1"))
    deploy(engine, shipping("better", "v1"))
    deploy(engine, shipping("other", "v2"))
    deploy(engine, selling(call("c", binding="versionTag", tag="v1")))
    assert inside(engine) == ["better"]

    deploy(engine, shipping("late", "v1"))

    assert inside(engine) == ["better"]


def test_a_tag_finds_the_version_that_is_deployed_in_the_same_set(engine):
    deploy(engine, selling(call("c", binding="versionTag", tag="v1")), shipping("pack", "v1"))
    assert inside(engine) == ["pack"]

    deploy(engine, selling(call("c", binding="versionTag", tag="v1")), shipping("wrap", "v1"))

    assert inside(engine) == ["wrap"]


def test_calls_of_one_process_may_be_bound_differently(engine):
    deploy(engine, shipping("tagged", "v1"))
    deploy(
        engine, shipping("together", "v2"),
        selling(call("a", binding="versionTag", tag="v1"), call("b"), call("c", binding="latest")),
    )  # fmt: skip
    deploy(engine, shipping("newest"))
    instance = begun(engine, "sell")

    for task in ("tagged", "together", "newest"):
        complete(engine, instance, task)

    assert look_at(engine, instance).instance.status.name == "COMPLETED"


def test_a_call_back_that_follows_the_latest_does_not_change_what_was_deployed_together(engine):
    back = straight(call("back", "sell", "latest"), user("pack"), process_id="ship")
    deploy(engine, shipping("old"), straight(user("u"), process_id="sell"))
    deploy(engine, straight(call("c"), process_id="sell"), back)

    key, called = version(engine, 2), version(engine, 2, "ship")
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert repository.definition(uow, key).meta["pins"] == {"process:ship": str(called)}


def test_a_process_may_call_an_older_version_of_itself_by_its_tag(engine):
    deploy(engine, shipping("old", "v1"))
    again = straight(user("new"), call("c", binding="versionTag", tag="v1"), process_id="ship")
    deploy(engine, again)
    instance = begun(engine, "ship")

    complete(engine, instance, "new")

    assert [node for _, node, kind in look_at(engine, instance).waits if kind == "work"] == ["old"]


def test_a_version_that_was_pinned_before_tags_were_told_apart_still_runs(engine):
    deploy(engine, shipping("old", "v1"))
    deploy(engine, selling(call("c", binding="versionTag", tag="v1")))
    key = version(engine, 1)
    with without(engine, definition, "definition_frozen"), engine.unit_of_work(ENGINE) as uow:
        meta = uow.execute(select(definition.c.meta).where(definition.c.id == key)).scalar()
        meta = {**meta, "pins": {"process:ship": meta["pins"]["process:ship@v1"]}}
        uow.execute(update(definition).where(definition.c.id == key).values(meta=meta))

    assert inside(engine) == ["old"]


def test_who_calls_a_version_that_shows_the_newest_form_is_named_with_its_users(engine):
    with engine.unit_of_work(ENGINE) as uow:
        repository.deploy(uow, {"processes/oa/asking.bpmn": asking(None), "forms/oa/ask.json": form("first")})
        repository.deploy(uow, {"sell.bpmn": selling(call("c", "asking"))})
        repository.deploy(uow, {"processes/oa/asking.bpmn": straight(user("only"), process_id="asking")})

        assert [info.key for info in repository.showing(uow, "oa/ask")] == ["sell"]


# ---------------------------------------------------------------- forms


def form(label, form_id="oa/ask"):
    """A form of one field."""
    field = {"id": "Field_why", "type": "textfield", "key": "why", "label": label}
    return json.dumps({"id": form_id, "type": "default", "schemaVersion": 18, "components": [field]}).encode()


def asking(binding, *more):
    bound = f' bindingType="{binding}"' if binding else ""
    who = '<zeebe:userTask/><zeebe:assignmentDefinition assignee="= process.initiator"/>'
    task = element("userTask", "ask", f'{who}<zeebe:formDefinition formId="oa/ask"{bound}/>')
    return straight(task, *more, process_id="asking")


def shown(engine, definition_id):
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        return repository.form(uow, "oa/ask", definition_id).fields[0].label


@pytest.mark.parametrize(("binding", "old"), [("deployment", "first"), ("latest", "second"), (None, "second")])
def test_what_runs_keeps_the_form_that_it_was_deployed_with_or_shows_the_newest(engine, binding, old):
    files = {"processes/oa/asking.bpmn": asking(binding), "forms/oa/ask.json": form("first")}
    with engine.unit_of_work(ENGINE) as uow:
        repository.deploy(uow, files)
        before = repository.latest(uow, "asking").id

    with engine.unit_of_work(ENGINE) as uow:
        repository.deploy(uow, {"forms/oa/ask.json": form("second")})
        assert [info.key for info in repository.showing(uow, "oa/ask")] == (
            [] if binding == "deployment" else ["asking"]
        )
    assert shown(engine, before) == old

    with engine.unit_of_work(ENGINE) as uow:
        made = repository.deploy(uow, {**files, "forms/oa/ask.json": form("third")}).new
    assert [info.kind.name.lower() for info in made] == ["form", "process"][: 2 if binding == "deployment" else 1]
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        after = repository.latest(uow, "asking").id
    assert (shown(engine, before), shown(engine, after)) == ("first" if binding == "deployment" else "third", "third")


@pytest.mark.parametrize("kept", [True, False], ids=["kept", "from_before_it_was_kept"])
@pytest.mark.parametrize("binding", ["deployment", "latest"])
def test_what_was_decided_is_shown_with_the_form_that_the_person_saw(engine, clock, monkeypatch, binding, kept):
    """In a called process too, and after it has moved to a version with another form."""
    if not kept:
        monkeypatch.setattr(reader, "sha256", lambda file: SimpleNamespace(digest=lambda: None))
        monkeypatch.setitem(verifier.SEALED, "items", verifier.FORMER["items"][0])
    calling = straight(call("c", "asking", binding=None), user("last"), process_id="sell")
    with engine.unit_of_work(ENGINE) as uow:
        repository.deploy(uow, {"processes/oa/asking.bpmn": asking(binding, user("next")), FORM: form("first")})
        repository.deploy(uow, {"sell.bpmn": calling})
    called, gone, alone = begun(engine, "sell"), begun(engine, "sell"), begun(engine, "asking")
    decide_all(engine)
    complete(engine, gone, "next")
    clock.advance(timedelta(minutes=1))
    with engine.unit_of_work(ENGINE) as uow:
        changed = asking(binding, user("next"), user("more"))
        repository.deploy(uow, {"processes/oa/asking.bpmn": changed, "sell.bpmn": calling, FORM: form("second")})
    plan = Plan(version(engine, 1, "asking"), version(engine, 2, "asking"))
    with engine.unit_of_work(ann(engine)) as uow:
        migration.migrate(uow, alone, plan, reason="a better way")
    late = begun(engine, "sell")
    decide_all(engine)
    clock.advance(timedelta(minutes=1))
    with engine.unit_of_work(ENGINE) as uow:
        repository.deploy(uow, {FORM: form("third")})

    first, second = ("first", "first", "asking v1"), ("second", "second", "asking v2")
    assert [seen_again(engine, one) for one in (called, gone, alone, late)] == [[first], [first], [first], [second]]


FORM = "forms/oa/ask.json"


def decide_all(engine):
    """Ann does what her list holds."""
    with engine.unit_of_work(ann(engine)) as uow:
        todo = [item.work_item_id for item in tasks.inbox(uow, "todo").items]
    for item in todo:
        with engine.unit_of_work(ann(engine)) as uow:
            tasks.complete(uow, item)


def seen_again(engine, instance):
    """(form on the page, form in the evidence, where it was asked) of every decision with a form."""
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        told = [one for one in evidence._decisions(uow, instance) if one["form"] is not None]
        views = [tasks.get(uow, UUID(one["item"])) for one in told]
        drawn = [repository.definition(uow, view.definition_id) for view in views]
        return [
            (view.form.fields[0].label, one["form"]["fields"][0][0], f"{info.key} v{info.version}")
            for view, one, info in zip(views, told, drawn, strict=True)
        ]


# ---------------------------------------------------------------- refused


def test_a_form_that_is_missing_or_that_no_version_can_be_chosen_for_is_refused(engine):
    assert refused(engine, asking("deployment")) == [("reference-exists", "ask")]
    with engine.unit_of_work(ENGINE) as uow:
        repository.deploy(uow, {"forms/oa/ask.json": form("first")})
    assert refused(engine, asking("versionTag")) == [("reference-exists", "ask")]
    assert refused(engine, asking("deployment").replace(b"oa/ask", b"= which")) == [("binding-not-fixed", "ask")]


def test_a_pinned_process_that_is_missing_is_refused(engine):
    assert refused(engine, selling(call("c"))) == [("reference-exists", "c")]
    deploy(engine, shipping("pack", "v1"))
    assert refused(engine, selling(call("c", binding="versionTag", tag="v2"))) == [("reference-exists", "c")]
    assert refused(engine, selling(call("c", binding="versionTag"))) == [("version-tag-missing", "c")]


def test_a_pinned_process_that_an_expression_names_is_refused(engine):
    deploy(engine, shipping("pack"))

    assert refused(engine, selling(call("c", "= target"))) == [("binding-not-fixed", "c")]


def test_processes_that_pin_each_other_are_refused(engine):
    sell = straight(call("c"), process_id="sell")
    ship = straight(call("back", "sell"), process_id="ship")

    assert refused(engine, sell, ship) == [("binding-circular", "back")]


def test_a_missing_process_at_run_time_is_an_incident_until_it_is_deployed(engine):
    deploy(engine, selling(call("c", "= target", "latest")))
    instance = begun(engine, "sell", target="ship")
    incident = look_at(engine, instance).incidents[0]
    assert (incident.node, incident.code) == ("c", "called-process-missing")
    deploy(engine, shipping("pack"))

    with engine.unit_of_work(ENGINE) as uow:
        runtime.resolve(uow, incident.id)

    complete(engine, instance, "pack")
    assert look_at(engine, instance).instance.status.name == "COMPLETED"
    assert consistent(engine)


# ---------------------------------------------------------------- following another version


def moved(engine, instance):
    plan = Plan(version(engine, 1), version(engine, 2))
    with engine.unit_of_work(ENGINE) as uow:
        migration.migrate(uow, instance, plan, reason="better")


def versions_inside(engine, instance):
    """Version of each running call, by call activity."""
    with engine.unit_of_work(ENGINE) as uow:
        state = runtime.load(uow, uow.lock_instance(instance))
        called = [scope for scope in state.scopes.values() if scope.kind == "call"]
        return {
            state.tokens[scope.token].node.id: repository.definition(uow, UUID(scope.definition_id)).version
            for scope in called
        }


def test_a_call_of_a_caller_that_moves_follows_to_the_tag_of_the_new_version(engine):
    deploy(engine, shipping("pack", "v1"))
    deploy(engine, selling(call("c", binding="versionTag", tag="v1")))
    instance = begun(engine, "sell")
    deploy(engine, shipping("pack", "v2"))
    deploy(engine, shipping("pack", "v3"))
    deploy(engine, selling(call("c", binding="versionTag", tag="v2")))

    moved(engine, instance)

    assert versions_inside(engine, instance) == {"c": 2}
    complete(engine, instance, "pack")
    assert consistent(engine)


def test_calls_of_one_version_part_when_the_new_caller_binds_them_differently(engine):
    def both(first, second):
        fork = '<parallelGateway id="fork"/>' + first + second
        return drawing(START + fork + END + flows("start fork a end", "fork b end"), process_id="sell")

    tagged = {"binding": "versionTag", "tag": "v1"}
    deploy(engine, shipping("pack", "v1"))
    deploy(engine, both(call("a", **tagged), call("b", **tagged)))
    instance = begun(engine, "sell")
    deploy(engine, shipping("pack", "v2"))
    deploy(engine, both(call("a", **tagged), call("b", binding="latest")))

    moved(engine, instance)

    assert versions_inside(engine, instance) == {"a": 1, "b": 2}
    assert consistent(engine)


def test_a_running_call_stays_when_the_new_caller_calls_another_process(engine):
    deploy(engine, shipping("pack"), shipping("lift", process_id="carry"), selling(call("c", binding="latest")))
    instance = begun(engine, "sell")
    deploy(engine, shipping("wrap"))
    deploy(engine, selling(call("c", "carry", "latest")))

    moved(engine, instance)

    assert versions_inside(engine, instance) == {"c": 1}
    complete(engine, instance, "pack")
    assert consistent(engine)
