"""gather(): everything that one payment stands on, in a document that verifies without this product."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select

from engine import audit, forms, history, identity, policy, reasons, records, repository, runtime, uploads
from engine.audit import verifier
from engine.db import rows
from engine.db.audit import audit as acts
from engine.db.base import metadata
from engine.db.instance import Instance
from engine.db.policy import ERASED, break_glass, policy_grant, policy_version
from engine.db.task import ItemDecision, Source, user_task, work_item
from engine.errors import NotFound, stored
from engine.policy.grants import demands
from engine.records import Record, RecordTable
from engine.tasks import closed
from engine.unit_of_work import UnitOfWork
from engine.values import Values, load_json, to_plain

PAYMENT, REQUEST = "erp_payment", "erp_payment_request"
_POLICY = f"{verifier.ACTS}policy"
_decided = (
    select(
        work_item.c.id, work_item.c.instance_id, work_item.c.decision, work_item.c.decision_source,
        work_item.c.decided_by, work_item.c.on_behalf_of_id, work_item.c.decided_at, work_item.c.opinion,
        work_item.c.reason, work_item.c.voided_at, work_item.c.form_digest, user_task.c.node, user_task.c.name,
        user_task.c.form, user_task.c.spec, user_task.c.scope_path, user_task.c.closed_at, work_item.c.shown_form,
    )
    .join(user_task, user_task.c.id == work_item.c.user_task_id)
    .where(work_item.c.instance_id == bindparam("of"), work_item.c.decided_at.is_not(None))
    .order_by(work_item.c.decided_at, work_item.c.id)
)  # fmt: skip

STEPS = {
    "zh": [
        "安装 Python 3.11 或更新版本及 cryptography 包。",
        "用印刷公布的公钥做成文件 keys.txt，每行一个（troika audit keys）。",
        "运行：python verify_audit.py evidence.json --keys keys.txt。退出码 0 表示完好。",
        "程序重算链上每一环的 SHA-256，沿 Merkle 路径算到检查点的根，核对 Ed25519 签名；"
        "再核对付款、放行、同意、决定与链上事实，并由事实重算摘要。",
        "检查点另存于数据库之外：将其中的根与外部文件比较。",
        "首个事实未注明 record 2 的链较早，尚不记载政策版本、文件与拦截：这类链验证时不核对这些内容，缺失也不会指出。",
        "锚定证明首份外部副本之后的顺序与完整，不证明录入内容为真。",
    ],
    "en": [
        "Install Python 3.11 or newer with the package cryptography.",
        "Put the public keys, as they were printed, into keys.txt, one a line (troika audit keys).",
        "Run: python verify_audit.py evidence.json --keys keys.txt. Exit code 0 means intact.",
        "It recomputes SHA-256 of every link, follows the Merkle path to the root of the checkpoint and checks its "
        "Ed25519 signature; then payment, clearance, approvals, decisions and facts of the chain, and their digests.",
        "The checkpoint also lies outside the database: compare its root with the file there.",
        "A chain whose first fact does not say record 2 is older and does not tell of versions of policies, files and "
        "holds: it is verified without them, and what is missing of them is not named.",
        "Anchors prove order and integrity since the first copy outside, not the truth of what was entered.",
    ],
}  # fmt: skip


def shown(uow: UnitOfWork, payment_id: UUID) -> dict[str, Any]:
    """What people read of the evidence of one payment: who approved what he saw, under which policies. Raises NotFound.

    `counts`: the decisions that it stands on, by capability.
    """
    row = _payment(uow, payment_id)
    stands = _rows(uow, row)
    return _for_people(uow, row, stands) | {
        "counts": {grant["item"]: grant["capability"] for grant in stands["grants"] if grant["item"] is not None},
        "instance": row.instance_id,
    }  # fmt: skip


def gather(uow: UnitOfWork, payment_id: UUID) -> dict[str, Any]:
    """The evidence of one payment. That it was exported goes on record. Raises NotFound."""
    row = _payment(uow, payment_id)
    stands = _rows(uow, row)
    named = [str(row.clearance_id), *(grant["item"] or grant["emergency"] for grant in stands["grants"])]
    chains = [_chain(uow, stream, named) for stream in _streams(row, stands)]
    chains.append(_chain(uow, _POLICY, [], _last_policy_act(uow, stands["clearances"])))
    known = audit.standing(uow)
    document: dict[str, Any] = {
        "format": verifier.EVIDENCE, "made_at": verifier.instant(uow.now), **_for_people(uow, row, stands),
        "rows": stands, "chains": chains,
        "rotations": [turning.document(with_leaves=False) for turning in audit.rotations(uow)],
        "keys": list(known.keys), "steps": STEPS,
    }  # fmt: skip
    history.act(uow, "audit", "evidence.exported", {"payment": str(payment_id)})
    return document


def chain(uow: UnitOfWork, stream: str) -> dict[str, Any]:
    """Every link of a chain, and the newest checkpoint that holds it with the way there; that it was exported is on
    record. Raises NotFound.
    """
    known = stream.startswith(verifier.ACTS) or identity.as_id(stream) is not None
    links = [[digest.hex(), text.decode()] for text, digest in audit.links_of(uow, stream)] if known else []
    if not links:
        raise NotFound(kind="chain", key=stream)
    history.act(uow, "audit", "audit.exported", {"stream": stream})
    return {"stream": stream, "links": links, "anchor": None, "leaf": [], "path": []} | _held(audit.proof(uow, stream))


def _held(proof: audit.Proof | None) -> dict[str, Any]:
    return {} if proof is None else {
        "anchor": proof.anchor.document(with_leaves=False), "leaf": list(proof.leaf),
        "path": [list(step) for step in proof.path],
    }  # fmt: skip


def _payment(uow: UnitOfWork, payment_id: UUID) -> Any:
    table = metadata.tables.get(PAYMENT)
    row: Any = None if table is None else uow.execute(select(table).where(table.c.id == payment_id)).one_or_none()
    if row is None:
        raise NotFound(kind="payment", key=payment_id)
    return row


def _streams(row: Any, stands: Mapping[str, Any]) -> list[str]:
    return sorted({grant["stream"] for grant in stands["grants"]} | {str(row.instance_id)})


def _for_people(uow: UnitOfWork, row: Any, stands: Mapping[str, Any]) -> dict[str, Any]:
    instance = rows.read(uow, row.instance_id)
    request = records.read(uow, REQUEST, str(row.request_id))
    return {
        "payment": {"id": str(row.id), **_shown(records.read(uow, PAYMENT, str(row.id)).table,
                                                records.read(uow, PAYMENT, str(row.id)).record)},
        "request": {
            "number": instance.number, "title": instance.title, "process": instance.process_key,
            "started_at": verifier.instant(instance.created_at), "starter": _name(uow, instance.starter_id),
            **_shown(request.table, request.record),
            "lines": [_shown(detail, line) for detail, lines in request.lines.values() if detail.name != PAYMENT
                      for line in lines],
        },
        "facts": stands["grants"][0]["facts"] if stands["grants"] else {},
        "display": _display(uow, stands["clearances"]),
        "decisions": [told for stream in _streams(row, stands) for told in _decisions(uow, UUID(stream))],
        "emergencies": _emergencies(uow, stands["grants"]),
        "policies": _policies(uow, stands["clearances"]), "definition": _definition(uow, instance),
    }  # fmt: skip


def find(uow: UnitOfWork, reference: str) -> UUID:
    """The id of the payment with this number or id. Raises NotFound."""
    table = metadata.tables.get(PAYMENT)
    key = identity.as_id(reference)
    if key is None and table is not None:
        key = uow.execute(select(table.c.id).where(table.c.payment_no == reference)).scalar()
    if key is None:
        raise NotFound(kind="payment", key=reference)
    return key


# ---------------------------------------------------------------- rows and chains


def _rows(uow: UnitOfWork, payment: Any) -> dict[str, Any]:
    """The payment alone, with its clearance, the approvals that it consumed and the decisions behind them, the versions
    of policies under which it was cleared and the emergencies that it stands on.
    """
    found = audit.read_rows(uow, [payment.instance_id])
    clearance = str(payment.clearance_id)
    links = [link for link in found.links if link["clearance"] == clearance]
    granted = {link["grant"] for link in links}
    grants = [grant for grant in found.grants if grant["id"] in granted]
    more = {UUID(grant["stream"]) for grant in grants} - {payment.instance_id}
    there = audit.read_rows(uow, sorted(more)) if more else audit.Rows()
    items, opened = [*found.items, *there.items], [*found.tasks, *there.tasks]
    decided, tasks = ({grant[name] for grant in grants} for name in ("item", "task"))
    cleared = [one for one in found.clearances if one["id"] == clearance]
    stated = {name for one in cleared for name in load_json(one["versions"] or "[]")}
    answered = {grant["emergency"] for grant in grants}
    return {
        "payments": [one for one in found.payments if one["id"] == str(payment.id)],
        "clearances": cleared, "links": links, "grants": grants,
        "items": [item for item in items if item["id"] in decided],
        "tasks": [task for task in opened if task["id"] in tasks],
        "versions": [one for one in found.versions if f"{one['policy']}@{one['version']}" in stated],
        "emergencies": [one for one in found.emergencies if one["id"] in answered],
    }  # fmt: skip


def _last_policy_act(uow: UnitOfWork, clearances: Iterable[Mapping[str, Any]]) -> int:
    at = max((verifier.parsed(one["cleared_at"]) for one in clearances), default=uow.now)
    query = select(acts.c.seq).where(acts.c.scope == "policy", acts.c.at <= at).order_by(acts.c.seq.desc()).limit(1)
    return uow.execute(query).scalar() or 0


def _chain(uow: UnitOfWork, stream: str, named: list[str], seq: int = 1) -> dict[str, Any]:
    """The links of a stream up to the one that the first checkpoint holds which covers `seq` and the last link that
    tells of `named`, and the way to its root; where none does yet, all links without an anchor.
    """
    links = [[digest.hex(), text.decode()] for text, digest in audit.links_of(uow, stream)]
    places = [place for place, (_, text) in enumerate(links, 1) if any(name in text for name in named)]
    proof = audit.proof(uow, stream, max([seq, *places]))
    told: dict[str, Any] = {"stream": stream, "links": links, "anchor": None}
    if proof is not None:
        told |= {"links": links[: proof.leaf[1]], **_held(proof)}
    return told


# ---------------------------------------------------------------- for people


def _shown(table: RecordTable, record: Record) -> dict[str, Any]:
    """A row as its page shows it: title, and (zh, en, value) by column; of a state its words in both languages."""

    def told(name: str) -> Any:
        value = to_plain(record.values[name])
        return " ".join(table.states.get(name, {}).get(value, (value,))) if isinstance(value, str) else value

    return {
        "title": record.title,
        "fields": [[zh, en, told(name)] for name, zh, en in table.columns
                   if not isinstance(record.values[name], UUID)],
    }  # fmt: skip


def _display(uow: UnitOfWork, clearances: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What approvers were shown, read again: `same` says whether its digest is the one that was approved."""
    told = []
    for one in clearances:
        found = policy.document(uow, one["subject_type"], one["subject_id"])
        told.append({"labels": dict(found.facts.display), "same": found.digest == one["subject_digest"]})
    return told


