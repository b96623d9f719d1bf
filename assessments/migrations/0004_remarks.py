import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    """A review may say something of a requirement that it accepts: a reason becomes a remark with a verdict."""

    dependencies = [
        ("assessments", "0003_ratio_has_both_sides"),
        ("plan", "0001_initial"),
    ]

    operations = [
        migrations.RemoveConstraint(model_name="reason", name="reason_once_per_requirement"),
        migrations.RemoveConstraint(model_name="reason", name="reason_not_empty"),
        migrations.RenameModel(old_name="Reason", new_name="Remark"),
        migrations.AlterField(
            model_name="remark",
            name="review",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="remarks", to="assessments.review"
            ),
        ),
        migrations.AlterField(
            model_name="remark", name="text", field=models.TextField(blank=True, verbose_name="意见")
        ),
        migrations.AddField(
            model_name="remark",
            name="verdict",
            field=models.CharField(
                choices=[("accepted", "接受"), ("returned", "退回")], default="returned", max_length=10
            ),
        ),
        migrations.AddConstraint(
            model_name="remark",
            constraint=models.UniqueConstraint(fields=["review", "requirement"], name="remark_once_per_requirement"),
        ),
        migrations.AddConstraint(
            model_name="remark",
            constraint=models.CheckConstraint(
                condition=Q(verdict__in=["accepted", "returned"]), name="remark_verdict_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="remark",
            constraint=models.CheckConstraint(
                condition=Q(verdict="accepted") | ~Q(text=""), name="remark_return_says_why"
            ),
        ),
    ]
