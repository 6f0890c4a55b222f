"""What a column cannot say, said by triggers: once per database, under the same words."""

from sqlalchemy import Table

from engine.db.business import guard
from engine.modules.crm.models.opportunity import activity, stage_change
from engine.modules.crm.models.order import tracking
from engine.modules.crm.models.party import price


def _refuse(word: str) -> str:
    return f"RAISE EXCEPTION '{word}' USING errcode = '23514';"


def _append_only(table: Table) -> None:
    """Rows are added, never changed or deleted."""
    word = f"{table.name}_append_only"
    guard(
        table,
        sqlite=[
            f"CREATE TRIGGER {word}_{verb} BEFORE {verb} ON {table.name} BEGIN SELECT RAISE(ABORT, '{word}'); END"
            for verb in ("UPDATE", "DELETE")
        ],
        postgresql=[
            f"CREATE OR REPLACE FUNCTION {word}() RETURNS trigger LANGUAGE plpgsql AS $$\nBEGIN {_refuse(word)} END $$",
            f"CREATE TRIGGER {word} BEFORE UPDATE OR DELETE ON {table.name} FOR EACH ROW EXECUTE FUNCTION {word}()",
        ],
    )


_append_only(stage_change)
_append_only(activity)
_append_only(tracking)

_OVERLAP = """SELECT 1 FROM crm_price WHERE price_list_id = NEW.price_list_id AND sku = NEW.sku
    AND min_quantity = NEW.min_quantity AND id <> NEW.id
    AND valid_from <= coalesce(NEW.valid_to, {end}) AND NEW.valid_from <= coalesce(valid_to, {end})"""

guard(
    price,
    sqlite=[
        f"""CREATE TRIGGER crm_price_overlap_{verb} BEFORE {verb.upper()} ON crm_price BEGIN
  SELECT RAISE(ABORT, 'crm_price_overlap') WHERE EXISTS ({_OVERLAP.format(end="'9999-12-31'")}); END"""
        for verb in ("insert", "update")
    ],
    postgresql=[
        f"""CREATE OR REPLACE FUNCTION crm_price_overlap() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  -- whoever changes the same list waits here
  PERFORM 1 FROM crm_price_list WHERE id = NEW.price_list_id FOR UPDATE;
  IF EXISTS ({_OVERLAP.format(end="date '9999-12-31'")}) THEN {_refuse("crm_price_overlap")} END IF;
  RETURN NEW;
END $$""",
        "CREATE TRIGGER crm_price_overlap BEFORE INSERT OR UPDATE ON crm_price "
        "FOR EACH ROW EXECUTE FUNCTION crm_price_overlap()",
    ],
)
