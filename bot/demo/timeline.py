"""The picture of a conversation: who spoke when, what the model heard, when it answered or was stopped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np

from audio.formats import DISCORD_HZ, LIVE_IN_HZ, Samples
from bot.demo.latency import Percentiles
from bot.demo.story import Story
from bot.loopback.live.record import Kind

matplotlib.use("Agg")
from matplotlib import pyplot as plt

COLOURS = ["#5865f2", "#eb459e", "#57a773", "#f0a020"]
BOT_COLOUR = "#23a55a"
LIVE_COLOUR = "#8a8f98"
ENVELOPE_S = 0.02


@dataclass(frozen=True, slots=True)
class _Lane:
    name: str
    colour: str
    parts: list[tuple[float, Samples, int]]  # begins at (s), samples, rate


def draw(path: Path, story: Story, latency_ms: Mapping[str, Percentiles | None]) -> None:
    """Write the picture as PNG."""
    lanes = _lanes(story)
    figure, axes = plt.subplots(figsize=(15, 1.35 * len(lanes) + 1.9))
    for row, lane in enumerate(lanes):
        _draw_lane(axes, len(lanes) - 1 - row, lane, story.t0)
    _draw_words(axes, story, lanes)
    _draw_marks(axes, story, len(lanes))
    axes.set_yticks(
        [len(lanes) - 1 - row for row in range(len(lanes))], [lane.name for lane in lanes], fontsize=11
    )
    axes.set_ylim(-0.65, len(lanes) - 0.15)
    axes.set_xlim(0, _end(story) - story.t0)
    axes.set_xlabel("seconds")
    axes.set_title("A conversation with Parley, as heard in the channel", fontsize=14, loc="left", pad=22)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.tick_params(axis="y", length=0)
    figure.text(
        0.99,
        0.012,
        "green: end of a turn → first packet heard, of which the stand-in waits 250 ms",
        ha="right",
        fontsize=9,
        color="#23a55a",
    )
    figure.text(0.01, 0.012, _figures(latency_ms), fontsize=10, family="monospace", color="#444")
    figure.tight_layout(rect=(0, 0.05, 1, 1))
    figure.savefig(path, dpi=110)
    plt.close(figure)


def _lanes(story: Story) -> list[_Lane]:
    names = list(dict.fromkeys(utterance.member for utterance in story.utterances))
    lanes = [
        _Lane(
            f"{name} speaks",
            COLOURS[index % len(COLOURS)],
            [
                (utterance.record.started_at, utterance.samples(DISCORD_HZ), DISCORD_HZ)
                for utterance in story.utterances
                if utterance.member == name
            ],
        )
        for index, name in enumerate(names)
    ]
    live_in = story.live_in()
    lanes.append(_Lane("the model hears", LIVE_COLOUR, [(live_in.t0, live_in.samples, LIVE_IN_HZ)]))
    if story.bot is not None:
        lanes.append(_Lane("Parley is heard", BOT_COLOUR, [(story.bot.t0, story.bot.samples, DISCORD_HZ)]))
    return lanes


def _draw_lane(axes: Any, y: float, lane: _Lane, t0: float) -> None:
    axes.axhline(y, color="#e3e5e8", linewidth=1, zorder=0)
    for start, samples, hz in lane.parts:
        step = int(ENVELOPE_S * hz)
        blocks = len(samples) // step
        if not blocks:
            continue
        peaks = np.abs(samples[: blocks * step]).reshape(blocks, step).max(axis=1)
        times = start - t0 + np.arange(blocks) * ENVELOPE_S
        height = 0.36 * np.minimum(peaks / 0.8, 1.0)
        axes.fill_between(times, y - height, y + height, color=lane.colour, linewidth=0, step="mid")


def _draw_words(axes: Any, story: Story, lanes: list[_Lane]) -> None:
    rows = {lane.name: len(lanes) - 1 - row for row, lane in enumerate(lanes)}
    for utterance in story.utterances:
        words = utterance.text if len(utterance.text) < 60 else utterance.text[:57].rstrip() + "…"
        start, end = utterance.record.started_at - story.t0, utterance.record.ended_at - story.t0
        late = start > 0.75 * (_end(story) - story.t0)  # the words must not run out of the picture
        axes.text(
            end if late else start,
            rows[f"{utterance.member} speaks"] + 0.4,
            f"“{words}”",
            ha="right" if late else "left",
            fontsize=8.5,
            color="#555",
        )


def _draw_marks(axes: Any, story: Story, lanes: int) -> None:
    """The turn as the Live server saw it, and where an answer was cut off."""
    starts, ends = story.of(Kind.ACTIVITY_START), story.of(Kind.ACTIVITY_END)
    for start in starts:
        end = min((event.at for event in ends if event.at > start.at), default=start.at)
        axes.axvspan(start.at - story.t0, end - story.t0, color="#5865f2", alpha=0.07, linewidth=0, zorder=0)
        axes.text(start.at - story.t0 + 0.1, lanes - 0.32, "turn", fontsize=8, color="#5865f2")
    for event in story.of(Kind.INTERRUPTED):
        axes.axvline(event.at - story.t0, color="#d83c3e", linewidth=1.4)
        axes.text(event.at - story.t0 + 0.08, -0.58, "interrupted", fontsize=9, color="#d83c3e")
    for asked in ends:
        first = min((at for at in story.bot_heard_at if at > asked.at), default=None)
        following = min((event.at for event in starts if event.at > asked.at), default=float("inf"))
        if first is not None and first < following:
            axes.annotate(
                f"{(first - asked.at) * 1000:.0f} ms",
                (first - story.t0, 0.05),
                (asked.at - story.t0, 0.62),
                fontsize=8,
                color="#23a55a",
                arrowprops={"arrowstyle": "->", "color": "#23a55a", "linewidth": 0.8},
            )


def _figures(latency_ms: Mapping[str, Percentiles | None]) -> str:
    parts = [
        f"{name} {figures.p50:.1f} / {figures.p99:.1f} ms" for name, figures in latency_ms.items() if figures
    ]
    return "p50 / p99:   " + "   ".join(parts)


def _end(story: Story) -> float:
    ends = [utterance.record.ended_at for utterance in story.utterances]
    if story.bot is not None:
        ends.append(story.bot.t0 + len(story.bot.samples) / DISCORD_HZ)
    return max(ends) + 0.5
