-- The first schema. Written by `python -m engine.db.migrations.snapshot`; frozen.

CREATE TABLE audit (
  scope VARCHAR(60) NOT NULL,
  seq INTEGER NOT NULL,
  at BIGINT NOT NULL,
  kind VARCHAR(60) NOT NULL,
  actor_id BLOB,
  data TEXT NOT NULL,
  hash BLOB NOT NULL,
  CONSTRAINT audit_pk PRIMARY KEY (scope, seq)
)

CREATE TABLE audit_anchor (
  number INTEGER NOT NULL,
  at BIGINT NOT NULL,
  previous BLOB NOT NULL,
  leaves INTEGER NOT NULL,
  root BLOB NOT NULL,
  "key" TEXT NOT NULL,
  signature BLOB NOT NULL,
  sent_to TEXT,
  sent_at BIGINT,
  CONSTRAINT audit_anchor_pk PRIMARY KEY (number)
)

CREATE TABLE audit_tip (
  scope VARCHAR(60) NOT NULL,
  seq INTEGER NOT NULL,
  hash BLOB NOT NULL,
  CONSTRAINT audit_tip_pk PRIMARY KEY (scope)
)

CREATE TABLE blob (
  digest BLOB NOT NULL,
  size BIGINT NOT NULL,
  media_type VARCHAR(120) NOT NULL,
  content BLOB NOT NULL,
  created_at BIGINT NOT NULL,
  CONSTRAINT blob_pk PRIMARY KEY (digest)
)

