import uuid

import django.db.models.deletion
from django.db import migrations, models

# Every content of an institution becomes one stored file, still to be checked; each row a document of its own.
FILL = """
INSERT INTO vault_storedfile (
    id, institution_id, name, content_type, size, sha256, sm3, place, path, uploaded_by_id, received_at, state,
    scanner, finding, finding_detail, flags, tags, fault, deleted_reason
)
SELECT DISTINCT ON (institution_id, sha256)
    gen_random_uuid(), institution_id, original_name, content_type, size, sha256, sm3, 'disk', file,
    uploaded_by_id, uploaded_at, 'received', '', '', '', '{}', '{}', '', ''
FROM tasks_evidence
ORDER BY institution_id, sha256, uploaded_at;
UPDATE tasks_evidence evidence SET stored_id = stored.id, series = evidence.id
FROM vault_storedfile stored
WHERE stored.institution_id = evidence.institution_id AND stored.sha256 = evidence.sha256;
SET CONSTRAINTS ALL IMMEDIATE;
"""


class Migration(migrations.Migration):
    """The bytes and what is known of them move to the vault; evidence gets versions."""

    dependencies = [("tasks", "0004_review_queue"), ("vault", "0001_initial")]

    operations = [
        migrations.AddField(
            "evidence",
            "stored",
            models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="evidence",
                to="vault.storedfile",
            ),
        ),
        migrations.AddField("evidence", "series", models.UUIDField(null=True, editable=False)),
        migrations.AddField("evidence", "version", models.PositiveIntegerField(default=1, verbose_name="版本")),
        migrations.AddField("evidence", "superseded_at", models.DateTimeField(blank=True, null=True)),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.AlterField(
            "evidence",
            "stored",
            models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="evidence", to="vault.storedfile"
            ),
        ),
        migrations.AlterField("evidence", "series", models.UUIDField(default=uuid.uuid4, editable=False)),
        migrations.RemoveConstraint("evidence", "evidence_not_empty"),
        *[migrations.RemoveField("evidence", name) for name in ("file", "content_type", "size", "sha256", "sm3")],
        migrations.AddConstraint(
            "evidence", models.UniqueConstraint(fields=["series", "version"], name="evidence_version_once")
        ),
        migrations.AddConstraint(
            "evidence",
            models.CheckConstraint(
                condition=models.Q(withdrawn_at=None) | models.Q(superseded_at=None), name="evidence_ends_once"
            ),
        ),
    ]
