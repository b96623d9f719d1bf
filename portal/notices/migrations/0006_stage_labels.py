"""Stages of reminders are named by days and unit now: `7` is `-7d`, `0` is `+0d`, `overdue-2` is `+7d.14`.

What was told under the old name is not told again under the new one.
"""

from django.db import migrations

RENAME = """
    UPDATE notices_notice SET key = CASE
        WHEN key ~ ':overdue-[0-9]+$'
            THEN regexp_replace(key, ':overdue-[0-9]+$', '') || ':+7d.' || (substring(key FROM '[0-9]+$')::int * 7)
        WHEN key ~ ':0$' THEN regexp_replace(key, ':0$', ':+0d')
        ELSE regexp_replace(key, ':([0-9]+)$', ':-\\1d') END
    WHERE kind IN ('reminder', 'rectification_due', 'file_expiring')
    AND key ~ '^(reminder|rectification-due|expiry):[^:]+:[0-9-]+:(overdue-)?[0-9]+$'
"""


class Migration(migrations.Migration):
    dependencies = [("notices", "0005_routes_and_reminders")]

    operations = [migrations.RunSQL(RENAME, migrations.RunSQL.noop)]
