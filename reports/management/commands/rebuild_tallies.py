from django.core.management.base import BaseCommand, CommandError

from reports import tallies


class Command(BaseCommand):
    help = "Derive the daily tallies and opening balances anew from the facts, or check them against the facts."

    def add_arguments(self, parser):
        parser.add_argument("--check", action="store_true", help="change nothing; fail when a tally differs")

    def handle(self, *args, **options):
        if not options["check"]:
            self.stdout.write(f"{tallies.rebuild()} facts counted.")
        elif different := tallies.differences():
            raise CommandError(f"{different} tallies differ from the facts. Run rebuild_tallies without --check.")
        else:
            self.stdout.write("The tallies are what the facts give.")
