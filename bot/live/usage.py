"""What a session has used and what that costs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Self

from bot.live.events import Usage
from bot.live.models import model

_MILLION = 1_000_000


class UsageMeter:
    """The sum of all usage of a session.

    Every snapshot counts: the service reports each generation by itself, and its prompt is the whole context
    again, so the last snapshot alone is several times too low. Not counted, since the service does not say:
    transcripts (billed as text out) and what was under way when a connection ended.
    """

    def __init__(self, model_id: str) -> None:
        self._prices = model(model_id).prices
        self.input: Counter[str] = Counter()
        self.output: Counter[str] = Counter()
        self.thinking = 0
        self.estimated = False
        """Whether any part rests on the assumption that unexplained tokens were audio."""

    def add(self, usage: Usage) -> None:
        self.input.update(usage.input)
        self.output.update(usage.output)
        self.thinking += usage.thinking
        self.estimated = self.estimated or usage.estimated

    def __iadd__(self, other: UsageMeter) -> Self:
        """Take in another session's sum. Priced as this meter's model is, so both should be of the same."""
        self.input.update(other.input)
        self.output.update(other.output)
        self.thinking += other.thinking
        self.estimated = self.estimated or other.estimated
        return self

    @property
    def tokens(self) -> int:
        return self.input.total() + self.output.total() + self.thinking

    @property
    def usd(self) -> float:
        """US dollars at the paid tier's prices."""
        prices = self._prices
        into = {"TEXT": prices.text_in, "DOCUMENT": prices.text_in, "AUDIO": prices.audio_in}
        out = {"TEXT": prices.text_out, "AUDIO": prices.audio_out}
        total = (
            _priced(self.input, into, otherwise=prices.image_in)  # IMAGE, VIDEO
            + _priced(self.output, out, otherwise=prices.audio_out)
            + self.thinking * prices.text_out
        )
        return total / _MILLION


def _priced(tokens: Mapping[str, int], prices: Mapping[str, float], *, otherwise: float) -> float:
    return sum(count * prices.get(modality, otherwise) for modality, count in tokens.items())
