"""On whose behalf the model does something: who had said, or typed, what it is answering. Pure."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from itertools import count

from bot.tools.registry import Asked
from bot.turns.turn import Turn

OVERLAP_S = 0.3
"""More than this at once, and it is not known who said what."""

KEPT = 64
"""As many prompts as the line keeps."""

_turns = count()

NOBODY = Asked((), clear=False)


class Askers:
    """Who is behind each prompt, by its number. What is not known here was asked by nobody."""

    def __init__(self) -> None:
        self._by_number: OrderedDict[int, Asked] = OrderedDict()

    def spoke(self, number: int, turn: Turn) -> None:
        """They have said it."""
        overlap_s = max((spoken.overlap_s for spoken in turn.speakers), default=0.0)
        speakers = tuple(spoken.user_id for spoken in turn.speakers)
        clear = bool(speakers) and overlap_s <= OVERLAP_S
        self._keep(number, Asked(speakers, clear=clear, turn=next(_turns)))

    def typed(self, number: int, author_id: int) -> None:
        """They have written it."""
        self._keep(number, Asked((author_id,), clear=True, how="chat", turn=next(_turns)))

    def of(self, numbers: Iterable[int]) -> Asked:
        """All who are behind these, for it is not known which of them the model goes by: each one's rights
        count, and one that is unclear makes all of it unclear."""
        asked = [self._by_number.get(number, NOBODY) for number in numbers]
        if not asked:
            return NOBODY
        return Asked(
            tuple(dict.fromkeys(user_id for each in asked for user_id in each.speakers)),
            clear=all(each.clear for each in asked),
            how="voice" if any(each.how == "voice" for each in asked) else "chat",
            turn=asked[-1].turn,
        )

    def _keep(self, number: int, asked: Asked) -> None:
        self._by_number[number] = asked
        while len(self._by_number) > KEPT:
            self._by_number.popitem(last=False)
