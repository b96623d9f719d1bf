from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("assessments", "0009_text_search"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="review",
            index=models.Index(fields=["created_at"], name="review_by_time"),
        ),
        migrations.AddIndex(
            model_name="selfassessment",
            index=models.Index(
                condition=models.Q(("signed_at__isnull", False)), fields=["signed_at"], name="self_assessment_signed"
            ),
        ),
        migrations.AddIndex(
            model_name="selfassessment",
            index=models.Index(
                condition=models.Q(("withdrawn_at__isnull", False)),
                fields=["withdrawn_at"],
                name="self_assessment_withdrawn",
            ),
        ),
    ]
