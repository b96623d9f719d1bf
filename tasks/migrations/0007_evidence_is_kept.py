from django.db import migrations

KEPT = """
CREATE FUNCTION tasks_evidence_is_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR
        (OLD.institution_id, OLD.assignment_id, OLD.requirement_id, OLD.stored_id, OLD.series, OLD.version,
         OLD.original_name, OLD.uploaded_by_id, OLD.uploaded_at)
        IS DISTINCT FROM
        (NEW.institution_id, NEW.assignment_id, NEW.requirement_id, NEW.stored_id, NEW.series, NEW.version,
         NEW.original_name, NEW.uploaded_by_id, NEW.uploaded_at)
        OR (OLD.frozen_at IS NOT NULL AND NEW.frozen_at IS DISTINCT FROM OLD.frozen_at)
    THEN
        RAISE EXCEPTION 'what was put forward as evidence is never changed or deleted'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER kept BEFORE UPDATE OR DELETE ON tasks_evidence
    FOR EACH ROW EXECUTE FUNCTION tasks_evidence_is_kept();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON tasks_evidenceaccess
    FOR EACH ROW EXECUTE FUNCTION portal_refuse_change();
"""
UNDO = """
DROP TRIGGER append_only ON tasks_evidenceaccess;
DROP TRIGGER kept ON tasks_evidence;
DROP FUNCTION tasks_evidence_is_kept();
"""


class Migration(migrations.Migration):
    """Evidence is withdrawn, replaced and frozen, and otherwise stays as it was put forward."""

    dependencies = [("tasks", "0006_uploads_and_accesses"), ("audit", "0002_append_only")]

    operations = [migrations.RunSQL(KEPT, UNDO)]