def _decisions(uow: UnitOfWork, instance_id: UUID) -> list[dict[str, Any]]:
    instance = rows.read(uow, instance_id)
    state = runtime.load(uow, instance)
    grants = {
        row.work_item_id: row
        for row in uow.execute(select(policy_grant).where(policy_grant.c.instance_id == instance_id))
    }
    told, decisions = [], cache(lambda: closed.decisions_of(uow, instance))
    for row in uow.execute(_decided, {"of": instance_id}).all():
        page = closed.look_back(uow, instance, state, row, row, decisions)
        grant = grants.get(row.id)
        labels = (row.spec or {}).get("labels") or {}
        told.append(
            {
                "item": str(row.id), "stream": str(instance_id), "node": row.node,
                "task": {"zh": labels.get("zh") or row.name, "en": labels.get("en") or row.name},
                "who": _name(uow, row.decided_by), "on_behalf_of": _name(uow, row.on_behalf_of_id),
                "decision": ItemDecision(row.decision).name.lower(),
                "source": Source(row.decision_source).name.lower(), "at": verifier.instant(row.decided_at),
                "opinion": row.opinion, "reason": row.reason, "because": _because(row.reason),
                "void": row.voided_at is not None,
                "form": page.form and form_of(uow, page.form, page.values, page.values_of),
                "form_lost": page.lost,
                "authority": None if grant is None else _authority(uow, grant),
                "decided_by_rule": None if grant is None else to_plain(grant.authority),
                "policy_versions": None if grant is None else to_plain(grant.policy_versions),
            }
        )  # fmt: skip
    return told


