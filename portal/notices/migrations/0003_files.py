from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("notices", "0002_invitations_and_inbox"),
    ]

    operations = [
        migrations.AlterField(
            model_name="notice",
            name="kind",
            field=models.CharField(
                choices=[
                    ("reminder", "期限提醒"),
                    ("returned", "退回"),
                    ("accepted", "验收"),
                    ("awaiting_signature", "待签署"),
                    ("sent_back", "退回填报人"),
                    ("submitted", "新报送"),
                    ("report_ready", "报告完成"),
                    ("file_refused", "文件未通过检查"),
                    ("file_expiring", "文件即将到期"),
                    ("file_fault", "文件完整性告警"),
                    ("invitation", "邀请"),
                ],
                max_length=30,
            ),
        ),
    ]
