from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0007_text_search"),
    ]

    operations = [
        migrations.AddField(
            model_name="membership",
            name="changes_seen_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
    ]
