-- Grants that two people make in an emergency, instalments, holds; what a clearance was found on.

CREATE TABLE break_glass (
  id BLOB NOT NULL,
  policy_id VARCHAR(60) NOT NULL,
  policy_version_id BLOB NOT NULL,
  instance_id BLOB NOT NULL,
  subject_type VARCHAR(60) NOT NULL,
  subject_id VARCHAR(200) NOT NULL,
  subject_digest VARCHAR(80) NOT NULL,
  facts TEXT NOT NULL,
  reason TEXT NOT NULL,
  asked_by BLOB NOT NULL,
  asked_person_id BLOB NOT NULL,
  asked_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  first_by BLOB,
  first_person_id BLOB,
  first_at BIGINT,
  second_by BLOB,
  second_person_id BLOB,
  second_at BIGINT,
  reviewed_by BLOB,
  reviewed_person_id BLOB,
  reviewed_at BIGINT,
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

CREATE TEMPORARY TABLE kept_link AS SELECT * FROM clearance_grant

DROP TABLE clearance_grant

CREATE TEMPORARY TABLE kept_grant AS SELECT * FROM policy_grant

DROP TABLE policy_grant

CREATE TABLE policy_grant (
  id BLOB NOT NULL,
  instance_id BLOB NOT NULL,
  user_task_id BLOB,
  work_item_id BLOB,
  node VARCHAR(200) NOT NULL,
  capability VARCHAR(60) NOT NULL,
  person_id BLOB NOT NULL,
  account_id BLOB NOT NULL,
  on_behalf_of_id BLOB,
  principal_person_id BLOB,
  source VARCHAR(12) NOT NULL,
  break_glass_id BLOB,
  subject_type VARCHAR(60) NOT NULL,
  subject_id VARCHAR(200) NOT NULL,
  subject_digest VARCHAR(80) NOT NULL,
  facts TEXT NOT NULL,
  currency VARCHAR(3),
  limit_amount BIGINT,
  used_amount BIGINT DEFAULT '0' NOT NULL,
  uses VARCHAR(12) DEFAULT 'once' NOT NULL,
  authority TEXT,
  policy_versions TEXT,
  granted_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  state VARCHAR(12) NOT NULL,
  state_reason TEXT,
  state_at BIGINT,
  CONSTRAINT policy_grant_pk PRIMARY KEY (id),
  CONSTRAINT policy_grant_work_item_id_capability_once UNIQUE (work_item_id, capability),
  CONSTRAINT policy_grant_break_glass_id_person_id_once UNIQUE (break_glass_id, person_id),
  CONSTRAINT policy_grant_source CHECK (source IN ('human', 'break_glass')),
  CONSTRAINT policy_grant_state CHECK (state IN ('active', 'parked', 'void', 'consumed')),
  CONSTRAINT policy_grant_uses CHECK (uses IN ('once', 'up_to_amount')),
  CONSTRAINT policy_grant_used CHECK (used_amount >= 0 AND (limit_amount IS NULL OR used_amount <= limit_amount)),
  CONSTRAINT policy_grant_origin CHECK ((source = 'human' AND work_item_id IS NOT NULL AND user_task_id IS NOT NULL AND break_glass_id IS NULL) OR (source = 'break_glass' AND break_glass_id IS NOT NULL AND work_item_id IS NULL)),
  CONSTRAINT policy_grant_user_task_id_fk FOREIGN KEY(user_task_id) REFERENCES user_task (id),
  CONSTRAINT policy_grant_work_item_id_fk FOREIGN KEY(work_item_id) REFERENCES work_item (id),
  CONSTRAINT policy_grant_break_glass_id_fk FOREIGN KEY(break_glass_id) REFERENCES break_glass (id)
)

INSERT INTO policy_grant (id, instance_id, user_task_id, work_item_id, node, capability, person_id, account_id, on_behalf_of_id, source, subject_type, subject_id, subject_digest, facts, granted_at, expires_at, state, state_reason, state_at, principal_person_id)
  SELECT g.id, g.instance_id, g.user_task_id, g.work_item_id, g.node, g.capability, g.person_id, g.account_id, g.on_behalf_of_id, g.source, g.subject_type, g.subject_id, g.subject_digest, g.facts, g.granted_at, g.expires_at, g.state, g.state_reason, g.state_at,
    (SELECT u.person_id FROM user_account u WHERE u.id = g.on_behalf_of_id) FROM kept_grant g

CREATE TABLE clearance_grant (
  clearance_id BLOB NOT NULL,
  grant_id BLOB NOT NULL,
  requirement VARCHAR(60) NOT NULL,
  CONSTRAINT clearance_grant_pk PRIMARY KEY (clearance_id, grant_id),
  CONSTRAINT clearance_grant_clearance_id_fk FOREIGN KEY(clearance_id) REFERENCES clearance (id),
  CONSTRAINT clearance_grant_grant_id_fk FOREIGN KEY(grant_id) REFERENCES policy_grant (id)
)

INSERT INTO clearance_grant (clearance_id, grant_id, requirement)
  SELECT clearance_id, grant_id, requirement FROM kept_link

DROP TABLE kept_link

DROP TABLE kept_grant

CREATE INDEX policy_grant_instance ON policy_grant (instance_id)

CREATE INDEX policy_grant_person ON policy_grant (person_id, state)

CREATE INDEX policy_grant_subject ON policy_grant (subject_type, subject_id, state)

CREATE INDEX clearance_grant_grant ON clearance_grant (grant_id)

ALTER TABLE clearance ADD COLUMN class VARCHAR(60) DEFAULT '' NOT NULL

ALTER TABLE clearance ADD COLUMN facts TEXT

ALTER TABLE clearance ADD COLUMN policy_versions TEXT

ALTER TABLE clearance ADD COLUMN reasons TEXT

CREATE INDEX clearance_subject ON clearance (subject_type, subject_id)

CREATE INDEX clearance_sums ON clearance (class, cleared_at)

CREATE TABLE policy_hold (
  job_id BLOB NOT NULL,
  instance_id BLOB,
  node VARCHAR(200),
  operation VARCHAR(120) NOT NULL,
  class VARCHAR(60) NOT NULL,
  subject_type VARCHAR(60) NOT NULL,
  subject_id VARCHAR(200) NOT NULL,
  reasons TEXT NOT NULL,
  times INTEGER NOT NULL,
  held_at BIGINT NOT NULL,
  looked_at BIGINT NOT NULL,
  escalated_at BIGINT,
  ended_at BIGINT,
  CONSTRAINT policy_hold_pk PRIMARY KEY (job_id)
)

CREATE INDEX policy_hold_instance ON policy_hold (instance_id)

CREATE INDEX policy_hold_open ON policy_hold (held_at) WHERE ended_at IS NULL

CREATE INDEX policy_hold_subject ON policy_hold (subject_type, subject_id)

DROP TRIGGER clearance_frozen

DROP TRIGGER payment_gate

CREATE TRIGGER break_glass_begins BEFORE INSERT ON break_glass WHEN NEW.state <> 'asked' OR NEW.first_by IS NOT NULL OR NEW.second_by IS NOT NULL OR NEW.reviewed_by IS NOT NULL OR NEW.expires_at <= NEW.asked_at OR NOT EXISTS (SELECT 1 FROM policy_version v WHERE v.id = NEW.policy_version_id AND v.policy_id = NEW.policy_id
    AND v.state = 'active' AND v.break_glass) BEGIN SELECT RAISE(ABORT, 'POLICY.TWO_PEOPLE'); END

CREATE TRIGGER break_glass_frozen BEFORE UPDATE ON break_glass WHEN (NEW.id, NEW.policy_id, NEW.policy_version_id, NEW.instance_id, NEW.subject_type, NEW.subject_id, NEW.subject_digest, NEW.facts, NEW.reason, NEW.asked_by, NEW.asked_person_id, NEW.asked_at, NEW.expires_at) IS NOT (OLD.id, OLD.policy_id, OLD.policy_version_id, OLD.instance_id, OLD.subject_type, OLD.subject_id, OLD.subject_digest, OLD.facts, OLD.reason, OLD.asked_by, OLD.asked_person_id, OLD.asked_at, OLD.expires_at) OR (OLD.first_by IS NOT NULL AND (NEW.first_by, NEW.first_person_id, NEW.first_at) IS NOT (OLD.first_by, OLD.first_person_id, OLD.first_at)) OR (OLD.second_by IS NOT NULL AND (NEW.second_by, NEW.second_person_id, NEW.second_at) IS NOT (OLD.second_by, OLD.second_person_id, OLD.second_at)) OR (OLD.reviewed_by IS NOT NULL AND (NEW.reviewed_by, NEW.reviewed_person_id, NEW.reviewed_at, NEW.review) IS NOT (OLD.reviewed_by, OLD.reviewed_person_id, OLD.reviewed_at, OLD.review)) OR NOT (NEW.state = OLD.state OR (OLD.state = 'asked' AND NEW.state IN ('signed', 'withdrawn')) OR (OLD.state = 'signed' AND NEW.state = 'reviewed')) BEGIN SELECT RAISE(ABORT, 'POLICY.APPEND_ONLY'); END

CREATE TRIGGER break_glass_two_people BEFORE UPDATE ON break_glass WHEN (NEW.state = 'signed' AND (NEW.first_by IS NULL OR NEW.second_by IS NULL OR NEW.first_person_id IS NULL OR NEW.second_person_id IS NULL OR NEW.first_by = NEW.second_by)) OR (NEW.state = 'reviewed' AND (NEW.reviewed_by IS NULL OR NEW.reviewed_person_id IS NULL)) BEGIN SELECT RAISE(ABORT, 'POLICY.TWO_PEOPLE'); END

CREATE TRIGGER break_glass_kept BEFORE DELETE ON break_glass WHEN true BEGIN SELECT RAISE(ABORT, 'POLICY.APPEND_ONLY'); END

CREATE TRIGGER policy_grant_from_decision BEFORE INSERT ON policy_grant WHEN NEW.source = 'human' AND NOT EXISTS (SELECT 1 FROM work_item w WHERE w.id = NEW.work_item_id
    AND w.instance_id = NEW.instance_id AND w.user_task_id = NEW.user_task_id AND w.kind IN (0, 1, 2, 3)
    AND w.decision = 0 AND w.decision_source = 0
    AND w.decided_by = NEW.account_id AND w.decided_person_id = NEW.person_id AND w.voided_at IS NULL
    AND w.subject_type = NEW.subject_type AND w.subject_id = NEW.subject_id AND w.subject_digest = NEW.subject_digest
    AND w.on_behalf_of_id IS NEW.on_behalf_of_id) BEGIN SELECT RAISE(ABORT, 'POLICY.NO_DECISION'); END

CREATE TRIGGER policy_grant_for_principal BEFORE INSERT ON policy_grant WHEN NEW.on_behalf_of_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM user_account u WHERE u.id = NEW.on_behalf_of_id AND u.person_id = NEW.principal_person_id) BEGIN SELECT RAISE(ABORT, 'POLICY.NO_DECISION'); END

