"""Every setting of the portal, and the only place that reads the environment.

`docs/operations.md` lists the variables a site sets.
"""

from pathlib import Path
from typing import Any
from urllib.parse import quote

import environ
import structlog
from celery.schedules import crontab
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from portal.clamd import program as clamd_program

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()


def required_in_production(variable: str, default: str) -> str:
    """The variable's value; production has no default, and Django names the variable that is missing."""
    return env(variable) if PRODUCTION else env(variable, default=default)


# --- The site ---------------------------------------------------------------------------------------------

PRODUCTION = env.bool("PORTAL_PRODUCTION", default=False)
DEBUG = env.bool("PORTAL_DEBUG", default=False)
DATA_DIR = Path(env("PORTAL_DATA_DIR", default=str(BASE_DIR / "var"))).resolve()
PORT = env.int("PORT", default=8000)
SITE_URL = required_in_production("PORTAL_URL", f"http://127.0.0.1:{PORT}").rstrip("/")
ALLOWED_HOSTS = required_in_production("PORTAL_HOSTS", "127.0.0.1,localhost,testserver").split(",")
CSRF_TRUSTED_ORIGINS = [SITE_URL]
ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

DEMO_PASSWORD = env("PORTAL_DEMO_PASSWORD", default="demo-2026-portal")

SECRET_KEY = required_in_production("PORTAL_SECRET_KEY", "insecure-key-for-demo-and-tests-" + "0" * 32)

# --- Applications -----------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "portal.static_files.PortalStaticFiles",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "csp",
    "django_filters",
    "django_htmx",
    "django_structlog",
    "drf_spectacular",
    "guardian",
    "knox",
    "rest_framework",
    "portal.audit",
    "portal.accounts",
    "portal.notices",
    "vault",
    "plan",
    "tasks",
    "assessments",
    "reports",
    "portal.shell",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "portal.compression.PageCompressionMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "portal.accounts.middleware.ChosenLanguageMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "portal.accounts.middleware.ActingMembershipMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "portal.request_log.RequestLogMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "portal.shell.context_processors.shell",
            ],
            "builtins": [
                "portal.shell.templatetags.ui",
                "django.templatetags.i18n",
                "django.templatetags.static",
            ],
        },
    },
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

# --- Database, cache, files -------------------------------------------------------------------------------

# Without DATABASE_URL or REDIS_URL the portal uses the servers that portal/embedded.py runs under DATA_DIR.
POSTGRES_DIR = DATA_DIR / "postgres"
REDIS_SOCKET = DATA_DIR / "run" / "redis.sock"

DATABASE_URL = required_in_production("DATABASE_URL", "")
EMBEDDED_POSTGRES = not DATABASE_URL
DATABASE: dict[str, Any]
if EMBEDDED_POSTGRES:
    DATABASE = {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "portal",
        "USER": "postgres",
        "HOST": str(POSTGRES_DIR),
    }
else:
    DATABASE = environ.Env.db_url_config(DATABASE_URL)
DATABASE["CONN_MAX_AGE"] = 600
DATABASE["CONN_HEALTH_CHECKS"] = True
DATABASE.setdefault("OPTIONS", {}).setdefault("connect_timeout", 5)
DATABASES = {"default": DATABASE}

REDIS_URL = required_in_production("REDIS_URL", "")
EMBEDDED_REDIS = not REDIS_URL
if EMBEDDED_REDIS:
    REDIS_URL = f"unix://{quote(str(REDIS_SOCKET))}"
CACHES = {
    "default": {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "portal",
        # A page must not fail because the cache has: Redis holds nothing that cannot be computed again.
        "OPTIONS": {"IGNORE_EXCEPTIONS": True, "SOCKET_CONNECT_TIMEOUT": 1, "SOCKET_TIMEOUT": 2},
    }
}
SESSION_ENGINE = "django.contrib.sessions.backends.db"

