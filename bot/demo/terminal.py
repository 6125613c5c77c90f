"""The conversation as lines of text, for the terminal."""

from __future__ import annotations

import numpy as np
from rich.text import Text

from audio.formats import DISCORD_HZ, LIVE_IN_HZ, Samples
from bot.demo.story import Story

LABEL_WIDTH = 16
BLOCKS = " ▁▂▃▄▅▆▇█"


def strip(story: Story, width: int) -> Text:
    """One line per voice, time from left to right."""
    columns = max(20, min(width, 160) - LABEL_WIDTH - 1)
    end = story.t0 + 1.0
    rows: list[tuple[str, str, list[tuple[float, Samples, int]]]] = []
    for name in dict.fromkeys(utterance.member for utterance in story.utterances):
        parts = [
            (utterance.record.started_at, utterance.samples(LIVE_IN_HZ), LIVE_IN_HZ)
            for utterance in (*story.utterances, *story.noises)
            if utterance.member == name
        ]
        rows.append((f"{name} speaks", "blue", parts))
    live_in = story.live_in()
    rows.append(("the model hears", "bright_black", [(live_in.t0, live_in.samples, LIVE_IN_HZ)]))
    if story.bot is not None:
        rows.append(("Parley is heard", "green", [(story.bot.t0, story.bot.samples, DISCORD_HZ)]))
    for _, _, parts in rows:
        end = max([end, *(start + len(samples) / hz for start, samples, hz in parts if len(samples))])
    text = Text()
    for label, colour, parts in rows:
        text.append(f"{label:<{LABEL_WIDTH}} ", style="bold")
        text.append(_line(parts, story.t0, end, columns) + "\n", style=colour)
    seconds = f"0 s{'':<{columns - 3 - len(f'{end - story.t0:.0f} s')}}{end - story.t0:.0f} s"
    text.append(" " * (LABEL_WIDTH + 1) + seconds + "\n", style="dim")
    return text


def _line(parts: list[tuple[float, Samples, int]], t0: float, end: float, columns: int) -> str:
    level = np.zeros(columns)
    per_column_s = (end - t0) / columns
    for start, samples, hz in parts:
        for column in range(columns):
            a = round((t0 + column * per_column_s - start) * hz)
            b = round((t0 + (column + 1) * per_column_s - start) * hz)
            if b > 0 and a < len(samples):
                level[column] = max(level[column], float(np.abs(samples[max(a, 0) : b]).max(initial=0.0)))
    return "".join(
        BLOCKS[min(len(BLOCKS) - 1, int(np.ceil(value * 1.2 * (len(BLOCKS) - 1))))] for value in level
    )
