"""Calls that wait for somebody to press a button.

The model asks, a person decides. Who presses must be allowed to do it themselves, and those who asked must be
still: neither lends the other a right. What was confirmed is what was shown: if the name that was spoken
belongs to somebody else by then, nothing is done.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NoReturn

import structlog

from bot.foreign import unbracketed
from bot.tools.authority import Denied, title
from bot.tools.behalf import OnBehalf
from bot.tools.call import Call
from bot.tools.judge import CHANGED, Judge
from bot.tools.ledger import Book, Outcome
from bot.tools.policy import Policy
from bot.tools.question import Asker, Pressed, Question, State
from bot.tools.registry import Asked, Need, Result, Unclear, answered, error, failed
from bot.tools.results import fitted, presented
from bot.tools.undo import Undos

log = structlog.get_logger(__name__)

CONFIRM_S = 120.0
POST_S = 5.0
MAX_WAITING = 10
"""Questions in one server at a time; more are not asked."""
MAX_TOLD = 1000
"""Bytes of a result of which the model is told afterwards."""

WAITING = (
    "Nothing has been done yet. A question with buttons stands in the chat of the voice channel: somebody "
    "who may do that has to press Confirm within two minutes. Say so in one short sentence. You will be told "
    "what comes of it; do not call this again."
)
NOT_POSTED = "That wants a button pressed in the chat, and I could not post one there. It was not done."
TOO_MANY = "Too many things wait to be confirmed already. Decide those in the chat first."
NOT_WRITTEN = "That could not be written down for the moderators, so it was not done."
LATE = "That has expired or has been decided already. Ask again if you still want it."
NO_LONGER = "Those who asked for it may not have it done any more, so it was not done."
DONE = "Done."
REFUSED = "Refused. It was not done."


@dataclass(frozen=True, slots=True)
class _Pending:
    question: Question
    call: Call
    needs: tuple[Need, ...]
    expires_at: float


class Confirmations:
    """In memory: what waits when the process ends is not done. `clock` is monotonic seconds."""

    def __init__(self, judge: Judge, book: Book, undos: Undos, clock: Callable[[], float]) -> None:
        self._judge = judge
        self._book = book
        self._undos = undos
        self._clock = clock
        self._pending: dict[int, _Pending] = {}
        self._asked = asyncio.Event()
        self.asker: Asker | None = None

    # --- asking ---

    async def ask(self, call: Call, needs: tuple[Need, ...], policy: Policy) -> Result:
        """Have people decide; what the model is told meanwhile."""
        context = call.context
        waiting = [each for each in self._pending.values() if each.call.context.guild_id == context.guild_id]
        if any(each.call.tool is call.tool and each.call.args == call.args for each in waiting):
            return {"status": "waiting", "message": WAITING}
        if len(waiting) >= MAX_WAITING or self.asker is None:
            reason = error(NOT_POSTED if self.asker is None else TOO_MANY)
            await self._book.write(context, call.tool.name, call.args, "denied", reason)
            return reason
        number = await self._book.write(context, call.tool.name, call.args, "waiting", {})
        if not number:
            return error(NOT_WRITTEN)
        pending = _Pending(_question(number, call, needs, policy), call, needs, self._clock() + CONFIRM_S)
        self._pending[number] = pending
        self._asked.set()
        return await self._post(self.asker, pending)

    async def _post(self, asker: Asker, pending: _Pending) -> Result:
        try:
            async with asyncio.timeout(POST_S):
                await asker.ask(pending.question)
        except asyncio.CancelledError:
            await self._close(pending, "cancelled", {})
            raise
        except Exception as failure:
            log.warning("question not posted", tool=pending.question.tool, error=repr(failure))
            await self._close(pending, "error", error(NOT_POSTED))
            return error(NOT_POSTED)
        return {"status": "waiting", "message": WAITING}

    # --- deciding ---

    async def confirm(self, number: int, member_id: int) -> Pressed:
        """Do it, if whoever pressed may, and those who asked still may."""
        pending = self._waiting(number)
        if pending is None:
            return Pressed(State.EXPIRED, LATE)
        call, presser = pending.call, _presser(member_id)
        own, theirs = await self._judge.verdicts(call, pending.needs, presser, call.context.asked)
        if isinstance(own, Denied):
            return await self._denied(pending, presser, own)
        reason = NO_LONGER if isinstance(theirs, Denied) else _changed(pending)
        if not await self._close(pending, *_outcome(reason, member_id)):
            return Pressed(State.EXPIRED, LATE)  # somebody else was quicker
        if reason is not None:
            self._tell(call, f"was not done, although somebody confirmed it: {reason}")
            return Pressed(State.VOID, reason)
        return await self._carry_out(pending, member_id)

    async def refuse(self, number: int, member_id: int) -> Pressed:
        """Whoever may confirm it may refuse it, and whoever asked for it may take it back."""
        pending = self._waiting(number)
        if pending is None:
            return Pressed(State.EXPIRED, LATE)
        presser = _presser(member_id)
        if member_id not in pending.question.asked_by:
            (verdict,) = await self._judge.verdicts(pending.call, pending.needs, presser)
            if isinstance(verdict, Denied):
                return await self._denied(pending, presser, verdict)
        if not await self._close(pending, "refused", {"refused_by": str(member_id)}):
            return Pressed(State.EXPIRED, LATE)
        self._tell(pending.call, "was refused and not done. Say so in one short sentence")
        return Pressed(State.REFUSED, REFUSED)

    def _waiting(self, number: int) -> _Pending | None:
        pending = self._pending.get(number)
        return pending if pending is not None and self._clock() < pending.expires_at else None

    async def _denied(self, pending: _Pending, presser: Asked, denied: Denied) -> Pressed:
        context = OnBehalf(pending.call.context, presser)
        args = {"confirm": pending.question.id}
        await self._book.write(context, pending.call.tool.name, args, "denied", error(denied.sentence))
        return Pressed(State.DENIED, denied.sentence)

    async def _carry_out(self, pending: _Pending, member_id: int) -> Pressed:
        call, number = pending.call, pending.question.id
        by = {"confirmed_by": str(member_id)}
        try:
            result = await answered(call.tool, call.args, call.context)
        except asyncio.CancelledError:
            await self._book.settle(number, "cancelled", by)
            raise
        undoable = self._undos.remember(number, call, pending.needs, result)
        await self._book.settle(number, "error" if failed(result) else "ok", {**result, **by})
        shown = fitted(presented(result, foreign=call.tool.foreign), MAX_TOLD)
        told = unbracketed(json.dumps(shown, ensure_ascii=False))  # also those of lists
        self._tell(call, f"was confirmed and carried out. Its result: {told}")
        if failed(result):
            return Pressed(State.FAILED, str(result.get("error", "")), result)
        return Pressed(State.DONE, DONE, result, can_be_undone=undoable)

    # --- expiring ---

    async def run(self) -> NoReturn:
        """Take back what nobody decides. Until cancelled."""
        while True:
            self._asked.clear()
            await self.expire()
            try:
                async with asyncio.timeout(self._next_s()):
                    await self._asked.wait()
            except TimeoutError:
                pass

    async def expire(self) -> None:
        """Those whose time is over."""
        now = self._clock()
        for pending in [each for each in self._pending.values() if each.expires_at <= now]:
            if not await self._close(pending, "expired", {}):
                continue
            self._tell(pending.call, "was not confirmed by anybody in time, and not done")
            if self.asker is not None:
                try:
                    await self.asker.expired(pending.question)
                except Exception as failure:
                    log.warning("buttons not taken away", error=repr(failure))

    def _next_s(self) -> float | None:
        now = self._clock()
        return min((max(0.0, each.expires_at - now) for each in self._pending.values()), default=None)

    # --- both ---

    async def _close(self, pending: _Pending, outcome: Outcome | None, result: Mapping[str, object]) -> bool:
        """Whether it was still open; from now on it is not. Without an outcome, that is still to come."""
        if self._pending.pop(pending.question.id, None) is None:
            return False
        if outcome is not None:
            await self._book.settle(pending.question.id, outcome, result)
        return True

    def _tell(self, call: Call, what: str) -> None:
        try:
            call.context.tell(f"[Note, not spoken by anybody: {call.tool.name} {what}.]")
        except Exception:  # the conversation may be over by now
            log.exception("outcome not told", tool=call.tool.name)


def _presser(member_id: int) -> Asked:
    return Asked((member_id,), clear=True, how="button")


def _changed(pending: _Pending) -> str | None:
    """Why what was shown is no longer what would be done; None: it is."""
    try:
        return None if pending.call.needs() == pending.needs else CHANGED
    except Unclear as unclear:
        return str(unclear)


def _outcome(reason: str | None, member_id: int) -> tuple[Outcome | None, Result]:
    if reason is None:
        return None, {}
    return "denied", {**error(reason), "confirmed_by": str(member_id)}


def _question(number: int, call: Call, needs: tuple[Need, ...], policy: Policy) -> Question:
    concerned = [each for need in needs for each in (need.target_id, need.concerns) if each is not None]
    return Question(
        id=number,
        guild_id=call.context.guild_id,
        channel_id=call.context.channel_id,
        tool=call.tool.name,
        summary=call.tool.summary,
        arguments=fitted(call.args, MAX_TOLD),
        asked_by=call.context.asked.speakers,
        permissions=tuple(sorted({title(name) for need in needs for name in need.permissions})),
        roles=policy.roles,
        concerns=tuple(dict.fromkeys(concerned)),
        expires_in_s=CONFIRM_S,
        can_be_undone=call.tool.undo is not None,
    )
