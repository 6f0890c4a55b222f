-- The first schema. Written by `python -m engine.db.migrations.snapshot`; frozen.

CREATE TABLE audit (
  scope VARCHAR(60) NOT NULL,
  seq INTEGER NOT NULL,
  at TIMESTAMP WITH TIME ZONE NOT NULL,
  kind VARCHAR(60) NOT NULL,
  actor_id UUID,
  data TEXT NOT NULL,
  hash BYTEA NOT NULL,
  CONSTRAINT audit_pk PRIMARY KEY (scope, seq)
)

CREATE TABLE audit_anchor (
  number INTEGER NOT NULL,
  at TIMESTAMP WITH TIME ZONE NOT NULL,
  previous BYTEA NOT NULL,
  leaves INTEGER NOT NULL,
  root BYTEA NOT NULL,
  key TEXT NOT NULL,
  signature BYTEA NOT NULL,
  sent_to TEXT,
  sent_at TIMESTAMP WITH TIME ZONE,
  CONSTRAINT audit_anchor_pk PRIMARY KEY (number)
)

CREATE TABLE audit_tip (
  scope VARCHAR(60) NOT NULL,
  seq INTEGER NOT NULL,
  hash BYTEA NOT NULL,
  CONSTRAINT audit_tip_pk PRIMARY KEY (scope)
)

CREATE TABLE blob (
  digest BYTEA NOT NULL,
  size BIGINT NOT NULL,
  media_type VARCHAR(120) NOT NULL,
  content BYTEA NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE NOT NULL,
  CONSTRAINT blob_pk PRIMARY KEY (digest)
)

CREATE TABLE clearance (
  id UUID NOT NULL,
  instance_id UUID NOT NULL,
  operation VARCHAR(120) NOT NULL,
  idempotency_key UUID NOT NULL,
  policies TEXT NOT NULL,
  subject_type VARCHAR(60) NOT NULL,
  subject_id VARCHAR(200) NOT NULL,
  subject_digest VARCHAR(80) NOT NULL,
  amount NUMERIC(18, 2) NOT NULL,
  currency VARCHAR(3) NOT NULL,
  payee_id VARCHAR(200) NOT NULL,
  payee_bank_version INTEGER NOT NULL,
  requester_id UUID NOT NULL,
  executor_id UUID,
  min_people INTEGER NOT NULL,
  cleared_at TIMESTAMP WITH TIME ZONE NOT NULL,
  state VARCHAR(12) NOT NULL,
  CONSTRAINT clearance_pk PRIMARY KEY (id),
  CONSTRAINT clearance_people CHECK (min_people >= 1),
  CONSTRAINT clearance_state CHECK (state IN ('open', 'used', 'void')),
  CONSTRAINT clearance_idempotency_key_once UNIQUE (idempotency_key)
)

CREATE TABLE correlation_lock (
  bucket SMALLINT NOT NULL,
  CONSTRAINT correlation_lock_pk PRIMARY KEY (bucket)
)

CREATE TABLE counter (
  name VARCHAR(120) NOT NULL,
  value BIGINT NOT NULL,
  CONSTRAINT counter_pk PRIMARY KEY (name)
)

CREATE TABLE deployment (
  id UUID NOT NULL,
  name TEXT NOT NULL,
  deployed_by UUID,
  deployed_at TIMESTAMP WITH TIME ZONE NOT NULL,
  note TEXT NOT NULL,
  digest BYTEA NOT NULL,
  CONSTRAINT deployment_pk PRIMARY KEY (id),
  CONSTRAINT deployment_digest_once UNIQUE (digest)
)

CREATE TABLE document (
  id UUID NOT NULL,
  instance_id UUID,
  owner_type VARCHAR(60) NOT NULL,
  owner_id UUID NOT NULL,
  name TEXT NOT NULL,
  current_version INTEGER NOT NULL,
  created_by UUID,
  created_at TIMESTAMP WITH TIME ZONE NOT NULL,
  CONSTRAINT document_pk PRIMARY KEY (id)
)

CREATE INDEX document_instance ON document (instance_id)

CREATE INDEX document_owner ON document (owner_type, owner_id)

CREATE TABLE draft (
  path VARCHAR(300) NOT NULL,
  kind SMALLINT NOT NULL,
  key VARCHAR(200) NOT NULL,
  name TEXT NOT NULL,
  content BYTEA NOT NULL,
  version INTEGER NOT NULL,
  saved_by UUID,
  saved_at TIMESTAMP WITH TIME ZONE NOT NULL,
  CONSTRAINT draft_pk PRIMARY KEY (path)
)

