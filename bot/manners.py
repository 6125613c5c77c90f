"""How the bot behaves in company: greets, answers what is typed, keeps quiet when told, says goodbye."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta

import structlog

from bot import announcements as wording
from bot.announcements import Chat
from bot.answering import Prompt
from bot.clock import monotonic, utc_now
from bot.company import Company
from bot.conversation import Conversation
from bot.departure import Departure
from bot.errors import ParleyError
from bot.foreign import unbracketed
from bot.presence import AloneTooLong, HushOver, NudgeDue
from bot.reminders import spoken
from bot.store.rows import Reminder, Stay
from bot.turns.notes import quoted
from bot.voice.chat import NOTICE

log = structlog.get_logger(__name__)

NUDGE = "[Note: nobody has said anything for a while. Ask in one short sentence whether you can help.]"
FRAME_S = 1.0
"""The Live API takes one frame a second. Several at once would wait on the line, and speech behind them."""

GOODBYE_WITHIN_S = 3.0
"""A goodbye that has not begun by then is not waited for: somebody wants the bot to go."""

HUSHED = "I was asked to be quiet. `/unhush` lets me speak again."


class RoomEnded(ParleyError):
    """The conversation is over; `sentence` is for the channel's chat, empty if there is nothing to say."""

    sentence = ""


class Manners:
    """One room's. `end_turn` cuts short what is being said to the bot."""

    def __init__(
        self, company: Company, conversation: Conversation, chat: Chat, end_turn: Callable[[], None]
    ) -> None:
        self._company = company
        self._conversation = conversation
        self._chat = chat
        self._end_turn = end_turn
        self._departure: Departure | None = None
        self._falling_silent: tuple[Departure, float | None] | None = None  # for so many minutes
        self._asked: set[asyncio.Future[str | None]] = set()
        self._typing = asyncio.Lock()  # pictures belong to the next text, so one message goes at a time
        self._look_round(monotonic())

    def arrive(self, now: float, earlier: Stay | None = None) -> None:
        """The bot can be talked to: see who is there by now, and greet them. `earlier`: it was here when the
        program ended, and says in the chat that it was away."""
        self._look_round(now)
        if earlier is not None:
            self._chat.say(wording.back_again((utc_now() - earlier.seen_at).total_seconds()))
            return
        self._chat.say(NOTICE)
        greeting = self._company.greeting
        if greeting and self._company.people:
            self._conversation.prompt(Prompt(f"[Note: you have just joined. {greeting}]", greets=True), now)

    def tick(self, now: float, *, sounding: bool) -> None:
        """Once per beat; `sounding`: the bot is heard in it. Raises RoomEnded when it is time to go."""
        company = self._company
        if self._departure is not None and self._departure.due(sounding, now):
            raise RoomEnded
        if self._falling_silent is not None:
            speech, minutes = self._falling_silent
            if speech.due(sounding, now):
                self.hush(None if minutes is None else now + minutes * 60)
        if company.is_due(now):
            self._look_round(now)
        if sounding:
            company.presence.answered(now)
        for event in company.presence.tick(now):
            match event:
                case AloneTooLong(alone_s=alone_s):
                    raise RoomEnded(sentence=wording.left_alone(alone_s))
                case NudgeDue():
                    self._conversation.prompt(Prompt(NUDGE), now)
                case HushOver():
                    self._chat.say(wording.HUSH_OVER)

    async def ask(self, author_id: int, author: str, text: str, pictures: Sequence[bytes] = ()) -> str | None:
        """Put typed words, and JPEG `pictures`, to the model under the name of their author.

        The words of its answer when it is complete; None: there was none. Raises ParleyError while hushed.
        """
        self._refuse_while_hushed()
        answer = self._awaited()
        try:
            async with self._typing:
                for picture in pictures:
                    self._conversation.show(picture)
                    if picture is not pictures[-1]:
                        await asyncio.sleep(FRAME_S)
                self._refuse_while_hushed()  # by now
                now = monotonic()
                self._company.presence.spoke(now)
                self._conversation.prompt(Prompt(_typed(author, text), author_id, done=_to(answer)), now)
            return await answer
        finally:
            self._asked.discard(answer)

    async def remind(self, reminder: Reminder, late: timedelta) -> bool:
        """Have the bot say a reminder that is so late. False: whom it is for cannot hear it here now, or has
        not heard it: the bot was hushed, or left, before it had said it."""
        company = self._company
        name = company.people.get(reminder.user_id, "")
        if company.presence.hushed or not company.people or (reminder.user_id and not name):
            return False
        answer = self._awaited()
        try:
            self._conversation.prompt(Prompt(spoken(reminder, late, name), done=_to(answer)), monotonic())
            return await answer is not None
        finally:
            self._asked.discard(answer)

    def close(self) -> None:
        """The room has ended: whoever has typed something waits no longer."""
        for answer in self._asked:
            if not answer.done():
                answer.set_result(None)

    def hush(self, until: float | None) -> None:
        """Stop at once, and neither listen nor speak until then (monotonic seconds; None: until unhushed)."""
        self._falling_silent = None
        self._end_turn()
        self._conversation.fall_silent(monotonic())
        self._company.presence.hush(until)

    def hush_when_quiet(self, minutes: float | None) -> None:
        """Be hushed for so long (None: until unhushed), once the answer that says so has been heard."""
        self._falling_silent = Departure(monotonic()), minutes

    def say_goodbye(self) -> bool:
        """Have the model say goodbye, and go then. False if nobody would hear it."""
        goodbye, company = self._company.chosen.goodbye, self._company
        if not goodbye or not company.people or company.presence.hushed:
            return False
        now = monotonic()
        self._end_turn()
        self._conversation.fall_silent(now)
        self._conversation.prompt(Prompt(f"[Note: you are about to leave. {goodbye}]", greets=True), now)
        self._departure = Departure(now, speechless_s=GOODBYE_WITHIN_S)
        return True

    def leave_when_quiet(self, reason: str) -> None:
        """Go, once the model's goodbye has been heard."""
        log.info("leaving", reason=reason)
        self._departure = self._departure or Departure(monotonic())

    def _awaited(self) -> asyncio.Future[str | None]:
        """For the words of an answer; the end of the room fulfils it, too."""
        answer: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
        self._asked.add(answer)
        return answer

    def _refuse_while_hushed(self) -> None:
        if self._company.presence.hushed:
            raise ParleyError("hushed", sentence=HUSHED)

    def _look_round(self, now: float) -> None:
        if self._company.look_round(now):
            self._conversation.present(self._company.people)


def _to(answer: asyncio.Future[str | None]) -> Callable[[str | None], None]:
    def done(words: str | None) -> None:
        if not answer.done():
            answer.set_result(words)

    return done


def _typed(author: str, text: str) -> str:
    """What the model is given of a message: nobody types a note of the software."""
    return f"[Typed in the chat by {quoted(author)}] {unbracketed(text)}"