CREATE TRIGGER policy_grant_by_two BEFORE INSERT ON policy_grant WHEN NEW.source = 'break_glass' AND NOT EXISTS (SELECT 1 FROM break_glass b WHERE b.id = NEW.break_glass_id AND b.state = 'signed'
    AND b.subject_type = NEW.subject_type AND b.subject_id = NEW.subject_id AND b.subject_digest = NEW.subject_digest
    AND NEW.expires_at <= b.expires_at AND NEW.on_behalf_of_id IS NULL AND NEW.capability = 'break_glass'
    AND ((NEW.account_id = b.first_by AND NEW.person_id = b.first_person_id)
      OR (NEW.account_id = b.second_by AND NEW.person_id = b.second_person_id))) BEGIN SELECT RAISE(ABORT, 'POLICY.TWO_PEOPLE'); END

CREATE TRIGGER policy_grant_begins BEFORE INSERT ON policy_grant WHEN NEW.state <> 'active' OR NEW.used_amount <> 0 OR NEW.expires_at <= NEW.granted_at BEGIN SELECT RAISE(ABORT, 'POLICY.NO_DECISION'); END

CREATE TRIGGER policy_grant_frozen BEFORE UPDATE ON policy_grant WHEN (NEW.id, NEW.instance_id, NEW.user_task_id, NEW.work_item_id, NEW.node, NEW.capability, NEW.person_id, NEW.account_id, NEW.on_behalf_of_id, NEW.principal_person_id, NEW.source, NEW.break_glass_id, NEW.subject_type, NEW.subject_id, NEW.subject_digest, NEW.facts, NEW.currency, NEW.limit_amount, NEW.uses, NEW.authority, NEW.policy_versions, NEW.granted_at, NEW.expires_at) IS NOT (OLD.id, OLD.instance_id, OLD.user_task_id, OLD.work_item_id, OLD.node, OLD.capability, OLD.person_id, OLD.account_id, OLD.on_behalf_of_id, OLD.principal_person_id, OLD.source, OLD.break_glass_id, OLD.subject_type, OLD.subject_id, OLD.subject_digest, OLD.facts, OLD.currency, OLD.limit_amount, OLD.uses, OLD.authority, OLD.policy_versions, OLD.granted_at, OLD.expires_at) OR NEW.used_amount < OLD.used_amount OR (OLD.state <> 'active' AND NEW.used_amount <> OLD.used_amount) OR NOT (NEW.state = OLD.state OR (OLD.state = 'active' AND NEW.state IN ('parked', 'void', 'consumed')) OR (OLD.state = 'parked' AND NEW.state IN ('active', 'void'))) BEGIN SELECT RAISE(ABORT, 'POLICY.APPEND_ONLY'); END