CREATE TABLE effect (
  key UUID NOT NULL,
  operation VARCHAR(120) NOT NULL,
  instance_id UUID,
  node VARCHAR(200),
  request_hash BYTEA NOT NULL,
  status SMALLINT NOT NULL,
  response TEXT,
  error_code VARCHAR(120),
  started_at TIMESTAMP WITH TIME ZONE NOT NULL,
  finished_at TIMESTAMP WITH TIME ZONE,
  CONSTRAINT effect_pk PRIMARY KEY (key)
)

CREATE INDEX effect_instance ON effect (instance_id)

CREATE TABLE history (
  instance_id UUID NOT NULL,
  seq INTEGER NOT NULL,
  at TIMESTAMP WITH TIME ZONE NOT NULL,
  kind VARCHAR(40) NOT NULL,
  node VARCHAR(200),
  actor_id UUID,
  on_behalf_of_id UUID,
  data TEXT,
  hash BYTEA NOT NULL,
  token INTEGER,
  definition_id UUID,
  started_at TIMESTAMP WITH TIME ZONE,
  CONSTRAINT history_pk PRIMARY KEY (instance_id, seq)
)

CREATE INDEX history_actor ON history (actor_id, at) WHERE actor_id IS NOT NULL

CREATE INDEX history_visit ON history (definition_id, node, started_at) WHERE started_at IS NOT NULL

CREATE TABLE inbox (
  principal_id UUID NOT NULL,
  box SMALLINT NOT NULL,
  due_key BIGINT NOT NULL,
  work_item_id UUID NOT NULL,
  CONSTRAINT inbox_pk PRIMARY KEY (principal_id, box, due_key, work_item_id)
)

CREATE INDEX inbox_item ON inbox (work_item_id)

CREATE INDEX inbox_newest ON inbox (principal_id, box, work_item_id DESC)

CREATE TABLE incident (
  id UUID NOT NULL,
  instance_id UUID,
  job_id UUID,
  number INTEGER,
  node VARCHAR(200),
  kind SMALLINT NOT NULL,
  code VARCHAR(80) NOT NULL,
  message TEXT NOT NULL,
  detail TEXT,
  created_at TIMESTAMP WITH TIME ZONE NOT NULL,
  resolved_at TIMESTAMP WITH TIME ZONE,
  resolved_by UUID,
  resolution TEXT,
  CONSTRAINT incident_pk PRIMARY KEY (id)
)

CREATE INDEX incident_instance ON incident (instance_id)

CREATE INDEX incident_open ON incident (id) WHERE resolved_at IS NULL

CREATE TABLE job (
  id UUID NOT NULL,
  instance_id UUID,
  token INTEGER,
  kind SMALLINT NOT NULL,
  handler VARCHAR(200) NOT NULL,
  payload TEXT NOT NULL,
  shard SMALLINT NOT NULL,
  visible_at TIMESTAMP WITH TIME ZONE NOT NULL,
  state SMALLINT NOT NULL,
  attempts SMALLINT NOT NULL,
  retry VARCHAR(200) NOT NULL,
  lock_token UUID,
  lock_owner VARCHAR(200),
  last_error TEXT,
  created_at TIMESTAMP WITH TIME ZONE NOT NULL,
  CONSTRAINT job_pk PRIMARY KEY (id)
)

CREATE INDEX job_instance ON job (instance_id)

CREATE UNIQUE INDEX job_once ON job (instance_id, token, kind) WHERE token IS NOT NULL

CREATE INDEX job_visible ON job (visible_at) WHERE state = 0

CREATE TABLE message (
  id UUID NOT NULL,
  name VARCHAR(200) NOT NULL,
  correlation_key TEXT NOT NULL,
  source VARCHAR(120) NOT NULL,
  message_id VARCHAR(200) NOT NULL,
  payload TEXT NOT NULL,
  state SMALLINT NOT NULL,
  received_at TIMESTAMP WITH TIME ZONE NOT NULL,
  expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
  CONSTRAINT message_pk PRIMARY KEY (id),
  CONSTRAINT message_source_message_id_once UNIQUE (source, message_id)
)

CREATE INDEX message_expiry ON message (expires_at)

CREATE INDEX message_waiting ON message (name, correlation_key, id) WHERE state = 0

