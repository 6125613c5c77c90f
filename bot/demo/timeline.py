"""The picture of a conversation: who spoke when, what the model heard and said, what of that was played."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np

from audio.formats import DISCORD_HZ, LIVE_IN_HZ, Samples
from bot.demo.latency import Percentiles
from bot.demo.story import Story
from bot.loopback import speech
from bot.loopback.live.record import Kind

matplotlib.use("Agg")
from matplotlib import pyplot as plt

COLOURS = ["#5865f2", "#eb459e", "#f0a020", "#57a773"]
BOT_COLOUR = "#23a55a"
LIVE_COLOUR = "#8a8f98"
UNPLAYED_COLOUR = "#d3d6da"
ALARM_COLOUR = "#d83c3e"
ENVELOPE_S = 0.02
INCHES_PER_S = 0.33
CHARACTERS_PER_INCH = 15.5
"""At the size of the words beside the lanes."""
NARROWEST = 16
"""Characters of a line of words; narrower ones are not read any more."""


@dataclass(frozen=True, slots=True)
class _Part:
    at: float
    samples: Samples
    hz: int
    colour: str


@dataclass(frozen=True, slots=True)
class _Lane:
    name: str
    parts: list[_Part]
    words: list[tuple[float, str]]


def draw(path: Path, story: Story, latency_ms: Mapping[str, Percentiles | None]) -> None:
    """Write the picture as PNG."""
    lanes = [*_members(story), *_model(story)]
    seconds = _end(story) - story.t0
    figure, axes = plt.subplots(figsize=(max(11.0, INCHES_PER_S * seconds + 2.0), 1.3 * len(lanes) + 2.0))
    for row, lane in enumerate(lanes):
        _draw_lane(axes, len(lanes) - 1 - row, lane, story.t0, seconds)
    _draw_turns(axes, story, len(lanes))
    _draw_moments(axes, story, len(lanes))
    _draw_latencies(axes, story)
    axes.set_yticks(
        [len(lanes) - 1 - row for row in range(len(lanes))], [lane.name for lane in lanes], fontsize=11
    )
    axes.set_ylim(-0.65, len(lanes) - 0.1)
    axes.set_xlim(0, seconds)
    axes.set_xlabel("seconds")
    axes.set_title("A conversation with Parley, as heard in the channel", fontsize=14, loc="left", pad=22)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.tick_params(axis="y", length=0)
    legend = "green arrow: end of a turn → first packet heard, of which the stand-in waits 250 ms"
    figure.text(0.99, 0.012, legend, ha="right", fontsize=9, color=BOT_COLOUR)
    figure.text(0.01, 0.012, _figures(latency_ms), fontsize=10, family="monospace", color="#444")
    figure.tight_layout(rect=(0, 0.04, 1, 1))
    figure.savefig(path, dpi=100)
    plt.close(figure)


def _members(story: Story) -> list[_Lane]:
    sounds = [*story.utterances, *story.noises]
    lanes = []
    for index, name in enumerate(dict.fromkeys(sound.member for sound in story.utterances)):
        own = sorted((sound for sound in sounds if sound.member == name), key=lambda s: s.record.started_at)
        colour = COLOURS[index % len(COLOURS)]
        parts = [_Part(s.record.started_at, s.samples(DISCORD_HZ), DISCORD_HZ, colour) for s in own]
        lanes.append(_Lane(f"{name} speaks", parts, [(s.record.started_at, s.text) for s in own]))
    if story.written:
        written = [(line.at, f"{line.author}: {line.text}") for line in story.written]
        lanes.append(_Lane("the chat", [], written))
    return lanes


def _model(story: Story) -> list[_Lane]:
    live_in, answers = story.live_in(), story.answers()
    said, unplayed, played = [], [], []
    for answer in answers:
        samples = speech.load(answer.clip)[: round(answer.seconds * DISCORD_HZ)]
        colour = LIVE_COLOUR if answer.heard_at is not None else UNPLAYED_COLOUR
        said.append(_Part(answer.at, samples, DISCORD_HZ, colour))
        if answer.heard_at is None:
            unplayed.append((answer.at, "nobody asked it: not played"))
        else:
            played.append((answer.heard_at, f"“{speech.text(answer.clip)}”"))
    hears = _Part(live_in.t0, live_in.samples, LIVE_IN_HZ, LIVE_COLOUR)
    lanes = [_Lane("the model hears", [hears], [])]
    if said:
        lanes.append(_Lane("the model says", said, unplayed))
    if story.bot is not None:
        heard = _Part(story.bot.t0, story.bot.samples, DISCORD_HZ, BOT_COLOUR)
        lanes.append(_Lane("Parley is heard", [heard], played))
    return lanes


def _draw_lane(axes: Any, y: float, lane: _Lane, t0: float, seconds: float) -> None:
    axes.axhline(y, color="#e3e5e8", linewidth=1, zorder=0)
    for part in lane.parts:
        step = int(ENVELOPE_S * part.hz)
        blocks = len(part.samples) // step
        if not blocks:
            continue
        peaks = np.abs(part.samples[: blocks * step]).reshape(blocks, step).max(axis=1)
        times = part.at - t0 + np.arange(blocks) * ENVELOPE_S
        height = 0.3 * np.minimum(peaks / 0.8, 1.0)
        axes.fill_between(times, y - height, y + height, color=part.colour, linewidth=0, step="mid")
    begins = [at - t0 for at, _ in lane.words]
    for index, ((_, words), begin) in enumerate(zip(lane.words, begins, strict=True)):
        if not lane.parts:  # what was written: lines close together in time go below each other
            below = index % 2
            axes.plot([begin], [y], marker="o", color=COLOURS[-1])
            axes.text(begin, y - 0.28 if below else y + 0.12, words, fontsize=8, color="#555", va="bottom")
            continue
        room = int(([*begins, seconds][index + 1] - begin) * INCHES_PER_S * CHARACTERS_PER_INCH)
        lines = textwrap.wrap(words, max(NARROWEST, min(room - 1, 44)))
        axes.text(begin, y + 0.31, "\n".join(lines), fontsize=8, color="#555", va="bottom")


def _draw_turns(axes: Any, story: Story, lanes: int) -> None:
    """The turns as the Live server saw them."""
    for start, end in story.turns():
        axes.axvspan(start - story.t0, end - story.t0, color="#5865f2", alpha=0.07, linewidth=0, zorder=0)
        axes.text(start - story.t0 + 0.1, lanes - 0.26, "turn", fontsize=8, color="#5865f2")


def _draw_moments(axes: Any, story: Story, lanes: int) -> None:
    """Where an answer was cut off, and where the connection changed."""
    moments = [(event.at, "goAway", LIVE_COLOUR, ":") for event in story.of(Kind.GO_AWAY)]
    moments += [(at, "new connection", LIVE_COLOUR, "--") for at in story.rollovers]
    heard = [answer for answer in story.answers() if answer.heard_at is not None]
    for event in story.of(Kind.INTERRUPTED):
        before = [answer for answer in story.answers() if answer.at < event.at]
        if before and before[-1] in heard:
            moments.append((event.at, "interrupted", ALARM_COLOUR, "-"))
    if story.softest_at is not None:
        axes.text(story.softest_at - story.t0, -0.42, "softer", fontsize=9, color=BOT_COLOUR, ha="center")
    for at, name, colour, style in moments:
        axes.axvline(at - story.t0, color=colour, linewidth=1.3, linestyle=style)
        right = name == "goAway"
        x = at - story.t0 + (-0.08 if right else 0.08)
        axes.text(x, -0.58, name, fontsize=9, color=colour, ha="right" if right else "left")


def _draw_latencies(axes: Any, story: Story) -> None:
    """From the end of a turn to the first packet of its answer."""
    ends = [end for _, end in story.turns()]
    asked = [event.at for event in story.of(Kind.TEXT_IN)]
    for answer in story.answers():
        turn = max((end for end in ends if end < answer.at), default=0.0)
        if answer.heard_at is None or turn < max((at for at in asked if at < answer.at), default=0.0):
            continue
        axes.annotate(
            f"{(answer.heard_at - turn) * 1000:.0f} ms",
            (answer.heard_at - story.t0, -0.02),
            (turn - story.t0, -0.42),
            fontsize=8,
            color=BOT_COLOUR,
            ha="right",
            arrowprops={"arrowstyle": "->", "color": BOT_COLOUR, "linewidth": 0.8},
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
