"""Putting somebody into a group is an act that policies speak about: class `identity.grant_role`, subject `role`."""

from uuid import UUID

from engine import identity
from engine.errors import NotFound
from engine.operations import Facts, subject
from engine.policy import gate
from engine.unit_of_work import UnitOfWork

CLASS = "identity.grant_role"
SUBJECT = "role"


@subject(SUBJECT, id="role")
def role_facts(uow: UnitOfWork, *, role: str) -> Facts:
    """What an approval binds: the group and the account. `role`: `<key of the group>/<id of the account>`."""
    group_key, _, user_id = role.rpartition("/")
    key = identity.as_id(user_id)
    if key is None:
        raise NotFound(kind="account", key=user_id)
    group, user = identity.group(uow, group_key), identity.user(uow, key)
    return Facts(
        values={"group": group.key, "user": str(user.id)},
        people={"beneficiary": [user.id]},
        display={"Group": group.name, "User": user.name},
    )


def add_member(uow: UnitOfWork, group_key: str | UUID, user_key: str | UUID) -> None:
    """As `identity.add_member`, with the approvals that policies ask for. Raises NotFound, PolicyHold.

    Whatever somebody does by hand comes through here; set-up does not.
    """
    group, user = identity.group(uow, group_key), identity.user(uow, user_key)
    if group in identity.groups_of(uow, user.id):
        return
    gate.admit_act(uow, CLASS, "identity.add_member", SUBJECT, f"{group.key}/{user.id}", uow.actor.user_id)
    identity.add_member(uow, group.id, user.id)
