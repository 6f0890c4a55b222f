"""What a column cannot say, said by triggers: once per database, under the same words.

Each trigger that judges a row by another row reads that row FOR SHARE on PostgreSQL: a foreign key takes only FOR KEY
SHARE, which does not stop a change of status at the same moment. SQLite has one writer and needs no lock.
"""
# ruff: noqa: S608 - built from constants of this file, DDL takes no parameters

from sqlalchemy import Table

from engine.db.business import guard
from engine.modules.erp.models.item import vat_rate
from engine.modules.erp.models.ledger import period, voucher, voucher_line
from engine.modules.erp.models.payee import payee_account_version
from engine.modules.erp.models.stock import stock_move
from engine.modules.erp.models.treasury import allocation, payment, payment_request


def _refuse(word: str) -> str:
    return f"RAISE EXCEPTION '{word}' USING errcode = '23514';"


def _postgresql(name: str, table: Table, when: str, body: str, declare: str = "") -> tuple[str, str]:
    return (
        f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$\n"
        f"DECLARE seen text; {declare}\nBEGIN\n{body}\nEND $$",
        f"CREATE TRIGGER {name} {when} ON {table.name} FOR EACH ROW EXECUTE FUNCTION {name}()",
    )


def _append_only(table: Table) -> None:
    """Rows are added, never changed or deleted."""
    word = f"{table.name}_append_only"
    guard(
        table,
        sqlite=[
            f"CREATE TRIGGER {word}_{verb} BEFORE {verb} ON {table.name} BEGIN SELECT RAISE(ABORT, '{word}'); END"
            for verb in ("UPDATE", "DELETE")
        ],
        postgresql=_postgresql(word, table, "BEFORE UPDATE OR DELETE", _refuse(word)),
    )


_append_only(stock_move)
_append_only(allocation)

# ---------------------------------------------------------------- vouchers and periods

guard(
    voucher,
    sqlite=[
        """CREATE TRIGGER erp_voucher_draft BEFORE INSERT ON erp_voucher WHEN NEW.status <> 'draft' BEGIN
  SELECT RAISE(ABORT, 'erp_voucher_posted_at_birth'); END""",
        """CREATE TRIGGER erp_voucher_post BEFORE UPDATE OF status ON erp_voucher
  WHEN NEW.status = 'posted' AND OLD.status = 'draft' BEGIN
  SELECT RAISE(ABORT, 'erp_voucher_unbalanced') WHERE (SELECT count(*) < 2 OR sum(debit) <> sum(credit)
    FROM erp_voucher_line WHERE voucher_id = NEW.id);
  SELECT RAISE(ABORT, 'erp_voucher_period_closed')
    WHERE (SELECT status FROM erp_period WHERE id = NEW.period_id) = 'closed'; END""",
        """CREATE TRIGGER erp_voucher_frozen BEFORE UPDATE ON erp_voucher WHEN OLD.status = 'posted' BEGIN
  SELECT RAISE(ABORT, 'erp_voucher_posted'); END""",
        """CREATE TRIGGER erp_voucher_kept BEFORE DELETE ON erp_voucher WHEN OLD.status = 'posted' BEGIN
  SELECT RAISE(ABORT, 'erp_voucher_posted'); END""",
    ],
    postgresql=_postgresql(
        "erp_voucher_rules",
        voucher,
        "BEFORE INSERT OR UPDATE OR DELETE",
        f"""  IF TG_OP = 'INSERT' THEN
    IF NEW.status <> 'draft' THEN {_refuse("erp_voucher_posted_at_birth")} END IF;
    RETURN NEW;
  END IF;
  IF OLD.status = 'posted' THEN {_refuse("erp_voucher_posted")} END IF;
  IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
  IF NEW.status = 'posted' THEN
    SELECT status INTO seen FROM erp_period WHERE id = NEW.period_id FOR SHARE;
    IF seen = 'closed' THEN {_refuse("erp_voucher_period_closed")} END IF;
    IF (SELECT count(*) < 2 OR sum(debit) <> sum(credit) FROM erp_voucher_line WHERE voucher_id = NEW.id)
      THEN {_refuse("erp_voucher_unbalanced")} END IF;
  END IF;
  RETURN NEW;""",
    ),
)

