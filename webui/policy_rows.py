"""What controllers look up: live approvals by document and person, cleared payments with those who approved them."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select

from engine import evidence, identity, policy
from engine.db.base import metadata
from engine.db.identity import user_account
from engine.db.instance import instance
from engine.db.policy import clearance, clearance_grant, policy_grant
from engine.policy import Emergency
from engine.unit_of_work import UnitOfWork
from webui.reader import Reader

PAGE = 50

_person = user_account.alias("person")
_principal = user_account.alias("principal")
_grants = (
    select(
        policy_grant, _person.c.name.label("who"), _person.c.name_en.label("who_en"),
        _principal.c.name.label("principal"), _principal.c.name_en.label("principal_en"), instance.c.title,
        instance.c.number,
    )
    .join(_person, _person.c.id == policy_grant.c.account_id)
    .join(_principal, _principal.c.id == policy_grant.c.on_behalf_of_id, isouter=True)
    .join(instance, instance.c.id == policy_grant.c.instance_id, isouter=True)
)  # fmt: skip


def requests(uow: UnitOfWork, keys: Sequence[UUID]) -> dict[UUID, Row[Any]]:
    """Title and number of these requests."""
    query = select(instance.c.id, instance.c.title, instance.c.number).where(instance.c.id.in_(keys))
    return {row.id: row for row in uow.execute(query)} if keys else {}


def emergencies(uow: UnitOfWork, reader: Reader) -> tuple[list[Emergency], set[UUID]]:
    """Broken glass that concerns the reader, and the ids of what he may sign: those who look after policies or read the
    record see all of it, others what they may sign.
    """
    roles = {one.policy.id: set(one.policy.break_glass.roles) if one.policy.break_glass else set()
             for one in policy.versions_in_force(uow)}  # fmt: skip
    mine = {group.key for group in identity.groups_of(uow, reader.id)}
    found = policy.emergencies(uow)
    signs = {one.id for one in found if mine & roles.get(one.policy_id, set())}
    sees_all = not reader.capabilities.isdisjoint(("admin", "policy", "audit"))
    return [one for one in found if sees_all or one.id in signs], signs


def grants(
    uow: UnitOfWork, *, text: str = "", state: str = "active", before: UUID | None = None, document: str = "",
    person: str = "",
) -> tuple[Sequence[Row[Any]], UUID | None]:  # fmt: skip
    """Newest first; `text`: in the document's id, the request's number or the person's name. `document`, `person`: the
    id of exactly this one, the login or id of exactly him.
    """
    query = _grants.order_by(policy_grant.c.id.desc()).limit(PAGE + 1)
    if state:
        query = query.where(policy_grant.c.state == state)
    if text:
        query = query.where(
            policy_grant.c.subject_id.icontains(text, autoescape=True)
            | (instance.c.number == text)
            | _person.c.name.icontains(text, autoescape=True)
            | (_person.c.login == text)
        )
    if document:
        query = query.where(policy_grant.c.subject_id == document)
    if person:
        account = identity.as_id(person)
        query = query.where(_person.c.login == person if account is None else policy_grant.c.account_id == account)
    return _paged(uow, query, policy_grant.c.id, before)


def cleared(uow: UnitOfWork, *, text: str = "", before: UUID | None = None) -> tuple[list[dict[str, Any]], UUID | None]:
    """Guarded calls that were let through, newest first, each with the people whose approvals it used."""
    query = (
        select(clearance, instance.c.title, instance.c.number)
        .join(instance, instance.c.id == clearance.c.instance_id, isouter=True)
        .where(clearance.c.state == "used")
        .order_by(clearance.c.id.desc())
        .limit(PAGE + 1)
    )
    if text:
        query = query.where(
            clearance.c.subject_id.icontains(text, autoescape=True)
            | (instance.c.number == text)
            | clearance.c.payee_id.icontains(text, autoescape=True)
        )
    rows, following = _paged(uow, query, clearance.c.id, before)
    used: dict[UUID, list[Any]] = {}
    wanted = [row.id for row in rows]
    if wanted:
        links = (
            select(
                clearance_grant.c.clearance_id, clearance_grant.c.requirement, policy_grant.c.source,
                policy_grant.c.granted_at, _person.c.name, _person.c.name_en,
            )
            .join(policy_grant, policy_grant.c.id == clearance_grant.c.grant_id)
            .join(_person, _person.c.id == policy_grant.c.account_id)
            .where(clearance_grant.c.clearance_id.in_(wanted))
            .order_by(policy_grant.c.id)
        )  # fmt: skip
        for link in uow.execute(links):
            used.setdefault(link.clearance_id, []).append(link)
    paid = _payments(uow, wanted)
    return [
        {"row": row, "approved": used.get(row.id, []), "payment": paid.get(row.id)} for row in rows
    ], following  # fmt: skip


def _payments(uow: UnitOfWork, cleared_by: Sequence[UUID]) -> dict[UUID, UUID]:
    """Clearance -> the payment that it let through; a site without the ERP module has none."""
    table = metadata.tables.get(evidence.PAYMENT)
    if table is None or not cleared_by:
        return {}
    rows = uow.execute(select(table.c.clearance_id, table.c.id).where(table.c.clearance_id.in_(cleared_by)))
    return {row.clearance_id: row.id for row in rows}


def _paged(uow: UnitOfWork, query: Any, key: Any, before: UUID | None) -> tuple[Sequence[Row[Any]], UUID | None]:
    rows = uow.execute(query if before is None else query.where(key < before)).all()
    return rows[:PAGE], rows[PAGE - 1].id if len(rows) > PAGE else None
