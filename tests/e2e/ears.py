"""What was heard, against what was said: how intelligible it is, where it pauses, how long it lasts."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from pystoi import stoi
from stage import Stage

from audio.formats import DISCORD_HZ, Samples
from bot.demo.latency import offset_of
from bot.loopback import speech
from bot.loopback.member.member import Member


def intelligibility(said: Samples, heard: Samples, hz: int) -> float:
    """STOI of `said` in `heard`, wherever it lies in there."""
    offset, _ = offset_of(heard, said)
    padded = np.pad(heard, (max(0, -offset), len(said)))
    return float(stoi(said, padded[max(0, offset) : max(0, offset) + len(said)], hz))


def from_bot(stage: Stage, member: Member, name: str, since: float) -> float:
    """STOI of the recorded answer `name` in what `member` heard of the bot after `since`."""
    return intelligibility(speech.load(name, DISCORD_HZ), member.heard_from(stage.bot_id, since), DISCORD_HZ)


def longest_pause_s(stage: Stage, member: Member, since: float) -> float:
    """Of the bot's voice after `since`, between its first packet and its last."""
    return max(later - earlier for earlier, later in pairwise(member.heard.voiced(stage.bot_id, since)))


def spoken_s(stage: Stage, member: Member, since: float) -> float:
    """From the first to the last packet of the bot's voice after `since`."""
    voiced = member.heard.voiced(stage.bot_id, since)
    return voiced[-1] - voiced[0]


def heard_since(stage: Stage, member: Member, since: float) -> bool:
    """Whether `member` has heard the bot after `since`."""
    return (member.heard.last_voiced(stage.bot_id) or 0.0) > since
