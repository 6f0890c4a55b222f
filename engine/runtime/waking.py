"""A rejected request that goes on: the opposite of its end, and the proof that no approval is got round by it."""

from sqlalchemy import bindparam, select

from engine import bpmn, repository
from engine.db.instance import Instance, Status
from engine.db.instance import instance as instance_table
from engine.errors import BusinessKeyTaken, MoveRefused
from engine.findings import errors_of
from engine.runtime import proof
from engine.runtime.environment import env, load
from engine.runtime.settling import settle
from engine.unit_of_work import UnitOfWork

_taken = select(instance_table.c.id).where(
    instance_table.c.process_key == bindparam("of_process"), instance_table.c.business_key == bindparam("of_key"),
    instance_table.c.status.in_((int(Status.RUNNING), int(Status.SUSPENDED))),
)  # fmt: skip


def wake(uow: UnitOfWork, instance: Instance, node: str | None) -> None:
    """Run again from `node`. Raises MoveRefused, BusinessKeyTaken when another request has its key by now."""
    if instance.business_key is not None:
        uow.alone(f"business key {instance.process_key} {instance.business_key}")
        if uow.execute(_taken, {"of_process": instance.process_key, "of_key": instance.business_key}).first():
            process = repository.definition(uow, instance.definition_id).key
            raise BusinessKeyTaken(process=process, business_key=instance.business_key)
    uow.flush()  # grants that are void by now must not help the proof
    step = bpmn.wake(load(uow, instance), node or "", now=uow.now, env=env(uow, instance))
    refused = errors_of(proof.prove(uow, instance, step.state))
    if refused:
        raise MoveRefused(refused)
    instance.status, instance.ended_at, instance.ended_code = Status.RUNNING, None, None
    settle(uow, instance, step)
