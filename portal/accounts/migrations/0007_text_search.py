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
# Dear to PostgreSQL, which then asks the index rather than reckon the pairs of each row. It builds an index with
# nothing but pg_catalog in its path, so what is called by name stands in the other function, which is resolved here.
PAIRS = """
CREATE FUNCTION portal_pairs(folded text) RETURNS text[]
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE COST 400
AS $$
DECLARE
    letters text[] := string_to_array(folded, NULL);
    pairs text[] := '{}';
BEGIN
    FOR place IN 1 .. coalesce(cardinality(letters), 0) - 1 LOOP
        pairs[place] := letters[place] || letters[place + 1];
    END LOOP;
    RETURN pairs;
END
$$
"""
BIGRAMS = """
CREATE FUNCTION portal_bigrams(said text) RETURNS text[]
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN portal_pairs(portal_folded(said))
"""
SAID_IN = """
CREATE FUNCTION portal_said_in(content jsonb, path jsonpath) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 100
RETURN (SELECT string_agg(said #>> '{}', '¦') FROM jsonb_path_query(content, path) AS said)
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0006_shared_views"), ("auth", "0012_alter_user_first_name_max_length")]

    operations = [
        migrations.RunSQL(FOLDED, "DROP FUNCTION portal_folded(text)"),
        migrations.RunSQL(PAIRS, "DROP FUNCTION portal_pairs(text)"),
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