guard(
    voucher_line,
    sqlite=[
        f"""CREATE TRIGGER erp_voucher_line_{verb} BEFORE {verb.upper()} ON erp_voucher_line
  WHEN EXISTS (SELECT 1 FROM erp_voucher WHERE id IN ({keys}) AND status = 'posted') BEGIN
  SELECT RAISE(ABORT, 'erp_voucher_posted'); END"""
        for verb, keys in (("insert", "NEW.voucher_id"), ("update", "NEW.voucher_id, OLD.voucher_id"),
                           ("delete", "OLD.voucher_id"))
    ],
    postgresql=_postgresql(
        "erp_voucher_line_rules",
        voucher_line,
        "BEFORE INSERT OR UPDATE OR DELETE",
        f"""  IF TG_OP <> 'INSERT' THEN
    SELECT status INTO seen FROM erp_voucher WHERE id = OLD.voucher_id FOR SHARE;
    IF seen = 'posted' THEN {_refuse("erp_voucher_posted")} END IF;
  END IF;
  IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
  SELECT status INTO seen FROM erp_voucher WHERE id = NEW.voucher_id FOR SHARE;
  IF seen = 'posted' THEN {_refuse("erp_voucher_posted")} END IF;
  RETURN NEW;""",
    ),
)  # fmt: skip

guard(
    period,
    sqlite=[
        """CREATE TRIGGER erp_period_close BEFORE UPDATE OF status ON erp_period WHEN NEW.status = 'closed' BEGIN
  SELECT RAISE(ABORT, 'erp_period_drafts')
    WHERE EXISTS (SELECT 1 FROM erp_voucher WHERE period_id = NEW.id AND status = 'draft'); END""",
    ],
    postgresql=_postgresql(
        "erp_period_close",
        period,
        "BEFORE UPDATE OF status",
        f"""  IF NEW.status = 'closed' AND EXISTS
    (SELECT 1 FROM erp_voucher WHERE period_id = NEW.id AND status = 'draft')
    THEN {_refuse("erp_period_drafts")} END IF;
  RETURN NEW;""",
    ),
)

# ---------------------------------------------------------------- dated rates

_OVERLAP = """SELECT 1 FROM erp_vat_rate WHERE category = NEW.category AND id <> NEW.id
    AND valid_from <= coalesce(NEW.valid_to, {end}) AND NEW.valid_from <= coalesce(valid_to, {end})"""

guard(
    vat_rate,
    sqlite=[
        f"""CREATE TRIGGER erp_vat_rate_overlap_{verb} BEFORE {verb.upper()} ON erp_vat_rate BEGIN
  SELECT RAISE(ABORT, 'erp_vat_rate_overlap') WHERE EXISTS ({_OVERLAP.format(end="'9999-12-31'")}); END"""
        for verb in ("insert", "update")
    ],
    postgresql=_postgresql(
        "erp_vat_rate_overlap",
        vat_rate,
        "BEFORE INSERT OR UPDATE",
        f"""  PERFORM pg_advisory_xact_lock(hashtext('erp_vat_rate' || NEW.category));
  IF EXISTS ({_OVERLAP.format(end="date '9999-12-31'")}) THEN {_refuse("erp_vat_rate_overlap")} END IF;
  RETURN NEW;""",
    ),
)

# ---------------------------------------------------------------- payees: versions are confirmed once, otherwise frozen

_VERSION = ("account_id", "version", "bank_name", "bank_code", "account_name", "account_no", "created_by", "created_at",
            "called_by")  # fmt: skip

guard(
    payee_account_version,
    sqlite=[
        f"""CREATE TRIGGER erp_payee_version_frozen BEFORE UPDATE ON erp_payee_account_version
  WHEN OLD.confirmed_by IS NOT NULL OR ({", ".join(f"NEW.{name}" for name in _VERSION)})
    IS NOT ({", ".join(f"OLD.{name}" for name in _VERSION)}) BEGIN
  SELECT RAISE(ABORT, 'erp_payee_version_frozen'); END""",
        """CREATE TRIGGER erp_payee_version_kept BEFORE DELETE ON erp_payee_account_version BEGIN
  SELECT RAISE(ABORT, 'erp_payee_version_frozen'); END""",
    ],
    postgresql=_postgresql(
        "erp_payee_version_frozen",
        payee_account_version,
        "BEFORE UPDATE OR DELETE",
        f"""  IF TG_OP = 'DELETE' OR OLD.confirmed_by IS NOT NULL
    OR ({", ".join(f"NEW.{name}" for name in _VERSION)})
      IS DISTINCT FROM ({", ".join(f"OLD.{name}" for name in _VERSION)})
    THEN {_refuse("erp_payee_version_frozen")} END IF;
  RETURN NEW;""",
    ),
)