MEDIA_ROOT = DATA_DIR / "media"
STATIC_URL = "static/"
STATIC_ROOT = Path(env("PORTAL_STATIC_DIR", default=str(DATA_DIR / "static")))
STATICFILES_DIRS = [
    BASE_DIR / "static",
    ("tabler", BASE_DIR / "node_modules/@tabler/core/dist/css"),
    ("htmx", BASE_DIR / "node_modules/htmx.org/dist"),
    ("tus", BASE_DIR / "node_modules/tus-js-client/dist"),
]
# Source maps are large, and no page loads them.
WHITENOISE_SKIP_COMPRESS_EXTENSIONS = ["png", "jpg", "gif", "woff", "woff2", "map"]
WHITENOISE_KEEP_ONLY_HASHED_FILES = True
ICON_DIR = BASE_DIR / "node_modules/@tabler/icons/icons"
FILE_SYSTEM = "django.core.files.storage.FileSystemStorage"
# Evidence has places of its own (vault/places.py): what is not checked, and what is quarantined, is never served.
STORAGES: dict[str, Any] = {
    "default": {"BACKEND": FILE_SYSTEM},
    "evidence-disk": {"BACKEND": FILE_SYSTEM},
    "evidence-incoming": {"BACKEND": FILE_SYSTEM, "OPTIONS": {"location": DATA_DIR / "incoming"}},
    "evidence-quarantine": {"BACKEND": FILE_SYSTEM, "OPTIONS": {"location": DATA_DIR / "quarantine"}},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

# Where checked evidence is kept: "disk", or "s3". What lies in the other of the two is served all the same.
EVIDENCE_PLACE = env("PORTAL_EVIDENCE_PLACE", default="disk")
if EVIDENCE_PLACE not in ("disk", "s3"):
    raise ImproperlyConfigured(f'PORTAL_EVIDENCE_PLACE is "{EVIDENCE_PLACE}"; it must be "disk" or "s3".')
S3_BUCKET = env("PORTAL_S3_BUCKET", default="")
EVIDENCE_S3_ORIGIN = ""  # where the signed links of a bucket lead
if S3_BUCKET:
    from portal.s3 import s3_storage, signed_origin  # boto takes its time to import

    STORAGES["evidence-s3"] = s3_storage(
        bucket=S3_BUCKET,
        endpoint=env("PORTAL_S3_ENDPOINT", default=""),
        region=env("PORTAL_S3_REGION", default="") or "us-east-1",
        access_key=env("PORTAL_S3_ACCESS_KEY", default=""),
        secret_key=env("PORTAL_S3_SECRET_KEY", default=""),
        prefix=env("PORTAL_S3_PREFIX", default=""),
        addressing=env("PORTAL_S3_ADDRESSING", default=""),
    )
    EVIDENCE_S3_ORIGIN = signed_origin(STORAGES["evidence-s3"])
elif EVIDENCE_PLACE == "s3":
    raise ImproperlyConfigured("PORTAL_EVIDENCE_PLACE is s3, so PORTAL_S3_BUCKET must name a bucket.")
# The front server's internal location of MEDIA_ROOT, when it is to send the bytes (docs/operations.md).
ACCEL_PREFIX = env("PORTAL_ACCEL_PREFIX", default="")
# Quarantined bytes are kept that many days; that a file was quarantined is known for good.
QUARANTINE_DAYS = env.int("PORTAL_QUARANTINE_DAYS", default=30)
# How many bytes the weekly job re-reads, those first that were read longest ago.
VERIFY_BYTES = env.int("PORTAL_VERIFY_BYTES", default=100 * 1024**3)
# The largest single evidence file, in bytes.
EVIDENCE_MAX_BYTES = env.int("PORTAL_EVIDENCE_MAX_BYTES", default=100 * 1024 * 1024)
# What has arrived of a file is kept for so many hours after its last piece.
EVIDENCE_UPLOAD_HOURS = env.int("PORTAL_EVIDENCE_UPLOAD_HOURS", default=24)
# For so many days an exported package of evidence can be downloaded; its copies are removed then.
PACKAGE_DAYS = env.int("PORTAL_PACKAGE_DAYS", default=14)
# The PKCS#12 file with the key that signs reports. Production without it does not sign; a demo makes its own.
SIGNING_CERTIFICATE = env("PORTAL_SIGNING_CERTIFICATE", default="")
SIGNING_PASSWORD = env("PORTAL_SIGNING_PASSWORD", default="")
SIGNS_WITH_ITS_OWN = not SIGNING_CERTIFICATE and not PRODUCTION
if SIGNS_WITH_ITS_OWN:
    SIGNING_CERTIFICATE = str(DATA_DIR / "signing.p12")
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5000
FILE_UPLOAD_HANDLERS = [
    "vault.upload_handlers.SizeLimitHandler",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "vault.upload_handlers.IncomingFileHandler",
]
FILE_UPLOAD_PERMISSIONS = 0o600
FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o700

# Where clamd listens: "unix:///path" or "tcp://host:3310", or "none" where the site has no malware scanner. Without it
# portal/embedded.py runs the machine's own, where there is one.
CLAMD = required_in_production("PORTAL_CLAMD", "")
EMBEDDED_CLAMD = not CLAMD and clamd_program() is not None
if not CLAMD:
    CLAMD = f"unix://{DATA_DIR}/run/clamd.sock" if EMBEDDED_CLAMD else "none"
if not CLAMD.startswith(("unix://", "tcp://")) and CLAMD != "none":
    raise ImproperlyConfigured("PORTAL_CLAMD is unix:///path, tcp://host:3310 or none.")

# --- Jobs -------------------------------------------------------------------------------------------------

CELERY_BROKER_URL = f"redis+socket://{quote(str(REDIS_SOCKET))}" if EMBEDDED_REDIS else REDIS_URL
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # a worker waits for Redis as long as it takes
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "socket_connect_timeout": 1,
    "socket_timeout": 5,
    "visibility_timeout": 3600,
    "max_retries": 1,
    "interval_start": 0,
}
CELERY_TASK_PUBLISH_RETRY = False
CELERY_TASK_IGNORE_RESULT = True
# A job is acknowledged when it is done, so a killed worker's goes to the next; every job is idempotent.
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
# In kB. Layout leaves something behind with every report: a process that has come so far ends after its job, and a
# new one takes its place.
CELERY_WORKER_MAX_MEMORY_PER_CHILD = 400_000
CELERY_TIMEZONE = "Asia/Shanghai"
# Rendering, scanning and others' receivers are slow and mail is not: each has a queue, so that a site can give it
# workers of its own.
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_ROUTES = {
    "reports.jobs.render_report": {"queue": "reports"},  # and not what says which is next: that is quick
    "vault.jobs.*": {"queue": "files"},
    "portal.notices.jobs.deliver_webhooks": {"queue": "webhooks"},
}
CELERY_BEAT_SCHEDULE_FILENAME = str(DATA_DIR / "beat-schedule")
CELERY_BEAT_SCHEDULE = {
    "roll-out-plans": {"task": "tasks.jobs.roll_out_plans", "schedule": crontab(hour=3, minute=10)},
    "extend-cycles": {"task": "assessments.jobs.extend_cycles", "schedule": crontab(hour=3, minute=40)},
    "clear-stale-uploads": {"task": "tasks.jobs.clear_stale_uploads", "schedule": crontab(hour=4, minute=20)},
    "clean-up-storage": {"task": "vault.jobs.clean_up", "schedule": crontab(hour=4, minute=40)},
    "verify-evidence": {"task": "vault.jobs.verify_evidence", "schedule": crontab(day_of_week="sun", hour=2, minute=0)},
    # From 08:30 on working days, once a day: the job looks (portal/notices/reminders/mornings.py).
    "send-reminders": {
        "task": "portal.notices.jobs.send_reminders",
        "schedule": crontab(hour="8-17", minute="*/10"),
    },
    "deliver-notices": {"task": "portal.notices.jobs.deliver_notices", "schedule": 60.0},
    "deliver-webhooks": {"task": "portal.notices.jobs.deliver_webhooks", "schedule": 60.0},
    "resume-extensions": {"task": "tasks.jobs.resume_extensions", "schedule": 60.0},
    "resume-checks": {"task": "vault.jobs.resume_checks", "schedule": 60.0},
    "remove-packages": {"task": "reports.jobs.remove_packages", "schedule": crontab(hour=2, minute=50)},
    "request-due-reports": {
        "task": "reports.schedules.jobs.request_due_reports",
        "schedule": crontab(hour=5, minute=10),
    },
    "resume-reports": {"task": "reports.jobs.resume_reports", "schedule": 60.0},
    "count-changes": {"task": "reports.jobs.count_changes", "schedule": 60.0},
}

