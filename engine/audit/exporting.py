"""export(): the record as plain files, with the program that verifies them without this product."""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sqlalchemy import select

from engine import history
from engine.audit import anchoring, checking, verifier
from engine.audit.rows import read_rows
from engine.audit.verifier import ACTS, EXPORT, Rows
from engine.db.audit import audit_tip
from engine.db.identity import user_account
from engine.db.instance import instance
from engine.errors import N_, EngineError
from engine.process_engine import ProcessEngine
from engine.unit_of_work import Actor, UnitOfWork

VERIFIER = "verify_audit.py"
_README = """Troika audit export 审计导出

facts.txt, acts.txt   every link: SHA-256 in hex, then its canonical text. 每一环：SHA-256 与规范文本
tips.jsonl            where each chain ends. 各链末端
rows.jsonl            payments, clearances, approvals, decisions, tasks, policies, signatures, files, holds,
                      people, deployments.
                      付款、放行、同意、决定、任务、策略、签名、附件、拦截、人员与部署
anchors/              signed checkpoints with their leaves. 已签名的检查点及其叶

Verify 验证 (Python 3.11 or newer with the package `cryptography`):

    python verify_audit.py . --keys KEYS --anchors FOLDER

KEYS: the public keys as they were printed, one a line. FOLDER: the checkpoints as they lie outside the database.
KEYS：印刷公布的公钥，每行一个。FOLDER：数据库之外保存的检查点。
Exit 退出码: 0 intact 完好, 1 broken 断链, 2 missing 缺失, 3 signature 签名, 4 overdue 锚定逾期.
"""


class FolderNotEmpty(EngineError):
    """An export never mixes with other files."""

    message = N_("Expected an empty folder to export to, found files in {folder}.")
    status = 409


def export(engine: ProcessEngine, folder: Path, actor: Actor) -> dict[str, int]:
    """Write the record to `folder`; how much of what. The export itself is an act on record. Raises FolderNotEmpty."""
    if folder.exists() and any(folder.iterdir()):
        raise FolderNotEmpty(folder=folder)
    (folder / "anchors").mkdir(parents=True, exist_ok=True)
    with engine.unit_of_work(actor) as uow:
        history.act(uow, "audit", "audit.exported", {"files": folder.name})
    with engine.unit_of_work(actor, read_only=True) as uow:
        checking.snapshot(uow)
        counts = _write(uow, folder)
        manifest: dict[str, Any] = {
            "format": EXPORT, "rows": verifier.ROWS, "whole": True, "exported_at": verifier.instant(uow.now),
            "anchor_every_seconds": int(anchoring.every(engine.settings).total_seconds()), "counts": counts,
            "accounts": sorted(str(key) for key in uow.execute(select(user_account.c.id)).scalars()),
            "files": {
                name: _digest(folder / name) for name in ("facts.txt", "acts.txt", "tips.jsonl", "rows.jsonl")
            },
        }  # fmt: skip
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1), encoding="utf-8")
    (folder / VERIFIER).write_bytes(verifier_source())
    (folder / "README.txt").write_text(_README, encoding="utf-8")
    return counts


def verifier_source() -> bytes:
    """The program that needs nothing of ours."""
    return Path(verifier.__file__).read_bytes()


def _write(uow: UnitOfWork, folder: Path) -> dict[str, int]:
    anchors, _ = checking.read_anchors(uow)
    for made in anchors:
        (folder / "anchors" / f"{made.number:010d}.json").write_bytes(anchoring.exported(made))
    keys = dict.fromkeys(key for made in anchors for key in (made.key, made.next_key) if key)
    (folder / "keys.txt").write_text("".join(f"{key}\n" for key in keys), encoding="utf-8")
    facts = _links(folder / "facts.txt", checking.fact_links(uow))
    acts = _links(folder / "acts.txt", checking.act_links(uow))
    of_instances = select(instance.c.id, instance.c.history_seq, instance.c.history_hash)
    ends = [(str(row.id), row.history_seq, row.history_hash)
            for row in uow.execute(of_instances.where(instance.c.history_seq > 0))]  # fmt: skip
    ends += [(f"{ACTS}{row.scope}", row.seq, row.hash) for row in uow.execute(select(audit_tip))]
    _json_lines(folder / "tips.jsonl", ([stream, seq, tip.hex()] for stream, seq, tip in ends))
    rows: Rows = read_rows(uow)
    kinds = (
        "payments", "clearances", "links", "grants", "items", "asked", "tasks", "versions", "emergencies", "signatures",
        "files", "holds", "accounts", "groups", "members", "substitutions", "deployments", "resources", "definitions",
        "instances",
    )  # fmt: skip
    listed = [(kind, row) for kind in kinds for row in getattr(rows, kind)]
    _json_lines(folder / "rows.jsonl", listed)
    return {"facts": facts, "acts": acts, "anchors": len(anchors), "payments": len(rows.payments)}


def _links(file: Path, links: Iterable[tuple[bytes, bytes]]) -> int:
    count = 0
    with file.open("wb") as opened:
        for text, digest in links:
            opened.write(digest.hex().encode() + b" " + text + b"\n")
            count += 1
    return count


def _json_lines(file: Path, documents: Iterable[Any]) -> None:
    with file.open("w", encoding="utf-8") as opened:
        for document in documents:
            opened.write(json.dumps(document, ensure_ascii=False, separators=(",", ":")) + "\n")


def _digest(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
