"""What holds for the repository as a whole."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import polib
import pytest
from django.apps import apps
from django.core.management import call_command
from django.db.models import CASCADE

ROOT = Path(__file__).resolve().parent.parent
APPS = ["portal", "vault", "plan", "tasks", "assessments", "reports"]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html")) + sorted((ROOT / "templates").rglob("*.txt"))
# Found by name by Django, by its form renderer, and by the sign-in library.
FOUND_BY_NAME = re.compile(r"^(4\d\d(_csrf)?|500)\.html$|^django/|^account/|^allauth/|^mfa/")
CHINESE = re.compile(r"[\u4e00-\u9fff]")


@pytest.mark.django_db
def test_no_migration_is_missing():
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT / "templates")))
def test_every_template_is_used(template, sources):
    name = str(template.relative_to(ROOT / "templates"))
    if FOUND_BY_NAME.match(name):
        return
    component = f'_draw("{template.stem}"' if name.startswith("_components/") else name
    assert f'"{name}"' in sources or component in sources, f"{name} is never named"


@pytest.fixture(scope="session")
def sources() -> str:
    files = [path for app in APPS for path in (ROOT / app).rglob("*.py")] + TEMPLATES
    return "\n".join(path.read_text() for path in files)


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT / "templates")))
def test_templates_hold_no_inline_script_or_style(template):
    """The Content-Security-Policy refuses both."""
    text = template.read_text()
    assert not re.search(r"<style|\sstyle=|\son\w+=\"|<script(?![^>]*\ssrc=)", text)


def test_deleting_a_body_or_a_person_never_deletes_work():
    """Only what has no meaning without its owner goes with it."""
    may_cascade = {
        "accounts.Membership",
        "accounts.Invitation",
        "accounts.ApiToken",
        "accounts.SavedView",
        "accounts.CalendarFeed",
        "accounts.InstitutionUserObjectPermission",
        "accounts.InstitutionGroupObjectPermission",
        "notices.Notice",
        "notices.Delivery",
        "notices.Escalation",
        "notices.Route",
        "plan.ReminderStage",
        "vault.Extract",
        "tasks.Statement",
        "tasks.EvidenceUpload",
        "assessments.Answer",
        "assessments.Remark",
    }
    own = [model for model in apps.get_models() if model.__module__.split(".")[0] in APPS]
    cascading = {
        model._meta.label
        for model in own
        for field in model._meta.get_fields()
        if getattr(getattr(field, "remote_field", None), "on_delete", None) is CASCADE and field.concrete
    }
    assert cascading <= may_cascade


# --- Languages --------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def extracted(tmp_path_factory) -> polib.POFile:
    """The messages of the code as it stands, without touching the catalogue."""
    copy = tmp_path_factory.mktemp("messages")
    for name in [*APPS, "templates", "static"]:
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("*.pyc", "migrations", "library"))
    (copy / "locale").mkdir()
    command = ["-m", "django", "makemessages", "--locale=en", "--verbosity=0"]
    subprocess.run([sys.executable, *command], cwd=copy, check=True, env={"PATH": "/usr/bin:/bin"})
    return polib.pofile(str(copy / "locale/en/LC_MESSAGES/django.po"))


@pytest.fixture(scope="session")
def catalogue() -> polib.POFile:
    return polib.pofile(str(ROOT / "locale/en/LC_MESSAGES/django.po"))


def test_every_message_is_translated(extracted, catalogue):
    translated = {(e.msgctxt, e.msgid) for e in catalogue if e.translated() and not e.obsolete}
    assert not {(e.msgctxt, e.msgid) for e in extracted} - translated


def test_no_message_is_fuzzy_or_left_over(extracted, catalogue):
    assert not [entry.msgid for entry in catalogue if entry.fuzzy or entry.obsolete]
    assert not {e.msgid for e in catalogue} - {e.msgid for e in extracted}


def test_translations_keep_their_placeholders(catalogue):
    placeholder = re.compile(r"%\(\w+\)[sd]|\{\w*\}")
    for entry in catalogue:
        for text in [entry.msgstr, *entry.msgstr_plural.values()]:
            if text:
                assert set(placeholder.findall(text)) <= set(placeholder.findall(entry.msgid)), entry.msgid
            if text and not entry.msgid_plural:
                assert set(placeholder.findall(text)) == set(placeholder.findall(entry.msgid)), entry.msgid


def test_chinese_has_chinese_punctuation(catalogue):
    assert not [e.msgid for e in catalogue if re.search(r"[\u4e00-\u9fff”》）][,;:!?]", e.msgid)]


def test_english_is_english(catalogue):
    """Quoting a Chinese term is fine; leaving a sentence in Chinese is not."""
    assert not [e.msgid for e in catalogue if len(CHINESE.findall(e.msgstr)) > 12]


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT / "templates")))
def test_no_words_outside_the_catalogue(template):
    """Chinese in a template stands inside a translation tag, a translated literal or a comment."""
    text = template.read_text()
    for marked in (
        r"{%\s*blocktrans(late)?\b.*?{%\s*endblocktrans(late)?\s*%}",
        r"{%\s*comment\b.*?{%\s*endcomment\s*%}",
        r"{#.*?#}",
        r"{%\s*trans(late)?\b.*?%}",
        r"_\((\"[^\"]*\"|'[^']*')\)",
    ):
        text = re.sub(marked, "", text, flags=re.DOTALL)
    assert not CHINESE.search(text), CHINESE.search(text)
