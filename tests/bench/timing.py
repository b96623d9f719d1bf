"""Timing things side by side: whatever else the machine does meets all of them alike."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Mapping

ROUNDS = 15


def seconds(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    _on_one_stack(run)
    return time.perf_counter() - start


def _on_one_stack(run: Callable[[], object]) -> None:
    run()


# CPython keeps frames in chunks of 16 kB, and asks the system for a chunk, and gives it back, each time that calls
# cross a boundary: the same page takes once or twice the time by how deep the caller happens to stand. A frame this
# large gets a chunk with room for all that it calls.
_on_one_stack.__code__ = _on_one_stack.__code__.replace(co_stacksize=20_000)


def medians(runs: Mapping[str, Callable[[], float]], *, rounds: int = ROUNDS, warm_up: int = 2) -> dict[str, float]:
    """The median of each run's own timing, in seconds, over interleaved rounds after some that do not count."""
    taken: dict[str, list[float]] = {name: [] for name in runs}
    for round_ in range(warm_up + rounds):
        for name, run in runs.items():
            gc.collect()
            value = run()
            if round_ >= warm_up:
                taken[name].append(value)
    return {name: statistics.median(values) for name, values in taken.items()}
