-- Grants that two people make in an emergency, instalments, holds; what a clearance was found on.

CREATE TABLE break_glass (
  id UUID NOT NULL,
  policy_id VARCHAR(60) NOT NULL,
  policy_version_id UUID NOT NULL,
  instance_id UUID NOT NULL,
  subject_type VARCHAR(60) NOT NULL,
  subject_id VARCHAR(200) NOT NULL,
  subject_digest VARCHAR(80) NOT NULL,
  facts TEXT NOT NULL,
  reason TEXT NOT NULL,
  asked_by UUID NOT NULL,
  asked_person_id UUID NOT NULL,
  asked_at TIMESTAMP WITH TIME ZONE NOT NULL,
  expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
  first_by UUID,
  first_person_id UUID,
  first_at TIMESTAMP WITH TIME ZONE,
  second_by UUID,
  second_person_id UUID,
  second_at TIMESTAMP WITH TIME ZONE,
  reviewed_by UUID,
  reviewed_person_id UUID,
  reviewed_at TIMESTAMP WITH TIME ZONE,
  review TEXT,
  state VARCHAR(12) NOT NULL,
  CONSTRAINT break_glass_pk PRIMARY KEY (id),
  CONSTRAINT break_glass_state CHECK (state IN ('asked', 'signed', 'withdrawn', 'reviewed')),
  CONSTRAINT break_glass_reason CHECK (length(trim(reason)) >= 20),
  CONSTRAINT break_glass_two_people CHECK (first_person_id <> second_person_id),
  CONSTRAINT break_glass_third_person CHECK (reviewed_person_id <> first_person_id AND reviewed_person_id <> second_person_id AND reviewed_person_id <> asked_person_id),
  CONSTRAINT break_glass_policy_version_id_fk FOREIGN KEY(policy_version_id) REFERENCES policy_version (id)
)

CREATE INDEX break_glass_instance ON break_glass (instance_id)

CREATE INDEX break_glass_subject ON break_glass (subject_type, subject_id)

DROP TRIGGER policy_grant_frozen ON policy_grant

ALTER TABLE policy_grant ALTER COLUMN user_task_id DROP NOT NULL

ALTER TABLE policy_grant ALTER COLUMN work_item_id DROP NOT NULL

ALTER TABLE policy_grant ADD COLUMN principal_person_id UUID

ALTER TABLE policy_grant ADD COLUMN break_glass_id UUID

ALTER TABLE policy_grant ADD COLUMN currency VARCHAR(3)

ALTER TABLE policy_grant ADD COLUMN limit_amount NUMERIC(18, 2)

ALTER TABLE policy_grant ADD COLUMN used_amount NUMERIC(18, 2) DEFAULT '0' NOT NULL

ALTER TABLE policy_grant ADD COLUMN uses VARCHAR(12) DEFAULT 'once' NOT NULL

ALTER TABLE policy_grant ADD COLUMN authority TEXT

ALTER TABLE policy_grant ADD COLUMN policy_versions TEXT

ALTER TABLE policy_grant ADD CONSTRAINT policy_grant_break_glass_id_person_id_once UNIQUE (break_glass_id, person_id)

ALTER TABLE policy_grant ADD CONSTRAINT policy_grant_uses CHECK (uses IN ('once', 'up_to_amount'))

ALTER TABLE policy_grant ADD CONSTRAINT policy_grant_used CHECK (used_amount >= 0 AND (limit_amount IS NULL OR used_amount <= limit_amount))

ALTER TABLE policy_grant ADD CONSTRAINT policy_grant_origin CHECK ((source = 'human' AND work_item_id IS NOT NULL AND user_task_id IS NOT NULL AND break_glass_id IS NULL) OR (source = 'break_glass' AND break_glass_id IS NOT NULL AND work_item_id IS NULL))

ALTER TABLE policy_grant ADD CONSTRAINT policy_grant_break_glass_id_fk FOREIGN KEY(break_glass_id) REFERENCES break_glass (id)

UPDATE policy_grant g SET principal_person_id = u.person_id FROM user_account u WHERE u.id = g.on_behalf_of_id

CREATE INDEX policy_grant_person ON policy_grant (person_id, state)

CREATE INDEX clearance_grant_grant ON clearance_grant (grant_id)

ALTER TABLE clearance ADD COLUMN class VARCHAR(60) DEFAULT '' NOT NULL

ALTER TABLE clearance ADD COLUMN facts TEXT

ALTER TABLE clearance ADD COLUMN policy_versions TEXT

ALTER TABLE clearance ADD COLUMN reasons TEXT

