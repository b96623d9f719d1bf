from django.contrib.staticfiles.apps import StaticFilesConfig


class PortalStaticFiles(StaticFilesConfig):
    """Leaves out what packages bring beside the files that pages load."""

    ignore_patterns = [
        *StaticFilesConfig.ignore_patterns,
        *("tabler-*", "tabler.css*", "*.rtl.*"),
        *("ext", "htmx.js", "htmx.amd.js", "htmx.cjs.js", "htmx.esm.*", "*.gz"),
        *("browser-test-bundle.js", "tus.js", "tus.js.map"),
        *("rest_framework", "guardian", "django_htmx"),
    ]
