"""Why the voice gateway closed, and what to do about it: one table.

Codes: Discord API docs, "Voice Close Event Codes" (4013 from discord-userdoccers). Reactions: discord.js
since #11567 (4014, 4021 and 4022 are never answered with an automatic reconnect; 4015 and everything below
4000 is resumed), and what discord.py 2.7.1 gets wrong (it resumes nothing and retries 4016 and 4017 for
ever).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto


class Step(Enum):
    """What the supervisor does after a connection has ended."""

    RESUME = auto()  # op 7 on the same session; UDP and end-to-end keys stay
    REJOIN = auto()  # leave, and enter again with a new session
    FOLLOW = auto()  # new credentials have come (a move, another server): identify with them
    AWAIT = auto()  # the main gateway will say whether this was a move or a farewell
    END = auto()  # final


@dataclass(frozen=True, slots=True)
class Ending:
    """How a connection ended. `sentence` is for people and is set where the step is, or may become, END."""

    step: Step
    code: int = 0
    reason: str = ""
    sentence: str = ""


KICKED = "I was disconnected from the voice channel. `/join` brings me back."
CALL_ENDED = "Discord ended this call for everybody. Type `/join` when you want me back."
RATE_LIMITED = "Discord asked me to slow down and closed the call. Try `/join` again in a few minutes."
DAVE_REQUIRED = (
    "Discord only lets me into this call with end-to-end encryption, and mine is not working. "
    "The person who runs me can find the cause in the log."
)
OUR_FAULT = (
    "I said something to the voice server that it did not accept, so I left the call. "
    "The person who runs me can find the cause in the log."
)
LOST = "I lost the voice connection and could not get back in. Try `/join` again in a minute."
CHANNEL_GONE = ""  # the chat of a deleted channel is gone with it: nobody to tell

_ENDINGS = {
    4001: Ending(Step.END, reason="unknown opcode", sentence=OUR_FAULT),
    4002: Ending(Step.END, reason="payload not decoded", sentence=OUR_FAULT),
    4003: Ending(Step.REJOIN, reason="not authenticated"),
    4004: Ending(Step.REJOIN, reason="token refused"),
    4005: Ending(Step.REJOIN, reason="identified twice"),
    4006: Ending(Step.REJOIN, reason="session no longer valid"),
    4009: Ending(Step.REJOIN, reason="session timed out"),
    4011: Ending(Step.REJOIN, reason="server not found"),
    4012: Ending(Step.END, reason="unknown protocol", sentence=OUR_FAULT),
    4013: Ending(Step.RESUME, reason="media server lost"),
    4014: Ending(Step.AWAIT, reason="disconnected or moved", sentence=KICKED),
    4015: Ending(Step.RESUME, reason="voice server crashed"),
    4016: Ending(Step.END, reason="encryption mode refused", sentence=OUR_FAULT),
    4017: Ending(Step.END, reason="end-to-end encryption required", sentence=DAVE_REQUIRED),
    4020: Ending(Step.END, reason="bad request", sentence=OUR_FAULT),
    4021: Ending(Step.END, reason="rate limited", sentence=RATE_LIMITED),
    4022: Ending(Step.AWAIT, reason="call terminated for all", sentence=CALL_ENDED),
}


def ending(code: int) -> Ending:
    """How to go on after `code`. Codes nobody documents are met like a lost session."""
    known = _ENDINGS.get(code)
    if known is None:
        # Below 4000 are RFC 6455's own codes (1006: no close frame at all): the network, not Discord.
        step, reason = (Step.RESUME, "network") if code < 4000 else (Step.REJOIN, "undocumented code")
        known = Ending(step, reason=reason)
    return Ending(known.step, code, known.reason, known.sentence)