CREATE INDEX clearance_subject ON clearance (subject_type, subject_id)

CREATE INDEX clearance_sums ON clearance (class, cleared_at)

CREATE TABLE policy_hold (
  job_id UUID NOT NULL,
  instance_id UUID,
  node VARCHAR(200),
  operation VARCHAR(120) NOT NULL,
  class VARCHAR(60) NOT NULL,
  subject_type VARCHAR(60) NOT NULL,
  subject_id VARCHAR(200) NOT NULL,
  reasons TEXT NOT NULL,
  times INTEGER NOT NULL,
  held_at TIMESTAMP WITH TIME ZONE NOT NULL,
  looked_at TIMESTAMP WITH TIME ZONE NOT NULL,
  escalated_at TIMESTAMP WITH TIME ZONE,
  ended_at TIMESTAMP WITH TIME ZONE,
  CONSTRAINT policy_hold_pk PRIMARY KEY (job_id)
)

CREATE INDEX policy_hold_instance ON policy_hold (instance_id)

CREATE INDEX policy_hold_open ON policy_hold (held_at) WHERE ended_at IS NULL

CREATE INDEX policy_hold_subject ON policy_hold (subject_type, subject_id)

CREATE OR REPLACE FUNCTION break_glass_begins() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF NEW.state <> 'asked' OR NEW.first_by IS NOT NULL OR NEW.second_by IS NOT NULL OR NEW.reviewed_by IS NOT NULL OR NEW.expires_at <= NEW.asked_at OR NOT EXISTS (SELECT 1 FROM policy_version v WHERE v.id = NEW.policy_version_id AND v.policy_id = NEW.policy_id
    AND v.state = 'active' AND v.break_glass) THEN RAISE EXCEPTION 'POLICY.TWO_PEOPLE' USING errcode = '23514'; END IF;
  RETURN NEW;
END $$

DROP TRIGGER IF EXISTS break_glass_begins ON break_glass

CREATE TRIGGER break_glass_begins BEFORE INSERT ON break_glass FOR EACH ROW EXECUTE FUNCTION break_glass_begins()

CREATE OR REPLACE FUNCTION break_glass_frozen() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF (NEW.id, NEW.policy_id, NEW.policy_version_id, NEW.instance_id, NEW.subject_type, NEW.subject_id, NEW.subject_digest, NEW.facts, NEW.reason, NEW.asked_by, NEW.asked_person_id, NEW.asked_at, NEW.expires_at) IS DISTINCT FROM (OLD.id, OLD.policy_id, OLD.policy_version_id, OLD.instance_id, OLD.subject_type, OLD.subject_id, OLD.subject_digest, OLD.facts, OLD.reason, OLD.asked_by, OLD.asked_person_id, OLD.asked_at, OLD.expires_at) OR (OLD.first_by IS NOT NULL AND (NEW.first_by, NEW.first_person_id, NEW.first_at) IS DISTINCT FROM (OLD.first_by, OLD.first_person_id, OLD.first_at)) OR (OLD.second_by IS NOT NULL AND (NEW.second_by, NEW.second_person_id, NEW.second_at) IS DISTINCT FROM (OLD.second_by, OLD.second_person_id, OLD.second_at)) OR (OLD.reviewed_by IS NOT NULL AND (NEW.reviewed_by, NEW.reviewed_person_id, NEW.reviewed_at, NEW.review) IS DISTINCT FROM (OLD.reviewed_by, OLD.reviewed_person_id, OLD.reviewed_at, OLD.review)) OR NOT (NEW.state = OLD.state OR (OLD.state = 'asked' AND NEW.state IN ('signed', 'withdrawn')) OR (OLD.state = 'signed' AND NEW.state = 'reviewed')) THEN RAISE EXCEPTION 'POLICY.APPEND_ONLY' USING errcode = '23514'; END IF;
  RETURN NEW;
END $$

DROP TRIGGER IF EXISTS break_glass_frozen ON break_glass

CREATE TRIGGER break_glass_frozen BEFORE UPDATE ON break_glass FOR EACH ROW EXECUTE FUNCTION break_glass_frozen()

CREATE OR REPLACE FUNCTION break_glass_two_people() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF (NEW.state = 'signed' AND (NEW.first_by IS NULL OR NEW.second_by IS NULL OR NEW.first_person_id IS NULL OR NEW.second_person_id IS NULL OR NEW.first_by = NEW.second_by)) OR (NEW.state = 'reviewed' AND (NEW.reviewed_by IS NULL OR NEW.reviewed_person_id IS NULL)) THEN RAISE EXCEPTION 'POLICY.TWO_PEOPLE' USING errcode = '23514'; END IF;
  RETURN NEW;
