CREATE OR REPLACE FUNCTION policy_version_begins() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF NEW.source NOT IN ('shipped', 'people') OR NEW.state = 'retired' OR (NEW.state = 'active' AND (NEW.source <> 'shipped' OR NEW.approved_by IS NOT NULL OR EXISTS (SELECT 1 FROM policy_version p WHERE p.policy_id = NEW.policy_id
    AND (p.approved_by IS NOT NULL OR p.confirmed_by IS NOT NULL)))) THEN RAISE EXCEPTION 'POLICY.TWO_PEOPLE' USING errcode = '23514'; END IF;
  RETURN NEW;
END $$

CREATE TRIGGER policy_version_begins BEFORE INSERT ON policy_version FOR EACH ROW EXECUTE FUNCTION policy_version_begins()

CREATE OR REPLACE FUNCTION policy_version_frozen() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF (NEW.id, NEW.policy_id, NEW.version, NEW.class, NEW.statement, NEW.source, NEW.proposed_by, NEW.proposed_person_id, NEW.proposed_at, NEW.min_people, NEW.break_glass) IS DISTINCT FROM (OLD.id, OLD.policy_id, OLD.version, OLD.class, OLD.statement, OLD.source, OLD.proposed_by, OLD.proposed_person_id, OLD.proposed_at, OLD.min_people, OLD.break_glass) OR NOT (NEW.state = OLD.state OR (OLD.state = 'proposed' AND NEW.state IN ('active', 'retired')) OR (OLD.state = 'active' AND NEW.state = 'retired')) OR (OLD.state <> 'proposed' AND (NEW.approved_by, NEW.approved_person_id, NEW.valid_from, NEW.weakens, NEW.reason) IS DISTINCT FROM (OLD.approved_by, OLD.approved_person_id, OLD.valid_from, OLD.weakens, OLD.reason)) OR (OLD.confirmed_by IS NOT NULL AND NEW.confirmed_by IS DISTINCT FROM OLD.confirmed_by) OR (OLD.reviewed_by IS NOT NULL AND NEW.reviewed_by IS DISTINCT FROM OLD.reviewed_by) THEN RAISE EXCEPTION 'POLICY.APPEND_ONLY' USING errcode = '23514'; END IF;
  RETURN NEW;
END $$

CREATE TRIGGER policy_version_frozen BEFORE UPDATE ON policy_version FOR EACH ROW EXECUTE FUNCTION policy_version_frozen()

CREATE OR REPLACE FUNCTION policy_version_two_people() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF NEW.state = 'active' AND OLD.state = 'proposed' AND (NEW.proposed_by IS NULL OR NEW.approved_by IS NULL OR NEW.proposed_person_id IS NULL OR NEW.approved_person_id IS NULL OR NEW.proposed_person_id = NEW.approved_person_id) THEN RAISE EXCEPTION 'POLICY.TWO_PEOPLE' USING errcode = '23514'; END IF;
  RETURN NEW;
END $$

CREATE TRIGGER policy_version_two_people BEFORE UPDATE ON policy_version FOR EACH ROW EXECUTE FUNCTION policy_version_two_people()

CREATE OR REPLACE FUNCTION policy_version_kept() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF true THEN RAISE EXCEPTION 'POLICY.APPEND_ONLY' USING errcode = '23514'; END IF;
  RETURN OLD;
END $$

CREATE TRIGGER policy_version_kept BEFORE DELETE ON policy_version FOR EACH ROW EXECUTE FUNCTION policy_version_kept()
