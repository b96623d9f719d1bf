from django.db import migrations

FUNCTION = """
CREATE FUNCTION portal_refuse_unfreezing() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.signed_at IS NOT NULL AND (
        TG_OP = 'DELETE'
        OR (OLD.content, OLD.sha256, OLD.sm3, OLD.signed_at, OLD.signed_by_id, OLD.version)
           IS DISTINCT FROM (NEW.content, NEW.sha256, NEW.sm3, NEW.signed_at, NEW.signed_by_id, NEW.version)
    ) THEN
        RAISE EXCEPTION 'a signed self-assessment is never changed or deleted'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;
"""
TRIGGER = """
CREATE TRIGGER frozen_when_signed BEFORE UPDATE OR DELETE ON assessments_selfassessment
    FOR EACH ROW EXECUTE FUNCTION portal_refuse_unfreezing();
"""


class Migration(migrations.Migration):
    """What the CIO signed of a self-assessment is never changed or deleted; only the verdict moves its state."""

    dependencies = [("assessments", "0001_initial")]

    operations = [
        migrations.RunSQL(FUNCTION, "DROP FUNCTION portal_refuse_unfreezing();"),
        migrations.RunSQL(TRIGGER, "DROP TRIGGER frozen_when_signed ON assessments_selfassessment;"),
    ]