END $$

DROP TRIGGER IF EXISTS break_glass_two_people ON break_glass

CREATE TRIGGER break_glass_two_people BEFORE UPDATE ON break_glass FOR EACH ROW EXECUTE FUNCTION break_glass_two_people()

CREATE OR REPLACE FUNCTION break_glass_kept() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF true THEN RAISE EXCEPTION 'POLICY.APPEND_ONLY' USING errcode = '23514'; END IF;
  RETURN OLD;
END $$

DROP TRIGGER IF EXISTS break_glass_kept ON break_glass

CREATE TRIGGER break_glass_kept BEFORE DELETE ON break_glass FOR EACH ROW EXECUTE FUNCTION break_glass_kept()

CREATE OR REPLACE FUNCTION policy_grant_from_decision() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF NEW.source = 'human' AND NOT EXISTS (SELECT 1 FROM work_item w WHERE w.id = NEW.work_item_id
    AND w.instance_id = NEW.instance_id AND w.user_task_id = NEW.user_task_id AND w.kind IN (0, 1, 2, 3)
    AND w.decision = 0 AND w.decision_source = 0
    AND w.decided_by = NEW.account_id AND w.decided_person_id = NEW.person_id AND w.voided_at IS NULL
    AND w.subject_type = NEW.subject_type AND w.subject_id = NEW.subject_id AND w.subject_digest = NEW.subject_digest
    AND w.on_behalf_of_id IS NOT DISTINCT FROM NEW.on_behalf_of_id) THEN RAISE EXCEPTION 'POLICY.NO_DECISION' USING errcode = '23514'; END IF;
  RETURN NEW;
END $$

DROP TRIGGER IF EXISTS policy_grant_from_decision ON policy_grant

CREATE TRIGGER policy_grant_from_decision BEFORE INSERT ON policy_grant FOR EACH ROW EXECUTE FUNCTION policy_grant_from_decision()

CREATE OR REPLACE FUNCTION policy_grant_for_principal() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF NEW.on_behalf_of_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM user_account u WHERE u.id = NEW.on_behalf_of_id AND u.person_id = NEW.principal_person_id) THEN RAISE EXCEPTION 'POLICY.NO_DECISION' USING errcode = '23514'; END IF;
  RETURN NEW;
END $$

DROP TRIGGER IF EXISTS policy_grant_for_principal ON policy_grant

CREATE TRIGGER policy_grant_for_principal BEFORE INSERT ON policy_grant FOR EACH ROW EXECUTE FUNCTION policy_grant_for_principal()

CREATE OR REPLACE FUNCTION policy_grant_by_two() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF NEW.source = 'break_glass' AND NOT EXISTS (SELECT 1 FROM break_glass b WHERE b.id = NEW.break_glass_id AND b.state = 'signed'
    AND b.subject_type = NEW.subject_type AND b.subject_id = NEW.subject_id AND b.subject_digest = NEW.subject_digest
    AND NEW.expires_at <= b.expires_at AND NEW.on_behalf_of_id IS NULL AND NEW.capability = 'break_glass'
    AND ((NEW.account_id = b.first_by AND NEW.person_id = b.first_person_id)
      OR (NEW.account_id = b.second_by AND NEW.person_id = b.second_person_id))) THEN RAISE EXCEPTION 'POLICY.TWO_PEOPLE' USING errcode = '23514'; END IF;
  RETURN NEW;
END $$

DROP TRIGGER IF EXISTS policy_grant_by_two ON policy_grant

CREATE TRIGGER policy_grant_by_two BEFORE INSERT ON policy_grant FOR EACH ROW EXECUTE FUNCTION policy_grant_by_two()

CREATE OR REPLACE FUNCTION policy_grant_begins() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF NEW.state <> 'active' OR NEW.used_amount <> 0 OR NEW.expires_at <= NEW.granted_at THEN RAISE EXCEPTION 'POLICY.NO_DECISION' USING errcode = '23514'; END IF;
  RETURN NEW;
END $$

DROP TRIGGER IF EXISTS policy_grant_begins ON policy_grant

CREATE TRIGGER policy_grant_begins BEFORE INSERT ON policy_grant FOR EACH ROW EXECUTE FUNCTION policy_grant_begins()

