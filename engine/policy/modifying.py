"""Moving a running request by hand is an act that policies speak about: class `instance.modify`, subject `instance`."""

from uuid import UUID

from engine.db import rows
from engine.operations import Facts, subject
from engine.policy import gate
from engine.unit_of_work import UnitOfWork

CLASS = "instance.modify"
SUBJECT = "instance"


@subject(SUBJECT, id="instance_id")
def instance_facts(uow: UnitOfWork, *, instance_id: UUID) -> Facts:
    """What an approval binds: the request and its process, not where its tokens go."""
    found = rows.read(uow, instance_id)
    return Facts(
        values={"instance": str(found.id), "process": found.process_key},
        people={"requester": [] if found.starter_id is None else [found.starter_id]},
        display={"Request": found.title or str(found.id), "Process": found.process_key},
    )


def admit_modification(uow: UnitOfWork, instance_id: UUID) -> None:
    """Let a request be modified once, with the approvals that policies ask for. Raises PolicyHold."""
    gate.admit_act(uow, CLASS, "modification.modify", SUBJECT, instance_id, uow.actor.user_id)
