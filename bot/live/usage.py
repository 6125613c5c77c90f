"""What a session has used and what that costs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from bot.live.events import Usage
from bot.live.models import Prices, model

_MILLION = 1_000_000


class UsageMeter:
    """The sum of all usage of a room.

    Every snapshot counts: the service reports each generation by itself, and its prompt is the whole context
    again, so the last snapshot alone is several times too low. Not counted, since the service does not say:
    transcripts (billed as text out) and what was under way when a connection ended.
    """

    def __init__(self) -> None:
        self.input: Counter[str] = Counter()
        self.output: Counter[str] = Counter()
        self.thinking = 0
        self.usd = 0.0
        """US dollars at the paid tier's prices."""
        self.estimated = False
        """Whether any part rests on the assumption that unexplained tokens were audio."""

    def add(self, usage: Usage, model_id: str) -> None:
        """What a session of this model has used."""
        self.input.update(usage.input)
        self.output.update(usage.output)
        self.thinking += usage.thinking
        self.usd += cost_usd(usage, model_id)
        self.estimated = self.estimated or usage.estimated

    @property
    def tokens(self) -> int:
        return self.input.total() + self.output.total() + self.thinking


def cost_usd(usage: Usage, model_id: str) -> float:
    """US dollars at the paid tier's prices. LiveRefused for a model that is not known."""
    prices: Prices = model(model_id).prices
    into = {"TEXT": prices.text_in, "DOCUMENT": prices.text_in, "AUDIO": prices.audio_in}
    out = {"TEXT": prices.text_out, "AUDIO": prices.audio_out}
    total = (
        _priced(usage.input, into, otherwise=prices.image_in)  # IMAGE, VIDEO
        + _priced(usage.output, out, otherwise=prices.audio_out)
        + usage.thinking * prices.text_out
    )
    return total / _MILLION


def _priced(tokens: Mapping[str, int], prices: Mapping[str, float], *, otherwise: float) -> float:
    return sum(count * prices.get(modality, otherwise) for modality, count in tokens.items())