CREATE OR REPLACE FUNCTION policy_grant_frozen() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF (NEW.id, NEW.instance_id, NEW.user_task_id, NEW.work_item_id, NEW.node, NEW.capability, NEW.person_id, NEW.account_id, NEW.on_behalf_of_id, NEW.principal_person_id, NEW.source, NEW.break_glass_id, NEW.subject_type, NEW.subject_id, NEW.subject_digest, NEW.facts, NEW.currency, NEW.limit_amount, NEW.uses, NEW.authority, NEW.policy_versions, NEW.granted_at, NEW.expires_at) IS DISTINCT FROM (OLD.id, OLD.instance_id, OLD.user_task_id, OLD.work_item_id, OLD.node, OLD.capability, OLD.person_id, OLD.account_id, OLD.on_behalf_of_id, OLD.principal_person_id, OLD.source, OLD.break_glass_id, OLD.subject_type, OLD.subject_id, OLD.subject_digest, OLD.facts, OLD.currency, OLD.limit_amount, OLD.uses, OLD.authority, OLD.policy_versions, OLD.granted_at, OLD.expires_at) OR NEW.used_amount < OLD.used_amount OR (OLD.state <> 'active' AND NEW.used_amount <> OLD.used_amount) OR NOT (NEW.state = OLD.state OR (OLD.state = 'active' AND NEW.state IN ('parked', 'void', 'consumed')) OR (OLD.state = 'parked' AND NEW.state IN ('active', 'void'))) THEN RAISE EXCEPTION 'POLICY.APPEND_ONLY' USING errcode = '23514'; END IF;
  RETURN NEW;
END $$

DROP TRIGGER IF EXISTS policy_grant_frozen ON policy_grant

CREATE TRIGGER policy_grant_frozen BEFORE UPDATE ON policy_grant FOR EACH ROW EXECUTE FUNCTION policy_grant_frozen()

CREATE OR REPLACE FUNCTION clearance_begins() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF NEW.state <> 'open' THEN RAISE EXCEPTION 'POLICY.NOT_APPROVED' USING errcode = '23514'; END IF;
  RETURN NEW;
END $$

DROP TRIGGER IF EXISTS clearance_begins ON clearance

CREATE TRIGGER clearance_begins BEFORE INSERT ON clearance FOR EACH ROW EXECUTE FUNCTION clearance_begins()

CREATE OR REPLACE FUNCTION clearance_frozen() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF OLD.state <> 'open' OR (NEW.id, NEW.instance_id, NEW.operation, NEW.idempotency_key, NEW.policies, NEW.subject_type, NEW.subject_id, NEW.subject_digest, NEW.amount, NEW.currency, NEW.payee_id, NEW.payee_bank_version, NEW.requester_id, NEW.executor_id, NEW.min_people, NEW.cleared_at, NEW.class, NEW.facts, NEW.policy_versions, NEW.reasons) IS DISTINCT FROM (OLD.id, OLD.instance_id, OLD.operation, OLD.idempotency_key, OLD.policies, OLD.subject_type, OLD.subject_id, OLD.subject_digest, OLD.amount, OLD.currency, OLD.payee_id, OLD.payee_bank_version, OLD.requester_id, OLD.executor_id, OLD.min_people, OLD.cleared_at, OLD.class, OLD.facts, OLD.policy_versions, OLD.reasons) THEN RAISE EXCEPTION 'POLICY.APPEND_ONLY' USING errcode = '23514'; END IF;
  RETURN NEW;
END $$

DROP TRIGGER IF EXISTS clearance_frozen ON clearance

CREATE TRIGGER clearance_frozen BEFORE UPDATE ON clearance FOR EACH ROW EXECUTE FUNCTION clearance_frozen()