# persons, not accounts: whoever has two does not confirm the own entry, and a service account is nobody
_ONE_PERSON = """NEW.confirmed_by IS NOT NULL AND NOT EXISTS (SELECT 1 FROM user_account c
    WHERE c.id = NEW.confirmed_by AND c.person_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM user_account e
      WHERE e.id IN (NEW.created_by, NEW.called_by) AND e.person_id = c.person_id))"""

guard(
    payee_account_version,
    sqlite=[
        f"""CREATE TRIGGER erp_payee_version_two_people_{verb.lower()} BEFORE {verb} ON erp_payee_account_version
  WHEN {_ONE_PERSON} BEGIN
  SELECT RAISE(ABORT, 'erp_payee_version_two_people'); END"""
        for verb in ("INSERT", "UPDATE")
    ],
    postgresql=_postgresql(
        "erp_payee_version_two_people",
        payee_account_version,
        "BEFORE INSERT OR UPDATE",
        f"""  IF {_ONE_PERSON} THEN {_refuse("erp_payee_version_two_people")} END IF;
  RETURN NEW;""",
    ),
)

# ---------------------------------------------------------------- payment requests and the gate

_REQUEST = ("kind", "amount", "currency", "payee_account_version_id", "requested_by", "beneficiary_id")
_MOVES = (("draft", "submitted"), ("draft", "cancelled"), ("submitted", "draft"), ("submitted", "paid"),
          ("submitted", "rejected"), ("submitted", "cancelled"))  # fmt: skip
_MOVE = " OR ".join(f"(OLD.status = '{old}' AND NEW.status = '{new}')" for old, new in _MOVES)

guard(
    payment_request,
    sqlite=[
        """CREATE TRIGGER erp_payment_request_draft BEFORE INSERT ON erp_payment_request
  WHEN NEW.status <> 'draft' BEGIN
  SELECT RAISE(ABORT, 'erp_payment_request_move'); END""",
        f"""CREATE TRIGGER erp_payment_request_rules BEFORE UPDATE ON erp_payment_request BEGIN
  SELECT RAISE(ABORT, 'erp_payment_request_frozen') WHERE OLD.status <> 'draft'
    AND ({", ".join(f"NEW.{name}" for name in _REQUEST)}) IS NOT ({", ".join(f"OLD.{name}" for name in _REQUEST)});
  SELECT RAISE(ABORT, 'erp_payment_request_move') WHERE NEW.status <> OLD.status AND NOT ({_MOVE});
  SELECT RAISE(ABORT, 'erp_payment_request_unconfirmed') WHERE NEW.status = 'submitted' AND NOT EXISTS
    (SELECT 1 FROM erp_payee_account_version WHERE id = NEW.payee_account_version_id AND confirmed_by IS NOT NULL);
  SELECT RAISE(ABORT, 'erp_payment_request_unpaid') WHERE NEW.status = 'paid'
    AND NOT EXISTS (SELECT 1 FROM erp_payment WHERE request_id = NEW.id); END""",
        """CREATE TRIGGER erp_payment_request_kept BEFORE DELETE ON erp_payment_request BEGIN
  SELECT RAISE(ABORT, 'erp_payment_request_frozen'); END""",
    ],
    postgresql=_postgresql(
        "erp_payment_request_rules",
        payment_request,
        "BEFORE INSERT OR UPDATE OR DELETE",
        f"""  IF TG_OP = 'DELETE' THEN {_refuse("erp_payment_request_frozen")} END IF;
  IF TG_OP = 'INSERT' THEN
    IF NEW.status <> 'draft' THEN {_refuse("erp_payment_request_move")} END IF;
    RETURN NEW;
  END IF;
  IF OLD.status <> 'draft' AND ({", ".join(f"NEW.{name}" for name in _REQUEST)})
    IS DISTINCT FROM ({", ".join(f"OLD.{name}" for name in _REQUEST)})
    THEN {_refuse("erp_payment_request_frozen")} END IF;
  IF NEW.status <> OLD.status AND NOT ({_MOVE}) THEN {_refuse("erp_payment_request_move")} END IF;
  IF NEW.status = 'submitted' THEN
    PERFORM 1 FROM erp_payee_account_version
      WHERE id = NEW.payee_account_version_id AND confirmed_by IS NOT NULL FOR SHARE;
    IF NOT FOUND THEN {_refuse("erp_payment_request_unconfirmed")} END IF;
  END IF;
  IF NEW.status = 'paid' AND NOT EXISTS (SELECT 1 FROM erp_payment WHERE request_id = NEW.id)
    THEN {_refuse("erp_payment_request_unpaid")} END IF;
  RETURN NEW;""",
    ),
)

