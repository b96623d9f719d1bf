from django.db import migrations

TABLES = ["assessments_review", "assessments_remark", "assessments_rectificationstep", "assessments_score"]


class Migration(migrations.Migration):
    """What was sent is never changed or deleted: verdicts, remarks, the steps of a rectification, scores."""

    dependencies = [("assessments", "0005_the_full_round"), ("audit", "0002_append_only")]

    operations = [
        migrations.RunSQL(
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION portal_refuse_change();",
            f"DROP TRIGGER append_only ON {table};",
        )
        for table in TABLES
    ]
