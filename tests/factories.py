"""Builders with good defaults: people, drawings in a few lines, operations that only tests call."""

from typing import Any
from uuid import UUID

from sqlalchemy import select

from engine import bpmn, identity, operations, repository, runtime
from engine.db.counter import counter
from engine.db.job import job
from engine.db.subscription import SubscriptionKind, subscription
from engine.db.task import inbox, user_task
from engine.errors import BusinessError
from engine.operations import OperationCall
from engine.process_engine import ProcessEngine
from engine.unit_of_work import ENGINE, Actor, UnitOfWork
from tests.engine.bpmn.drawing import END, START, drawing, element, flows, service, user

TOLD: list[dict[str, Any]] = []
"""What `test.tell` was asked to tell, over all tests; `key` of the call tells them apart."""
RESULT_TOLD = 2
"""Jobs that tell the requester of the result: whom to tell, and his notice."""
BEHAVIOUR: dict[str, Any] = {}
"""What `test.unsteady` raises, by name; emptied by the fixture that sets it."""


@operations.operation("test.tally", outputs={"tally": "number"}, errors=("TEST.REFUSED",))
def tally(uow: UnitOfWork, *, name: str = "tally", refuse: bool = False) -> dict[str, Any]:
    """Count up one row; refuse when asked."""
    row = select(counter.c.value).where(counter.c.name == name)
    value = (uow.execute(row).scalar() or 0) + 1
    if value == 1:
        uow.execute(counter.insert(), {"name": name, "value": 1})
    else:
        uow.execute(counter.update().where(counter.c.name == name).values(value=value))
    if refuse:
        raise BusinessError("TEST.REFUSED", tally=value)
    return {"tally": value}


@operations.operation("test.booked", compensated_by="test.look")
def booked(uow: UnitOfWork) -> dict[str, Any]:
    """Something that another operation would have to undo."""
    return tally(uow, name="booked")


@operations.operation("test.look", outputs={"seen": "any"}, effect="read")
def look(uow: UnitOfWork, *, value: Any = None) -> dict[str, Any]:
    """Give the value back; no record is kept of a read."""
    return {"seen": value}


@operations.operation("test.unsteady", outputs={"tally": "number"})
def unsteady(uow: UnitOfWork, *, name: str = "unsteady", call: OperationCall) -> dict[str, Any]:
    """Count up one row, then raise what the test has put into BEHAVIOUR."""
    result = tally(uow, name=name)
    error = BEHAVIOUR.get("raise")
    if error is not None:
        raise error
    return result


@operations.external_operation("test.tell", outputs={"answer": "any"}, errors=("TEST.NO",), idempotent=True)
def tell(http: Any, *, text: str, call: OperationCall) -> dict[str, Any]:
    """Say something to the outside."""
    answer = http.post("https://partner.example/told", {"text": text, "key": str(call.key)})
    if answer.body == "no":
        raise BusinessError("TEST.NO", text=text)
    return {"answer": answer.body}


@operations.external_operation("test.wire", outputs={"answer": "any"}, idempotent=False)
def wire(http: Any, *, text: str) -> dict[str, Any]:
    """Say something that must not be said twice."""
    return {"answer": http.post("https://partner.example/wired", {"text": text}).body}


def staff(uow: UnitOfWork, *logins: str) -> list[UUID]:
    """Group `staff` with these members, and the people of last resort."""
    ids = []
    for key in ("staff", "process_admin"):
        identity.create_group(uow, key, key)
    for login in logins or ("ann", "bob"):
        person = identity.create_user(uow, login, login.title())
        identity.add_member(uow, "staff", person.id)
        identity.add_member(uow, "process_admin", person.id)
        ids.append(person.id)
    return ids


def ann(engine: ProcessEngine) -> Actor:
    """An actor who may do what staff may do; made at the first question."""
    with engine.unit_of_work(ENGINE) as uow:
        known = identity.find(uow, ["ann"])
        return Actor(known[0].id if known else staff(uow)[0])


