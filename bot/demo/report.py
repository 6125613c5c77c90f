"""What a demonstration leaves behind: recordings, a picture, figures."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from rich.console import Console
from rich.table import Table

from audio.formats import DISCORD_HZ, LIVE_IN_HZ
from bot.demo.latency import Percentiles, barge_in_stop_ms, live_to_ear_ms, speech_to_live_ms, turn_end_ms
from bot.demo.sound import write_wav
from bot.demo.steps import StepFailed, Steps
from bot.demo.story import Story
from bot.demo.terminal import strip
from bot.demo.timeline import draw
from bot.loopback.member.talk import SpokenRecord

MEANINGS = {
    "speech_to_live": "a sample leaves a member → it reaches the Live server",
    "turn_end": "last voiced packet → activityEnd, less the hangover",
    "live_to_ear": "first audio leaves the Live server → a member's ear",
    "barge_in_stop": "interrupted leaves the Live server → last packet",
}


def latencies(story: Story) -> dict[str, Percentiles | None]:
    """The four latencies of a story; None where nothing was measured.

    A sentence during which the connection changed is left out of `speech_to_live`: it arrives twice.
    """
    to_live: list[float] = []
    for utterance in story.utterances:
        record = utterance.record
        if any(record.started_at < at < record.ended_at for at in story.rollovers):
            continue
        for session in story.sessions:
            to_live += speech_to_live_ms(
                bytes(session.pcm16), session.arrivals, utterance.samples(LIVE_IN_HZ), record
            )
    ends = [turn_end_ms(story.events, record, story.hangover_ms) for record in _last_in_turn(story)]
    return {
        "speech_to_live": Percentiles.of(to_live),
        "turn_end": Percentiles.of([end for end in ends if end is not None]),
        "live_to_ear": Percentiles.of(live_to_ear_ms(story.events, story.bot_heard_at)),
        "barge_in_stop": Percentiles.of(barge_in_stop_ms(story.events, story.bot_heard_at)),
    }


def _last_in_turn(story: Story) -> Iterator[SpokenRecord]:
    """Of each turn the utterance with which it ended."""
    for began, ended in story.turns():
        records = [utterance.record for utterance in story.utterances]
        yield from sorted((r for r in records if began < r.ended_at < ended), key=_ended_at)[-1:]


def _ended_at(record: SpokenRecord) -> float:
    return record.ended_at


def write(out: Path, story: Story, steps: Steps, console: Console) -> bool:
    """Write everything into `out` and show it. True if all steps went well."""
    figures: dict[str, Percentiles | None] = dict.fromkeys(MEANINGS)
    if story.utterances:
        with suppress(StepFailed), steps.step("recordings and picture") as step:
            figures = latencies(story)
            _write_files(out, story, figures)
            step.detail = f"in {out}/"
    missing = [name for name, value in figures.items() if value is None]
    ok = steps.ok and not missing
    report = {
        "ok": ok,
        "steps": [dataclasses.asdict(step) for step in steps.all],
        "latency_ms": {
            name: dataclasses.asdict(value) for name, value in figures.items() if value is not None
        },
    }
    (out / "report.json").write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n")
    _show(console, out, story, steps, figures)
    return ok


def _write_files(out: Path, story: Story, figures: Mapping[str, Percentiles | None]) -> None:
    if story.heard is not None:
        write_wav(out / "heard.wav", story.heard, DISCORD_HZ, story.t0)
    write_wav(out / "live_in.wav", story.live_in(), LIVE_IN_HZ, story.t0)
    draw(out / "timeline.png", story, figures)


def _show(
    console: Console, out: Path, story: Story, steps: Steps, figures: Mapping[str, Percentiles | None]
) -> None:
    if story.utterances:
        console.print()
        console.print(strip(story, console.width))
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("latency", "p50", "p99", "n", "from → to"):
        table.add_column(column, justify="right" if column in {"p50", "p99", "n"} else "left")
    for name, value in figures.items():
        if value is None:
            table.add_row(name, "–", "–", "0", f"[dim]{MEANINGS[name]}[/]")
        else:
            table.add_row(
                name, f"{value.p50:.1f} ms", f"{value.p99:.1f} ms", str(value.n), f"[dim]{MEANINGS[name]}[/]"
            )
    console.print(table)
    failed = [step for step in steps.all if not step.ok]
    console.print()
    if failed:
        console.print(f"[red]failed:[/] {failed[0].name}: {failed[0].detail}")
        console.print(f"the bot's log is {out / 'bot.log'}")
    else:
        console.print(f"Listen to [bold]{out / 'heard.wav'}[/] and look at [bold]{out / 'timeline.png'}[/].")
