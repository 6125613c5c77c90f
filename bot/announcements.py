"""What the bot writes into the channel's chat by itself: what goes wrong, and what to do about it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable

from bot.notices import Cited, Notice, NotUnderstood, Unanswered
from bot.status import SpeakerStatus

OUTAGE_S = 3.0
"""A lost connection is replaced within a second or two, and nobody need know; then it is an outage."""

OUTAGE = "I have lost Google Gemini and am trying to reach it again. I answer as soon as it is back."
OUTAGE_OVER = "Google Gemini is back. Go on."

LOSS_PERCENT = 3.0
"""Above this, words go missing; below, concealment hides it."""

FAINT_DB = -45.0
"""A voice so soft is mostly a microphone that is far away or turned down."""

HUSH_OVER = "I am listening again."


class Chat:
    """The channel's chat. A chat that is slow does not hold up the conversation."""

    def __init__(
        self, tasks: asyncio.TaskGroup, post: Callable[[str], Coroutine[object, object, object]]
    ) -> None:
        self._tasks = tasks
        self._post = post
        self._lost_at: float | None = None  # Gemini, monotonic seconds
        self._told = False

    def say(self, text: str) -> None:
        self._tasks.create_task(self._post(text), name="chat")

    def notify(self, notice: Notice, speakers: Iterable[SpeakerStatus]) -> None:
        """What the conversation has to say to people; `speakers` are those who have been heard."""
        match notice:
            case Unanswered(speakers=unanswered_ids, cause=cause):
                self.say(unanswered(unanswered_ids, cause))
            case NotUnderstood():
                self.say(not_understood(speakers))
            case Cited(text=text):
                self.say(text)

    def live_lost(self, now: float) -> None:
        """A connection to Gemini ended, or could not be made."""
        if self._lost_at is None:
            self._lost_at = now

    def live_connected(self) -> None:
        if self._told:
            self.say(OUTAGE_OVER)
        self._lost_at, self._told = None, False

    def tick(self, now: float) -> None:
        """Once per beat: say it if it takes long."""
        if self._lost_at is not None and not self._told and now - self._lost_at >= OUTAGE_S:
            self._told = True
            self.say(OUTAGE)


def unintelligible(user_id: int) -> str:
    return (
        f"I cannot understand <@{user_id}>: their audio does not decrypt. Leaving the "
        "channel and joining it again helps, or another voice region for the channel."
    )


def unanswered(user_ids: Iterable[int], cause: str) -> str:
    """Gemini gave no answer to these people, whatever was tried."""
    whom = " and ".join(f"<@{user_id}>" for user_id in user_ids)
    if cause == "refused":
        return f"Google Gemini refused to answer{f' {whom}' if whom else ''}: its rules do not allow it."
    return f"I got no answer from Google Gemini{f' for {whom}' if whom else ''}. Please say it again."


def not_understood(speakers: Iterable[SpeakerStatus]) -> str:
    """The model did not understand twice: what can be seen from here of why."""
    reasons = []
    for speaker in speakers:
        if speaker.loss_percent >= LOSS_PERCENT:
            reasons.append(
                f"{speaker.loss_percent:.0f} % of <@{speaker.user_id}>'s audio was lost on the way: "
                "their connection, or the channel's region"
            )
        elif speaker.level_db < FAINT_DB:
            reasons.append(
                f"<@{speaker.user_id}> is very quiet here ({speaker.level_db:.0f} dB): their microphone"
            )
    if not reasons:
        reasons.append("level and loss look well from here; speak one at a time, close to the microphone")
    return f"I did not understand twice in a row. Worth a look: {'; '.join(reasons)}. `/status` shows more."


def left_alone(alone_s: float) -> str:
    return f"I have left: nobody was here for {_for(alone_s)}. `/join` brings me back."


def back_again(away_s: float) -> str:
    """After a restart in the middle of a conversation."""
    return (
        f"I was restarted and away for about {_for(max(1.0, away_s))}; what you said meanwhile I have not "
        "heard. I am back, and we can go on where we were."
    )


def _for(seconds: float) -> str:
    count, unit = (round(seconds / 60), "minute") if seconds >= 60 else (round(seconds), "second")
    return f"{count} {unit}{'' if count == 1 else 's'}"