def _because(kept: str | None) -> dict[str, Any] | None:
    """Why somebody was asked, as a code with values; None where a person has written it, or nobody."""
    found = reasons.read(kept or "")
    return None if found is None else {"code": found.code, "values": found.values}


def _emergencies(uow: UnitOfWork, grants: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Who answered for the document in place of its approvals, and who looked afterwards."""
    found = {UUID(grant["emergency"]) for grant in grants if grant["emergency"] is not None}
    query = (
        select(break_glass, policy_version.c.version)
        .join(policy_version, policy_version.c.id == break_glass.c.policy_version_id)
        .where(break_glass.c.id.in_(found))
        .order_by(break_glass.c.id)
    )
    return [
        {
            "id": str(row.id), "policy": row.policy_id, "version": row.version,
            "reason": "" if row.reason == ERASED else row.reason,
            "asked_by": _name(uow, row.asked_by), "asked_at": verifier.instant(row.asked_at),
            "expires_at": verifier.instant(row.expires_at), "facts": to_plain(row.facts),
            "signed": [
                {"who": _name(uow, who), "at": verifier.instant(at)}
                for who, at in ((row.first_by, row.first_at), (row.second_by, row.second_at)) if who is not None
            ],
            "reviewed_by": _name(uow, row.reviewed_by), "review": row.review,
            "reviewed_at": None if row.reviewed_at is None else verifier.instant(row.reviewed_at),
        }
        for row in (uow.execute(query) if found else ())
    ]  # fmt: skip


def form_of(uow: UnitOfWork, form: forms.Form, values: Values, values_of: str) -> dict[str, Any]:
    """The form of a decision. `values_of`: what the values are, cf. `closed.Page`; `same`: those of the click.

    `files`: of its fields, each with its id as in the values and the SHA-256 of what is in it; `size` in bytes.
    """
    fields = [
        [one.labels.get("zh") or one.label, one.labels.get("en") or one.label, to_plain(values.get(one.path))]
        for one in form.fields
        if "." not in one.path
    ]
    files = [
        {"id": str(one.id), "name": one.name, "sha256": one.digest.hex(), "size": one.size}
        for one in uploads.contents(uow, form, values)
    ]
    return {"id": form.id, "sha256": form.digest.hex() if form.digest else None, "fields": fields, "files": files,
            "same": values_of == closed.DECIDED, "values_of": values_of}  # fmt: skip


def _authority(uow: UnitOfWork, grant: Any) -> list[dict[str, Any]]:
    """The rules by which this person's yes counted: what each asks of him."""
    return [
        {"policy": one.id, "approval": need.approval, "eligible": need.eligible, "capability": grant.capability}
        for one, need in demands(uow, grant.capability)
    ]


def _policies(uow: UnitOfWork, clearances: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The versions that were in force when the operation was cleared, in full."""
    told = []
    for one in clearances:
        at: datetime = verifier.parsed(one["cleared_at"])
        query = select(policy_version).where(
            policy_version.c.policy_id.in_(one["policies"]), policy_version.c.valid_from <= at,
            (policy_version.c.valid_to.is_(None)) | (policy_version.c.valid_to > at),
            policy_version.c.state != "proposed",
        ).order_by(policy_version.c.policy_id, policy_version.c.version)  # fmt: skip
        for row in uow.execute(query):
            told.append(
                {
                    "policy": row.policy_id, "version": row.version, "source": row.source,
                    "valid_from": verifier.instant(row.valid_from), "proposed_by": _name(uow, row.proposed_by),
                    "approved_by": _name(uow, row.approved_by), "statement": to_plain(row.statement),
                }
            )  # fmt: skip
    return told


def _definition(uow: UnitOfWork, instance: Instance) -> dict[str, Any]:
    """The version that ran, and what the proof says of it, with its forms and decisions, under the policies of now."""
    proof = repository.proof(uow, instance.definition_id)
    info, words = proof.definition, {one.word for one in proof.verdicts}
    return {
        "key": info.key, "name": info.name, "names": dict(info.meta.get("labels") or {}),
        "version": info.version, "digest": info.digest.hex(),
        "deployed_at": verifier.instant(info.deployed_at), "proved_at": verifier.instant(uow.now),
        "proof": next((word for word in policy.WORST if word in words), policy.PROVED),
        "findings": [{"text": found.message, "facts": {name: stored(fact) for name, fact in found.facts.items()}}
                     for found in proof.findings],
    }  # fmt: skip


def _name(uow: UnitOfWork, user_id: UUID | None) -> dict[str, str] | None:
    if user_id is None:
        return None
    found = identity.find(uow, [user_id])
    told = {"id": str(user_id), "zh": "", "en": ""}
    return told | ({"zh": found[0].name, "en": found[0].name_en or found[0].name} if found else {})