CREATE OR REPLACE FUNCTION clearance_complete() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF NEW.state = 'used' AND OLD.state = 'open' AND (EXISTS (SELECT 1 FROM clearance_grant k JOIN policy_grant g ON g.id = k.grant_id WHERE k.clearance_id = NEW.id AND (
      g.state NOT IN ('active', 'consumed') OR g.subject_type <> NEW.subject_type OR g.subject_id <> NEW.subject_id
      OR g.subject_digest <> NEW.subject_digest OR g.expires_at < NEW.cleared_at OR g.person_id = NEW.requester_id
      OR g.principal_person_id = NEW.requester_id OR g.person_id = NEW.executor_id
      OR (g.uses = 'once' AND EXISTS (SELECT 1 FROM clearance_grant o JOIN clearance c ON c.id = o.clearance_id
        WHERE o.grant_id = g.id AND c.state = 'used'))
      OR (g.source = 'break_glass' AND (SELECT count(DISTINCT h.person_id) FROM clearance_grant o
        JOIN policy_grant h ON h.id = o.grant_id WHERE o.clearance_id = NEW.id
        AND h.break_glass_id = g.break_glass_id) < 2)))
    OR (SELECT count(DISTINCT g.person_id) FROM clearance_grant k JOIN policy_grant g ON g.id = k.grant_id WHERE k.clearance_id = NEW.id) < (SELECT CASE
      WHEN EXISTS (SELECT 1 FROM clearance_grant k JOIN policy_grant g ON g.id = k.grant_id WHERE k.clearance_id = NEW.id AND g.source = 'break_glass') THEN 2
      WHEN max(v.min_people) > NEW.min_people THEN max(v.min_people)
      WHEN EXISTS (SELECT 1 FROM clearance_grant k JOIN policy_grant g ON g.id = k.grant_id WHERE k.clearance_id = NEW.id) THEN NEW.min_people ELSE 0 END
      FROM policy_version v WHERE v.class = NEW.class AND v.state = 'active' AND v.valid_from <= NEW.cleared_at)) THEN RAISE EXCEPTION 'POLICY.NOT_APPROVED' USING errcode = '23514'; END IF;
  RETURN NEW;
END $$

DROP TRIGGER IF EXISTS clearance_complete ON clearance

CREATE TRIGGER clearance_complete BEFORE UPDATE ON clearance FOR EACH ROW EXECUTE FUNCTION clearance_complete()

CREATE OR REPLACE FUNCTION payment_gate() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE seen text; c clearance; wanted integer; good integer; people integer;
BEGIN
  SELECT * INTO c FROM clearance
    WHERE id = NEW.clearance_id AND instance_id = NEW.instance_id FOR UPDATE;
  IF NOT FOUND OR c.state <> 'open' THEN RAISE EXCEPTION 'POLICY.NO_CLEARANCE' USING errcode = '23514'; END IF;
  IF (c.class, c.subject_type, lower(c.subject_id), c.amount, c.currency, c.payee_id, c.payee_bank_version)
    IS DISTINCT FROM ('payment.execute', 'erp_payment_request', NEW.request_id::text, NEW.amount, NEW.currency,
     NEW.payee_id, NEW.payee_bank_version) THEN RAISE EXCEPTION 'POLICY.MISMATCH' USING errcode = '23514'; END IF;
  SELECT count(*) INTO wanted FROM clearance_grant WHERE clearance_id = c.id;
  UPDATE policy_grant g
    SET used_amount = CASE WHEN g.uses = 'once' THEN g.used_amount ELSE g.used_amount + NEW.amount END,
      state = CASE WHEN g.uses = 'once' OR g.used_amount + NEW.amount = g.limit_amount THEN 'consumed' ELSE g.state END
    FROM clearance_grant k
    WHERE k.clearance_id = c.id AND g.id = k.grant_id AND g.state = 'active'
      AND g.subject_type = c.subject_type AND g.subject_id = c.subject_id AND g.subject_digest = c.subject_digest
      AND g.expires_at >= c.cleared_at AND g.person_id <> c.requester_id
      AND g.principal_person_id IS DISTINCT FROM c.requester_id AND g.person_id IS DISTINCT FROM c.executor_id
      AND (g.currency IS NULL OR g.currency = c.currency);
  GET DIAGNOSTICS good = ROW_COUNT;
  SELECT count(DISTINCT g.person_id) INTO people FROM clearance_grant k JOIN policy_grant g ON g.id = k.grant_id
    WHERE k.clearance_id = c.id;
  IF wanted = 0 OR good <> wanted OR people < c.min_people THEN RAISE EXCEPTION 'POLICY.NOT_APPROVED' USING errcode = '23514'; END IF;
  PERFORM 1 FROM erp_payment_request r JOIN erp_payee_account_version v ON v.id = r.payee_account_version_id
    WHERE r.id = NEW.request_id AND r.status = 'submitted' AND r.amount = NEW.amount AND r.currency = NEW.currency
      AND r.payee_account_version_id = NEW.payee_account_version_id AND v.confirmed_by IS NOT NULL
      AND v.version = NEW.payee_bank_version AND NEW.payee_id = v.account_id::text
      AND r.requested_by IS DISTINCT FROM NEW.executed_by FOR SHARE;
  IF NOT FOUND THEN RAISE EXCEPTION 'erp_payment_request_differs' USING errcode = '23514'; END IF;
  UPDATE clearance SET state = 'used' WHERE id = c.id;
  RETURN NEW;
END $$
