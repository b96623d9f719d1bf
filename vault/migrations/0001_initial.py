import uuid

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("accounts", "0003_api_token"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="StoredFile",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=255, verbose_name="文件名")),
                ("content_type", models.CharField(max_length=100)),
                ("size", models.PositiveBigIntegerField(help_text="Bytes.")),
                ("sha256", models.CharField(max_length=64)),
                ("sm3", models.CharField(blank=True, max_length=64)),
                (
                    "place",
                    models.CharField(
                        choices=[
                            ("incoming", "待检区"),
                            ("disk", "本地磁盘"),
                            ("s3", "对象存储"),
                            ("quarantine", "隔离区"),
                        ],
                        max_length=10,
                    ),
                ),
                ("path", models.CharField(blank=True, max_length=200)),
                ("received_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("received", "待检查"),
                            ("clean", "检查通过"),
                            ("refused", "未通过检查"),
                            ("quarantined", "已隔离"),
                            ("deleted", "已删除"),
                        ],
                        default="received",
                        max_length=12,
                        verbose_name="检查情况",
                    ),
                ),
                ("checked_at", models.DateTimeField(blank=True, null=True)),
                ("quarantined_at", models.DateTimeField(blank=True, null=True)),
                ("scanned_at", models.DateTimeField(blank=True, null=True)),
                (
                    "scanner",
                    models.CharField(
                        blank=True, help_text="Engine and signatures that cleared the file.", max_length=100
                    ),
                ),
                (
                    "finding",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("malware", "检出恶意代码"),
                            ("type", "内容类型不受支持"),
                            ("nested", "压缩包内含不受支持的文件"),
                            ("encrypted", "受密码保护，无法检查和阅读"),
                            ("damaged", "文件已损坏，无法打开"),
                            ("archive_limits", "压缩包超出限制"),
                            ("unsafe_names", "压缩包内含不安全的文件名"),
                            ("not_scannable", "超出扫描上限，无法确认安全"),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "finding_detail",
                    models.CharField(blank=True, help_text="A signature, or a name in an archive.", max_length=300),
                ),
                (
                    "flags",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(choices=[("macros", "含宏"), ("scripts", "含脚本")], max_length=20),
                        blank=True,
                        default=list,
                        size=None,
                    ),
                ),
                (
                    "tags",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=30),
                        blank=True,
                        default=list,
                        size=None,
                        verbose_name="标签",
                    ),
                ),
                ("expires_on", models.DateField(blank=True, null=True, verbose_name="有效期至")),
                ("verified_at", models.DateTimeField(blank=True, null=True)),
                (
                    "fault",
                    models.CharField(
                        blank=True, choices=[("missing", "文件缺失"), ("changed", "内容被改动")], max_length=10
                    ),
                ),
                ("deleted_at", models.DateTimeField(blank=True, null=True)),
                ("deleted_reason", models.TextField(blank=True, verbose_name="删除理由")),
                (
                    "deleted_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "institution",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="stored_files",
                        to="accounts.institution",
                    ),
                ),
                (
                    "uploaded_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "ordering": ["received_at", "pk"],
            },
        ),
        migrations.CreateModel(
            name="LegalHold",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("reason", models.TextField(verbose_name="保全理由")),
                ("placed_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("released_at", models.DateTimeField(blank=True, null=True)),
                (
                    "institution",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="legal_holds",
                        to="accounts.institution",
                    ),
                ),
                (
                    "placed_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "released_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["-placed_at"],
            },
        ),
        migrations.CreateModel(
            name="Extract",
            fields=[
                (
                    "stored",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="extract",
                        serialize=False,
                        to="vault.storedfile",
                    ),
                ),
                ("blocks", models.JSONField(default=list)),
                ("text", models.TextField(blank=True)),
                (
                    "bigrams",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=2), default=list, size=None
                    ),
                ),
                ("is_cut", models.BooleanField(default=False)),
            ],
            options={
                "indexes": [django.contrib.postgres.indexes.GinIndex(fields=["bigrams"], name="extract_bigrams")],
            },
        ),
        migrations.AddIndex(
            model_name="storedfile",
            index=models.Index(fields=["institution", "-received_at"], name="stored_file_of_institution"),
        ),
        migrations.AddIndex(
            model_name="storedfile",
            index=models.Index(
                condition=models.Q(("state", "received")), fields=["received_at"], name="stored_file_waiting"
            ),
        ),
        migrations.AddIndex(
            model_name="storedfile",
            index=models.Index(
                condition=models.Q(("state", "clean")), fields=["verified_at"], name="stored_file_by_verification"
            ),
        ),
        migrations.AddIndex(
            model_name="storedfile",
            index=models.Index(
                condition=models.Q(("expires_on__isnull", False)), fields=["expires_on"], name="stored_file_by_expiry"
            ),
        ),
        migrations.AddIndex(
            model_name="storedfile",
            index=django.contrib.postgres.indexes.GinIndex(fields=["tags"], name="stored_file_tags"),
        ),
        migrations.AddConstraint(
            model_name="storedfile",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state__in", ("received", "clean"))),
                fields=("institution", "sha256"),
                name="stored_file_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="storedfile",
            constraint=models.CheckConstraint(condition=models.Q(("size__gt", 0)), name="stored_file_not_empty"),
        ),
        migrations.AddConstraint(
            model_name="storedfile",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("checked_at", None), ("finding", ""), ("state", "received")),
                    models.Q(
                        ("checked_at__isnull", False),
                        ("finding", ""),
                        ("state", "clean"),
                        models.Q(("sm3", ""), _negated=True),
                    ),
                    models.Q(
                        ("checked_at__isnull", False), ("state", "refused"), models.Q(("finding", ""), _negated=True)
                    ),
                    models.Q(
                        ("quarantined_at__isnull", False),
                        ("state", "quarantined"),
                        models.Q(("finding", ""), _negated=True),
                    ),
                    models.Q(
                        ("deleted_at__isnull", False),
                        ("deleted_by__isnull", False),
                        ("state", "deleted"),
                        models.Q(("deleted_reason", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="stored_file_state_has_its_facts",
            ),
        ),
        migrations.AddConstraint(
            model_name="storedfile",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("state__in", ["received", "clean"]),
                    models.Q(("place__in", ["disk", "s3"]), _negated=True),
                    ("path", ""),
                    _connector="OR",
                ),
                name="stored_file_served_only_when_clean",
            ),
        ),
        migrations.AddConstraint(
            model_name="legalhold",
            constraint=models.UniqueConstraint(
                condition=models.Q(("released_at", None)), fields=("institution",), name="legal_hold_one_at_a_time"
            ),
        ),
        migrations.AddConstraint(
            model_name="legalhold",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("released_at", None), ("released_by", None)),
                    models.Q(("released_at__isnull", False), ("released_by__isnull", False)),
                    _connector="OR",
                ),
                name="legal_hold_released_by_someone",
            ),
        ),
    ]