CREATE TABLE org_unit (
  id UUID NOT NULL,
  key VARCHAR(60) NOT NULL,
  name TEXT NOT NULL,
  name_en TEXT NOT NULL,
  parent_id UUID,
  leader_id UUID,
  CONSTRAINT org_unit_pk PRIMARY KEY (id),
  CONSTRAINT org_unit_key_once UNIQUE (key),
  CONSTRAINT org_unit_parent_id_fk FOREIGN KEY(parent_id) REFERENCES org_unit (id)
)

CREATE TABLE policy_version (
  id UUID NOT NULL,
  policy_id VARCHAR(60) NOT NULL,
  version INTEGER NOT NULL,
  class VARCHAR(60) NOT NULL,
  statement TEXT NOT NULL,
  state VARCHAR(12) NOT NULL,
  source VARCHAR(12) NOT NULL,
  valid_from TIMESTAMP WITH TIME ZONE NOT NULL,
  valid_to TIMESTAMP WITH TIME ZONE,
  proposed_by UUID,
  approved_by UUID,
  CONSTRAINT policy_version_pk PRIMARY KEY (id),
  CONSTRAINT policy_version_policy_id_version_once UNIQUE (policy_id, version),
  CONSTRAINT policy_version_state CHECK (state IN ('proposed', 'active', 'retired')),
  CONSTRAINT policy_version_two_people CHECK (proposed_by IS NULL OR approved_by IS NULL OR proposed_by <> approved_by)
)

CREATE TABLE subscription (
  id UUID NOT NULL,
  kind SMALLINT NOT NULL,
  name VARCHAR(200) NOT NULL,
  correlation_key TEXT NOT NULL,
  instance_id UUID,
  token INTEGER,
  definition_id UUID,
  node VARCHAR(200),
  created_at TIMESTAMP WITH TIME ZONE NOT NULL,
  CONSTRAINT subscription_pk PRIMARY KEY (id),
  CONSTRAINT subscription_token_of_instance CHECK ((instance_id IS NULL) = (token IS NULL)),
  CONSTRAINT subscription_node_of_definition CHECK ((definition_id IS NULL) = (node IS NULL)),
  CONSTRAINT subscription_one_waiter CHECK ((instance_id IS NULL) <> (definition_id IS NULL))
)

CREATE INDEX subscription_instance ON subscription (instance_id)

CREATE INDEX subscription_match ON subscription (kind, name, correlation_key, id)

CREATE UNIQUE INDEX subscription_start ON subscription (kind, name, definition_id, node) WHERE definition_id IS NOT NULL

CREATE TABLE task_comment (
  id UUID NOT NULL,
  instance_id UUID NOT NULL,
  user_task_id UUID,
  author_id UUID NOT NULL,
  text TEXT NOT NULL,
  at TIMESTAMP WITH TIME ZONE NOT NULL,
  CONSTRAINT task_comment_pk PRIMARY KEY (id)
)

CREATE INDEX task_comment_instance ON task_comment (instance_id, id)

CREATE TABLE user_group (
  id UUID NOT NULL,
  key VARCHAR(60) NOT NULL,
  name TEXT NOT NULL,
  name_en TEXT NOT NULL,
  capabilities TEXT NOT NULL,
  CONSTRAINT user_group_pk PRIMARY KEY (id),
  CONSTRAINT user_group_key_once UNIQUE (key)
)

CREATE TABLE work_calendar (
  id UUID NOT NULL,
  key VARCHAR(60) NOT NULL,
  name TEXT NOT NULL,
  timezone VARCHAR(60) NOT NULL,
  week TEXT NOT NULL,
  CONSTRAINT work_calendar_pk PRIMARY KEY (id),
  CONSTRAINT work_calendar_key_once UNIQUE (key)
)

CREATE TABLE document_version (
  document_id UUID NOT NULL,
  version INTEGER NOT NULL,
  digest BYTEA NOT NULL,
  uploaded_by UUID,
  uploaded_at TIMESTAMP WITH TIME ZONE NOT NULL,
  CONSTRAINT document_version_pk PRIMARY KEY (document_id, version),
  CONSTRAINT document_version_document_id_fk FOREIGN KEY(document_id) REFERENCES document (id),
  CONSTRAINT document_version_digest_fk FOREIGN KEY(digest) REFERENCES blob (digest)
)

