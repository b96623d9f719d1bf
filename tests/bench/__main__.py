"""`script/bench`: make the data, measure, print a row per figure; exit status 1 when a limit is missed."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
KEPT = ROOT / "var" / "bench"


def main() -> int:
    options = _options()
    with _server(KEPT if options.keep else None) as url:
        os.environ["DJANGO_SETTINGS_MODULE"] = "portal.settings"
        import django
        from django.core.management import call_command

        django.setup()
        call_command("collectstatic", interactive=False, verbosity=0)
        results = _measure(url, options.only, options.keep)
    for result in results:
        sys.stdout.write(result.row() + "\n")
    if options.json:
        options.json.write_text(json.dumps([result.as_json() for result in results], indent=2) + "\n")
    return 0 if all(result.is_met for result in results) else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="script/bench", description=__doc__)
    parser.add_argument("--only", nargs="+", metavar="NAME", help="measure only these figures")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results to a file, too")
    parser.add_argument("--keep", action="store_true", help=f"keep the databases for the next run, in {KEPT}")
    return parser.parse_args()


@contextmanager
def _server(kept: Path | None) -> Iterator[str]:
    """The address of a database on the server to measure on: that of DATABASE_URL, or an embedded one.

    Settings read the environment when they are imported, so it is complete when this yields.
    """
    from portal.embedded import servers, stopped_by_signals

    directory = kept or Path(tempfile.mkdtemp(prefix="bench-"))
    given = os.environ.get("DATABASE_URL")
    os.environ["PORTAL_DATA_DIR"] = str(directory)
    os.environ.pop("REDIS_URL", None)
    try:
        with stopped_by_signals(), servers(directory, postgres=not given):
            os.environ["DATABASE_URL"] = given or f"postgres://postgres@/portal?host={directory / 'postgres'}"
            yield os.environ["DATABASE_URL"]
    finally:
        if not kept:
            shutil.rmtree(directory, ignore_errors=True)


def _measure(url: str, only: list[str] | None, keep: bool) -> list:
    # Importing registers their figures.
    from tests.bench import (  # noqa: F401
        assessments,
        batches,
        dashboards,
        deliveries,
        evidence,
        explorer,
        homes,
        pages,
        reminders,
        reports,
        rollouts,
        search,
        task_lists,
        uploads,
        verification,
    )
    from tests.bench.databases import Bench
    from tests.bench.figures import FIGURES, Result

    unknown = set(only or []) - set(FIGURES)
    if unknown:
        raise SystemExit(f"No figure is called {', '.join(sorted(unknown))}. There are: {', '.join(FIGURES)}.")
    bench = Bench(url, say=lambda line: sys.stderr.write(line + "\n"))
    results = []
    try:
        for name in only or FIGURES:
            bench.say(f"{name} …")
            results.append(Result(FIGURES[name], FIGURES[name].measure(bench)))
    finally:
        bench.close(keep=keep)
    return results


if __name__ == "__main__":
    sys.exit(main())
