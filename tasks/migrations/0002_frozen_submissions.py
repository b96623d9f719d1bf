from django.db import migrations

TRIGGER = """
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON tasks_submission
    FOR EACH ROW EXECUTE FUNCTION portal_refuse_change();
"""


class Migration(migrations.Migration):
    """What the CIO signed is never changed or deleted."""

    dependencies = [("tasks", "0001_initial"), ("audit", "0002_append_only")]

    operations = [migrations.RunSQL(TRIGGER, "DROP TRIGGER append_only ON tasks_submission;")]