_PAYMENT = ("id", "payment_no", "request_id", "clearance_id", "instance_id", "amount", "currency", "payee_id",
            "payee_account_version_id", "payee_bank_version", "executed_by", "executed_at")  # fmt: skip

_NOT_ENTERED_BY_HIM = """AND NOT EXISTS (SELECT 1 FROM erp_payee_account_version v
          JOIN user_account e ON e.id IN (v.created_by, v.called_by)
          WHERE v.id = NEW.payee_account_version_id AND e.person_id IN (g.person_id, g.principal_person_id))"""

_NAMED = {
    "sqlite": "min('payee_bank_confirmer' IN (SELECT value FROM json_each(p.statement, '$.distinct')))",
    "postgresql": "bool_and(coalesce(p.statement::jsonb -> 'distinct' @> '\"payee_bank_confirmer\"', false))::integer",
}


def _not_confirmed_by_him(dialect: str) -> str:
    """Where each policy that asks for the approval keeps him apart: of several, the gate alone knows which it is for.

    A statement is canonical JSON, without blanks.
    """
    return f"""AND coalesce((SELECT {_NAMED[dialect]}
          FROM erp_payee_account_version v JOIN user_account e ON e.id = v.confirmed_by
          JOIN policy_version p ON p.class = 'payment.execute' AND p.state = 'active'
            AND replace(p.statement, '"approval":"' || g.capability || '"', '') <> p.statement
          WHERE v.id = NEW.payee_account_version_id AND e.person_id IN (g.person_id, g.principal_person_id)), 0) = 0"""