CREATE TABLE clearance (
  id BLOB NOT NULL,
  instance_id BLOB NOT NULL,
  operation VARCHAR(120) NOT NULL,
  idempotency_key BLOB NOT NULL,
  policies TEXT NOT NULL,
  subject_type VARCHAR(60) NOT NULL,
  subject_id VARCHAR(200) NOT NULL,
  subject_digest VARCHAR(80) NOT NULL,
  amount BIGINT NOT NULL,
  currency VARCHAR(3) NOT NULL,
  payee_id VARCHAR(200) NOT NULL,
  payee_bank_version INTEGER NOT NULL,
  requester_id BLOB NOT NULL,
  executor_id BLOB,
  min_people INTEGER NOT NULL,
  cleared_at BIGINT NOT NULL,
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

CREATE TABLE crm_price_list (
  id BLOB NOT NULL,
  name VARCHAR(60) NOT NULL,
  currency VARCHAR(3) NOT NULL,
  CONSTRAINT crm_price_list_pk PRIMARY KEY (id),
  CONSTRAINT crm_price_list_name_once UNIQUE (name)
)

CREATE TABLE crm_stage (
  id BLOB NOT NULL,
  seq INTEGER NOT NULL,
  name_zh TEXT NOT NULL,
  name_en TEXT NOT NULL,
  probability BIGINT NOT NULL,
  is_won BOOLEAN NOT NULL,
  is_lost BOOLEAN NOT NULL,
  CONSTRAINT crm_stage_pk PRIMARY KEY (id),
  CONSTRAINT crm_stage_probability CHECK (probability >= 0),
  CONSTRAINT crm_stage_one_end CHECK (NOT (is_won AND is_lost)),
  CONSTRAINT crm_stage_seq_once UNIQUE (seq)
)

CREATE TABLE crm_survey (
  id BLOB NOT NULL,
  code VARCHAR(40) NOT NULL,
  name TEXT NOT NULL,
  name_en TEXT NOT NULL,
  CONSTRAINT crm_survey_pk PRIMARY KEY (id),
  CONSTRAINT crm_survey_code_once UNIQUE (code)
)

CREATE TABLE deployment (
  id BLOB NOT NULL,
  name TEXT NOT NULL,
  deployed_by BLOB,
  deployed_at BIGINT NOT NULL,
  note TEXT NOT NULL,
  digest BLOB NOT NULL,
  CONSTRAINT deployment_pk PRIMARY KEY (id),
  CONSTRAINT deployment_digest_once UNIQUE (digest)
)

CREATE TABLE document (
  id BLOB NOT NULL,
  instance_id BLOB,
  owner_type VARCHAR(60) NOT NULL,
  owner_id BLOB NOT NULL,
  name TEXT NOT NULL,
  current_version INTEGER NOT NULL,
  created_by BLOB,
  created_at BIGINT NOT NULL,
  CONSTRAINT document_pk PRIMARY KEY (id)
)

CREATE INDEX document_instance ON document (instance_id)

CREATE INDEX document_owner ON document (owner_type, owner_id)

CREATE TABLE draft (
  path VARCHAR(300) NOT NULL,
  kind SMALLINT NOT NULL,
  "key" VARCHAR(200) NOT NULL,
  name TEXT NOT NULL,
  content BLOB NOT NULL,
  version INTEGER NOT NULL,
  saved_by BLOB,
  saved_at BIGINT NOT NULL,
  CONSTRAINT draft_pk PRIMARY KEY (path)
)

CREATE TABLE effect (
  "key" BLOB NOT NULL,
  operation VARCHAR(120) NOT NULL,
  instance_id BLOB,
  node VARCHAR(200),
  request_hash BLOB NOT NULL,
  status SMALLINT NOT NULL,
  response TEXT,
  error_code VARCHAR(120),
  started_at BIGINT NOT NULL,
  finished_at BIGINT,
  CONSTRAINT effect_pk PRIMARY KEY ("key")
)

CREATE INDEX effect_instance ON effect (instance_id)

CREATE TABLE erp_account (
  code VARCHAR(20) NOT NULL,
  parent VARCHAR(20),
  name_zh TEXT NOT NULL,
  name_en TEXT NOT NULL,
  class VARCHAR(1) NOT NULL,
  side VARCHAR(1) NOT NULL,
  postable BOOLEAN NOT NULL,
  aux VARCHAR(60) NOT NULL,
  CONSTRAINT erp_account_pk PRIMARY KEY (code),
  CONSTRAINT erp_account_class CHECK ("class" IN ('A', 'L', 'E', 'C', 'P')),
  CONSTRAINT erp_account_side CHECK (side IN ('D', 'C')),
  CONSTRAINT erp_account_parent_fk FOREIGN KEY(parent) REFERENCES erp_account (code)
)

CREATE TABLE erp_company (
  id INTEGER NOT NULL,
  name TEXT NOT NULL,
  name_en TEXT NOT NULL,
  uscc VARCHAR(18) NOT NULL,
  taxpayer VARCHAR(12) NOT NULL,
  currency VARCHAR(3) NOT NULL,
  region VARCHAR(12) NOT NULL,
  CONSTRAINT erp_company_pk PRIMARY KEY (id),
  CONSTRAINT erp_company_one_entity CHECK (id = 1),
  CONSTRAINT erp_company_taxpayer CHECK (taxpayer IN ('general', 'small'))
)

CREATE TABLE erp_item (
  id BLOB NOT NULL,
  sku VARCHAR(40) NOT NULL,
  name TEXT NOT NULL,
  name_en TEXT NOT NULL,
  kind VARCHAR(12) NOT NULL,
  uom VARCHAR(12) NOT NULL,
  tax_code VARCHAR(19) NOT NULL,
  vat_category VARCHAR(20) NOT NULL,
  source VARCHAR(12) NOT NULL,
  lead_time_days INTEGER NOT NULL,
  abc VARCHAR(1) NOT NULL,
  active BOOLEAN NOT NULL,
  CONSTRAINT erp_item_pk PRIMARY KEY (id),
  CONSTRAINT erp_item_kind CHECK (kind IN ('goods', 'raw', 'semi', 'finished', 'service')),
  CONSTRAINT erp_item_source CHECK (source IN ('buy', 'make')),
  CONSTRAINT erp_item_abc CHECK (abc IN ('A', 'B', 'C')),
  CONSTRAINT erp_item_lead_time CHECK (lead_time_days >= 0),
  CONSTRAINT erp_item_sku_once UNIQUE (sku)
)

CREATE TABLE erp_payee_account (
  id BLOB NOT NULL,
  owner_kind VARCHAR(12) NOT NULL,
  owner_id BLOB NOT NULL,
  owner_name TEXT NOT NULL,
  current_version INTEGER,
  CONSTRAINT erp_payee_account_pk PRIMARY KEY (id),
  CONSTRAINT erp_payee_account_owner_kind_owner_id_once UNIQUE (owner_kind, owner_id),
  CONSTRAINT erp_payee_account_owner_kind CHECK (owner_kind IN ('supplier', 'employee'))
)

CREATE TABLE erp_period (
  id VARCHAR(7) NOT NULL,
  status VARCHAR(12) NOT NULL,
  CONSTRAINT erp_period_pk PRIMARY KEY (id),
  CONSTRAINT erp_period_status CHECK (status IN ('open', 'closing', 'closed'))
)

CREATE TABLE erp_receipt (
  id BLOB NOT NULL,
  receipt_no VARCHAR(40) NOT NULL,
  version INTEGER NOT NULL,
  business_date DATE NOT NULL,
  created_at BIGINT NOT NULL,
  created_by BLOB,
  instance_id BLOB,
  source_type VARCHAR(60),
  source_id VARCHAR(60),
  cancelled_at BIGINT,
  cancel_reason TEXT,
  note TEXT NOT NULL,
  customer_id BLOB NOT NULL,
  payer TEXT NOT NULL,
  bank_ref VARCHAR(60),
  amount BIGINT NOT NULL,
  currency VARCHAR(3) NOT NULL,
  unallocated BIGINT NOT NULL,
  voucher_no VARCHAR(40),
  CONSTRAINT erp_receipt_pk PRIMARY KEY (id),
  CONSTRAINT erp_receipt_amount CHECK (amount > 0),
  CONSTRAINT erp_receipt_unallocated CHECK (unallocated >= 0 AND unallocated <= amount),
  CONSTRAINT erp_receipt_receipt_no_once UNIQUE (receipt_no)
)

CREATE UNIQUE INDEX erp_receipt_bank_ref_once ON erp_receipt (bank_ref) WHERE bank_ref IS NOT NULL

CREATE TABLE erp_sales_order (
  id BLOB NOT NULL,
  order_no VARCHAR(40) NOT NULL,
  version INTEGER NOT NULL,
  business_date DATE NOT NULL,
  created_at BIGINT NOT NULL,
  created_by BLOB,
  instance_id BLOB,
  source_type VARCHAR(60),
  source_id VARCHAR(60),
  cancelled_at BIGINT,
  cancel_reason TEXT,
  note TEXT NOT NULL,
  customer_id BLOB NOT NULL,
  customer_name TEXT NOT NULL,
  customer_uscc VARCHAR(18),
  ship_to TEXT,
  currency VARCHAR(3) NOT NULL,
  promised_date DATE,
  net BIGINT NOT NULL,
  tax BIGINT NOT NULL,
  gross BIGINT NOT NULL,
  payment_terms_days INTEGER NOT NULL,
  status VARCHAR(12) NOT NULL,
  CONSTRAINT erp_sales_order_pk PRIMARY KEY (id),
  CONSTRAINT erp_sales_order_status CHECK (status IN ('open', 'closed', 'cancelled')),
  CONSTRAINT erp_sales_order_order_no_once UNIQUE (order_no)
)

CREATE INDEX erp_sales_order_customer ON erp_sales_order (customer_id)

CREATE TABLE erp_supplier (
  id BLOB NOT NULL,
  code VARCHAR(20) NOT NULL,
  name TEXT NOT NULL,
  uscc VARCHAR(18),
  contact TEXT NOT NULL,
  payment_terms_days INTEGER NOT NULL,
  blocked BOOLEAN NOT NULL,
  block_reason TEXT,
  active BOOLEAN NOT NULL,
  CONSTRAINT erp_supplier_pk PRIMARY KEY (id),
  CONSTRAINT erp_supplier_blocked CHECK (NOT blocked OR block_reason IS NOT NULL),
  CONSTRAINT erp_supplier_terms CHECK (payment_terms_days >= 0),
  CONSTRAINT erp_supplier_code_once UNIQUE (code),
  CONSTRAINT erp_supplier_uscc_once UNIQUE (uscc)
)

CREATE TABLE erp_vat_rate (
  id BLOB NOT NULL,
  category VARCHAR(20) NOT NULL,
  rate BIGINT NOT NULL,
  valid_from DATE NOT NULL,
  valid_to DATE,
  CONSTRAINT erp_vat_rate_pk PRIMARY KEY (id),
  CONSTRAINT erp_vat_rate_rate CHECK (rate >= 0),
  CONSTRAINT erp_vat_rate_order CHECK (valid_to IS NULL OR valid_from <= valid_to)
)

CREATE INDEX erp_vat_rate_category ON erp_vat_rate (category, valid_from)

CREATE TABLE erp_warehouse (
  id BLOB NOT NULL,
  code VARCHAR(20) NOT NULL,
  name TEXT NOT NULL,
  name_en TEXT NOT NULL,
  active BOOLEAN NOT NULL,
  CONSTRAINT erp_warehouse_pk PRIMARY KEY (id),
  CONSTRAINT erp_warehouse_code_once UNIQUE (code)
)

CREATE TABLE history (
  instance_id BLOB NOT NULL,
  seq INTEGER NOT NULL,
  at BIGINT NOT NULL,
  kind VARCHAR(40) NOT NULL,
  node VARCHAR(200),
  actor_id BLOB,
  on_behalf_of_id BLOB,
  data TEXT,
  hash BLOB NOT NULL,
  token INTEGER,
  definition_id BLOB,
  started_at BIGINT,
  CONSTRAINT history_pk PRIMARY KEY (instance_id, seq)
)

CREATE INDEX history_actor ON history (actor_id, at) WHERE actor_id IS NOT NULL

CREATE INDEX history_visit ON history (definition_id, node, started_at) WHERE started_at IS NOT NULL

CREATE TABLE inbox (
  principal_id BLOB NOT NULL,
  box SMALLINT NOT NULL,
  due_key BIGINT NOT NULL,
  work_item_id BLOB NOT NULL,
  CONSTRAINT inbox_pk PRIMARY KEY (principal_id, box, due_key, work_item_id)
)
 WITHOUT ROWID

CREATE INDEX inbox_item ON inbox (work_item_id)

CREATE INDEX inbox_newest ON inbox (principal_id, box, work_item_id DESC)

CREATE TABLE incident (
  id BLOB NOT NULL,
  instance_id BLOB,
  job_id BLOB,
  number INTEGER,
  node VARCHAR(200),
  kind SMALLINT NOT NULL,
  code VARCHAR(80) NOT NULL,
  message TEXT NOT NULL,
  detail TEXT,
  created_at BIGINT NOT NULL,
  resolved_at BIGINT,
  resolved_by BLOB,
  resolution TEXT,
  CONSTRAINT incident_pk PRIMARY KEY (id)
)

CREATE INDEX incident_instance ON incident (instance_id)

CREATE INDEX incident_open ON incident (id) WHERE resolved_at IS NULL

CREATE TABLE job (
  id BLOB NOT NULL,
  instance_id BLOB,
  token INTEGER,
  kind SMALLINT NOT NULL,
  handler VARCHAR(200) NOT NULL,
  payload TEXT NOT NULL,
  shard SMALLINT NOT NULL,
  visible_at BIGINT NOT NULL,
  state SMALLINT NOT NULL,
  attempts SMALLINT NOT NULL,
  retry VARCHAR(200) NOT NULL,
  lock_token BLOB,
  lock_owner VARCHAR(200),
  last_error TEXT,
  created_at BIGINT NOT NULL,
  CONSTRAINT job_pk PRIMARY KEY (id)
)

CREATE INDEX job_instance ON job (instance_id)

CREATE UNIQUE INDEX job_once ON job (instance_id, token, kind) WHERE token IS NOT NULL

CREATE INDEX job_visible ON job (visible_at) WHERE state = 0

CREATE TABLE login_failure (
  login_digest BLOB NOT NULL,
  failed_logins INTEGER NOT NULL,
  locked_until BIGINT,
  last_at BIGINT NOT NULL,
  CONSTRAINT login_failure_pk PRIMARY KEY (login_digest)
)

CREATE INDEX login_failure_last ON login_failure (last_at)

CREATE TABLE message (
  id BLOB NOT NULL,
  name VARCHAR(200) NOT NULL,
  correlation_key TEXT NOT NULL,
  source VARCHAR(120) NOT NULL,
  message_id VARCHAR(200) NOT NULL,
  payload TEXT NOT NULL,
  state SMALLINT NOT NULL,
  received_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  CONSTRAINT message_pk PRIMARY KEY (id),
  CONSTRAINT message_source_message_id_once UNIQUE (source, message_id)
)

CREATE INDEX message_expiry ON message (expires_at)

CREATE INDEX message_waiting ON message (name, correlation_key, id) WHERE state = 0

CREATE TABLE oa_leave_type (
  id BLOB NOT NULL,
  code VARCHAR(20) NOT NULL,
  name_zh TEXT NOT NULL,
  name_en TEXT NOT NULL,
  limited BOOLEAN NOT NULL,
  CONSTRAINT oa_leave_type_pk PRIMARY KEY (id),
  CONSTRAINT oa_leave_type_code_once UNIQUE (code)
)

CREATE TABLE org_unit (
  id BLOB NOT NULL,
  "key" VARCHAR(60) NOT NULL,
  name TEXT NOT NULL,
  name_en TEXT NOT NULL,
  parent_id BLOB,
  leader_id BLOB,
  CONSTRAINT org_unit_pk PRIMARY KEY (id),
  CONSTRAINT org_unit_key_once UNIQUE ("key"),
  CONSTRAINT org_unit_parent_id_fk FOREIGN KEY(parent_id) REFERENCES org_unit (id)
)

CREATE TABLE policy_version (
  id BLOB NOT NULL,
  policy_id VARCHAR(60) NOT NULL,
  version INTEGER NOT NULL,
  class VARCHAR(60) NOT NULL,
  statement TEXT NOT NULL,
  state VARCHAR(12) NOT NULL,
  source VARCHAR(12) NOT NULL,
  valid_from BIGINT NOT NULL,
  valid_to BIGINT,
  proposed_by BLOB,
  approved_by BLOB,
  CONSTRAINT policy_version_pk PRIMARY KEY (id),
  CONSTRAINT policy_version_policy_id_version_once UNIQUE (policy_id, version),
  CONSTRAINT policy_version_state CHECK (state IN ('proposed', 'active', 'retired')),
  CONSTRAINT policy_version_two_people CHECK (proposed_by IS NULL OR approved_by IS NULL OR proposed_by <> approved_by)
)

CREATE TABLE subscription (
  id BLOB NOT NULL,
  kind SMALLINT NOT NULL,
  name VARCHAR(200) NOT NULL,
  correlation_key TEXT NOT NULL,
  instance_id BLOB,
  token INTEGER,
  definition_id BLOB,
  node VARCHAR(200),
  created_at BIGINT NOT NULL,
  CONSTRAINT subscription_pk PRIMARY KEY (id),
  CONSTRAINT subscription_token_of_instance CHECK ((instance_id IS NULL) = (token IS NULL)),
  CONSTRAINT subscription_node_of_definition CHECK ((definition_id IS NULL) = (node IS NULL)),
  CONSTRAINT subscription_one_waiter CHECK ((instance_id IS NULL) <> (definition_id IS NULL))
)

CREATE INDEX subscription_instance ON subscription (instance_id)

CREATE INDEX subscription_match ON subscription (kind, name, correlation_key, id)

CREATE UNIQUE INDEX subscription_start ON subscription (kind, name, definition_id, node) WHERE definition_id IS NOT NULL

CREATE TABLE task_comment (
  id BLOB NOT NULL,
  instance_id BLOB NOT NULL,
  user_task_id BLOB,
  author_id BLOB NOT NULL,
  text TEXT NOT NULL,
  at BIGINT NOT NULL,
  CONSTRAINT task_comment_pk PRIMARY KEY (id)
)

CREATE INDEX task_comment_instance ON task_comment (instance_id, id)

CREATE TABLE user_group (
  id BLOB NOT NULL,
  "key" VARCHAR(60) NOT NULL,
  name TEXT NOT NULL,
  name_en TEXT NOT NULL,
  capabilities TEXT NOT NULL,
  CONSTRAINT user_group_pk PRIMARY KEY (id),
  CONSTRAINT user_group_key_once UNIQUE ("key")
)

CREATE TABLE work_calendar (
  id BLOB NOT NULL,
  "key" VARCHAR(60) NOT NULL,
  name TEXT NOT NULL,
  timezone VARCHAR(60) NOT NULL,
  week TEXT NOT NULL,
  CONSTRAINT work_calendar_pk PRIMARY KEY (id),
  CONSTRAINT work_calendar_key_once UNIQUE ("key")
)

CREATE TABLE crm_price (
  id BLOB NOT NULL,
  price_list_id BLOB NOT NULL,
  sku VARCHAR(40) NOT NULL,
  min_quantity BIGINT NOT NULL,
  price BIGINT NOT NULL,
  valid_from DATE NOT NULL,
  valid_to DATE,
  CONSTRAINT crm_price_pk PRIMARY KEY (id),
  CONSTRAINT crm_price_price CHECK (price >= 0),
  CONSTRAINT crm_price_min_quantity CHECK (min_quantity >= 0),
  CONSTRAINT crm_price_order CHECK (valid_to IS NULL OR valid_from <= valid_to),
  CONSTRAINT crm_price_price_list_id_fk FOREIGN KEY(price_list_id) REFERENCES crm_price_list (id)
)

CREATE INDEX crm_price_item ON crm_price (price_list_id, sku, valid_from)

CREATE TABLE crm_survey_question (
  id BLOB NOT NULL,
  survey_id BLOB NOT NULL,
  seq INTEGER NOT NULL,
  kind VARCHAR(12) NOT NULL,
  text TEXT NOT NULL,
  text_en TEXT NOT NULL,
  CONSTRAINT crm_survey_question_pk PRIMARY KEY (id),
  CONSTRAINT crm_survey_question_survey_id_seq_once UNIQUE (survey_id, seq),
  CONSTRAINT crm_survey_question_kind CHECK (kind IN ('csat', 'nps', 'text')),
  CONSTRAINT crm_survey_question_survey_id_fk FOREIGN KEY(survey_id) REFERENCES crm_survey (id)
)

CREATE TABLE document_version (
  document_id BLOB NOT NULL,
  version INTEGER NOT NULL,
  digest BLOB NOT NULL,
  uploaded_by BLOB,
  uploaded_at BIGINT NOT NULL,
  CONSTRAINT document_version_pk PRIMARY KEY (document_id, version),
  CONSTRAINT document_version_document_id_fk FOREIGN KEY(document_id) REFERENCES document (id),
  CONSTRAINT document_version_digest_fk FOREIGN KEY(digest) REFERENCES blob (digest)
)

CREATE TABLE erp_sales_line (
  id BLOB NOT NULL,
  order_id BLOB NOT NULL,
  line_no INTEGER NOT NULL,
  item_id BLOB NOT NULL,
  sku VARCHAR(40) NOT NULL,
  name TEXT NOT NULL,
  uom VARCHAR(12) NOT NULL,
  price BIGINT NOT NULL,
  vat_rate BIGINT NOT NULL,
  ordered BIGINT NOT NULL,
  may_ship BIGINT NOT NULL,
  shipped BIGINT NOT NULL,
  invoiced BIGINT NOT NULL,
  net BIGINT NOT NULL,
  tax BIGINT NOT NULL,
  gross BIGINT NOT NULL,
  CONSTRAINT erp_sales_line_pk PRIMARY KEY (id),
  CONSTRAINT erp_sales_line_order_id_line_no_once UNIQUE (order_id, line_no),
  CONSTRAINT erp_sales_line_ordered CHECK (ordered > 0),
  CONSTRAINT erp_sales_line_shipped CHECK (shipped >= 0 AND shipped <= may_ship),
  CONSTRAINT erp_sales_line_invoiced CHECK (invoiced >= 0 AND invoiced <= shipped),
  CONSTRAINT erp_sales_line_order_id_fk FOREIGN KEY(order_id) REFERENCES erp_sales_order (id),
  CONSTRAINT erp_sales_line_item_id_fk FOREIGN KEY(item_id) REFERENCES erp_item (id)
)

CREATE TABLE erp_shipment (
  id BLOB NOT NULL,
  shipment_no VARCHAR(40) NOT NULL,
  version INTEGER NOT NULL,
  business_date DATE NOT NULL,
  created_at BIGINT NOT NULL,
  created_by BLOB,
  instance_id BLOB,
  source_type VARCHAR(60),
  source_id VARCHAR(60),
  cancelled_at BIGINT,
  cancel_reason TEXT,
  note TEXT NOT NULL,
  order_id BLOB NOT NULL,
  warehouse_id BLOB NOT NULL,
  wave INTEGER NOT NULL,
  carrier VARCHAR(40),
  tracking_no VARCHAR(60),
  status VARCHAR(12) NOT NULL,
  shipped_at BIGINT,
  delivered_at BIGINT,
  cost BIGINT NOT NULL,
  voucher_no VARCHAR(40),
  CONSTRAINT erp_shipment_pk PRIMARY KEY (id),
  CONSTRAINT erp_shipment_order_id_wave_once UNIQUE (order_id, wave),
  CONSTRAINT erp_shipment_status CHECK (status IN ('draft', 'shipped', 'delivered', 'cancelled')),
  CONSTRAINT erp_shipment_shipped CHECK (status NOT IN ('shipped', 'delivered') OR shipped_at IS NOT NULL),
  CONSTRAINT erp_shipment_shipment_no_once UNIQUE (shipment_no),
  CONSTRAINT erp_shipment_order_id_fk FOREIGN KEY(order_id) REFERENCES erp_sales_order (id),
  CONSTRAINT erp_shipment_warehouse_id_fk FOREIGN KEY(warehouse_id) REFERENCES erp_warehouse (id)
)

CREATE UNIQUE INDEX erp_shipment_carrier_tracking_no_once ON erp_shipment (carrier, tracking_no) WHERE status <> 'cancelled' AND tracking_no IS NOT NULL

CREATE TABLE erp_stock_balance (
  id BLOB NOT NULL,
  item_id BLOB NOT NULL,
  warehouse_id BLOB NOT NULL,
  on_hand BIGINT NOT NULL,
  reserved BIGINT NOT NULL,
  value BIGINT NOT NULL,
  CONSTRAINT erp_stock_balance_pk PRIMARY KEY (id),
  CONSTRAINT erp_stock_balance_item_id_warehouse_id_once UNIQUE (item_id, warehouse_id),
  CONSTRAINT erp_stock_balance_on_hand CHECK (on_hand >= 0),
  CONSTRAINT erp_stock_balance_reserved CHECK (reserved >= 0),
  CONSTRAINT erp_stock_balance_reserved_on_hand CHECK (reserved <= on_hand),
  CONSTRAINT erp_stock_balance_value CHECK (value >= 0 AND (on_hand <> 0 OR value = 0)),
  CONSTRAINT erp_stock_balance_item_id_fk FOREIGN KEY(item_id) REFERENCES erp_item (id),
  CONSTRAINT erp_stock_balance_warehouse_id_fk FOREIGN KEY(warehouse_id) REFERENCES erp_warehouse (id)
)

CREATE TABLE erp_stock_move (
  id BLOB NOT NULL,
  item_id BLOB NOT NULL,
  warehouse_id BLOB NOT NULL,
  kind VARCHAR(12) NOT NULL,
  quantity BIGINT NOT NULL,
  value BIGINT NOT NULL,
  business_date DATE NOT NULL,
  at BIGINT NOT NULL,
  source_type VARCHAR(60) NOT NULL,
  source_line_id BLOB NOT NULL,
  reverses_id BLOB,
  CONSTRAINT erp_stock_move_pk PRIMARY KEY (id),
  CONSTRAINT erp_stock_move_kind CHECK (kind IN ('opening', 'receipt', 'issue', 'return')),
  CONSTRAINT erp_stock_move_quantity CHECK (quantity <> 0),
  CONSTRAINT erp_stock_move_item_id_fk FOREIGN KEY(item_id) REFERENCES erp_item (id),
  CONSTRAINT erp_stock_move_warehouse_id_fk FOREIGN KEY(warehouse_id) REFERENCES erp_warehouse (id),
  CONSTRAINT erp_stock_move_reverses_id_once UNIQUE (reverses_id),
  CONSTRAINT erp_stock_move_reverses_id_fk FOREIGN KEY(reverses_id) REFERENCES erp_stock_move (id)
)

CREATE INDEX erp_stock_move_item ON erp_stock_move (item_id, warehouse_id)

CREATE UNIQUE INDEX erp_stock_move_source_type_source_line_id_kind_once ON erp_stock_move (source_type, source_line_id, kind) WHERE reverses_id IS NULL

CREATE TABLE erp_supplier_item (
  id BLOB NOT NULL,
  supplier_id BLOB NOT NULL,
  item_id BLOB NOT NULL,
  price BIGINT NOT NULL,
  CONSTRAINT erp_supplier_item_pk PRIMARY KEY (id),
  CONSTRAINT erp_supplier_item_price CHECK (price >= 0),
  CONSTRAINT erp_supplier_item_supplier_id_fk FOREIGN KEY(supplier_id) REFERENCES erp_supplier (id),
  CONSTRAINT erp_supplier_item_item_id_once UNIQUE (item_id),
  CONSTRAINT erp_supplier_item_item_id_fk FOREIGN KEY(item_id) REFERENCES erp_item (id)
)

CREATE INDEX erp_supplier_item_supplier ON erp_supplier_item (supplier_id)

CREATE TABLE resource (
  id BLOB NOT NULL,
  deployment_id BLOB NOT NULL,
  path TEXT NOT NULL,
  kind SMALLINT NOT NULL,
  digest BLOB NOT NULL,
  content BLOB NOT NULL,
  CONSTRAINT resource_pk PRIMARY KEY (id),
  CONSTRAINT resource_deployment_id_path_once UNIQUE (deployment_id, path),
  CONSTRAINT resource_deployment_id_fk FOREIGN KEY(deployment_id) REFERENCES deployment (id)
)

CREATE TABLE user_account (
  id BLOB NOT NULL,
  login VARCHAR(60) NOT NULL,
  name TEXT NOT NULL,
  name_en TEXT NOT NULL,
  email TEXT NOT NULL,
  person_id BLOB,
  org_unit_id BLOB,
  position TEXT NOT NULL,
  position_en TEXT NOT NULL,
  manager_id BLOB,
  password_hash TEXT,
  locale VARCHAR(10) NOT NULL,
  demo BOOLEAN NOT NULL,
  disabled_at BIGINT,
  failed_logins INTEGER NOT NULL,
  locked_until BIGINT,
  session_epoch INTEGER NOT NULL,
  created_at BIGINT NOT NULL,
  CONSTRAINT user_account_pk PRIMARY KEY (id),
  CONSTRAINT user_account_login_once UNIQUE (login),
  CONSTRAINT user_account_org_unit_id_fk FOREIGN KEY(org_unit_id) REFERENCES org_unit (id),
  CONSTRAINT user_account_manager_id_fk FOREIGN KEY(manager_id) REFERENCES user_account (id)
)

CREATE INDEX user_account_manager ON user_account (manager_id)

CREATE INDEX user_account_org_unit ON user_account (org_unit_id)

CREATE TABLE work_calendar_day (
  calendar_id BLOB NOT NULL,
  date DATE NOT NULL,
  kind VARCHAR(10) NOT NULL,
  note TEXT NOT NULL,
  CONSTRAINT work_calendar_day_pk PRIMARY KEY (calendar_id, date),
  CONSTRAINT work_calendar_day_calendar_id_fk FOREIGN KEY(calendar_id) REFERENCES work_calendar (id)
)

CREATE TABLE crm_party (
  id BLOB NOT NULL,
  kind VARCHAR(12) NOT NULL,
  name TEXT NOT NULL,
  short_name TEXT NOT NULL,
  uscc VARCHAR(18),
  mobile VARCHAR(30) NOT NULL,
  email TEXT NOT NULL,
  owner_id BLOB,
  lifecycle VARCHAR(12) NOT NULL,
  customer_class VARCHAR(12) NOT NULL,
  source VARCHAR(40) NOT NULL,
  credit_limit BIGINT NOT NULL,
  payment_terms_days INTEGER NOT NULL,
  price_list_id BLOB,
  hold BOOLEAN NOT NULL,
  active BOOLEAN NOT NULL,
  version INTEGER NOT NULL,
  created_at BIGINT NOT NULL,
  CONSTRAINT crm_party_pk PRIMARY KEY (id),
  CONSTRAINT crm_party_kind CHECK (kind IN ('org', 'person')),
  CONSTRAINT crm_party_lifecycle CHECK (lifecycle IN ('lead', 'prospect', 'customer', 'dormant', 'lost')),
  CONSTRAINT crm_party_customer_class CHECK (customer_class IN ('A', 'B', 'C', 'prepaid')),
  CONSTRAINT crm_party_uscc_of_org CHECK (kind = 'org' OR uscc IS NULL),
  CONSTRAINT crm_party_credit_limit CHECK (credit_limit >= 0),
  CONSTRAINT crm_party_terms CHECK (payment_terms_days >= 0),
  CONSTRAINT crm_party_uscc_once UNIQUE (uscc),
  CONSTRAINT crm_party_owner_id_fk FOREIGN KEY(owner_id) REFERENCES user_account (id),
  CONSTRAINT crm_party_price_list_id_fk FOREIGN KEY(price_list_id) REFERENCES crm_price_list (id)
)

CREATE INDEX crm_party_name ON crm_party (name)

CREATE TABLE definition (
  id BLOB NOT NULL,
  kind SMALLINT NOT NULL,
  "key" VARCHAR(200) NOT NULL,
  version INTEGER NOT NULL,
  name TEXT NOT NULL,
  category TEXT NOT NULL,
  resource_id BLOB NOT NULL,
  digest BLOB NOT NULL,
  state SMALLINT NOT NULL,
  meta TEXT NOT NULL,
  deployed_at BIGINT NOT NULL,
  CONSTRAINT definition_pk PRIMARY KEY (id),
  CONSTRAINT definition_kind_key_version_once UNIQUE (kind, "key", version),
  CONSTRAINT definition_resource_id_fk FOREIGN KEY(resource_id) REFERENCES resource (id)
)

CREATE INDEX definition_latest ON definition (kind, "key", version DESC)

CREATE TABLE erp_expense_claim (
  id BLOB NOT NULL,
  claim_no VARCHAR(40) NOT NULL,
  version INTEGER NOT NULL,
  business_date DATE NOT NULL,
  created_at BIGINT NOT NULL,
  created_by BLOB,
  instance_id BLOB,
  source_type VARCHAR(60),
  source_id VARCHAR(60),
  cancelled_at BIGINT,
  cancel_reason TEXT,
  note TEXT NOT NULL,
  claimant_id BLOB NOT NULL,
  department VARCHAR(60) NOT NULL,
  title TEXT NOT NULL,
  voucher_no VARCHAR(40),
  currency VARCHAR(3) NOT NULL,
  total BIGINT NOT NULL,
  open_amount BIGINT NOT NULL,
  CONSTRAINT erp_expense_claim_pk PRIMARY KEY (id),
  CONSTRAINT erp_expense_claim_total CHECK (total > 0),
  CONSTRAINT erp_expense_claim_open_amount CHECK (open_amount >= 0 AND open_amount <= total),
  CONSTRAINT erp_expense_claim_claim_no_once UNIQUE (claim_no),
  CONSTRAINT erp_expense_claim_claimant_id_fk FOREIGN KEY(claimant_id) REFERENCES user_account (id)
)

CREATE TABLE erp_payee_account_version (
  id BLOB NOT NULL,
  account_id BLOB NOT NULL,
  version INTEGER NOT NULL,
  bank_name TEXT NOT NULL,
  bank_code VARCHAR(20) NOT NULL,
  account_name TEXT NOT NULL,
  account_no VARCHAR(40) NOT NULL,
  created_by BLOB,
  created_at BIGINT NOT NULL,
  confirmed_by BLOB,
  confirmed_at BIGINT,
  CONSTRAINT erp_payee_account_version_pk PRIMARY KEY (id),
  CONSTRAINT erp_payee_account_version_account_id_version_once UNIQUE (account_id, version),
  CONSTRAINT erp_payee_account_version_two_people CHECK (confirmed_by IS NULL OR created_by IS NULL OR confirmed_by <> created_by),
  CONSTRAINT erp_payee_account_version_account_id_fk FOREIGN KEY(account_id) REFERENCES erp_payee_account (id),
  CONSTRAINT erp_payee_account_version_created_by_fk FOREIGN KEY(created_by) REFERENCES user_account (id),
  CONSTRAINT erp_payee_account_version_confirmed_by_fk FOREIGN KEY(confirmed_by) REFERENCES user_account (id)
)

CREATE TABLE erp_requisition (
  id BLOB NOT NULL,
  requisition_no VARCHAR(40) NOT NULL,
  version INTEGER NOT NULL,
  business_date DATE NOT NULL,
  created_at BIGINT NOT NULL,
  created_by BLOB,
  instance_id BLOB,
  source_type VARCHAR(60),
  source_id VARCHAR(60),
  cancelled_at BIGINT,
  cancel_reason TEXT,
  note TEXT NOT NULL,
  requested_by BLOB,
  cost_centre VARCHAR(60) NOT NULL,
  total BIGINT NOT NULL,
  currency VARCHAR(3) NOT NULL,
  reason TEXT NOT NULL,
  status VARCHAR(12) NOT NULL,
  CONSTRAINT erp_requisition_pk PRIMARY KEY (id),
  CONSTRAINT erp_requisition_source_type_source_id_once UNIQUE (source_type, source_id),
  CONSTRAINT erp_requisition_status CHECK (status IN ('open', 'ordered', 'cancelled')),
  CONSTRAINT erp_requisition_requisition_no_once UNIQUE (requisition_no),
  CONSTRAINT erp_requisition_requested_by_fk FOREIGN KEY(requested_by) REFERENCES user_account (id)
)

CREATE TABLE erp_reservation (
  id BLOB NOT NULL,
  sales_line_id BLOB NOT NULL,
  item_id BLOB NOT NULL,
  warehouse_id BLOB NOT NULL,
  quantity BIGINT NOT NULL,
  status VARCHAR(12) NOT NULL,
  created_at BIGINT NOT NULL,
  CONSTRAINT erp_reservation_pk PRIMARY KEY (id),
  CONSTRAINT erp_reservation_status CHECK (status IN ('active', 'consumed', 'released')),
  CONSTRAINT erp_reservation_quantity CHECK (quantity > 0),
  CONSTRAINT erp_reservation_sales_line_id_fk FOREIGN KEY(sales_line_id) REFERENCES erp_sales_line (id),
  CONSTRAINT erp_reservation_item_id_fk FOREIGN KEY(item_id) REFERENCES erp_item (id),
  CONSTRAINT erp_reservation_warehouse_id_fk FOREIGN KEY(warehouse_id) REFERENCES erp_warehouse (id)
)

CREATE INDEX erp_reservation_sales_line ON erp_reservation (sales_line_id)

CREATE UNIQUE INDEX erp_reservation_sales_line_id_warehouse_id_once ON erp_reservation (sales_line_id, warehouse_id) WHERE status = 'active'

CREATE TABLE erp_sales_invoice (
  id BLOB NOT NULL,
  invoice_no VARCHAR(40) NOT NULL,
  version INTEGER NOT NULL,
  business_date DATE NOT NULL,
  created_at BIGINT NOT NULL,
  created_by BLOB,
  instance_id BLOB,
  source_type VARCHAR(60),
  source_id VARCHAR(60),
  cancelled_at BIGINT,
  cancel_reason TEXT,
  note TEXT NOT NULL,
  order_id BLOB NOT NULL,
  shipment_id BLOB NOT NULL,
  customer_id BLOB NOT NULL,
  customer_name TEXT NOT NULL,
  currency VARCHAR(3) NOT NULL,
  net BIGINT NOT NULL,
  tax BIGINT NOT NULL,
  total BIGINT NOT NULL,
  open_amount BIGINT NOT NULL,
  due_date DATE NOT NULL,
  voucher_no VARCHAR(40),
  CONSTRAINT erp_sales_invoice_pk PRIMARY KEY (id),
  CONSTRAINT erp_sales_invoice_open_amount CHECK (open_amount >= 0 AND open_amount <= total),
  CONSTRAINT erp_sales_invoice_invoice_no_once UNIQUE (invoice_no),
  CONSTRAINT erp_sales_invoice_order_id_fk FOREIGN KEY(order_id) REFERENCES erp_sales_order (id),
  CONSTRAINT erp_sales_invoice_shipment_id_once UNIQUE (shipment_id),
  CONSTRAINT erp_sales_invoice_shipment_id_fk FOREIGN KEY(shipment_id) REFERENCES erp_shipment (id)
)

CREATE INDEX erp_sales_invoice_customer ON erp_sales_invoice (customer_id)

CREATE INDEX erp_sales_invoice_order ON erp_sales_invoice (order_id)

CREATE TABLE erp_shipment_line (
  id BLOB NOT NULL,
  shipment_id BLOB NOT NULL,
  line_no INTEGER NOT NULL,
  sales_line_id BLOB NOT NULL,
  quantity BIGINT NOT NULL,
  CONSTRAINT erp_shipment_line_pk PRIMARY KEY (id),
  CONSTRAINT erp_shipment_line_shipment_id_line_no_once UNIQUE (shipment_id, line_no),
  CONSTRAINT erp_shipment_line_quantity CHECK (quantity > 0),
  CONSTRAINT erp_shipment_line_shipment_id_fk FOREIGN KEY(shipment_id) REFERENCES erp_shipment (id),
  CONSTRAINT erp_shipment_line_sales_line_id_fk FOREIGN KEY(sales_line_id) REFERENCES erp_sales_line (id)
)

CREATE INDEX erp_shipment_line_sales_line ON erp_shipment_line (sales_line_id)

CREATE TABLE erp_voucher (
  id BLOB NOT NULL,
  period_id VARCHAR(7) NOT NULL,
  word VARCHAR(4) NOT NULL,
  number INTEGER,
  voucher_no VARCHAR(40),
  business_date DATE NOT NULL,
  summary TEXT NOT NULL,
  event VARCHAR(40) NOT NULL,
  source_type VARCHAR(60) NOT NULL,
  source_id VARCHAR(60) NOT NULL,
  reverses_id BLOB,
  instance_id BLOB,
  prepared_by BLOB,
  posted_by BLOB,
  created_at BIGINT NOT NULL,
  status VARCHAR(12) NOT NULL,
  CONSTRAINT erp_voucher_pk PRIMARY KEY (id),
  CONSTRAINT erp_voucher_period_id_word_number_once UNIQUE (period_id, word, number),
  CONSTRAINT erp_voucher_source_type_source_id_event_once UNIQUE (source_type, source_id, event),
  CONSTRAINT erp_voucher_word CHECK (word IN ('记', '收', '付', '转')),
  CONSTRAINT erp_voucher_status CHECK (status IN ('draft', 'posted')),
  CONSTRAINT erp_voucher_numbered CHECK (status = 'draft' OR (number IS NOT NULL AND voucher_no IS NOT NULL)),
  CONSTRAINT erp_voucher_two_people CHECK (posted_by IS NULL OR prepared_by IS NULL OR posted_by <> prepared_by),
  CONSTRAINT erp_voucher_period_id_fk FOREIGN KEY(period_id) REFERENCES erp_period (id),
  CONSTRAINT erp_voucher_voucher_no_once UNIQUE (voucher_no),
  CONSTRAINT erp_voucher_reverses_id_once UNIQUE (reverses_id),
  CONSTRAINT erp_voucher_reverses_id_fk FOREIGN KEY(reverses_id) REFERENCES erp_voucher (id),
  CONSTRAINT erp_voucher_prepared_by_fk FOREIGN KEY(prepared_by) REFERENCES user_account (id),
  CONSTRAINT erp_voucher_posted_by_fk FOREIGN KEY(posted_by) REFERENCES user_account (id)
)

CREATE INDEX erp_voucher_instance ON erp_voucher (instance_id)

CREATE TABLE membership (
  group_id BLOB NOT NULL,
  user_id BLOB NOT NULL,
  CONSTRAINT membership_pk PRIMARY KEY (group_id, user_id),
  CONSTRAINT membership_group_id_fk FOREIGN KEY(group_id) REFERENCES user_group (id),
  CONSTRAINT membership_user_id_fk FOREIGN KEY(user_id) REFERENCES user_account (id)
)

CREATE INDEX membership_user ON membership (user_id)

CREATE TABLE notification_notice (
  id BLOB NOT NULL,
  user_id BLOB NOT NULL,
  title TEXT NOT NULL,
  text TEXT NOT NULL,
  link VARCHAR(400) NOT NULL,
  instance_id BLOB,
  created_at BIGINT NOT NULL,
  read_at BIGINT,
  CONSTRAINT notification_notice_pk PRIMARY KEY (id),
  CONSTRAINT notification_notice_user_id_fk FOREIGN KEY(user_id) REFERENCES user_account (id)
)

CREATE INDEX notification_notice_user ON notification_notice (user_id, read_at, created_at)

CREATE TABLE oa_employee (
  id BLOB NOT NULL,
  no VARCHAR(20) NOT NULL,
  name TEXT NOT NULL,
  user_id BLOB,
  org_unit_id BLOB,
  position TEXT NOT NULL,
  manager_id BLOB,
  grade VARCHAR(12) NOT NULL,
  hired DATE NOT NULL,
  left_on DATE,
  version INTEGER NOT NULL,
  CONSTRAINT oa_employee_pk PRIMARY KEY (id),
  CONSTRAINT oa_employee_manager CHECK (manager_id IS NULL OR manager_id <> id),
  CONSTRAINT oa_employee_order CHECK (left_on IS NULL OR hired <= left_on),
  CONSTRAINT oa_employee_no_once UNIQUE (no),
  CONSTRAINT oa_employee_user_id_once UNIQUE (user_id),
  CONSTRAINT oa_employee_user_id_fk FOREIGN KEY(user_id) REFERENCES user_account (id),
  CONSTRAINT oa_employee_org_unit_id_fk FOREIGN KEY(org_unit_id) REFERENCES org_unit (id),
  CONSTRAINT oa_employee_manager_id_fk FOREIGN KEY(manager_id) REFERENCES oa_employee (id)
)

CREATE TABLE substitution (
  id BLOB NOT NULL,
  principal_id BLOB NOT NULL,
  substitute_id BLOB NOT NULL,
  valid_from BIGINT NOT NULL,
  valid_to BIGINT NOT NULL,
  reason TEXT NOT NULL,
  CONSTRAINT substitution_pk PRIMARY KEY (id),
  CONSTRAINT substitution_two_people CHECK (principal_id <> substitute_id),
  CONSTRAINT substitution_period CHECK (valid_from < valid_to),
  CONSTRAINT substitution_principal_id_fk FOREIGN KEY(principal_id) REFERENCES user_account (id),
  CONSTRAINT substitution_substitute_id_fk FOREIGN KEY(substitute_id) REFERENCES user_account (id)
)

CREATE INDEX substitution_substitute ON substitution (substitute_id)

CREATE TABLE crm_address (
  id BLOB NOT NULL,
  party_id BLOB NOT NULL,
  kind VARCHAR(12) NOT NULL,
  region TEXT NOT NULL,
  line TEXT NOT NULL,
  is_default BOOLEAN NOT NULL,
  CONSTRAINT crm_address_pk PRIMARY KEY (id),
  CONSTRAINT crm_address_kind CHECK (kind IN ('ship', 'bill')),
  CONSTRAINT crm_address_party_id_fk FOREIGN KEY(party_id) REFERENCES crm_party (id)
)

CREATE INDEX crm_address_party ON crm_address (party_id)

CREATE UNIQUE INDEX crm_address_party_id_kind_once ON crm_address (party_id, kind) WHERE is_default

CREATE TABLE crm_contact (
  id BLOB NOT NULL,
  party_id BLOB NOT NULL,
  name TEXT NOT NULL,
  role TEXT NOT NULL,
  phone VARCHAR(30) NOT NULL,
  email TEXT NOT NULL,
  CONSTRAINT crm_contact_pk PRIMARY KEY (id),
  CONSTRAINT crm_contact_party_id_fk FOREIGN KEY(party_id) REFERENCES crm_party (id)
)

CREATE INDEX crm_contact_party ON crm_contact (party_id)

CREATE TABLE crm_opportunity (
  id BLOB NOT NULL,
  party_id BLOB NOT NULL,
  name TEXT NOT NULL,
  stage_id BLOB NOT NULL,
  amount BIGINT NOT NULL,
  currency VARCHAR(3) NOT NULL,
  expected_close DATE,
  next_action_at BIGINT,
  owner_id BLOB,
  lost_reason TEXT,
  closed_at BIGINT,
  instance_id BLOB,
  version INTEGER NOT NULL,
  created_at BIGINT NOT NULL,
  CONSTRAINT crm_opportunity_pk PRIMARY KEY (id),
  CONSTRAINT crm_opportunity_amount CHECK (amount >= 0),
  CONSTRAINT crm_opportunity_next_action CHECK (closed_at IS NOT NULL OR next_action_at IS NOT NULL),
  CONSTRAINT crm_opportunity_party_id_fk FOREIGN KEY(party_id) REFERENCES crm_party (id),
  CONSTRAINT crm_opportunity_stage_id_fk FOREIGN KEY(stage_id) REFERENCES crm_stage (id),
  CONSTRAINT crm_opportunity_owner_id_fk FOREIGN KEY(owner_id) REFERENCES user_account (id)
)

CREATE INDEX crm_opportunity_party ON crm_opportunity (party_id)

CREATE TABLE crm_order (
  id BLOB NOT NULL,
  order_no VARCHAR(40) NOT NULL,
  version INTEGER NOT NULL,
  business_date DATE NOT NULL,
  created_at BIGINT NOT NULL,
  created_by BLOB,
  instance_id BLOB,
  source_type VARCHAR(60),
  source_id VARCHAR(60),
  cancelled_at BIGINT,
  cancel_reason TEXT,
  note TEXT NOT NULL,
  party_id BLOB NOT NULL,
  party_name TEXT NOT NULL,
  channel VARCHAR(40) NOT NULL,
  channel_order_no VARCHAR(60),
  price_includes_tax BOOLEAN NOT NULL,
  currency VARCHAR(3) NOT NULL,
  ship_to TEXT,
  promised_date DATE,
  net BIGINT NOT NULL,
  tax BIGINT NOT NULL,
  gross BIGINT NOT NULL,
  paid_amount BIGINT NOT NULL,
  credit_hold BOOLEAN NOT NULL,
  delivery_state VARCHAR(12) NOT NULL,
  billing_state VARCHAR(12) NOT NULL,
  status VARCHAR(12) NOT NULL,
  CONSTRAINT crm_order_pk PRIMARY KEY (id),
  CONSTRAINT crm_order_status CHECK (status IN ('draft', 'confirmed', 'closed', 'cancelled')),
  CONSTRAINT crm_order_delivery_state CHECK (delivery_state IN ('none', 'partial', 'full')),
  CONSTRAINT crm_order_billing_state CHECK (billing_state IN ('unpaid', 'partial', 'paid')),
  CONSTRAINT crm_order_paid_amount CHECK (paid_amount >= 0),
  CONSTRAINT crm_order_order_no_once UNIQUE (order_no),
  CONSTRAINT crm_order_party_id_fk FOREIGN KEY(party_id) REFERENCES crm_party (id)
)

CREATE UNIQUE INDEX crm_order_channel_channel_order_no_once ON crm_order (channel, channel_order_no) WHERE channel_order_no IS NOT NULL

CREATE INDEX crm_order_party ON crm_order (party_id, business_date)

CREATE TABLE crm_profile (
  party_id BLOB NOT NULL,
  computed_at BIGINT NOT NULL,
  orders_n INTEGER NOT NULL,
  revenue_12m BIGINT NOT NULL,
  days_since_last INTEGER,
  average_interval_days INTEGER,
  csat_avg BIGINT,
  csat_n INTEGER NOT NULL,
  nps_last INTEGER,
  segment VARCHAR(40) NOT NULL,
  CONSTRAINT crm_profile_pk PRIMARY KEY (party_id),
  CONSTRAINT crm_profile_party_id_fk FOREIGN KEY(party_id) REFERENCES crm_party (id)
)

CREATE TABLE erp_allocation (
  id BLOB NOT NULL,
  receipt_id BLOB NOT NULL,
  sales_invoice_id BLOB NOT NULL,
  amount BIGINT NOT NULL,
  at BIGINT NOT NULL,
  CONSTRAINT erp_allocation_pk PRIMARY KEY (id),
  CONSTRAINT erp_allocation_amount CHECK (amount > 0),
  CONSTRAINT erp_allocation_receipt_id_fk FOREIGN KEY(receipt_id) REFERENCES erp_receipt (id),
  CONSTRAINT erp_allocation_sales_invoice_id_fk FOREIGN KEY(sales_invoice_id) REFERENCES erp_sales_invoice (id)
)

CREATE INDEX erp_allocation_receipt ON erp_allocation (receipt_id)

CREATE INDEX erp_allocation_sales_invoice ON erp_allocation (sales_invoice_id)

CREATE TABLE erp_expense_line (
  id BLOB NOT NULL,
  claim_id BLOB NOT NULL,
  line_no INTEGER NOT NULL,
  category VARCHAR(40) NOT NULL,
  spent_on DATE,
  text TEXT NOT NULL,
  amount BIGINT NOT NULL,
  tax BIGINT NOT NULL,
  CONSTRAINT erp_expense_line_pk PRIMARY KEY (id),
  CONSTRAINT erp_expense_line_claim_id_line_no_once UNIQUE (claim_id, line_no),
  CONSTRAINT erp_expense_line_amount CHECK (amount > 0),
  CONSTRAINT erp_expense_line_tax CHECK (tax >= 0 AND tax < amount),
  CONSTRAINT erp_expense_line_claim_id_fk FOREIGN KEY(claim_id) REFERENCES erp_expense_claim (id)
)

CREATE TABLE erp_payment_request (
  id BLOB NOT NULL,
  request_no VARCHAR(40) NOT NULL,
  version INTEGER NOT NULL,
  business_date DATE NOT NULL,
  created_at BIGINT NOT NULL,
  created_by BLOB,
  instance_id BLOB,
  source_type VARCHAR(60),
  source_id VARCHAR(60),
  cancelled_at BIGINT,
  cancel_reason TEXT,
  note TEXT NOT NULL,
  kind VARCHAR(12) NOT NULL,
  amount BIGINT NOT NULL,
  currency VARCHAR(3) NOT NULL,
  payee_account_version_id BLOB NOT NULL,
  payee_name TEXT NOT NULL,
  requested_by BLOB NOT NULL,
  beneficiary_id BLOB,
  status VARCHAR(12) NOT NULL,
  CONSTRAINT erp_payment_request_pk PRIMARY KEY (id),
  CONSTRAINT erp_payment_request_amount CHECK (amount > 0),
  CONSTRAINT erp_payment_request_kind CHECK (kind IN ('supplier', 'expense')),
  CONSTRAINT erp_payment_request_status CHECK (status IN ('draft', 'submitted', 'paid', 'rejected', 'cancelled')),
  CONSTRAINT erp_payment_request_request_no_once UNIQUE (request_no),
  CONSTRAINT erp_payment_request_payee_account_version_id_fk FOREIGN KEY(payee_account_version_id) REFERENCES erp_payee_account_version (id),
  CONSTRAINT erp_payment_request_requested_by_fk FOREIGN KEY(requested_by) REFERENCES user_account (id),
  CONSTRAINT erp_payment_request_beneficiary_id_fk FOREIGN KEY(beneficiary_id) REFERENCES user_account (id)
)

CREATE TABLE erp_purchase_order (
  id BLOB NOT NULL,
  po_no VARCHAR(40) NOT NULL,
  version INTEGER NOT NULL,
  business_date DATE NOT NULL,
  created_at BIGINT NOT NULL,
  created_by BLOB,
  instance_id BLOB,
  source_type VARCHAR(60),
  source_id VARCHAR(60),
  cancelled_at BIGINT,
  cancel_reason TEXT,
  note TEXT NOT NULL,
  supplier_id BLOB NOT NULL,
  supplier_name TEXT NOT NULL,
  requisition_id BLOB,
  currency VARCHAR(3) NOT NULL,
  net BIGINT NOT NULL,
  tax BIGINT NOT NULL,
  gross BIGINT NOT NULL,
  expected_date DATE,
  status VARCHAR(12) NOT NULL,
  CONSTRAINT erp_purchase_order_pk PRIMARY KEY (id),
  CONSTRAINT erp_purchase_order_status CHECK (status IN ('draft', 'placed', 'closed', 'cancelled')),
  CONSTRAINT erp_purchase_order_po_no_once UNIQUE (po_no),
  CONSTRAINT erp_purchase_order_supplier_id_fk FOREIGN KEY(supplier_id) REFERENCES erp_supplier (id),
  CONSTRAINT erp_purchase_order_requisition_id_fk FOREIGN KEY(requisition_id) REFERENCES erp_requisition (id)
)

CREATE INDEX erp_purchase_order_requisition ON erp_purchase_order (requisition_id)

CREATE INDEX erp_purchase_order_supplier ON erp_purchase_order (supplier_id)

CREATE TABLE erp_requisition_line (
  id BLOB NOT NULL,
  requisition_id BLOB NOT NULL,
  line_no INTEGER NOT NULL,
  item_id BLOB NOT NULL,
  sku VARCHAR(40) NOT NULL,
  name TEXT NOT NULL,
  uom VARCHAR(12) NOT NULL,
  quantity BIGINT NOT NULL,
  price BIGINT NOT NULL,
  need_by DATE,
  CONSTRAINT erp_requisition_line_pk PRIMARY KEY (id),
  CONSTRAINT erp_requisition_line_requisition_id_line_no_once UNIQUE (requisition_id, line_no),
  CONSTRAINT erp_requisition_line_quantity CHECK (quantity > 0),
  CONSTRAINT erp_requisition_line_price CHECK (price >= 0),
  CONSTRAINT erp_requisition_line_requisition_id_fk FOREIGN KEY(requisition_id) REFERENCES erp_requisition (id),
  CONSTRAINT erp_requisition_line_item_id_fk FOREIGN KEY(item_id) REFERENCES erp_item (id)
)

CREATE TABLE erp_sales_invoice_line (
  id BLOB NOT NULL,
  invoice_id BLOB NOT NULL,
  line_no INTEGER NOT NULL,
  sales_line_id BLOB NOT NULL,
  quantity BIGINT NOT NULL,
  vat_rate BIGINT NOT NULL,
  net BIGINT NOT NULL,
  tax BIGINT NOT NULL,
  gross BIGINT NOT NULL,
  CONSTRAINT erp_sales_invoice_line_pk PRIMARY KEY (id),
  CONSTRAINT erp_sales_invoice_line_invoice_id_line_no_once UNIQUE (invoice_id, line_no),
  CONSTRAINT erp_sales_invoice_line_invoice_id_fk FOREIGN KEY(invoice_id) REFERENCES erp_sales_invoice (id),
  CONSTRAINT erp_sales_invoice_line_sales_line_id_fk FOREIGN KEY(sales_line_id) REFERENCES erp_sales_line (id)
)

CREATE INDEX erp_sales_invoice_line_sales_line ON erp_sales_invoice_line (sales_line_id)

CREATE TABLE erp_voucher_line (
  id BLOB NOT NULL,
  voucher_id BLOB NOT NULL,
  line_no INTEGER NOT NULL,
  account VARCHAR(20) NOT NULL,
  debit BIGINT NOT NULL,
  credit BIGINT NOT NULL,
  aux VARCHAR(60) NOT NULL,
  summary TEXT NOT NULL,
  CONSTRAINT erp_voucher_line_pk PRIMARY KEY (id),
  CONSTRAINT erp_voucher_line_voucher_id_line_no_once UNIQUE (voucher_id, line_no),
  CONSTRAINT erp_voucher_line_one_side CHECK ((debit = 0) <> (credit = 0)),
  CONSTRAINT erp_voucher_line_voucher_id_fk FOREIGN KEY(voucher_id) REFERENCES erp_voucher (id),
  CONSTRAINT erp_voucher_line_account_fk FOREIGN KEY(account) REFERENCES erp_account (code)
)

CREATE INDEX erp_voucher_line_account ON erp_voucher_line (account, aux)

CREATE TABLE instance (
  id BLOB NOT NULL,
  definition_id BLOB NOT NULL,
  process_key VARCHAR(200) NOT NULL,
  number VARCHAR(60),
  business_key VARCHAR(200),
  title TEXT NOT NULL,
  summary TEXT,
  starter_id BLOB,
  status SMALLINT NOT NULL,
  incidents SMALLINT NOT NULL,
  version INTEGER NOT NULL,
  history_seq INTEGER NOT NULL,
  history_hash BLOB NOT NULL,
  codec SMALLINT NOT NULL,
  state BLOB NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  ended_at BIGINT,
  ended_code VARCHAR(200),
  remove_at BIGINT,
  legal_hold BOOLEAN NOT NULL,
  CONSTRAINT instance_pk PRIMARY KEY (id),
  CONSTRAINT instance_definition_id_fk FOREIGN KEY(definition_id) REFERENCES definition (id)
)

CREATE UNIQUE INDEX instance_business_key ON instance (process_key, business_key) WHERE business_key IS NOT NULL AND status IN (0, 1, 7)

CREATE INDEX instance_live ON instance (definition_id, id) WHERE status IN (0, 1)

CREATE INDEX instance_mine ON instance (starter_id, id)

CREATE INDEX instance_process ON instance (process_key, id)

CREATE INDEX instance_trouble ON instance (id) WHERE incidents > 0

CREATE TABLE oa_leave (
  id BLOB NOT NULL,
  leave_no VARCHAR(40) NOT NULL,
  version INTEGER NOT NULL,
  business_date DATE NOT NULL,
  created_at BIGINT NOT NULL,
  created_by BLOB,
  instance_id BLOB,
  source_type VARCHAR(60),
  source_id VARCHAR(60),
  cancelled_at BIGINT,
  cancel_reason TEXT,
  note TEXT NOT NULL,
  employee_id BLOB NOT NULL,
  leave_type_id BLOB NOT NULL,
  starts DATE NOT NULL,
  start_half BOOLEAN NOT NULL,
  ends DATE NOT NULL,
  end_half BOOLEAN NOT NULL,
  days BIGINT NOT NULL,
  status VARCHAR(12) NOT NULL,
  CONSTRAINT oa_leave_pk PRIMARY KEY (id),
  CONSTRAINT oa_leave_source_type_source_id_once UNIQUE (source_type, source_id),
  CONSTRAINT oa_leave_status CHECK (status IN ('booked', 'cancelled')),
  CONSTRAINT oa_leave_order CHECK (starts < ends OR (starts = ends AND NOT (start_half AND end_half))),
  CONSTRAINT oa_leave_days CHECK (days >= 0),
  CONSTRAINT oa_leave_leave_no_once UNIQUE (leave_no),
  CONSTRAINT oa_leave_employee_id_fk FOREIGN KEY(employee_id) REFERENCES oa_employee (id),
  CONSTRAINT oa_leave_leave_type_id_fk FOREIGN KEY(leave_type_id) REFERENCES oa_leave_type (id)
)

CREATE INDEX oa_leave_employee ON oa_leave (employee_id, starts)

CREATE TABLE oa_leave_balance (
  id BLOB NOT NULL,
  employee_id BLOB NOT NULL,
  leave_type_id BLOB NOT NULL,
  year INTEGER NOT NULL,
  entitled BIGINT NOT NULL,
  used BIGINT NOT NULL,
  CONSTRAINT oa_leave_balance_pk PRIMARY KEY (id),
  CONSTRAINT oa_leave_balance_employee_id_leave_type_id_year_once UNIQUE (employee_id, leave_type_id, year),
  CONSTRAINT oa_leave_balance_entitled CHECK (entitled >= 0),
  CONSTRAINT oa_leave_balance_used CHECK (used >= 0 AND used <= entitled),
  CONSTRAINT oa_leave_balance_employee_id_fk FOREIGN KEY(employee_id) REFERENCES oa_employee (id),
  CONSTRAINT oa_leave_balance_leave_type_id_fk FOREIGN KEY(leave_type_id) REFERENCES oa_leave_type (id)
)

CREATE TABLE crm_activity (
  id BLOB NOT NULL,
  party_id BLOB NOT NULL,
  opportunity_id BLOB,
  kind VARCHAR(12) NOT NULL,
  at BIGINT NOT NULL,
  "by" BLOB,
  text TEXT NOT NULL,
  next_action_at BIGINT,
  instance_id BLOB,
  CONSTRAINT crm_activity_pk PRIMARY KEY (id),
  CONSTRAINT crm_activity_kind CHECK (kind IN ('call', 'visit', 'wechat', 'mail', 'note')),
  CONSTRAINT crm_activity_party_id_fk FOREIGN KEY(party_id) REFERENCES crm_party (id),
  CONSTRAINT crm_activity_opportunity_id_fk FOREIGN KEY(opportunity_id) REFERENCES crm_opportunity (id),
  CONSTRAINT crm_activity_by_fk FOREIGN KEY("by") REFERENCES user_account (id)
)

CREATE INDEX crm_activity_party ON crm_activity (party_id, at)

CREATE TABLE crm_delivery (
  id BLOB NOT NULL,
  order_id BLOB NOT NULL,
  shipment_no VARCHAR(40) NOT NULL,
  carrier VARCHAR(40) NOT NULL,
  tracking_no VARCHAR(60) NOT NULL,
  state VARCHAR(20) NOT NULL,
  state_at BIGINT,
  delivered_at BIGINT,
  CONSTRAINT crm_delivery_pk PRIMARY KEY (id),
  CONSTRAINT crm_delivery_state CHECK (state IN ('picked_up', 'in_transit', 'out_for_delivery', 'problem', 'delivered', 'returning')),
  CONSTRAINT crm_delivery_order_id_fk FOREIGN KEY(order_id) REFERENCES crm_order (id),
  CONSTRAINT crm_delivery_shipment_no_once UNIQUE (shipment_no)
)

CREATE INDEX crm_delivery_order ON crm_delivery (order_id)

CREATE TABLE crm_order_line (
  id BLOB NOT NULL,
  order_id BLOB NOT NULL,
  line_no INTEGER NOT NULL,
  item_id BLOB,
  sku VARCHAR(40) NOT NULL,
  name TEXT NOT NULL,
  uom VARCHAR(12) NOT NULL,
  quantity BIGINT NOT NULL,
  price BIGINT NOT NULL,
  discount BIGINT NOT NULL,
  vat_rate BIGINT NOT NULL,
  net BIGINT NOT NULL,
  tax BIGINT NOT NULL,
  gross BIGINT NOT NULL,
  shipped BIGINT NOT NULL,
  CONSTRAINT crm_order_line_pk PRIMARY KEY (id),
  CONSTRAINT crm_order_line_order_id_line_no_once UNIQUE (order_id, line_no),
  CONSTRAINT crm_order_line_quantity CHECK (quantity > 0),
  CONSTRAINT crm_order_line_price CHECK (price >= 0),
  CONSTRAINT crm_order_line_discount CHECK (discount >= 0),
  CONSTRAINT crm_order_line_shipped CHECK (shipped >= 0 AND shipped <= quantity),
  CONSTRAINT crm_order_line_order_id_fk FOREIGN KEY(order_id) REFERENCES crm_order (id)
)

CREATE TABLE crm_stage_change (
  id BLOB NOT NULL,
  opportunity_id BLOB NOT NULL,
  from_stage_id BLOB,
  to_stage_id BLOB NOT NULL,
  at BIGINT NOT NULL,
  "by" BLOB,
  CONSTRAINT crm_stage_change_pk PRIMARY KEY (id),
  CONSTRAINT crm_stage_change_opportunity_id_fk FOREIGN KEY(opportunity_id) REFERENCES crm_opportunity (id),
  CONSTRAINT crm_stage_change_from_stage_id_fk FOREIGN KEY(from_stage_id) REFERENCES crm_stage (id),
  CONSTRAINT crm_stage_change_to_stage_id_fk FOREIGN KEY(to_stage_id) REFERENCES crm_stage (id),
  CONSTRAINT crm_stage_change_by_fk FOREIGN KEY("by") REFERENCES user_account (id)
)

CREATE INDEX crm_stage_change_opportunity ON crm_stage_change (opportunity_id)

CREATE TABLE crm_survey_invite (
  id BLOB NOT NULL,
  survey_id BLOB NOT NULL,
  party_id BLOB NOT NULL,
  order_id BLOB,
  token VARCHAR(60) NOT NULL,
  sent_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  answered_at BIGINT,
  expired_at BIGINT,
  instance_id BLOB,
  CONSTRAINT crm_survey_invite_pk PRIMARY KEY (id),
  CONSTRAINT crm_survey_invite_one_end CHECK (answered_at IS NULL OR expired_at IS NULL),
  CONSTRAINT crm_survey_invite_survey_id_fk FOREIGN KEY(survey_id) REFERENCES crm_survey (id),
  CONSTRAINT crm_survey_invite_party_id_fk FOREIGN KEY(party_id) REFERENCES crm_party (id),
  CONSTRAINT crm_survey_invite_order_id_fk FOREIGN KEY(order_id) REFERENCES crm_order (id),
  CONSTRAINT crm_survey_invite_token_once UNIQUE (token)
)

CREATE INDEX crm_survey_invite_party ON crm_survey_invite (party_id)

CREATE UNIQUE INDEX crm_survey_invite_survey_id_order_id_once ON crm_survey_invite (survey_id, order_id) WHERE order_id IS NOT NULL

CREATE TABLE erp_goods_receipt (
  id BLOB NOT NULL,
  receipt_no VARCHAR(40) NOT NULL,
  version INTEGER NOT NULL,
  business_date DATE NOT NULL,
  created_at BIGINT NOT NULL,
  created_by BLOB,
  instance_id BLOB,
  source_type VARCHAR(60),
  source_id VARCHAR(60),
  cancelled_at BIGINT,
  cancel_reason TEXT,
  note TEXT NOT NULL,
  order_id BLOB NOT NULL,
  warehouse_id BLOB NOT NULL,
  delivery_note VARCHAR(60),
  reversed BOOLEAN NOT NULL,
  voucher_no VARCHAR(40),
  CONSTRAINT erp_goods_receipt_pk PRIMARY KEY (id),
  CONSTRAINT erp_goods_receipt_order_id_delivery_note_once UNIQUE (order_id, delivery_note),
  CONSTRAINT erp_goods_receipt_receipt_no_once UNIQUE (receipt_no),
  CONSTRAINT erp_goods_receipt_order_id_fk FOREIGN KEY(order_id) REFERENCES erp_purchase_order (id),
  CONSTRAINT erp_goods_receipt_warehouse_id_fk FOREIGN KEY(warehouse_id) REFERENCES erp_warehouse (id)
)

CREATE TABLE erp_payment (
  id BLOB NOT NULL,
  payment_no VARCHAR(40) NOT NULL,
  request_id BLOB NOT NULL,
  clearance_id BLOB NOT NULL,
  instance_id BLOB NOT NULL,
  amount BIGINT NOT NULL,
  currency VARCHAR(3) NOT NULL,
  payee_id VARCHAR(200) NOT NULL,
  payee_account_version_id BLOB NOT NULL,
  payee_bank_version INTEGER NOT NULL,
  executed_by BLOB,
  executed_at BIGINT NOT NULL,
  voucher_no VARCHAR(40),
  status VARCHAR(12) NOT NULL,
  CONSTRAINT erp_payment_pk PRIMARY KEY (id),
  CONSTRAINT erp_payment_amount CHECK (amount > 0),
  CONSTRAINT erp_payment_status CHECK (status IN ('ordered', 'confirmed', 'returned')),
  CONSTRAINT erp_payment_payment_no_once UNIQUE (payment_no),
  CONSTRAINT erp_payment_request_id_once UNIQUE (request_id),
  CONSTRAINT erp_payment_request_id_fk FOREIGN KEY(request_id) REFERENCES erp_payment_request (id),
  CONSTRAINT erp_payment_clearance_id_once UNIQUE (clearance_id),
  CONSTRAINT erp_payment_clearance_id_fk FOREIGN KEY(clearance_id) REFERENCES clearance (id),
  CONSTRAINT erp_payment_payee_account_version_id_fk FOREIGN KEY(payee_account_version_id) REFERENCES erp_payee_account_version (id)
)

CREATE INDEX erp_payment_instance ON erp_payment (instance_id)

CREATE TABLE erp_purchase_line (
  id BLOB NOT NULL,
  order_id BLOB NOT NULL,
  line_no INTEGER NOT NULL,
  item_id BLOB NOT NULL,
  sku VARCHAR(40) NOT NULL,
  name TEXT NOT NULL,
  uom VARCHAR(12) NOT NULL,
  price BIGINT NOT NULL,
  vat_rate BIGINT NOT NULL,
  ordered BIGINT NOT NULL,
  may_receive BIGINT NOT NULL,
  received BIGINT NOT NULL,
  invoiced BIGINT NOT NULL,
  net BIGINT NOT NULL,
  tax BIGINT NOT NULL,
  gross BIGINT NOT NULL,
  match_policy VARCHAR(30) NOT NULL,
  CONSTRAINT erp_purchase_line_pk PRIMARY KEY (id),
  CONSTRAINT erp_purchase_line_order_id_line_no_once UNIQUE (order_id, line_no),
  CONSTRAINT erp_purchase_line_ordered CHECK (ordered > 0),
  CONSTRAINT erp_purchase_line_received CHECK (received >= 0 AND received <= may_receive),
  CONSTRAINT erp_purchase_line_invoiced CHECK (invoiced >= 0),
  CONSTRAINT erp_purchase_line_match_policy CHECK (match_policy IN ('three_way_receipt_first', 'three_way_invoice_first', 'two_way')),
  CONSTRAINT erp_purchase_line_order_id_fk FOREIGN KEY(order_id) REFERENCES erp_purchase_order (id),
  CONSTRAINT erp_purchase_line_item_id_fk FOREIGN KEY(item_id) REFERENCES erp_item (id)
)

CREATE TABLE erp_supplier_invoice (
  id BLOB NOT NULL,
  document_no VARCHAR(40) NOT NULL,
  version INTEGER NOT NULL,
  business_date DATE NOT NULL,
  created_at BIGINT NOT NULL,
  created_by BLOB,
  instance_id BLOB,
  source_type VARCHAR(60),
  source_id VARCHAR(60),
  cancelled_at BIGINT,
  cancel_reason TEXT,
  note TEXT NOT NULL,
  supplier_id BLOB NOT NULL,
  supplier_name TEXT NOT NULL,
  invoice_no VARCHAR(40) NOT NULL,
  order_id BLOB NOT NULL,
  invoice_date DATE NOT NULL,
  due_date DATE NOT NULL,
  voucher_no VARCHAR(40),
  currency VARCHAR(3) NOT NULL,
  net BIGINT NOT NULL,
  tax BIGINT NOT NULL,
  total BIGINT NOT NULL,
  open_amount BIGINT NOT NULL,
  match_state VARCHAR(12) NOT NULL,
  release_reason TEXT,
  blocked BOOLEAN NOT NULL,
  CONSTRAINT erp_supplier_invoice_pk PRIMARY KEY (id),
  CONSTRAINT erp_supplier_invoice_open_amount CHECK (open_amount >= 0 AND open_amount <= total),
  CONSTRAINT erp_supplier_invoice_match_state CHECK (match_state IN ('wait', 'matched', 'exception', 'released')),
  CONSTRAINT erp_supplier_invoice_blocked CHECK (blocked OR match_state IN ('matched', 'released')),
  CONSTRAINT erp_supplier_invoice_document_no_once UNIQUE (document_no),
  CONSTRAINT erp_supplier_invoice_supplier_id_fk FOREIGN KEY(supplier_id) REFERENCES erp_supplier (id),
  CONSTRAINT erp_supplier_invoice_order_id_fk FOREIGN KEY(order_id) REFERENCES erp_purchase_order (id)
)

CREATE INDEX erp_supplier_invoice_order ON erp_supplier_invoice (order_id)

CREATE UNIQUE INDEX erp_supplier_invoice_supplier_id_invoice_no_once ON erp_supplier_invoice (supplier_id, invoice_no) WHERE cancelled_at IS NULL

CREATE TABLE instance_field (
  instance_id BLOB NOT NULL,
  name VARCHAR(100) NOT NULL,
  text_value TEXT,
  number_value BIGINT,
  time_value BIGINT,
  CONSTRAINT instance_field_pk PRIMARY KEY (instance_id, name),
  CONSTRAINT instance_field_instance_id_fk FOREIGN KEY(instance_id) REFERENCES instance (id) ON DELETE CASCADE
)

CREATE INDEX instance_field_number ON instance_field (name, number_value, instance_id)

CREATE INDEX instance_field_text ON instance_field (name, text_value, instance_id)

CREATE TABLE instance_scope (
  instance_id BLOB NOT NULL,
  scope INTEGER NOT NULL,
  codec SMALLINT NOT NULL,
  state BLOB NOT NULL,
  CONSTRAINT instance_scope_pk PRIMARY KEY (instance_id, scope),
  CONSTRAINT instance_scope_instance_id_fk FOREIGN KEY(instance_id) REFERENCES instance (id) ON DELETE CASCADE
)

CREATE TABLE user_task (
  id BLOB NOT NULL,
  instance_id BLOB NOT NULL,
  node VARCHAR(200) NOT NULL,
  token INTEGER NOT NULL,
  round INTEGER NOT NULL,
  name TEXT NOT NULL,
  form VARCHAR(200),
  priority SMALLINT NOT NULL,
  due_at BIGINT,
  follow_up_at BIGINT,
  mode VARCHAR(20) NOT NULL,
  status SMALLINT NOT NULL,
  spec TEXT NOT NULL,
  cause SMALLINT NOT NULL,
  opened_seq INTEGER NOT NULL,
  passed_seq INTEGER,
  outcome VARCHAR(20),
  created_at BIGINT NOT NULL,
  closed_at BIGINT,
  voided_at BIGINT,
  version INTEGER NOT NULL,
  CONSTRAINT user_task_pk PRIMARY KEY (id),
  CONSTRAINT user_task_wait_once UNIQUE (instance_id, token),
  CONSTRAINT user_task_instance_id_fk FOREIGN KEY(instance_id) REFERENCES instance (id)
)

CREATE INDEX user_task_open ON user_task (instance_id) WHERE status = 0

CREATE TABLE crm_survey_answer (
  id BLOB NOT NULL,
  invite_id BLOB NOT NULL,
  question_id BLOB NOT NULL,
  value INTEGER,
  text TEXT,
  CONSTRAINT crm_survey_answer_pk PRIMARY KEY (id),
  CONSTRAINT crm_survey_answer_invite_id_question_id_once UNIQUE (invite_id, question_id),
  CONSTRAINT crm_survey_answer_something CHECK (value IS NOT NULL OR text IS NOT NULL),
  CONSTRAINT crm_survey_answer_value CHECK (value IS NULL OR (value >= 0 AND value <= 10)),
  CONSTRAINT crm_survey_answer_invite_id_fk FOREIGN KEY(invite_id) REFERENCES crm_survey_invite (id),
  CONSTRAINT crm_survey_answer_question_id_fk FOREIGN KEY(question_id) REFERENCES crm_survey_question (id)
)

CREATE TABLE crm_tracking (
  id BLOB NOT NULL,
  delivery_id BLOB NOT NULL,
  at BIGINT NOT NULL,
  state VARCHAR(20) NOT NULL,
  text TEXT NOT NULL,
  digest BLOB NOT NULL,
  CONSTRAINT crm_tracking_pk PRIMARY KEY (id),
  CONSTRAINT crm_tracking_delivery_id_digest_once UNIQUE (delivery_id, digest),
  CONSTRAINT crm_tracking_state CHECK (state IN ('picked_up', 'in_transit', 'out_for_delivery', 'problem', 'delivered', 'returning')),
  CONSTRAINT crm_tracking_delivery_id_fk FOREIGN KEY(delivery_id) REFERENCES crm_delivery (id)
)

CREATE TABLE erp_goods_receipt_line (
  id BLOB NOT NULL,
  receipt_id BLOB NOT NULL,
  line_no INTEGER NOT NULL,
  purchase_line_id BLOB NOT NULL,
  quantity BIGINT NOT NULL,
  value BIGINT NOT NULL,
  CONSTRAINT erp_goods_receipt_line_pk PRIMARY KEY (id),
  CONSTRAINT erp_goods_receipt_line_receipt_id_line_no_once UNIQUE (receipt_id, line_no),
  CONSTRAINT erp_goods_receipt_line_quantity CHECK (quantity > 0),
  CONSTRAINT erp_goods_receipt_line_receipt_id_fk FOREIGN KEY(receipt_id) REFERENCES erp_goods_receipt (id),
  CONSTRAINT erp_goods_receipt_line_purchase_line_id_fk FOREIGN KEY(purchase_line_id) REFERENCES erp_purchase_line (id)
)

CREATE INDEX erp_goods_receipt_line_purchase_line ON erp_goods_receipt_line (purchase_line_id)

CREATE TABLE erp_payment_request_item (
  id BLOB NOT NULL,
  request_id BLOB NOT NULL,
  line_no INTEGER NOT NULL,
  supplier_invoice_id BLOB,
  expense_claim_id BLOB,
  document_no VARCHAR(40) NOT NULL,
  amount BIGINT NOT NULL,
  CONSTRAINT erp_payment_request_item_pk PRIMARY KEY (id),
  CONSTRAINT erp_payment_request_item_request_id_line_no_once UNIQUE (request_id, line_no),
  CONSTRAINT erp_payment_request_item_amount CHECK (amount > 0),
  CONSTRAINT erp_payment_request_item_one_document CHECK ((supplier_invoice_id IS NULL) <> (expense_claim_id IS NULL)),
  CONSTRAINT erp_payment_request_item_request_id_fk FOREIGN KEY(request_id) REFERENCES erp_payment_request (id),
  CONSTRAINT erp_payment_request_item_supplier_invoice_id_fk FOREIGN KEY(supplier_invoice_id) REFERENCES erp_supplier_invoice (id),
  CONSTRAINT erp_payment_request_item_expense_claim_id_fk FOREIGN KEY(expense_claim_id) REFERENCES erp_expense_claim (id)
)

CREATE INDEX erp_payment_request_item_claim ON erp_payment_request_item (expense_claim_id)

CREATE INDEX erp_payment_request_item_invoice ON erp_payment_request_item (supplier_invoice_id)

CREATE TABLE erp_supplier_invoice_line (
  id BLOB NOT NULL,
  invoice_id BLOB NOT NULL,
  line_no INTEGER NOT NULL,
  purchase_line_id BLOB NOT NULL,
  quantity BIGINT NOT NULL,
  price BIGINT NOT NULL,
  vat_rate BIGINT NOT NULL,
  net BIGINT NOT NULL,
  tax BIGINT NOT NULL,
  gross BIGINT NOT NULL,
  CONSTRAINT erp_supplier_invoice_line_pk PRIMARY KEY (id),
  CONSTRAINT erp_supplier_invoice_line_invoice_id_line_no_once UNIQUE (invoice_id, line_no),
  CONSTRAINT erp_supplier_invoice_line_quantity CHECK (quantity > 0),
  CONSTRAINT erp_supplier_invoice_line_invoice_id_fk FOREIGN KEY(invoice_id) REFERENCES erp_supplier_invoice (id),
  CONSTRAINT erp_supplier_invoice_line_purchase_line_id_fk FOREIGN KEY(purchase_line_id) REFERENCES erp_purchase_line (id)
)

CREATE TABLE work_item (
  id BLOB NOT NULL,
  user_task_id BLOB,
  instance_id BLOB NOT NULL,
  parent_id BLOB,
  supersedes_id BLOB,
  kind SMALLINT NOT NULL,
  seq INTEGER NOT NULL,
  weight BIGINT NOT NULL,
  assignee_id BLOB,
  group_id BLOB,
  owner_id BLOB,
  on_behalf_of_id BLOB,
  status SMALLINT NOT NULL,
  decision SMALLINT,
  decision_source SMALLINT,
  decided_by BLOB,
  decided_person_id BLOB,
  decided_at BIGINT,
  opinion TEXT,
  draft TEXT,
  form_digest BLOB,
  subject_type VARCHAR(60),
  subject_id VARCHAR(200),
  subject_digest VARCHAR(80),
  evidence_id BLOB,
  reason TEXT,
  added_by BLOB,
  voided_at BIGINT,
  void_reason TEXT,
  due_at BIGINT,
  first_seen_at BIGINT,
  urged_at BIGINT,
  idempotency_key VARCHAR(80),
  created_at BIGINT NOT NULL,
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

CREATE TABLE erp_match_line (
  invoice_line_id BLOB NOT NULL,
  purchase_line_id BLOB NOT NULL,
  received BIGINT NOT NULL,
  price_difference BIGINT NOT NULL,
  quantity_difference BIGINT NOT NULL,
  verdict VARCHAR(12) NOT NULL,
  reason TEXT NOT NULL,
  matched_at BIGINT NOT NULL,
  CONSTRAINT erp_match_line_pk PRIMARY KEY (invoice_line_id),
  CONSTRAINT erp_match_line_verdict CHECK (verdict IN ('wait', 'matched', 'exception')),
  CONSTRAINT erp_match_line_invoice_line_id_fk FOREIGN KEY(invoice_line_id) REFERENCES erp_supplier_invoice_line (id),
  CONSTRAINT erp_match_line_purchase_line_id_fk FOREIGN KEY(purchase_line_id) REFERENCES erp_purchase_line (id)
)

CREATE TABLE policy_grant (
  id BLOB NOT NULL,
  instance_id BLOB NOT NULL,
  user_task_id BLOB NOT NULL,
  work_item_id BLOB NOT NULL,
  node VARCHAR(200) NOT NULL,
  capability VARCHAR(60) NOT NULL,
  person_id BLOB NOT NULL,
  account_id BLOB NOT NULL,
  on_behalf_of_id BLOB,
  source VARCHAR(12) NOT NULL,
  subject_type VARCHAR(60) NOT NULL,
  subject_id VARCHAR(200) NOT NULL,
  subject_digest VARCHAR(80) NOT NULL,
  facts TEXT NOT NULL,
  granted_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  state VARCHAR(12) NOT NULL,
  state_reason TEXT,
  state_at BIGINT,
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
  clearance_id BLOB NOT NULL,
  grant_id BLOB NOT NULL,
  requirement VARCHAR(60) NOT NULL,
  CONSTRAINT clearance_grant_pk PRIMARY KEY (clearance_id, grant_id),
  CONSTRAINT clearance_grant_clearance_id_fk FOREIGN KEY(clearance_id) REFERENCES clearance (id),
  CONSTRAINT clearance_grant_grant_id_fk FOREIGN KEY(grant_id) REFERENCES policy_grant (id)
)

CREATE TRIGGER history_no_update BEFORE UPDATE ON history BEGIN SELECT RAISE(ABORT, 'history is append-only'); END

CREATE TRIGGER history_no_delete BEFORE DELETE ON history BEGIN SELECT RAISE(ABORT, 'history is append-only'); END

CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END

CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END

CREATE TRIGGER clearance_frozen BEFORE UPDATE ON clearance WHEN OLD.state <> 'open' OR (NEW.id, NEW.instance_id, NEW.operation, NEW.idempotency_key, NEW.policies, NEW.subject_type, NEW.subject_id, NEW.subject_digest, NEW.amount, NEW.currency, NEW.payee_id, NEW.payee_bank_version, NEW.requester_id, NEW.executor_id, NEW.min_people, NEW.cleared_at) IS NOT (OLD.id, OLD.instance_id, OLD.operation, OLD.idempotency_key, OLD.policies, OLD.subject_type, OLD.subject_id, OLD.subject_digest, OLD.amount, OLD.currency, OLD.payee_id, OLD.payee_bank_version, OLD.requester_id, OLD.executor_id, OLD.min_people, OLD.cleared_at) BEGIN SELECT RAISE(ABORT, 'POLICY.APPEND_ONLY'); END

CREATE TRIGGER clearance_kept BEFORE DELETE ON clearance WHEN true BEGIN SELECT RAISE(ABORT, 'POLICY.APPEND_ONLY'); END

CREATE TRIGGER erp_period_close BEFORE UPDATE OF status ON erp_period WHEN NEW.status = 'closed' BEGIN
  SELECT RAISE(ABORT, 'erp_period_drafts')
    WHERE EXISTS (SELECT 1 FROM erp_voucher WHERE period_id = NEW.id AND status = 'draft'); END

CREATE TRIGGER erp_vat_rate_overlap_insert BEFORE INSERT ON erp_vat_rate BEGIN
  SELECT RAISE(ABORT, 'erp_vat_rate_overlap') WHERE EXISTS (SELECT 1 FROM erp_vat_rate WHERE category = NEW.category AND id <> NEW.id
    AND valid_from <= coalesce(NEW.valid_to, '9999-12-31') AND NEW.valid_from <= coalesce(valid_to, '9999-12-31')); END

CREATE TRIGGER erp_vat_rate_overlap_update BEFORE UPDATE ON erp_vat_rate BEGIN
  SELECT RAISE(ABORT, 'erp_vat_rate_overlap') WHERE EXISTS (SELECT 1 FROM erp_vat_rate WHERE category = NEW.category AND id <> NEW.id
    AND valid_from <= coalesce(NEW.valid_to, '9999-12-31') AND NEW.valid_from <= coalesce(valid_to, '9999-12-31')); END

CREATE TRIGGER crm_price_overlap_insert BEFORE INSERT ON crm_price BEGIN
  SELECT RAISE(ABORT, 'crm_price_overlap') WHERE EXISTS (SELECT 1 FROM crm_price WHERE price_list_id = NEW.price_list_id AND sku = NEW.sku
    AND min_quantity = NEW.min_quantity AND id <> NEW.id
    AND valid_from <= coalesce(NEW.valid_to, '9999-12-31') AND NEW.valid_from <= coalesce(valid_to, '9999-12-31')); END

CREATE TRIGGER crm_price_overlap_update BEFORE UPDATE ON crm_price BEGIN
  SELECT RAISE(ABORT, 'crm_price_overlap') WHERE EXISTS (SELECT 1 FROM crm_price WHERE price_list_id = NEW.price_list_id AND sku = NEW.sku
    AND min_quantity = NEW.min_quantity AND id <> NEW.id
    AND valid_from <= coalesce(NEW.valid_to, '9999-12-31') AND NEW.valid_from <= coalesce(valid_to, '9999-12-31')); END

CREATE TRIGGER erp_stock_move_append_only_UPDATE BEFORE UPDATE ON erp_stock_move BEGIN SELECT RAISE(ABORT, 'erp_stock_move_append_only'); END

CREATE TRIGGER erp_stock_move_append_only_DELETE BEFORE DELETE ON erp_stock_move BEGIN SELECT RAISE(ABORT, 'erp_stock_move_append_only'); END

CREATE TRIGGER erp_payee_version_frozen BEFORE UPDATE ON erp_payee_account_version
  WHEN OLD.confirmed_by IS NOT NULL OR (NEW.account_id, NEW.version, NEW.bank_name, NEW.bank_code, NEW.account_name, NEW.account_no, NEW.created_by, NEW.created_at)
    IS NOT (OLD.account_id, OLD.version, OLD.bank_name, OLD.bank_code, OLD.account_name, OLD.account_no, OLD.created_by, OLD.created_at) BEGIN
  SELECT RAISE(ABORT, 'erp_payee_version_frozen'); END

CREATE TRIGGER erp_payee_version_kept BEFORE DELETE ON erp_payee_account_version BEGIN
  SELECT RAISE(ABORT, 'erp_payee_version_frozen'); END

CREATE TRIGGER erp_voucher_draft BEFORE INSERT ON erp_voucher WHEN NEW.status <> 'draft' BEGIN
  SELECT RAISE(ABORT, 'erp_voucher_posted_at_birth'); END

CREATE TRIGGER erp_voucher_post BEFORE UPDATE OF status ON erp_voucher
  WHEN NEW.status = 'posted' AND OLD.status = 'draft' BEGIN
  SELECT RAISE(ABORT, 'erp_voucher_unbalanced') WHERE (SELECT count(*) < 2 OR sum(debit) <> sum(credit)
    FROM erp_voucher_line WHERE voucher_id = NEW.id);
  SELECT RAISE(ABORT, 'erp_voucher_period_closed')
    WHERE (SELECT status FROM erp_period WHERE id = NEW.period_id) = 'closed'; END

CREATE TRIGGER erp_voucher_frozen BEFORE UPDATE ON erp_voucher WHEN OLD.status = 'posted' BEGIN
  SELECT RAISE(ABORT, 'erp_voucher_posted'); END

CREATE TRIGGER erp_voucher_kept BEFORE DELETE ON erp_voucher WHEN OLD.status = 'posted' BEGIN
  SELECT RAISE(ABORT, 'erp_voucher_posted'); END

CREATE TRIGGER erp_allocation_append_only_UPDATE BEFORE UPDATE ON erp_allocation BEGIN SELECT RAISE(ABORT, 'erp_allocation_append_only'); END

CREATE TRIGGER erp_allocation_append_only_DELETE BEFORE DELETE ON erp_allocation BEGIN SELECT RAISE(ABORT, 'erp_allocation_append_only'); END

CREATE TRIGGER erp_payment_request_draft BEFORE INSERT ON erp_payment_request
  WHEN NEW.status <> 'draft' BEGIN
  SELECT RAISE(ABORT, 'erp_payment_request_move'); END

CREATE TRIGGER erp_payment_request_rules BEFORE UPDATE ON erp_payment_request BEGIN
  SELECT RAISE(ABORT, 'erp_payment_request_frozen') WHERE OLD.status <> 'draft'
    AND (NEW.kind, NEW.amount, NEW.currency, NEW.payee_account_version_id, NEW.requested_by, NEW.beneficiary_id) IS NOT (OLD.kind, OLD.amount, OLD.currency, OLD.payee_account_version_id, OLD.requested_by, OLD.beneficiary_id);
  SELECT RAISE(ABORT, 'erp_payment_request_move') WHERE NEW.status <> OLD.status AND NOT ((OLD.status = 'draft' AND NEW.status = 'submitted') OR (OLD.status = 'draft' AND NEW.status = 'cancelled') OR (OLD.status = 'submitted' AND NEW.status = 'draft') OR (OLD.status = 'submitted' AND NEW.status = 'paid') OR (OLD.status = 'submitted' AND NEW.status = 'rejected') OR (OLD.status = 'submitted' AND NEW.status = 'cancelled'));
  SELECT RAISE(ABORT, 'erp_payment_request_unconfirmed') WHERE NEW.status = 'submitted' AND NOT EXISTS
    (SELECT 1 FROM erp_payee_account_version WHERE id = NEW.payee_account_version_id AND confirmed_by IS NOT NULL);
  SELECT RAISE(ABORT, 'erp_payment_request_unpaid') WHERE NEW.status = 'paid'
    AND NOT EXISTS (SELECT 1 FROM erp_payment WHERE request_id = NEW.id); END

CREATE TRIGGER erp_payment_request_kept BEFORE DELETE ON erp_payment_request BEGIN
  SELECT RAISE(ABORT, 'erp_payment_request_frozen'); END

CREATE TRIGGER erp_voucher_line_insert BEFORE INSERT ON erp_voucher_line
  WHEN EXISTS (SELECT 1 FROM erp_voucher WHERE id IN (NEW.voucher_id) AND status = 'posted') BEGIN
  SELECT RAISE(ABORT, 'erp_voucher_posted'); END

CREATE TRIGGER erp_voucher_line_update BEFORE UPDATE ON erp_voucher_line
  WHEN EXISTS (SELECT 1 FROM erp_voucher WHERE id IN (NEW.voucher_id, OLD.voucher_id) AND status = 'posted') BEGIN
  SELECT RAISE(ABORT, 'erp_voucher_posted'); END

CREATE TRIGGER erp_voucher_line_delete BEFORE DELETE ON erp_voucher_line
  WHEN EXISTS (SELECT 1 FROM erp_voucher WHERE id IN (OLD.voucher_id) AND status = 'posted') BEGIN
  SELECT RAISE(ABORT, 'erp_voucher_posted'); END

CREATE TRIGGER oa_leave_overlap_insert BEFORE INSERT ON oa_leave WHEN NEW.status = 'booked' BEGIN
  SELECT RAISE(ABORT, 'oa_leave_overlap') WHERE EXISTS (SELECT 1 FROM oa_leave o WHERE o.employee_id = NEW.employee_id AND o.status = 'booked' AND o.id <> NEW.id
    AND (NEW.starts < o.ends OR (NEW.starts = o.ends AND NOT (NEW.start_half AND o.end_half)))
    AND (o.starts < NEW.ends OR (o.starts = NEW.ends AND NOT (o.start_half AND NEW.end_half)))); END

CREATE TRIGGER oa_leave_overlap_update BEFORE UPDATE ON oa_leave WHEN NEW.status = 'booked' BEGIN
  SELECT RAISE(ABORT, 'oa_leave_overlap') WHERE EXISTS (SELECT 1 FROM oa_leave o WHERE o.employee_id = NEW.employee_id AND o.status = 'booked' AND o.id <> NEW.id
    AND (NEW.starts < o.ends OR (NEW.starts = o.ends AND NOT (NEW.start_half AND o.end_half)))
    AND (o.starts < NEW.ends OR (o.starts = NEW.ends AND NOT (o.start_half AND NEW.end_half)))); END

CREATE TRIGGER crm_activity_append_only_UPDATE BEFORE UPDATE ON crm_activity BEGIN SELECT RAISE(ABORT, 'crm_activity_append_only'); END

CREATE TRIGGER crm_activity_append_only_DELETE BEFORE DELETE ON crm_activity BEGIN SELECT RAISE(ABORT, 'crm_activity_append_only'); END

CREATE TRIGGER crm_stage_change_append_only_UPDATE BEFORE UPDATE ON crm_stage_change BEGIN SELECT RAISE(ABORT, 'crm_stage_change_append_only'); END

CREATE TRIGGER crm_stage_change_append_only_DELETE BEFORE DELETE ON crm_stage_change BEGIN SELECT RAISE(ABORT, 'crm_stage_change_append_only'); END

CREATE TRIGGER payment_gate BEFORE INSERT ON erp_payment BEGIN
  SELECT RAISE(ABORT, 'POLICY.NO_CLEARANCE') WHERE NOT EXISTS (SELECT 1 FROM clearance c
    WHERE c.id = NEW.clearance_id AND c.instance_id = NEW.instance_id AND c.state = 'open');
  SELECT RAISE(ABORT, 'POLICY.MISMATCH') WHERE NOT EXISTS (SELECT 1 FROM clearance c WHERE c.id = NEW.clearance_id
    AND c.subject_type = 'erp_payment_request'
    AND replace(lower(c.subject_id), '-', '') = lower(hex(NEW.request_id)) AND c.amount = NEW.amount
    AND c.currency = NEW.currency AND c.payee_id = NEW.payee_id AND c.payee_bank_version = NEW.payee_bank_version);
  SELECT RAISE(ABORT, 'POLICY.NOT_APPROVED') WHERE EXISTS (SELECT 1 FROM clearance_grant k
    JOIN clearance c ON c.id = k.clearance_id JOIN policy_grant g ON g.id = k.grant_id
    WHERE k.clearance_id = NEW.clearance_id
      AND NOT (g.state = 'active' AND g.subject_type = c.subject_type AND g.subject_id = c.subject_id
        AND g.subject_digest = c.subject_digest AND g.expires_at >= c.cleared_at AND g.person_id <> c.requester_id
        AND g.on_behalf_of_id IS NOT c.requester_id AND g.person_id IS NOT c.executor_id));
  SELECT RAISE(ABORT, 'POLICY.NOT_APPROVED') WHERE (SELECT count(DISTINCT g.person_id) FROM clearance_grant k
    JOIN policy_grant g ON g.id = k.grant_id WHERE k.clearance_id = NEW.clearance_id)
    < (SELECT max(1, min_people) FROM clearance WHERE id = NEW.clearance_id);
  SELECT RAISE(ABORT, 'erp_payment_request_differs') WHERE NOT EXISTS (SELECT 1 FROM erp_payment_request r
    JOIN erp_payee_account_version v ON v.id = r.payee_account_version_id
    WHERE r.id = NEW.request_id AND r.status = 'submitted' AND r.amount = NEW.amount AND r.currency = NEW.currency
      AND r.payee_account_version_id = NEW.payee_account_version_id AND v.confirmed_by IS NOT NULL
      AND v.version = NEW.payee_bank_version AND replace(lower(NEW.payee_id), '-', '') = lower(hex(v.account_id))
      AND r.requested_by IS NOT NEW.executed_by);
  UPDATE policy_grant SET state = 'consumed'
    WHERE id IN (SELECT grant_id FROM clearance_grant WHERE clearance_id = NEW.clearance_id);
  UPDATE clearance SET state = 'used' WHERE id = NEW.clearance_id; END

CREATE TRIGGER payment_frozen BEFORE UPDATE ON erp_payment
  WHEN (NEW.id, NEW.payment_no, NEW.request_id, NEW.clearance_id, NEW.instance_id, NEW.amount, NEW.currency, NEW.payee_id, NEW.payee_account_version_id, NEW.payee_bank_version, NEW.executed_by, NEW.executed_at) IS NOT (OLD.id, OLD.payment_no, OLD.request_id, OLD.clearance_id, OLD.instance_id, OLD.amount, OLD.currency, OLD.payee_id, OLD.payee_account_version_id, OLD.payee_bank_version, OLD.executed_by, OLD.executed_at) BEGIN
  SELECT RAISE(ABORT, 'erp_payment_frozen'); END

CREATE TRIGGER payment_kept BEFORE DELETE ON erp_payment BEGIN
  SELECT RAISE(ABORT, 'erp_payment_frozen'); END

CREATE TRIGGER crm_tracking_append_only_UPDATE BEFORE UPDATE ON crm_tracking BEGIN SELECT RAISE(ABORT, 'crm_tracking_append_only'); END

CREATE TRIGGER crm_tracking_append_only_DELETE BEFORE DELETE ON crm_tracking BEGIN SELECT RAISE(ABORT, 'crm_tracking_append_only'); END

CREATE TRIGGER work_item_frozen BEFORE UPDATE ON work_item WHEN OLD.status IN (4, 5) AND (NEW.id, NEW.user_task_id, NEW.instance_id, NEW.parent_id, NEW.supersedes_id, NEW.kind, NEW.seq, NEW.weight, NEW.assignee_id, NEW.group_id, NEW.owner_id, NEW.on_behalf_of_id, NEW.status, NEW.decision, NEW.decision_source, NEW.decided_by, NEW.decided_person_id, NEW.decided_at, NEW.opinion, NEW.draft, NEW.form_digest, NEW.subject_type, NEW.subject_id, NEW.subject_digest, NEW.evidence_id, NEW.reason, NEW.added_by, NEW.due_at, NEW.first_seen_at, NEW.urged_at, NEW.idempotency_key, NEW.created_at, NEW.version) IS NOT (OLD.id, OLD.user_task_id, OLD.instance_id, OLD.parent_id, OLD.supersedes_id, OLD.kind, OLD.seq, OLD.weight, OLD.assignee_id, OLD.group_id, OLD.owner_id, OLD.on_behalf_of_id, OLD.status, OLD.decision, OLD.decision_source, OLD.decided_by, OLD.decided_person_id, OLD.decided_at, OLD.opinion, OLD.draft, OLD.form_digest, OLD.subject_type, OLD.subject_id, OLD.subject_digest, OLD.evidence_id, OLD.reason, OLD.added_by, OLD.due_at, OLD.first_seen_at, OLD.urged_at, OLD.idempotency_key, OLD.created_at, OLD.version) BEGIN SELECT RAISE(ABORT, 'POLICY.APPEND_ONLY'); END

CREATE TRIGGER work_item_decision_frozen BEFORE UPDATE ON work_item WHEN OLD.decision IS NOT NULL AND (NEW.decision, NEW.decision_source, NEW.decided_by, NEW.decided_at) IS NOT (OLD.decision, OLD.decision_source, OLD.decided_by, OLD.decided_at) BEGIN SELECT RAISE(ABORT, 'POLICY.APPEND_ONLY'); END

CREATE TRIGGER work_item_kept BEFORE DELETE ON work_item WHEN true BEGIN SELECT RAISE(ABORT, 'POLICY.APPEND_ONLY'); END

CREATE TRIGGER policy_grant_from_decision BEFORE INSERT ON policy_grant WHEN NEW.source = 'human' AND NOT EXISTS (SELECT 1 FROM work_item w WHERE w.id = NEW.work_item_id
    AND w.instance_id = NEW.instance_id AND w.user_task_id = NEW.user_task_id AND w.kind IN (0, 1, 2, 3)
    AND w.decision = 0 AND w.decision_source = 0
    AND w.decided_by = NEW.account_id AND w.decided_person_id = NEW.person_id AND w.voided_at IS NULL
    AND w.subject_type = NEW.subject_type AND w.subject_id = NEW.subject_id AND w.subject_digest = NEW.subject_digest
    AND w.on_behalf_of_id IS NEW.on_behalf_of_id) BEGIN SELECT RAISE(ABORT, 'POLICY.NO_DECISION'); END

CREATE TRIGGER policy_grant_frozen BEFORE UPDATE ON policy_grant WHEN (NEW.id, NEW.instance_id, NEW.user_task_id, NEW.work_item_id, NEW.node, NEW.capability, NEW.person_id, NEW.account_id, NEW.on_behalf_of_id, NEW.source, NEW.subject_type, NEW.subject_id, NEW.subject_digest, NEW.facts, NEW.granted_at, NEW.expires_at) IS NOT (OLD.id, OLD.instance_id, OLD.user_task_id, OLD.work_item_id, OLD.node, OLD.capability, OLD.person_id, OLD.account_id, OLD.on_behalf_of_id, OLD.source, OLD.subject_type, OLD.subject_id, OLD.subject_digest, OLD.facts, OLD.granted_at, OLD.expires_at) OR NOT (NEW.state = OLD.state OR (OLD.state = 'active' AND NEW.state IN ('parked', 'void', 'consumed')) OR (OLD.state = 'parked' AND NEW.state IN ('active', 'void'))) BEGIN SELECT RAISE(ABORT, 'POLICY.APPEND_ONLY'); END

CREATE TRIGGER policy_grant_kept BEFORE DELETE ON policy_grant WHEN true BEGIN SELECT RAISE(ABORT, 'POLICY.APPEND_ONLY'); END

CREATE TRIGGER clearance_grant_frozen BEFORE UPDATE ON clearance_grant WHEN true BEGIN SELECT RAISE(ABORT, 'POLICY.APPEND_ONLY'); END

CREATE TRIGGER clearance_grant_kept BEFORE DELETE ON clearance_grant WHEN true BEGIN SELECT RAISE(ABORT, 'POLICY.APPEND_ONLY'); END
