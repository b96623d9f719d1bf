from django.db import migrations, models


class Migration(migrations.Migration):
    """Comparisons and rankings read the whole and the themes, one row in four of the table."""

    dependencies = [("assessments", "0006_said_is_said"), ("plan", "0003_measures_and_second_review")]

    operations = [
        migrations.AddIndex(
            model_name="score",
            index=models.Index(
                condition=models.Q(("task", None)),
                fields=["self_assessment", "theme"],
                include=("value",),
                name="score_of_whole_and_themes",
            ),
        ),
    ]