guard(
    payment,
    sqlite=[
        f"""CREATE TRIGGER payment_gate BEFORE INSERT ON erp_payment BEGIN
  SELECT RAISE(ABORT, 'POLICY.NO_CLEARANCE') WHERE NOT EXISTS (SELECT 1 FROM clearance c
    WHERE c.id = NEW.clearance_id AND c.instance_id = NEW.instance_id AND c.state = 'open');
  SELECT RAISE(ABORT, 'POLICY.MISMATCH') WHERE NOT EXISTS (SELECT 1 FROM clearance c WHERE c.id = NEW.clearance_id
    AND c.subject_type = 'erp_payment_request' AND c.class = 'payment.execute'
    AND replace(lower(c.subject_id), '-', '') = lower(hex(NEW.request_id)) AND c.amount = NEW.amount
    AND c.currency = NEW.currency AND c.payee_id = NEW.payee_id AND c.payee_bank_version = NEW.payee_bank_version);
  SELECT RAISE(ABORT, 'POLICY.NOT_APPROVED') WHERE EXISTS (SELECT 1 FROM clearance_grant k
    JOIN clearance c ON c.id = k.clearance_id JOIN policy_grant g ON g.id = k.grant_id
    WHERE k.clearance_id = NEW.clearance_id
      AND NOT (g.state = 'active' AND g.subject_type = c.subject_type AND g.subject_id = c.subject_id
        AND g.subject_digest = c.subject_digest AND g.expires_at >= c.cleared_at AND g.person_id <> c.requester_id
        AND g.principal_person_id IS NOT c.requester_id AND g.person_id IS NOT c.executor_id
        {_NOT_ENTERED_BY_HIM}
        {_not_confirmed_by_him("sqlite")}
        AND (g.currency IS NULL OR g.currency = c.currency)));
  SELECT RAISE(ABORT, 'POLICY.NOT_APPROVED') WHERE (SELECT count(DISTINCT g.person_id) FROM clearance_grant k
    JOIN policy_grant g ON g.id = k.grant_id WHERE k.clearance_id = NEW.clearance_id)
    < (SELECT min_people FROM clearance WHERE id = NEW.clearance_id);
  SELECT RAISE(ABORT, 'erp_payment_request_differs') WHERE NOT EXISTS (SELECT 1 FROM erp_payment_request r
    JOIN erp_payee_account_version v ON v.id = r.payee_account_version_id
    WHERE r.id = NEW.request_id AND r.status = 'submitted' AND r.amount = NEW.amount AND r.currency = NEW.currency
      AND r.payee_account_version_id = NEW.payee_account_version_id AND v.confirmed_by IS NOT NULL
      AND v.version = NEW.payee_bank_version AND replace(lower(NEW.payee_id), '-', '') = lower(hex(v.account_id))
      AND r.requested_by IS NOT NEW.executed_by);
  UPDATE policy_grant SET used_amount = CASE WHEN uses = 'once' THEN used_amount ELSE used_amount + NEW.amount END,
    state = CASE WHEN uses = 'once' OR used_amount + NEW.amount = limit_amount THEN 'consumed' ELSE state END
    WHERE id IN (SELECT grant_id FROM clearance_grant WHERE clearance_id = NEW.clearance_id);
  UPDATE clearance SET state = 'used' WHERE id = NEW.clearance_id; END""",
        f"""CREATE TRIGGER payment_frozen BEFORE UPDATE ON erp_payment
  WHEN ({", ".join(f"NEW.{name}" for name in _PAYMENT)}) IS NOT ({", ".join(f"OLD.{name}" for name in _PAYMENT)}) BEGIN
  SELECT RAISE(ABORT, 'erp_payment_frozen'); END""",
        """CREATE TRIGGER payment_kept BEFORE DELETE ON erp_payment BEGIN
  SELECT RAISE(ABORT, 'erp_payment_frozen'); END""",
    ],
    postgresql=[
        *_postgresql(
            "payment_gate",
            payment,
            "BEFORE INSERT",
            f"""  SELECT * INTO c FROM clearance
    WHERE id = NEW.clearance_id AND instance_id = NEW.instance_id FOR UPDATE;
  IF c.state IS DISTINCT FROM 'open' THEN {_refuse("POLICY.NO_CLEARANCE")} END IF;
  IF (c.class, c.subject_type, lower(c.subject_id), c.amount, c.currency, c.payee_id, c.payee_bank_version)
    IS DISTINCT FROM ('payment.execute', 'erp_payment_request', NEW.request_id::text, NEW.amount, NEW.currency,
     NEW.payee_id, NEW.payee_bank_version) THEN {_refuse("POLICY.MISMATCH")} END IF;
  SELECT count(*) INTO wanted FROM clearance_grant WHERE clearance_id = c.id;
  UPDATE policy_grant g
    SET used_amount = CASE WHEN g.uses = 'once' THEN g.used_amount ELSE g.used_amount + NEW.amount END,
      state = CASE WHEN g.uses = 'once' OR g.used_amount + NEW.amount = g.limit_amount THEN 'consumed' ELSE g.state END
    FROM clearance_grant k
    WHERE k.clearance_id = c.id AND g.id = k.grant_id AND g.state = 'active'
      AND g.subject_type = c.subject_type AND g.subject_id = c.subject_id AND g.subject_digest = c.subject_digest
      AND g.expires_at >= c.cleared_at AND g.person_id <> c.requester_id
      AND g.principal_person_id IS DISTINCT FROM c.requester_id AND g.person_id IS DISTINCT FROM c.executor_id
      {_NOT_ENTERED_BY_HIM}
      {_not_confirmed_by_him("postgresql")}
      AND (g.currency IS NULL OR g.currency = c.currency);
  GET DIAGNOSTICS good = ROW_COUNT;
  SELECT count(DISTINCT g.person_id) INTO people FROM clearance_grant k JOIN policy_grant g ON g.id = k.grant_id
    WHERE k.clearance_id = c.id;
  IF good <> wanted OR people < c.min_people THEN {_refuse("POLICY.NOT_APPROVED")} END IF;
  PERFORM 1 FROM erp_payment_request r JOIN erp_payee_account_version v ON v.id = r.payee_account_version_id
    WHERE r.id = NEW.request_id AND r.status = 'submitted' AND r.amount = NEW.amount AND r.currency = NEW.currency
      AND r.payee_account_version_id = NEW.payee_account_version_id AND v.confirmed_by IS NOT NULL
      AND v.version = NEW.payee_bank_version AND NEW.payee_id = v.account_id::text
      AND r.requested_by IS DISTINCT FROM NEW.executed_by FOR SHARE;
  IF NOT FOUND THEN {_refuse("erp_payment_request_differs")} END IF;
  UPDATE clearance SET state = 'used' WHERE id = c.id;
  RETURN NEW;""",
            "c clearance; wanted integer; good integer; people integer;",
        ),
        *_postgresql(
            "payment_frozen",
            payment,
            "BEFORE UPDATE OR DELETE",
            f"""  IF TG_OP = 'DELETE' OR ({", ".join(f"NEW.{name}" for name in _PAYMENT)})
    IS DISTINCT FROM ({", ".join(f"OLD.{name}" for name in _PAYMENT)})
    THEN {_refuse("erp_payment_frozen")} END IF;
  RETURN NEW;""",
        ),
    ],
)