# --- E-mail -----------------------------------------------------------------------------------------------

EMAIL_URL = required_in_production("EMAIL_URL", "")
if EMAIL_URL:
    email = environ.Env.email_url_config(EMAIL_URL)
    vars().update(email)
    # Ours keeps what the server answers.
    own = {"django.core.mail.backends.smtp.EmailBackend": "portal.notices.smtp.EmailBackend"}
    EMAIL_BACKEND = own.get(email["EMAIL_BACKEND"], email["EMAIL_BACKEND"])
else:
    EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    EMAIL_FILE_PATH = DATA_DIR / "mail"
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = env("PORTAL_FROM_EMAIL", default="portal@portal.example")
# Where the mail server puts what comes back to that address.
BOUNCE_MAILDIR = env("PORTAL_BOUNCE_MAILDIR", default="")
if BOUNCE_MAILDIR:
    CELERY_BEAT_SCHEDULE["record-bounces"] = {"task": "portal.notices.jobs.record_bounces", "schedule": 300.0}

# --- Webhooks ---------------------------------------------------------------------------------------------

# Whether people may have notices posted to addresses of private networks, and without TLS: for tests, or for a site
# whose receivers stand in its own network.
WEBHOOK_ALLOW_PRIVATE = env.bool("PORTAL_WEBHOOK_ALLOW_PRIVATE", default=False)

