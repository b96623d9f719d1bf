"""`manage.py outbox [--json]`: the figures of the operator's page, for monitoring."""

import json

from django.core.management.base import BaseCommand
from django.core.serializers.json import DjangoJSONEncoder

from portal.notices.outbox import outbox


class Command(BaseCommand):
    help = "Say what waits in the outbox, what was sent today, and what could not be."

    def add_arguments(self, parser):
        parser.add_argument("--json", action="store_true", help="as one line of JSON")

    def handle(self, *args, **options):
        figures = outbox().as_json()
        if options["json"]:
            self.stdout.write(json.dumps(figures, cls=DjangoJSONEncoder))
            return
        for queue in figures.pop("queues"):
            oldest = f", the oldest since {queue['oldest']:%Y-%m-%d %H:%M} UTC" if queue["oldest"] else ""
            self.stdout.write(f"{queue['channel']}: {queue['due']} due{oldest}, {queue['later']} later")
        for name, value in figures.items():
            self.stdout.write(f"{name}: {value}")