def operator(engine: ProcessEngine) -> Actor:
    """Ann, who may also change running instances by hand."""
    actor = ann(engine)
    with engine.unit_of_work(ENGINE) as uow:
        if not identity.find_groups(uow, ["operators"]):
            identity.create_group(uow, "operators", "Operators", capabilities="cockpit")
            identity.add_member(uow, "operators", "ann")
    return actor


def deploy(engine: ProcessEngine, *drawings: bytes, **files: bytes) -> None:
    """Deploy drawings; a finding is a failing test."""
    resources = {f"test{number}.bpmn": xml for number, xml in enumerate(drawings)}
    resources |= {name.replace("__", "."): content for name, content in files.items()}
    with engine.unit_of_work(ENGINE) as uow:
        repository.deploy(uow, resources)


def straight(*nodes: str, process_id: str = "p", roots: str = "", more: str = "", attributes: str = "") -> bytes:
    """Start -> nodes in their order -> end. `nodes` are elements; `more`: flows and nodes beside the line."""
    ids = [node.split('id="', 1)[1].split('"', 1)[0] for node in nodes]
    line = flows(" ".join(["start", *ids, "end"]))
    return drawing(START + "".join(nodes) + END + line + more, roots, process_id, attributes)


def begun(engine: ProcessEngine, key: str = "p", **variables: Any) -> UUID:
    """An instance that Ann started."""
    actor = ann(engine)
    with engine.unit_of_work(actor) as uow:
        return runtime.start(uow, key, variables).id


def look_at(engine: ProcessEngine, instance_id: UUID) -> runtime.InstanceView:
    """The instance as pages show it."""
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        return runtime.instance_view(uow, instance_id)


def token_at(engine: ProcessEngine, instance_id: UUID, node: str) -> int:
    """The number of the wait at an element."""
    return next(token for token, at, _ in look_at(engine, instance_id).waits if at == node)


def complete(engine: ProcessEngine, instance_id: UUID, node: str, **outputs: Any) -> None:
    """Answer a wait, whoever it belongs to."""
    token = token_at(engine, instance_id, node)
    with engine.unit_of_work(ENGINE) as uow:
        instance = uow.lock_instance(instance_id)
        runtime.resume(uow, instance, token, outputs)


def open_rows(engine: ProcessEngine, instance_id: UUID) -> set[tuple[int, str]]:
    """(token, table) of every row that waits, to compare with the waits of the state."""
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        found = {
            (token, "work")
            for token in uow.execute(
                select(user_task.c.token).where(user_task.c.instance_id == instance_id, user_task.c.status == 0)
            ).scalars()
        }
        kinds = {1: "job", 2: "timer", 3: "work"}
        jobs = select(job.c.token, job.c.kind).where(job.c.instance_id == instance_id, job.c.kind < 4)
        found |= {(row.token, kinds[row.kind]) for row in uow.execute(jobs)}
        waits = select(subscription.c.token, subscription.c.kind).where(
            subscription.c.instance_id == instance_id, subscription.c.token > 0
        )
        return found | {(row.token, SubscriptionKind(row.kind).name.lower()) for row in uow.execute(waits)}


def waits_of(engine: ProcessEngine, instance_id: UUID) -> set[tuple[int, str]]:
    """(token, kind) of every open wait of the state that a row must stand for; a stuck wait keeps its row."""
    state = look_at(engine, instance_id).state
    return {(token, kind) for token, _, kind in bpmn.waits(state) if kind not in ("incident", "condition")}


def inbox_size(engine: ProcessEngine) -> int:
    """Rows of every inbox."""
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        return len(uow.execute(select(inbox.c.work_item_id)).all())


__all__ = [
    "BEHAVIOUR", "ann", "begun", "complete", "deploy", "drawing", "element", "flows", "inbox_size", "look_at",
    "open_rows", "service", "staff", "straight", "tally", "token_at", "user", "waits_of",
]  # fmt: skip
