"""Timing things side by side: whatever else the machine does meets all of them alike."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Mapping

ROUNDS = 41


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


class Rounds(dict[str, list[float]]):
    """What each run took, in seconds, round by round."""

    def median(self, name: str) -> float:
        return statistics.median(self[name])

    def ratio(self, run: str, over: str) -> float:
        """The median of what `run` took over what the other took in the same round: a busy moment meets both."""
        return statistics.median(taken / other for taken, other in zip(self[run], self[over], strict=True))

    def __str__(self) -> str:
        return ", ".join(f"{name} {self.median(name) * 1000:.1f} ms" for name in self)


def interleaved(runs: Mapping[str, Callable[[], float]], *, rounds: int = ROUNDS, warm_up: int = 2) -> Rounds:
    """Let each run time itself once a round, forwards and backwards in turn; the first rounds do not count."""
    taken = Rounds({name: [] for name in runs})
    for round_ in range(warm_up + rounds):
        for name in list(runs)[:: -1 if round_ % 2 else 1]:
            gc.collect()
            taken[name].append(runs[name]())
    return Rounds({name: values[warm_up:] for name, values in taken.items()})
