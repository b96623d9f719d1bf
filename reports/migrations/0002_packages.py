import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """Packages of evidence: about an institution or one task of it, asked for by itself or by a supervisor."""

    dependencies = [
        ("accounts", "0003_api_token"),
        ("plan", "0002_plan_retention_years"),
        ("reports", "0001_initial"),
        ("tasks", "0007_evidence_is_kept"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="report",
            name="report_has_its_scope",
        ),
        migrations.AddField(
            model_name="report",
            name="assignment",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="tasks.assignment",
            ),
        ),
        migrations.AddField(
            model_name="report",
            name="refusal",
            field=models.TextField(blank=True),
        ),
        migrations.AddField(
            model_name="report",
            name="removed_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AlterField(
            model_name="report",
            name="kind",
            field=models.CharField(
                choices=[
                    ("status", "任务落实情况报告"),
                    ("supervisory", "监管进展报告"),
                    ("evidence_package", "报送材料包"),
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
                    ("stored", "保存文件"),
                ],
                default="queued",
                max_length=10,
            ),
        ),
        migrations.AddIndex(
            model_name="report",
            index=models.Index(
                condition=models.Q(("kind", "evidence_package"), ("removed_at", None), ("state", "done")),
                fields=["finished_at"],
                name="report_package_kept",
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
                        ("kind", "supervisory"),
                    ),
                    models.Q(("institution__isnull", False), ("kind", "evidence_package")),
                    _connector="OR",
                ),
                name="report_has_its_scope",
            ),
        ),
    ]