CREATE TABLE resource (
  id UUID NOT NULL,
  deployment_id UUID NOT NULL,
  path TEXT NOT NULL,
  kind SMALLINT NOT NULL,
  digest BYTEA NOT NULL,
  content BYTEA NOT NULL,
  CONSTRAINT resource_pk PRIMARY KEY (id),
  CONSTRAINT resource_deployment_id_path_once UNIQUE (deployment_id, path),
  CONSTRAINT resource_deployment_id_fk FOREIGN KEY(deployment_id) REFERENCES deployment (id)
)

CREATE TABLE user_account (
  id UUID NOT NULL,
  login VARCHAR(60) NOT NULL,
  name TEXT NOT NULL,
  name_en TEXT NOT NULL,
  email TEXT NOT NULL,
  person_id UUID,
  org_unit_id UUID,
  position TEXT NOT NULL,
  manager_id UUID,
  password_hash TEXT,
  locale VARCHAR(10) NOT NULL,
  demo BOOLEAN NOT NULL,
  disabled_at TIMESTAMP WITH TIME ZONE,
  failed_logins INTEGER NOT NULL,
  locked_until TIMESTAMP WITH TIME ZONE,
  session_epoch INTEGER NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE NOT NULL,
  CONSTRAINT user_account_pk PRIMARY KEY (id),
  CONSTRAINT user_account_login_once UNIQUE (login),
  CONSTRAINT user_account_org_unit_id_fk FOREIGN KEY(org_unit_id) REFERENCES org_unit (id),
  CONSTRAINT user_account_manager_id_fk FOREIGN KEY(manager_id) REFERENCES user_account (id)
)

CREATE INDEX user_account_manager ON user_account (manager_id)

CREATE INDEX user_account_org_unit ON user_account (org_unit_id)

CREATE TABLE work_calendar_day (
  calendar_id UUID NOT NULL,
  date DATE NOT NULL,
  kind VARCHAR(10) NOT NULL,
  note TEXT NOT NULL,
  CONSTRAINT work_calendar_day_pk PRIMARY KEY (calendar_id, date),
  CONSTRAINT work_calendar_day_calendar_id_fk FOREIGN KEY(calendar_id) REFERENCES work_calendar (id)
)

CREATE TABLE definition (
  id UUID NOT NULL,
  kind SMALLINT NOT NULL,
  key VARCHAR(200) NOT NULL,
  version INTEGER NOT NULL,
  name TEXT NOT NULL,
  category TEXT NOT NULL,
  resource_id UUID NOT NULL,
  digest BYTEA NOT NULL,
  state SMALLINT NOT NULL,
  meta TEXT NOT NULL,
  deployed_at TIMESTAMP WITH TIME ZONE NOT NULL,
  CONSTRAINT definition_pk PRIMARY KEY (id),
  CONSTRAINT definition_kind_key_version_once UNIQUE (kind, key, version),
  CONSTRAINT definition_resource_id_fk FOREIGN KEY(resource_id) REFERENCES resource (id)
)

CREATE INDEX definition_latest ON definition (kind, key, version DESC)

CREATE TABLE membership (
  group_id UUID NOT NULL,
  user_id UUID NOT NULL,
  CONSTRAINT membership_pk PRIMARY KEY (group_id, user_id),
  CONSTRAINT membership_group_id_fk FOREIGN KEY(group_id) REFERENCES user_group (id),
  CONSTRAINT membership_user_id_fk FOREIGN KEY(user_id) REFERENCES user_account (id)
)

CREATE INDEX membership_user ON membership (user_id)

CREATE TABLE substitution (
  id UUID NOT NULL,
  principal_id UUID NOT NULL,
  substitute_id UUID NOT NULL,
  valid_from TIMESTAMP WITH TIME ZONE NOT NULL,
  valid_to TIMESTAMP WITH TIME ZONE NOT NULL,
  reason TEXT NOT NULL,
  CONSTRAINT substitution_pk PRIMARY KEY (id),
  CONSTRAINT substitution_two_people CHECK (principal_id <> substitute_id),
  CONSTRAINT substitution_period CHECK (valid_from < valid_to),
  CONSTRAINT substitution_principal_id_fk FOREIGN KEY(principal_id) REFERENCES user_account (id),
  CONSTRAINT substitution_substitute_id_fk FOREIGN KEY(substitute_id) REFERENCES user_account (id)
)

CREATE INDEX substitution_substitute ON substitution (substitute_id)

