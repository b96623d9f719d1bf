import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0005_calendar_feed"),
        ("plan", "0004_reminder_stages"),
        ("reports", "0004_proof"),
    ]

    operations = [
        migrations.CreateModel(
            name="DailyTally",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("core", "核心机构"),
                            ("securities", "证券公司"),
                            ("futures", "期货公司"),
                            ("fund", "基金管理公司"),
                            ("association", "行业协会"),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("not_started", "未开始"),
                            ("in_progress", "进行中"),
                            ("awaiting_signature", "待签署"),
                            ("submitted", "已报送"),
                            ("returned", "已退回"),
                            ("accepted", "已验收"),
                            ("not_applicable", "不适用"),
                        ],
                        max_length=20,
                    ),
                ),
                ("deadline", models.DateField()),
                ("day", models.DateField()),
                ("change", models.IntegerField()),
                (
                    "region",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.region",
                    ),
                ),
                (
                    "task",
                    models.ForeignKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="plan.task"
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "daily tallies",
                "indexes": [models.Index(fields=["state", "day"], name="daily_tally_of_state")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("day", "task", "kind", "region", "state", "deadline"), name="daily_tally_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="OpeningBalance",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("core", "核心机构"),
                            ("securities", "证券公司"),
                            ("futures", "期货公司"),
                            ("fund", "基金管理公司"),
                            ("association", "行业协会"),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("not_started", "未开始"),
                            ("in_progress", "进行中"),
                            ("awaiting_signature", "待签署"),
                            ("submitted", "已报送"),
                            ("returned", "已退回"),
                            ("accepted", "已验收"),
                            ("not_applicable", "不适用"),
                        ],
                        max_length=20,
                    ),
                ),
                ("deadline", models.DateField()),
                ("month", models.DateField()),
                ("number", models.IntegerField()),
                (
                    "region",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.region",
                    ),
                ),
                (
                    "task",
                    models.ForeignKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="plan.task"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("month", "task", "kind", "region", "state", "deadline"), name="opening_balance_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Standing",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("core", "核心机构"),
                            ("securities", "证券公司"),
                            ("futures", "期货公司"),
                            ("fund", "基金管理公司"),
                            ("association", "行业协会"),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("not_started", "未开始"),
                            ("in_progress", "进行中"),
                            ("awaiting_signature", "待签署"),
                            ("submitted", "已报送"),
                            ("returned", "已退回"),
                            ("accepted", "已验收"),
                            ("not_applicable", "不适用"),
                        ],
                        max_length=20,
                    ),
                ),
                ("deadline", models.DateField()),
                ("number", models.IntegerField()),
                (
                    "region",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.region",
                    ),
                ),
                (
                    "task",
                    models.ForeignKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="plan.task"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("task", "kind", "region", "state", "deadline"), name="standing_once"
                    )
                ],
            },
        ),
    ]
