"""What the model of one session knows: the tokens that it is billed for, and by name what they are."""

from __future__ import annotations

from bot.loopback.live.record import Known, LiveSessionRecord, Source
from bot.loopback.live.refusal import CONTEXT_FULL, invalid
from bot.loopback.live.resumption import Kept
from bot.loopback.live.schema import Json
from bot.loopback.live.wire import text_tokens


class Memory:
    """Writes to `kept`, and what it knows to `record`.

    `compression`: trigger and target in tokens; without, a session that holds more than `limit_tokens` ends.
    """

    def __init__(
        self, kept: Kept, record: LiveSessionRecord, compression: tuple[int, int] | None, limit_tokens: int
    ) -> None:
        self._kept = kept
        self._record = record
        self._compression = compression
        self._limit_tokens = limit_tokens
        self._shown = False
        record.known = kept.known

    def add(self, *known: Known, audio_s: float = 0.0, text: str = "", image: bool = False) -> None:
        """Raises Refused (1007) where it does not fit."""
        context = self._kept.context.with_audio(audio_s).with_text(text_tokens(text))
        if image:
            context = context.with_image()
        if self._compression is not None:
            context = context.compressed(*self._compression)
        elif context.total > self._limit_tokens:
            raise invalid(CONTEXT_FULL)
        self._kept.context = context
        self._kept.learn(*known)
        self._record.known = self._kept.known

    def see(self, width: int, height: int) -> None:
        """An image; the next prompt may ask about it."""
        self.add(Known(Source.IMAGE, f"{width}×{height}"), image=True)
        self._shown = True

    def take_shown(self) -> bool:
        """Whether an image was seen since this was asked last."""
        shown, self._shown = self._shown, False
        return shown

    def bill(self, spoken_s: float) -> Json:
        return self._kept.context.bill(spoken_s)
