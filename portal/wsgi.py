import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

application = get_wsgi_application()

from portal.shell.demo_guard import refuse_demo_accounts  # noqa: E402

refuse_demo_accounts()
