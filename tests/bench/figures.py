"""The register of figures, their limits, and how a result is printed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Figure:
    """One row of the result: a function that measures it, and the limit it has to keep."""

    name: str
    measure: Callable[[Any], float]
    unit: str
    at_most: float | None
    at_least: float | None

    def is_met(self, value: float) -> bool:
        """A limit holds for the figure as it is printed."""
        shown = round(value, 2)
        return (self.at_most is None or shown <= self.at_most) and (self.at_least is None or shown >= self.at_least)

    @property
    def limit(self) -> str:
        return f"at most {self.at_most:g}" if self.at_most is not None else f"at least {self.at_least:g}"


FIGURES: dict[str, Figure] = {}


def figure(name: str, *, unit: str, at_most: float | None = None, at_least: float | None = None) -> Callable:
    """Register a function that takes the bench and returns the value."""
    if (at_most is None) == (at_least is None):
        raise TypeError(f"{name} needs one limit")

    def register(measure: Callable[[Any], float]) -> Callable[[Any], float]:
        FIGURES[name] = Figure(name, measure, unit, at_most, at_least)
        return measure

    return register


@dataclass(frozen=True)
class Result:
    figure: Figure
    value: float

    @property
    def is_met(self) -> bool:
        return self.figure.is_met(self.value)

    def row(self) -> str:
        figure = self.figure
        verdict = "met" if self.is_met else "NOT MET"
        return f"{figure.name:<24} {self.value:>10.2f} {figure.unit:<6} {figure.limit:<14} {verdict}"

    def as_json(self) -> dict[str, Any]:
        figure = self.figure
        limits = {"at_most": figure.at_most, "at_least": figure.at_least}
        limit = {name: value for name, value in limits.items() if value is not None}
        return {"name": figure.name, "value": self.value, "unit": figure.unit, "limit": limit, "met": self.is_met}
