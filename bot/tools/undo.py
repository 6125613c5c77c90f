"""Calls that can be made undone by a button, for a quarter of an hour, by whoever may make them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bot.tools.authority import Denied
from bot.tools.behalf import OnBehalf
from bot.tools.call import Call
from bot.tools.judge import Judge
from bot.tools.ledger import Book
from bot.tools.question import Pressed, State
from bot.tools.registry import Asked, Need, Result, answered, failed

UNDO_S = 900.0
MAX_KEPT = 256

UNDONE = "It is as it was before."
TOO_LATE = "That can no longer be undone, or it has been already."


@dataclass(frozen=True, slots=True)
class _Deed:
    call: Call
    needs: tuple[Need, ...]
    result: Result
    until: float


class Undos:
    """By their number in the audit, in memory. `clock` is monotonic seconds."""

    def __init__(self, judge: Judge, book: Book, clock: Callable[[], float]) -> None:
        self._judge = judge
        self._book = book
        self._clock = clock
        self._deeds: dict[int, _Deed] = {}

    def remember(self, number: int, call: Call, needs: tuple[Need, ...], result: Result) -> bool:
        """Whether it can be undone: it has been written down, has succeeded, and its tool knows how."""
        now = self._clock()
        self._deeds = {key: deed for key, deed in self._deeds.items() if deed.until > now}
        while len(self._deeds) >= MAX_KEPT:
            del self._deeds[next(iter(self._deeds))]
        if not number or call.tool.undo is None or failed(result):
            return False
        self._deeds[number] = _Deed(call, needs, result, now + UNDO_S)
        return True

    def possible(self, number: int) -> bool:
        deed = self._deeds.get(number)
        return deed is not None and deed.until > self._clock()

    async def undo(self, number: int, member_id: int) -> Pressed:
        """On behalf of whoever pressed, who must be allowed all that doing it takes."""
        deed = self._deeds.get(number)
        if deed is None or not self.possible(number):
            return Pressed(State.EXPIRED, TOO_LATE)
        asked = Asked((member_id,), clear=True, how="button")
        (verdict,) = await self._judge.verdicts(deed.call, deed.needs, asked)
        if isinstance(verdict, Denied):
            context = OnBehalf(deed.call.context, asked)
            await self._book.write(
                context, deed.call.tool.name, {"undo": number}, "denied", {"error": verdict.sentence}
            )
            return Pressed(State.DENIED, verdict.sentence)
        if self._deeds.pop(number, None) is None:  # somebody else was quicker
            return Pressed(State.EXPIRED, TOO_LATE)
        return await self._undo(number, deed, asked)

    async def _undo(self, number: int, deed: _Deed, asked: Asked) -> Pressed:
        undo = deed.call.tool.undo
        assert undo is not None
        context = OnBehalf(deed.call.context, asked)
        result = await answered(
            deed.call.tool, deed.call.args, context, lambda room, args: undo(room, args, deed.result)
        )
        by = {"undone_by": str(asked.speakers[0])}
        if failed(result):
            self._deeds[number] = deed  # they may try again
            return Pressed(State.FAILED, str(result.get("error", "")), result, can_be_undone=True)
        await self._book.settle(number, "undone", {**deed.result, **by})
        return Pressed(State.UNDONE, UNDONE, result)
