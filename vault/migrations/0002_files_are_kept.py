from django.db import migrations

KEPT = """
CREATE FUNCTION vault_file_is_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR
        (OLD.institution_id, OLD.sha256, OLD.size, OLD.uploaded_by_id, OLD.received_at)
        IS DISTINCT FROM
        (NEW.institution_id, NEW.sha256, NEW.size, NEW.uploaded_by_id, NEW.received_at)
        OR (OLD.sm3 <> '' AND NEW.sm3 <> OLD.sm3)
    THEN
        RAISE EXCEPTION 'the owner, digests and size of a stored file never change, and its row stays'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER kept BEFORE UPDATE OR DELETE ON vault_storedfile
    FOR EACH ROW EXECUTE FUNCTION vault_file_is_kept();
"""
UNDO = """
DROP TRIGGER kept ON vault_storedfile;
DROP FUNCTION vault_file_is_kept();
"""


class Migration(migrations.Migration):
    """A stored file may move, be checked and be deleted; what identifies it stays."""

    dependencies = [("vault", "0001_initial")]

    operations = [migrations.RunSQL(KEPT, UNDO)]
