from django.db import migrations, models


class Migration(migrations.Migration):
    """What a sealed report bears; those made before have neither."""

    dependencies = [
        ("reports", "0006_exports"),
    ]

    operations = [
        migrations.AddField(
            model_name="report",
            name="as_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="report",
            name="code",
            field=models.CharField(blank=True, max_length=12, null=True, unique=True),
        ),
    ]