CREATE TABLE instance (
  id UUID NOT NULL,
  definition_id UUID NOT NULL,
  process_key VARCHAR(200) NOT NULL,
  number VARCHAR(60),
  business_key VARCHAR(200),
  title TEXT NOT NULL,
  summary TEXT,
  starter_id UUID,
  status SMALLINT NOT NULL,
  incidents SMALLINT NOT NULL,
  version INTEGER NOT NULL,
  history_seq INTEGER NOT NULL,
  history_hash BYTEA NOT NULL,
  codec SMALLINT NOT NULL,
  state BYTEA NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE NOT NULL,
  updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
  ended_at TIMESTAMP WITH TIME ZONE,
  ended_code VARCHAR(200),
  remove_at TIMESTAMP WITH TIME ZONE,
  legal_hold BOOLEAN NOT NULL,
  CONSTRAINT instance_pk PRIMARY KEY (id),
  CONSTRAINT instance_definition_id_fk FOREIGN KEY(definition_id) REFERENCES definition (id)
)

CREATE UNIQUE INDEX instance_business_key ON instance (process_key, business_key) WHERE business_key IS NOT NULL AND status IN (0, 1, 7)

CREATE INDEX instance_live ON instance (definition_id, id) WHERE status IN (0, 1)

CREATE INDEX instance_mine ON instance (starter_id, id)

CREATE INDEX instance_process ON instance (process_key, id)

CREATE INDEX instance_trouble ON instance (id) WHERE incidents > 0

CREATE TABLE instance_field (
  instance_id UUID NOT NULL,
  name VARCHAR(100) NOT NULL,
  text_value TEXT,
  number_value NUMERIC(24, 6),
  time_value TIMESTAMP WITH TIME ZONE,
  CONSTRAINT instance_field_pk PRIMARY KEY (instance_id, name),
  CONSTRAINT instance_field_instance_id_fk FOREIGN KEY(instance_id) REFERENCES instance (id) ON DELETE CASCADE
)

CREATE INDEX instance_field_number ON instance_field (name, number_value, instance_id)

CREATE INDEX instance_field_text ON instance_field (name, text_value, instance_id)

CREATE TABLE instance_scope (
  instance_id UUID NOT NULL,
  scope INTEGER NOT NULL,
  codec SMALLINT NOT NULL,
  state BYTEA NOT NULL,
  CONSTRAINT instance_scope_pk PRIMARY KEY (instance_id, scope),
  CONSTRAINT instance_scope_instance_id_fk FOREIGN KEY(instance_id) REFERENCES instance (id) ON DELETE CASCADE
)

CREATE TABLE user_task (
  id UUID NOT NULL,
  instance_id UUID NOT NULL,
  node VARCHAR(200) NOT NULL,
  token INTEGER NOT NULL,
  round INTEGER NOT NULL,
  name TEXT NOT NULL,
  form VARCHAR(200),
  priority SMALLINT NOT NULL,
  due_at TIMESTAMP WITH TIME ZONE,
  follow_up_at TIMESTAMP WITH TIME ZONE,
  mode VARCHAR(20) NOT NULL,
  status SMALLINT NOT NULL,
  spec TEXT NOT NULL,
  cause SMALLINT NOT NULL,
  opened_seq INTEGER NOT NULL,
  passed_seq INTEGER,
  outcome VARCHAR(20),
  created_at TIMESTAMP WITH TIME ZONE NOT NULL,
  closed_at TIMESTAMP WITH TIME ZONE,
  voided_at TIMESTAMP WITH TIME ZONE,
  version INTEGER NOT NULL,
  CONSTRAINT user_task_pk PRIMARY KEY (id),
  CONSTRAINT user_task_wait_once UNIQUE (instance_id, token),
  CONSTRAINT user_task_instance_id_fk FOREIGN KEY(instance_id) REFERENCES instance (id)
)

CREATE INDEX user_task_open ON user_task (instance_id) WHERE status = 0

