from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """Which day was granted, and that a refusal says why; the lists of requests by state."""

    dependencies = [
        ("accounts", "0004_savedview"),
        ("tasks", "0008_requests_and_replies"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="changerequest",
            name="granted_deadline",
            field=models.DateField(blank=True, null=True, verbose_name="同意延至"),
        ),
        migrations.AddIndex(
            model_name="changerequest",
            index=models.Index(fields=["state", "requested_at", "id"], name="change_request_by_state"),
        ),
        migrations.AddConstraint(
            model_name="changerequest",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("granted_deadline__gt", models.F("old_deadline")),
                        ("granted_deadline__lte", models.F("new_deadline")),
                        ("kind", "extension"),
                        ("state", "granted"),
                    ),
                    models.Q(
                        models.Q(("kind", "extension"), ("state", "granted"), _negated=True), ("granted_deadline", None)
                    ),
                    _connector="OR",
                ),
                name="change_request_grants_a_deadline",
            ),
        ),
        migrations.AddConstraint(
            model_name="changerequest",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "declined"), _negated=True),
                    models.Q(("decision", ""), _negated=True),
                    _connector="OR",
                ),
                name="change_request_decline_says_why",
            ),
        ),
    ]
