"""`manage.py load_demo`: fill an empty database with an invented industry, for a look around and for tests."""

from __future__ import annotations

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from portal.shell.demo.accounts import NAMED
from portal.shell.demo.load import NotEmpty, load

FEWEST = 40


class Command(BaseCommand):
    help = "Load invented institutions, people and work into an empty database. Refused in production."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--institutions", type=int, default=48, metavar="N", help="how many (default: 48)")
        parser.add_argument("--seed", type=int, default=2014, metavar="S", help="another seed, other data")
        parser.add_argument("--accounts", action="store_true", help="only print the accounts to sign in with")

    def handle(self, *args, **options) -> None:
        if options["accounts"]:
            self.print_accounts()
            return
        if settings.PRODUCTION:
            raise CommandError("The demo is never loaded into a production portal.")
        if options["institutions"] < FEWEST:
            raise CommandError(f"The demo needs at least {FEWEST} institutions.")
        try:
            load(institutions=options["institutions"], seed=options["seed"], say=self.say(options["verbosity"]))
        except NotEmpty:
            raise CommandError("The database already has people; the demo is for an empty one.") from None
        if options["verbosity"]:
            self.print_accounts()

    def say(self, verbosity: int):
        return self.stdout.write if verbosity else lambda line: None

    def print_accounts(self) -> None:
        width = max(len(account.email) for account in NAMED)
        for account in NAMED:
            self.stdout.write(f"  {account.email:<{width}}  {account.role.label} · {account.body}")
        self.stdout.write(f"  {_('密码')}: {settings.DEMO_PASSWORD}")
