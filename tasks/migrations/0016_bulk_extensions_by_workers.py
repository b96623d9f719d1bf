from django.conf import settings
from django.db import migrations, models

DECIDED = """
    OLD.id, OLD.authority_id, OLD.by_id, OLD.reason, OLD.new_deadline, OLD.days, OLD.unit, OLD.filters,
    OLD.assignments, OLD.institutions, OLD.sha256, OLD.token, OLD.created_at
"""
CHANGES = f"ROW({DECIDED}) IS DISTINCT FROM ROW({DECIDED.replace('OLD.', 'NEW.')})"
ONLY_UNDONE = f"""
CREATE TRIGGER only_undone BEFORE UPDATE ON tasks_bulkextension FOR EACH ROW
    WHEN (OLD.undone_at IS NOT NULL OR NEW.undone_at IS NULL OR {CHANGES})
    EXECUTE FUNCTION portal_refuse_change();
"""
ONLY_CARRIED_OUT = f"""
CREATE TRIGGER only_carried_out BEFORE UPDATE ON tasks_bulkextension FOR EACH ROW
    WHEN (OLD.state IN ('not_extended', 'undone')
        OR (OLD.extended_at IS NOT NULL AND NEW.extended_at IS DISTINCT FROM OLD.extended_at) OR {CHANGES})
    EXECUTE FUNCTION portal_refuse_change();
"""
# Until now a decision was carried out as it was made.
AS_IT_WAS = """
UPDATE tasks_bulkextension
SET state = CASE WHEN undone_at IS NULL THEN 'extended' ELSE 'undone' END, step = 'telling', extended_at = created_at;
"""


class Migration(migrations.Migration):
    """批量延期 is carried out by workers, and so is its undoing: where each decision stands."""

    dependencies = [
        ("tasks", "0015_explorer"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RunSQL("DROP TRIGGER only_undone ON tasks_bulkextension;", ONLY_UNDONE),
        migrations.RemoveConstraint(
            model_name="bulkextension",
            name="bulk_extension_undone_by_somebody",
        ),
        migrations.AddField(
            model_name="bulkextension",
            name="attempts",
            field=models.PositiveSmallIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="bulkextension",
            name="error",
            field=models.TextField(blank=True),
        ),
        migrations.AddField(
            model_name="bulkextension",
            name="extended_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="bulkextension",
            name="heartbeat_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="bulkextension",
            name="refusal",
            field=models.CharField(
                blank=True,
                choices=[
                    ("not_as_seen", "将要延期的任务与确认时看到的不同，可能有任务刚被验收、延期或申请延期。"),
                    ("not_allowed", "办理时，确认人已没有相应权限。"),
                    ("nothing_left", "其中的任务都已有新的进展，没有可以恢复的期限。"),
                    ("error", "办理过程中出错，已多次自动重试。"),
                ],
                max_length=15,
            ),
        ),
        migrations.AddField(
            model_name="bulkextension",
            name="refused_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="bulkextension",
            name="state",
            field=models.CharField(
                choices=[
                    ("queued", "排队中"),
                    ("extending", "延期中"),
                    ("extended", "已延期"),
                    ("not_extended", "未延期"),
                    ("undo_queued", "等待撤销"),
                    ("undoing", "撤销中"),
                    ("undone", "已撤销"),
                ],
                default="queued",
                max_length=15,
                verbose_name="状态",
            ),
        ),
        migrations.AddField(
            model_name="bulkextension",
            name="step",
            field=models.CharField(
                choices=[
                    ("queued", "等待办理"),
                    ("checking", "核对任务"),
                    ("moving", "变更期限"),
                    ("telling", "通知机构"),
                ],
                default="queued",
                max_length=10,
            ),
        ),
        migrations.RunSQL(AS_IT_WAS, migrations.RunSQL.noop),
        migrations.AddIndex(
            model_name="bulkextension",
            index=models.Index(
                condition=models.Q(("state__in", ["queued", "extending", "undo_queued", "undoing"])),
                fields=["created_at"],
                name="bulk_extension_waiting",
            ),
        ),
        migrations.AddConstraint(
            model_name="bulkextension",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("extended_at", None), ("state__in", ["queued", "extending", "not_extended"])),
                    models.Q(
                        ("extended_at__isnull", False), ("state__in", ["extended", "undo_queued", "undoing", "undone"])
                    ),
                    _connector="OR",
                ),
                name="bulk_extension_extended_at_a_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="bulkextension",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("refused_at__isnull", False),
                        ("state__in", ["not_extended", "extended"]),
                        ("refusal__in", ["not_as_seen", "not_allowed", "nothing_left", "error"]),
                    ),
                    models.Q(("refusal", ""), ("refused_at", None), models.Q(("state", "not_extended"), _negated=True)),
                    _connector="OR",
                ),
                name="bulk_extension_refused_for_a_reason",
            ),
        ),
        migrations.AddConstraint(
            model_name="bulkextension",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("put_back__gt", 0),
                        ("state", "undone"),
                        ("undone_at__isnull", False),
                        ("undone_by__isnull", False),
                    ),
                    models.Q(
                        ("put_back", None),
                        ("state__in", ["undo_queued", "undoing"]),
                        ("undone_at", None),
                        ("undone_by__isnull", False),
                    ),
                    models.Q(
                        ("put_back", None),
                        ("state__in", ["queued", "extending", "extended", "not_extended"]),
                        ("undone_at", None),
                        ("undone_by", None),
                    ),
                    _connector="OR",
                ),
                name="bulk_extension_undone_by_somebody",
            ),
        ),
        migrations.RunSQL(ONLY_CARRIED_OUT, "DROP TRIGGER only_carried_out ON tasks_bulkextension;"),
    ]