# --- Sign-in ----------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
SILENCED_SYSTEM_CHECKS = [
    "auth.W004",  # the e-mail address is unique in any case, by constraint
    "security.W019",  # evidence is shown in a frame of the review page, so X_FRAME_OPTIONS is not DENY
]
AUTHENTICATION_BACKENDS = [
    "allauth.account.auth_backends.AuthenticationBackend",
    "guardian.backends.ObjectPermissionBackend",
]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_ADAPTER = "portal.accounts.adapter.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_PREVENT_ENUMERATION = True
ANONYMOUS_USER_NAME = None  # guardian: nobody gets permissions without signing in

# --- Security ---------------------------------------------------------------------------------------------

EVIDENCE_ORIGINS = [EVIDENCE_S3_ORIGIN] if EVIDENCE_S3_ORIGIN else []
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:", *EVIDENCE_ORIGINS],
        "font-src": [SELF],
        "connect-src": [SELF],
        "frame-src": [SELF, *EVIDENCE_ORIGINS],
        "frame-ancestors": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
    }
}
X_FRAME_OPTIONS = "SAMEORIGIN"
# Whether a proxy in front says whence a request comes, as the last entry of X-Forwarded-For.
TRUSTED_PROXY = env.bool("PORTAL_TRUSTED_PROXY", default=False)
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_AGE = 12 * 60 * 60
LANGUAGE_COOKIE_HTTPONLY = True

if PRODUCTION:
    if DEBUG:
        raise ImproperlyConfigured("PORTAL_DEBUG must be off in production.")
    SECURE_SSL_REDIRECT = True
    SECURE_REDIRECT_EXEMPT = [r"^healthz$"]
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True
    LANGUAGE_COOKIE_SECURE = True

# --- Languages and dates ----------------------------------------------------------------------------------

# Chinese is the source language: msgids are Chinese and locale/en holds the English (docs/adr/0001).
LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "简体中文"), ("en", "English")]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
TIME_ZONE = "Asia/Shanghai"
USE_TZ = True
FORMAT_MODULE_PATH = ["portal.formats"]

# --- API --------------------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    # The first one names the scheme of a 401.
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "knox.auth.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_PAGINATION_CLASS": "portal.rest.Pages",
    "DEFAULT_THROTTLE_CLASSES": [
        "rest_framework.throttling.UserRateThrottle",
        "rest_framework.throttling.AnonRateThrottle",
    ],
    "DEFAULT_THROTTLE_RATES": {"user": "600/min", "anon": "60/min"},
    "EXCEPTION_HANDLER": "portal.rest.explain",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Compliance supervision portal",
    "VERSION": "v1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "portal.rest.document_errors",
    ],
    "ENUM_NAME_OVERRIDES": {
        "InstitutionKind": "portal.accounts.enums.InstitutionKind",
        "RequirementKind": "plan.enums.RequirementKind",
        "AssignmentState": "tasks.enums.AssignmentState",
        "Part": "plan.enums.Part",
        "Level": "plan.enums.Level",
        "Binding": "plan.enums.Binding",
    },
}
MIGRATION_MODULES = {"knox": None}  # its own table is not used, since tokens have names here
KNOX_TOKEN_MODEL = "accounts.ApiToken"  # noqa: S105 - the name of a model, not a secret
REST_KNOX = {"AUTH_HEADER_PREFIX": "Token"}

# --- Logs -------------------------------------------------------------------------------------------------

DJANGO_STRUCTLOG_CELERY_ENABLED = True
LOG_CONTEXT: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso"),
]
structlog.configure(
    processors=[
        structlog.stdlib.filter_by_level,
        *LOG_CONTEXT,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
    ],
    logger_factory=structlog.stdlib.LoggerFactory(),
    cache_logger_on_first_use=True,
)
LOG_RENDERERS: list[Any] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta]
if PRODUCTION:
    LOG_RENDERERS += [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(ensure_ascii=False)]
else:
    # Plain: the other tracebacks print local variables, and secrets with them.
    LOG_RENDERERS += [structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)]
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "structured": {
            "()": structlog.stdlib.ProcessorFormatter,
            "foreign_pre_chain": LOG_CONTEXT,
            "processors": LOG_RENDERERS,
        }
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "structured"}},
    "root": {"handlers": ["console"], "level": env("PORTAL_LOG_LEVEL", default="INFO" if PRODUCTION else "WARNING")},
}