CREATE TRIGGER policy_grant_kept BEFORE DELETE ON policy_grant WHEN true BEGIN SELECT RAISE(ABORT, 'POLICY.APPEND_ONLY'); END

CREATE TRIGGER clearance_begins BEFORE INSERT ON clearance WHEN NEW.state <> 'open' BEGIN SELECT RAISE(ABORT, 'POLICY.NOT_APPROVED'); END

CREATE TRIGGER clearance_frozen BEFORE UPDATE ON clearance WHEN OLD.state <> 'open' OR (NEW.id, NEW.instance_id, NEW.operation, NEW.idempotency_key, NEW.policies, NEW.subject_type, NEW.subject_id, NEW.subject_digest, NEW.amount, NEW.currency, NEW.payee_id, NEW.payee_bank_version, NEW.requester_id, NEW.executor_id, NEW.min_people, NEW.cleared_at, NEW.class, NEW.facts, NEW.policy_versions, NEW.reasons) IS NOT (OLD.id, OLD.instance_id, OLD.operation, OLD.idempotency_key, OLD.policies, OLD.subject_type, OLD.subject_id, OLD.subject_digest, OLD.amount, OLD.currency, OLD.payee_id, OLD.payee_bank_version, OLD.requester_id, OLD.executor_id, OLD.min_people, OLD.cleared_at, OLD.class, OLD.facts, OLD.policy_versions, OLD.reasons) BEGIN SELECT RAISE(ABORT, 'POLICY.APPEND_ONLY'); END

