"""Nobody is on leave twice at once, whoever writes it: once per database, under the same word."""

from engine.db.business import guard
from engine.modules.oa.models.leave import leave

# a leave from noon may follow one until noon on the same day
_OVERLAP = """SELECT 1 FROM oa_leave o WHERE o.employee_id = NEW.employee_id AND o.status = 'booked' AND o.id <> NEW.id
    AND (NEW.starts < o.ends OR (NEW.starts = o.ends AND NOT (NEW.start_half AND o.end_half)))
    AND (o.starts < NEW.ends OR (o.starts = NEW.ends AND NOT (o.start_half AND NEW.end_half)))"""

guard(
    leave,
    sqlite=[
        f"""CREATE TRIGGER oa_leave_overlap_{verb} BEFORE {verb.upper()} ON oa_leave WHEN NEW.status = 'booked' BEGIN
  SELECT RAISE(ABORT, 'oa_leave_overlap') WHERE EXISTS ({_OVERLAP}); END"""
        for verb in ("insert", "update")
    ],
    postgresql=[
        f"""CREATE OR REPLACE FUNCTION oa_leave_overlap() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  -- whoever books for the same employee waits here
  PERFORM 1 FROM oa_employee WHERE id = NEW.employee_id FOR UPDATE;
  IF NEW.status = 'booked' AND EXISTS ({_OVERLAP})
    THEN RAISE EXCEPTION 'oa_leave_overlap' USING errcode = '23514'; END IF;
  RETURN NEW;
END $$""",
        "CREATE TRIGGER oa_leave_overlap BEFORE INSERT OR UPDATE ON oa_leave "
        "FOR EACH ROW EXECUTE FUNCTION oa_leave_overlap()",
    ],
)
