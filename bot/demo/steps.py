"""The steps of a demonstration: shown as they happen, kept for the report."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console
from rich.padding import Padding
from rich.text import Text


@dataclass(slots=True)
class Step:
    name: str
    ok: bool = False
    detail: str = ""


class StepFailed(Exception):
    """A step did not turn out as it should; the text says how."""


class Steps:
    """Every step runs inside `step`; the first that fails ends the demonstration, not the program."""

    def __init__(self, console: Console) -> None:
        self.all: list[Step] = []
        self._console = console

    @property
    def ok(self) -> bool:
        return bool(self.all) and all(step.ok for step in self.all)

    @contextmanager
    def step(self, name: str) -> Iterator[Step]:
        """Within the block, set `detail` to what happened. Raises StepFailed out of a block that failed."""
        step = Step(name)
        self.all.append(step)
        began = time.monotonic()
        try:
            with self._console.status(f"{name} …"):
                yield step
            step.ok = True
        except Exception as error:
            step.detail = str(error) or type(error).__name__
            raise StepFailed(f"{name}: {step.detail}") from error
        finally:
            mark = "[green]✓[/]" if step.ok else "[red]✗[/]"
            seconds = time.monotonic() - began
            self._console.print(f" {mark} {name} [dim]{seconds:.1f} s[/]")
            if step.detail:
                self._console.print(Padding(Text(step.detail, style="dim"), (0, 0, 0, 5)))
