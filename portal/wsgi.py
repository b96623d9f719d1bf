"""What gunicorn serves. It is loaded once, before gunicorn forks, with all that pages will need."""

import os
from importlib import import_module

from django.conf import settings
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

application = get_wsgi_application()
import_module(settings.ROOT_URLCONF)

from portal.shell.demo_guard import refuse_demo_accounts  # noqa: E402

refuse_demo_accounts()
