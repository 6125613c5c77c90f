"""What a session costs: the context grows with every turn, and every turn is billed for all of it.

Tokens: 25 a second of audio each way, 258 a frame, about four characters of text (Live API pricing pages).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

from bot.loopback.live.schema import Json

AUDIO_TOKENS_PER_S = 25
IMAGE_TOKENS = 258
"""One video frame."""


@dataclass(frozen=True, slots=True)
class Context:
    """Tokens in the window, by modality. `system` is never dropped."""

    system: int = 0
    text: int = 0
    audio: int = 0
    video: int = 0

    @property
    def total(self) -> int:
        return self.system + self.text + self.audio + self.video

    def with_audio(self, seconds: float) -> Self:
        return replace(self, audio=self.audio + round(seconds * AUDIO_TOKENS_PER_S))

    def with_text(self, tokens: int) -> Self:
        return replace(self, text=self.text + tokens)

    def with_image(self) -> Self:
        return replace(self, video=self.video + IMAGE_TOKENS)

    def compressed(self, trigger: int, target: int) -> Self:
        """Cut to `target` if over `trigger`: the oldest turns go, the system instruction stays."""
        if self.total <= trigger:
            return self
        keep = max(0, target - self.system)
        share = keep / max(1, self.text + self.audio + self.video)
        kept = (round(tokens * share) for tokens in (self.text, self.audio, self.video))
        return type(self)(self.system, *kept)

    def bill(self, answered_s: float) -> Json:
        """usageMetadata of one turn: the whole window in, `answered_s` of speech out."""
        prompt_text = self.system + self.text
        spoken = round(answered_s * AUDIO_TOKENS_PER_S)
        bill: Json = {
            "promptTokenCount": self.total,
            "totalTokenCount": self.total + spoken,
            "promptTokensDetails": [
                {"modality": modality, "tokenCount": count}
                for modality, count in (("TEXT", prompt_text), ("AUDIO", self.audio), ("VIDEO", self.video))
                if count
            ],
        }
        if spoken:
            bill["responseTokenCount"] = spoken
            bill["responseTokensDetails"] = [{"modality": "AUDIO", "tokenCount": spoken}]
        return bill