CREATE TABLE work_item (
  id UUID NOT NULL,
  user_task_id UUID,
  instance_id UUID NOT NULL,
  parent_id UUID,
  supersedes_id UUID,
  kind SMALLINT NOT NULL,
  seq INTEGER NOT NULL,
  weight NUMERIC(9, 4) NOT NULL,
  assignee_id UUID,
  group_id UUID,
  owner_id UUID,
  on_behalf_of_id UUID,
  status SMALLINT NOT NULL,
  decision SMALLINT,
  decision_source SMALLINT,
  decided_by UUID,
  decided_person_id UUID,
  decided_at TIMESTAMP WITH TIME ZONE,
  opinion TEXT,
  draft TEXT,
  form_digest BYTEA,
  subject_type VARCHAR(60),
  subject_id VARCHAR(200),
  subject_digest VARCHAR(80),
  evidence_id UUID,
  reason TEXT,
  added_by UUID,
  voided_at TIMESTAMP WITH TIME ZONE,
  void_reason TEXT,
  due_at TIMESTAMP WITH TIME ZONE,
  first_seen_at TIMESTAMP WITH TIME ZONE,
  urged_at TIMESTAMP WITH TIME ZONE,
  idempotency_key VARCHAR(80),
  created_at TIMESTAMP WITH TIME ZONE NOT NULL,
  version INTEGER NOT NULL,
  CONSTRAINT work_item_pk PRIMARY KEY (id),
  CONSTRAINT work_item_one_owner CHECK (assignee_id IS NULL OR group_id IS NULL),
  CONSTRAINT work_item_decided_at CHECK ((decision IS NULL) = (decided_at IS NULL)),
  CONSTRAINT work_item_human_has_a_name CHECK (decision_source <> 0 OR decided_by IS NOT NULL),
  CONSTRAINT work_item_decision_has_a_source CHECK (decision IS NULL OR decision_source IS NOT NULL),
  CONSTRAINT work_item_user_task_id_fk FOREIGN KEY(user_task_id) REFERENCES user_task (id)
)

CREATE INDEX work_item_done ON work_item (decided_by, decided_at DESC, id) WHERE decided_at IS NOT NULL

CREATE INDEX work_item_instance ON work_item (instance_id)

CREATE INDEX work_item_ledger ON work_item (user_task_id, seq)

CREATE UNIQUE INDEX work_item_once_open ON work_item (user_task_id, assignee_id) WHERE status IN (0, 1, 2, 3) AND kind <> 4 AND assignee_id IS NOT NULL

CREATE TABLE policy_grant (
  id UUID NOT NULL,
  instance_id UUID NOT NULL,
  user_task_id UUID NOT NULL,
  work_item_id UUID NOT NULL,
  node VARCHAR(200) NOT NULL,
  capability VARCHAR(60) NOT NULL,
  person_id UUID NOT NULL,
  account_id UUID NOT NULL,
  on_behalf_of_id UUID,
  source VARCHAR(12) NOT NULL,
  subject_type VARCHAR(60) NOT NULL,
  subject_id VARCHAR(200) NOT NULL,
  subject_digest VARCHAR(80) NOT NULL,
  facts TEXT NOT NULL,
  granted_at TIMESTAMP WITH TIME ZONE NOT NULL,
  expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
  state VARCHAR(12) NOT NULL,
  state_reason TEXT,
  state_at TIMESTAMP WITH TIME ZONE,
  CONSTRAINT policy_grant_pk PRIMARY KEY (id),
  CONSTRAINT policy_grant_work_item_id_capability_once UNIQUE (work_item_id, capability),
  CONSTRAINT policy_grant_source CHECK (source IN ('human', 'break_glass')),
  CONSTRAINT policy_grant_state CHECK (state IN ('active', 'parked', 'void', 'consumed')),
  CONSTRAINT policy_grant_user_task_id_fk FOREIGN KEY(user_task_id) REFERENCES user_task (id),
  CONSTRAINT policy_grant_work_item_id_fk FOREIGN KEY(work_item_id) REFERENCES work_item (id)
)

CREATE INDEX policy_grant_instance ON policy_grant (instance_id)

CREATE INDEX policy_grant_subject ON policy_grant (subject_type, subject_id, state)

CREATE TABLE clearance_grant (
  clearance_id UUID NOT NULL,
  grant_id UUID NOT NULL,
  requirement VARCHAR(60) NOT NULL,
  CONSTRAINT clearance_grant_pk PRIMARY KEY (clearance_id, grant_id),
  CONSTRAINT clearance_grant_clearance_id_fk FOREIGN KEY(clearance_id) REFERENCES clearance (id),
  CONSTRAINT clearance_grant_grant_id_fk FOREIGN KEY(grant_id) REFERENCES policy_grant (id)
)

CREATE FUNCTION append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$

CREATE TRIGGER history_append_only BEFORE UPDATE OR DELETE ON history FOR EACH ROW EXECUTE FUNCTION append_only()

CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE ON audit FOR EACH ROW EXECUTE FUNCTION append_only()
