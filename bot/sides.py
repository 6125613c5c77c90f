"""What the conversation of a room speaks to: the Live side, the bot's mouth, the tools. Protocols only."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from audio.outbound import PlayedReply
from bot.live.events import Audio, ToolCall
from bot.tools.registry import Asked
from bot.turns.exchange import Verdict


class Wire(Protocol):
    """The Live side; bot.live.line.Line in a room. Nothing here waits."""

    quiet: bool
    """Whether a rollover would disturb nobody now."""

    held: bool
    """Whether what is said waits on the line."""

    @property
    def takes_notes(self) -> bool: ...
    def start_turn(self, note: str | None = None) -> int: ...
    def send_audio(self, pcm16: bytes) -> None: ...
    def end_turn(self) -> None: ...
    def send_text(self, text: str) -> int: ...
    def send_image(self, jpeg: bytes) -> None: ...
    def remark(self, text: str) -> None: ...
    def settled(self, number: int) -> None: ...
    def stop_notes(self) -> None: ...
    def reconnect(self, cause: str) -> None: ...


class Voice(Protocol):
    """The bot's mouth; bot.speaking.Speaking in a room."""

    @property
    def playing(self) -> bool:
        """Whether an answer is being heard, or is still to be."""

    def push(self, audio: Audio) -> None: ...

    def finish(self) -> None:
        """The answer is complete: it is played to its end."""

    def stop(self) -> PlayedReply:
        """Fall silent now; how much was heard and how much was not."""


class Tools(Protocol):
    """Who runs the model's calls; bot.calls.Calls in a room."""

    @property
    def busy(self) -> bool:
        """Whether any call has no response yet."""

    def called(self, call: ToolCall, asked: Asked) -> None:
        """The model has called on behalf of these; whether it may is decided next."""

    def decide(self, verdict: Verdict | None) -> None:
        """The turn that the waiting calls belong to is answered, is context, or (None) not decided yet."""

    def cancel(self, ids: Iterable[str]) -> None: ...
    def cancel_all(self) -> None: ...
    def turn_over(self) -> None: ...
