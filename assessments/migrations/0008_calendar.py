from django.db import migrations, models


class Migration(migrations.Migration):
    """The calendar asks for a month's measures and rectifications; reminders for the measures of a day."""

    dependencies = [("assessments", "0007_scores_index")]

    operations = [
        migrations.AddIndex(
            model_name="answer",
            index=models.Index(
                condition=models.Q(("measure", ""), _negated=True),
                fields=["measure_due_on"],
                name="answer_measure_by_day",
            ),
        ),
        migrations.AddIndex(
            model_name="rectification",
            index=models.Index(fields=["deadline"], name="rectification_by_day"),
        ),
    ]
