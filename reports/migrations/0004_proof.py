import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """The proof of delivery: a spreadsheet about an institution and a period, and no plan."""

    dependencies = [
        ("accounts", "0004_savedview"),
        ("plan", "0004_reminder_stages"),
        ("reports", "0003_ledger"),
        ("tasks", "0010_urgings"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="report",
            name="report_has_its_scope",
        ),
        migrations.AddField(
            model_name="report",
            name="ends_on",
            field=models.DateField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="report",
            name="starts_on",
            field=models.DateField(blank=True, null=True),
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
                    ("proof", "送达记录"),
                ],
                max_length=20,
            ),
        ),
        migrations.AlterField(
            model_name="report",
            name="plan",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="reports",
                to="plan.plan",
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
                    models.Q(("assignment", None), ("institution__isnull", False), ("kind", "proof")),
                    _connector="OR",
                ),
                name="report_has_its_scope",
            ),
        ),
        migrations.AddConstraint(
            model_name="report",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("ends_on__isnull", False),
                        ("kind", "proof"),
                        ("plan", None),
                        ("starts_on__isnull", False),
                        ("starts_on__lte", models.F("ends_on")),
                    ),
                    models.Q(
                        models.Q(("kind", "proof"), _negated=True),
                        ("ends_on", None),
                        ("plan__isnull", False),
                        ("starts_on", None),
                    ),
                    _connector="OR",
                ),
                name="report_has_its_plan_or_period",
            ),
        ),
    ]