CREATE TRIGGER clearance_complete BEFORE UPDATE ON clearance WHEN NEW.state = 'used' AND OLD.state = 'open' AND (EXISTS (SELECT 1 FROM clearance_grant k JOIN policy_grant g ON g.id = k.grant_id WHERE k.clearance_id = NEW.id AND (
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
      FROM policy_version v WHERE v.class = NEW.class AND v.state = 'active' AND v.valid_from <= NEW.cleared_at)) BEGIN SELECT RAISE(ABORT, 'POLICY.NOT_APPROVED'); END

CREATE TRIGGER clearance_grant_frozen BEFORE UPDATE ON clearance_grant WHEN true BEGIN SELECT RAISE(ABORT, 'POLICY.APPEND_ONLY'); END

CREATE TRIGGER clearance_grant_kept BEFORE DELETE ON clearance_grant WHEN true BEGIN SELECT RAISE(ABORT, 'POLICY.APPEND_ONLY'); END

CREATE TRIGGER payment_gate BEFORE INSERT ON erp_payment BEGIN
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
        AND (g.currency IS NULL OR g.currency = c.currency)));
  SELECT RAISE(ABORT, 'POLICY.NOT_APPROVED') WHERE (SELECT count(DISTINCT g.person_id) FROM clearance_grant k
    JOIN policy_grant g ON g.id = k.grant_id WHERE k.clearance_id = NEW.clearance_id)
    < (SELECT max(1, min_people) FROM clearance WHERE id = NEW.clearance_id);
  SELECT RAISE(ABORT, 'erp_payment_request_differs') WHERE NOT EXISTS (SELECT 1 FROM erp_payment_request r
    JOIN erp_payee_account_version v ON v.id = r.payee_account_version_id
    WHERE r.id = NEW.request_id AND r.status = 'submitted' AND r.amount = NEW.amount AND r.currency = NEW.currency
      AND r.payee_account_version_id = NEW.payee_account_version_id AND v.confirmed_by IS NOT NULL
      AND v.version = NEW.payee_bank_version AND replace(lower(NEW.payee_id), '-', '') = lower(hex(v.account_id))
      AND r.requested_by IS NOT NEW.executed_by);
  UPDATE policy_grant SET used_amount = CASE WHEN uses = 'once' THEN used_amount ELSE used_amount + NEW.amount END,
    state = CASE WHEN uses = 'once' OR used_amount + NEW.amount = limit_amount THEN 'consumed' ELSE state END
    WHERE id IN (SELECT grant_id FROM clearance_grant WHERE clearance_id = NEW.clearance_id);
  UPDATE clearance SET state = 'used' WHERE id = NEW.clearance_id; END
