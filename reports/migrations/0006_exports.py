import django.contrib.postgres.fields
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """Rows found in the explorer, as files."""

    dependencies = [
        ("plan", "0004_reminder_stages"),
        ("reports", "0005_tallies"),
        ("tasks", "0010_urgings"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="report",
            name="report_has_its_scope",
        ),
        migrations.RemoveConstraint(
            model_name="report",
            name="report_has_its_plan_or_period",
        ),
        migrations.AddField(
            model_name="report",
            name="columns",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=30), blank=True, default=list, size=None
            ),
        ),
        migrations.AddField(
            model_name="report",
            name="format",
            field=models.CharField(blank=True, choices=[("xlsx", "Excel 表格"), ("csv", "CSV 文件")], max_length=10),
        ),
        migrations.AddField(
            model_name="report",
            name="query",
            field=models.TextField(blank=True),
        ),
        migrations.AddField(
            model_name="report",
            name="rows_done",
            field=models.PositiveIntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="report",
            name="rows_total",
            field=models.PositiveIntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="report",
            name="subject",
            field=models.CharField(
                blank=True,
                choices=[
                    ("institutions", "机构"),
                    ("assignments", "任务落实"),
                    ("requirements", "要求"),
                    ("evidence", "证明材料"),
                    ("rectifications", "整改"),
                ],
                max_length=20,
            ),
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
                    ("export", "查询结果"),
                ],
                max_length=20,
            ),
        ),
        migrations.AlterField(
            model_name="report",
            name="step",
            field=models.CharField(
                choices=[
                    ("queued", "等待生成"),
                    ("figures", "汇总数据"),
                    ("layout", "排版"),
                    ("packing", "核对并打包材料"),
                    ("writing", "逐行写入文件"),
                    ("stored", "保存文件"),
                ],
                default="queued",
                max_length=10,
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
                        ("kind__in", ["supervisory", "ledger", "export"]),
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
                    models.Q(("ends_on", None), ("kind", "export"), ("plan", None), ("starts_on", None)),
                    models.Q(
                        models.Q(("kind__in", ["proof", "export"]), _negated=True),
                        ("ends_on", None),
                        ("plan__isnull", False),
                        ("starts_on", None),
                    ),
                    _connector="OR",
                ),
                name="report_has_its_plan_or_period",
            ),
        ),
        migrations.AddConstraint(
            model_name="report",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("format__in", ["xlsx", "csv"]),
                        ("kind", "export"),
                        ("subject__in", ["institutions", "assignments", "requirements", "evidence", "rectifications"]),
                    ),
                    models.Q(models.Q(("kind", "export"), _negated=True), ("format", ""), ("subject", "")),
                    _connector="OR",
                ),
                name="report_of_rows_has_subject_and_format",
            ),
        ),
    ]
