"""What the search folds and pairs (`portal/text_search.py`), and the index of the institutions' names."""

import django.contrib.postgres.indexes
from django.db import migrations

import portal.text_search

# As `portal.bigrams.folded`: no case, no width, and no space, control or formatting character.
FOLDED = r"""
CREATE FUNCTION portal_folded(said text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN regexp_replace(
    lower(normalize(said, NFKC) COLLATE pg_c_utf8),
    '[\u0001-\u0020\u007f-\u00a0\u00ad\u0600-\u0605\u061c\u06dd\u070f\u08e2\u1680\u180e'
    '\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ue000-\uf8ff\ufeff\ufff9-\ufffb]',
    '', 'g'
)
"""
# An expression that is dear: PostgreSQL then asks the index rather than reckon it for each row.
BIGRAMS = """
CREATE FUNCTION portal_bigrams(said text) RETURNS text[]
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 1000
RETURN (
    SELECT coalesce(array_agg(DISTINCT first || second), '{}'::text[])
    FROM (SELECT string_to_array(portal_folded(said), NULL) AS letters) AS folded,
    unnest(letters, letters[2:]) AS pair (first, second)
    WHERE second IS NOT NULL
)
"""
SAID_IN = """
CREATE FUNCTION portal_said_in(content jsonb, path jsonpath) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 100
RETURN (SELECT string_agg(said #>> '{}', '¦') FROM jsonb_path_query(content, path) AS said)
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0005_calendar_feed"), ("auth", "0012_alter_user_first_name_max_length")]

    operations = [
        migrations.RunSQL(FOLDED, "DROP FUNCTION portal_folded(text)"),
        migrations.RunSQL(BIGRAMS, "DROP FUNCTION portal_bigrams(text)"),
        migrations.RunSQL(SAID_IN, "DROP FUNCTION portal_said_in(jsonb, jsonpath)"),
        migrations.AddIndex(
            model_name="institution",
            index=django.contrib.postgres.indexes.GinIndex(
                portal.text_search.Bigrams(portal.text_search.Names("name", "short_name", "name_en", "credit_code")),
                name="institution_names",
            ),
        ),
    ]
