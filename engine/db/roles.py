"""Least privilege on PostgreSQL: who owns the tables, who runs the product, who reads, who anchors.

`troika db roles` prints the statements; an administrator of the database runs them after each upgrade. SQLite has no
roles: whoever can open its file can do everything.
"""
# ruff: noqa: S608 - DDL, built from constants of this file

from sqlalchemy import Table

from engine.db.base import metadata

OWNER, APP, REPORT, ANCHOR = "troika_owner", "troika_app", "troika_report", "troika_anchor"
"""migrations and ownership · the running product · reading · reading the record and adding anchors"""

CHANGEABLE: dict[str, tuple[str, ...]] = {
    "history": (), "audit": (), "clearance_grant": (), "erp_allocation": (), "erp_stock_move": (),
    "signature": (), "audit_tip": ("seq", "hash"), "deployment": (), "resource": (), "definition": ("state",),
    "policy_hold": ("times", "reasons", "looked_at", "ended_at", "escalated_at"),
    "history_text": ("text", "salt"), "audit_text": ("text", "salt"),
    "clearance": ("state",),
    "policy_grant": ("state", "state_reason", "state_at", "used_amount"),
    "policy_version": (
        "state", "valid_from", "valid_to", "approved_by", "approved_person_id", "retired_by", "retired_person_id",
        "retire_reason", "weakens", "differences", "reason", "confirmed_by", "confirmed_at", "reviewed_by",
        "reviewed_at",
    ),
    "break_glass": (
        "state", "first_by", "first_person_id", "first_at", "second_by", "second_person_id", "second_at",
        "reviewed_by", "reviewed_person_id", "reviewed_at", "review", "reason",
    ),
    "user_task": (
        "node", "scope_path", "status", "outcome", "passed_seq", "closed_at", "voided_at", "due_at", "follow_up_at",
        "parked_by", "ticket", "guarded", "guarded_digest", "version", "spec",
    ),
    "erp_payment": ("status", "voucher_no"),
    "erp_payee_account_version": ("confirmed_by", "confirmed_at"),
}  # fmt: skip
"""Table -> the only columns that the product may change; its rows are never deleted."""
FORGOTTEN = {"blob": ("content",)}
"""Table -> the only columns that the product may change: a lawful erasing empties them. Rows that nothing names go."""
ANCHORED = ("audit_anchor", "audit_leaf")
"""only read by the product: a checkpoint that is put in without its signature could never be taken out again"""
KEPT = ("work_item", "erp_voucher", "erp_payment_request")
"""changed by the product, never deleted"""
SECRET = {
    "user_account": ("password_hash",), "login_failure": (), "notice_robot": ("url_sealed", "secret_sealed"),
    "webhook": ("secret_sealed", "former_sealed"),
}  # fmt: skip
"""Table -> columns that nobody reads for reports; none named: the whole table."""
RECORD = ("history", "audit", "audit_tip", "audit_anchor", "audit_leaf", "instance")
"""what is anchored and what is read for it"""


def statements() -> list[str]:
    """SQL in order; it may be run again. Passwords and logins are the administrator's: `GRANT troika_app TO …`.

    A worker that holds the key and anchors is given both: `GRANT troika_app, troika_anchor TO …`.
    """
    found = [_role(name) for name in (OWNER, APP, REPORT, ANCHOR)]
    found += [
        "REVOKE ALL ON SCHEMA public FROM PUBLIC",
        "DO $$ BEGIN EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database()); END $$",
        f"GRANT USAGE, CREATE ON SCHEMA public TO {OWNER}",
        f"GRANT USAGE ON SCHEMA public TO {APP}, {REPORT}, {ANCHOR}",
        f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM PUBLIC, {APP}, {REPORT}, {ANCHOR}",
        _owned(),
        f"DO $$ BEGIN IF to_regclass('alembic_version') IS NOT NULL THEN "
        f"GRANT SELECT ON alembic_version TO {APP}; END IF; END $$",
    ]
    for table in sorted(metadata.tables.values(), key=lambda one: one.name):
        found += _of_table(table)
    found += [f"GRANT SELECT ON {name} TO {ANCHOR}" for name in RECORD if name in metadata.tables]
    found += [f"GRANT INSERT, UPDATE (sent_to, sent_at) ON audit_anchor TO {ANCHOR}",
              f"GRANT INSERT ON audit_leaf TO {ANCHOR}",
              f"GRANT SELECT, INSERT, UPDATE ON audit_sink TO {ANCHOR}"]  # fmt: skip
    return found


def _role(name: str) -> str:
    return (
        f"DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = '{name}') "
        f"THEN CREATE ROLE {name} NOLOGIN; END IF; END $$"
    )


def _owned() -> str:
    """Tables and trigger functions belong to the owner: nobody else can switch a trigger off."""
    return (
        "DO $$ DECLARE thing record; BEGIN\n"
        "  FOR thing IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP\n"
        f"    EXECUTE format('ALTER TABLE public.%I OWNER TO {OWNER}', thing.tablename);\n  END LOOP;\n"
        "  FOR thing IN SELECT p.oid::regprocedure AS called FROM pg_proc p\n"
        "      WHERE p.pronamespace = 'public'::regnamespace LOOP\n"
        f"    EXECUTE format('ALTER FUNCTION %s OWNER TO {OWNER}', thing.called);\n  END LOOP;\nEND $$"
    )


def _of_table(table: Table) -> list[str]:
    name = table.name
    columns = CHANGEABLE.get(name, FORGOTTEN.get(name))
    if name in ANCHORED:
        found = [f"GRANT SELECT ON {name} TO {APP}"]
    elif columns is None:
        words = "SELECT, INSERT, UPDATE" if name in KEPT else "SELECT, INSERT, UPDATE, DELETE"
        found = [f"GRANT {words} ON {name} TO {APP}"]
    else:
        words = "SELECT, INSERT, DELETE" if name in FORGOTTEN else "SELECT, INSERT"
        found = [f"GRANT {words} ON {name} TO {APP}"]
        if columns:
            found.append(f"GRANT UPDATE ({', '.join(columns)}) ON {name} TO {APP}")
    hidden = SECRET.get(name)
    if hidden is None:
        found.append(f"GRANT SELECT ON {name} TO {REPORT}")
    elif hidden:
        shown = ", ".join(column.name for column in table.columns if column.name not in hidden)
        found.append(f"GRANT SELECT ({shown}) ON {name} TO {REPORT}")
    return found
