from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("plan", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="plan",
            name="retention_years",
            field=models.PositiveSmallIntegerField(default=10, verbose_name="材料留存年数"),
        ),
    ]
