"""Bank details are confirmed by another person, not only under another account. What was confirmed before stays."""

from alembic import op

revision = "0490"
down_revision = "0480"
branch_labels = None
depends_on = None

_NAME = "erp_payee_version_two_people"
_ONE_PERSON = """NEW.confirmed_by IS NOT NULL AND NOT EXISTS (SELECT 1 FROM user_account c
    WHERE c.id = NEW.confirmed_by AND c.person_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM user_account e
      WHERE e.id = NEW.created_by AND e.person_id = c.person_id))"""


def upgrade() -> None:
    """As `erp.models.guards` makes it."""
    connection = op.get_bind()
    if connection.dialect.name == "sqlite":
        for verb in ("INSERT", "UPDATE"):
            connection.exec_driver_sql(
                f"CREATE TRIGGER {_NAME}_{verb.lower()} BEFORE {verb} ON erp_payee_account_version\n"
                f"  WHEN {_ONE_PERSON} BEGIN\n  SELECT RAISE(ABORT, '{_NAME}'); END"
            )
        return
    connection.exec_driver_sql(
        f"CREATE OR REPLACE FUNCTION {_NAME}() RETURNS trigger LANGUAGE plpgsql AS $$\n"
        f"DECLARE seen text; \nBEGIN\n  IF {_ONE_PERSON} THEN RAISE EXCEPTION '{_NAME}' USING errcode = '23514'; END IF;\n"
        "  RETURN NEW;\nEND $$"
    )
    connection.exec_driver_sql(
        f"CREATE TRIGGER {_NAME} BEFORE INSERT OR UPDATE ON erp_payee_account_version "
        f"FOR EACH ROW EXECUTE FUNCTION {_NAME}()"
    )
