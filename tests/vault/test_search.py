"""Search in what documents say: any part of a text is found, by the index, and shown where it stands."""

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal.bigrams import bigrams, folded
from tests.factories.accounts import InstitutionFactory
from tests.factories.vault import ExtractFactory, StoredFileFactory
from vault.models import Extract, StoredFile
from vault.snippets import snippets

pytestmark = pytest.mark.django_db
TEXT = "第三条　信息安全等级保护（三级）\n  Recovery Time Objective：ＲＴＯ≤30分钟；系统_负责人100%到位。"
# What a document is written with; marks that join the letter before them make another letter of it.
WRITTEN = st.text("信息安全应急演练备份 abcXYZÄ019，。（）%_\\'\"*.+?[]ＡＺ０⼯㎡\n\t", min_size=2, max_size=60)


@pytest.mark.parametrize(
    "text",
    [
        "信息",
        "安全等级",
        "第三条 信息",
        "recovery time",
        "RECOVERYTIME",
        "time objective",
        "rto",
        "Rto≤30",
        "系统_负责",
        "100%",
        "保护(三级)",
        "级）Rec",
    ],
)
def test_words_are_found_whatever_their_width_case_and_spaces(text):
    stored = ExtractFactory(text=TEXT).stored
    assert list(StoredFile.objects.search(text)) == [stored]


@pytest.mark.parametrize("text", ["信安", "息息", "系统x负责", "安全信息", "30%到位", "recoverytimes", "级保护三级\\"])
def test_what_is_not_in_the_text_is_not_found(text):
    ExtractFactory(text=TEXT)
    assert not StoredFile.objects.search(text)


def test_all_pairs_without_the_word_are_not_enough():
    ExtractFactory(text="安全审计；全审查；计审慎，审安")
    assert set(bigrams("全审计")) <= set(Extract.objects.get().bigrams)
    assert StoredFile.objects.search("全审计")
    assert set(bigrams("计审安")) <= set(Extract.objects.get().bigrams)
    assert not StoredFile.objects.search("计审安")


def test_a_single_character_is_searched_for_in_names_only():
    ExtractFactory(text="安", stored__name="甲.txt")
    named = StoredFileFactory(name="安全.txt", content=b"x")
    assert list(StoredFile.objects.search("安")) == [named]


def test_names_are_found_in_any_case():
    stored = StoredFileFactory(name="Firewall 策略.pdf")
    assert list(StoredFile.objects.search("firewall")) == [stored]
    assert list(StoredFile.objects.search("策略.P")) == [stored]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_every_part_of_a_text_is_found(db, data):
    text = data.draw(WRITTEN)
    start = data.draw(st.integers(0, len(text) - 2))
    part = text[start : data.draw(st.integers(start + 2, len(text)))]
    extract = ExtractFactory(text=text, stored__institution=InstitutionFactory())
    found = StoredFile.objects.filter(institution=extract.stored.institution).search(part)
    if len(folded(part)) >= 2:
        assert list(found) == [extract.stored]
        shown = "".join(snippets(part, [extract.stored])[extract.pk])
        assert folded(part)[:60] in folded(shown)


def test_what_is_compared_follows_the_text():
    extract = ExtractFactory(text="旧的说明")
    extract.text = "新的记录"
    extract.save(update_fields=["text"])
    assert not StoredFile.objects.search("旧的")
    assert list(StoredFile.objects.search("新的记录")) == [extract.stored]


def test_the_index_is_used():
    first = ExtractFactory(text="第一份文件").stored
    facts = {"institution": first.institution, "uploaded_by": first.uploaded_by, "size": 1, "place": first.place}
    files = [StoredFile(name=f"{n}.txt", content_type="text/plain", sha256=f"{n:064}", **facts) for n in range(1000)]
    StoredFile.objects.bulk_create(files)
    texts = [folded(f"第{number}份文件，内容与别的不同") for number in range(1000)]
    Extract.objects.bulk_create(
        Extract(stored=file, text=text, folded=text, bigrams=bigrams(text))
        for file, text in zip(files, texts, strict=True)
    )
    with connection.cursor() as cursor:
        cursor.execute("SELECT gin_clean_pending_list('extract_bigrams')")  # as autovacuum does
        cursor.execute("ANALYZE vault_extract")
        cursor.execute("ANALYZE vault_storedfile")
        cursor.execute("SET LOCAL enable_seqscan = off")  # a thousand short texts are read as fast as the index
    assert "extract_bigrams" in StoredFile.objects.search("应急演练").explain()
    assert "extract_bigrams" in first.institution.stored_files.search("第777份").explain()


@pytest.mark.parametrize(
    ("text", "hit"),
    [
        ("recovery time", "Recovery Time"),
        ("rto", "ＲＴＯ"),
        ("条信息", "条 信息"),
        ("保护(三", "保护（三"),
        ("100%", "100%"),
    ],
)
def test_a_snippet_shows_the_documents_own_words(text, hit):
    stored = ExtractFactory(text=TEXT).stored
    snippet = snippets(text, [stored])[stored.pk]
    assert snippet.hit == hit
    assert "".join(snippet) in " ".join(TEXT.split())


def test_a_snippet_of_a_long_text_is_short():
    stored = ExtractFactory(text="甲" * 5000 + "目标词" + "乙" * 5000).stored
    snippet = snippets("目标词", [stored])[stored.pk]
    assert (snippet.before, snippet.hit) == ("甲" * 30, "目标词")
    assert 50 < len(snippet.after) < 100


def test_words_in_characters_of_another_form_are_shown_as_compared():
    stored = ExtractFactory(text="⼯⽅的⽂件").stored
    assert snippets("工方", [stored])[stored.pk] == ("", "工方", "的文件")


def test_only_files_that_say_it_have_a_snippet(django_assert_num_queries):
    said, named = ExtractFactory(text="应急演练").stored, StoredFileFactory(name="应急演练.txt", content=b"x")
    with django_assert_num_queries(1):
        assert set(snippets("应急", [said, named])) == {said.pk}
