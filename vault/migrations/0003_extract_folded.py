from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("vault", "0002_files_are_kept")]

    operations = [
        migrations.AddField(
            model_name="extract",
            name="folded",
            field=models.TextField(blank=True, default="", editable=False),
            preserve_default=False,
        ),
    ]
