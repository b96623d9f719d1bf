from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """The ledger: a spreadsheet of the work of an authority's scope."""

    dependencies = [
        ("accounts", "0004_savedview"),
        ("plan", "0003_measures_and_second_review"),
        ("reports", "0002_packages"),
        ("tasks", "0009_requests_what_was_granted"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="report",
            name="report_has_its_scope",
        ),
        migrations.AlterField(
            model_name="report",
            name="kind",
            field=models.CharField(
                choices=[
                    ("status", "任务落实情况报告"),
                    ("supervisory", "监管进展报告"),
                    ("evidence_package", "报送材料包"),
                    ("ledger", "报送台账"),
                ],
                max_length=20,
            ),
        ),
        migrations.AddConstraint(
            model_name="report",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("assignment", None), ("authority", None), ("institution__isnull", False), ("kind", "status")
                    ),
                    models.Q(
                        ("assignment", None),
                        ("authority__isnull", False),
                        ("institution", None),
                        ("kind__in", ["supervisory", "ledger"]),
                    ),
                    models.Q(("institution__isnull", False), ("kind", "evidence_package")),
                    _connector="OR",
                ),
                name="report_has_its_scope",
            ),
        ),
    ]
