"""The conversation of one room: whose turn it is, what the model is told, which of its answers are heard.

Pure glue: no IO, no clock. Turns and typed words come in from the channel, events from the Live line; what
follows from them is said to the line, to the voice and to the tools. The parts know nothing of each other:
`Gate` (is the bot meant?), `Exchange` (which answer is owed to what?), `Turnstile` (who waits for the end of
an answer), `News` and `Minutes` (what the model is to know), `Answering` (what is being said, and to whom).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence

from bot.answering import Answering, Prompt, is_loud
from bot.askers import Askers
from bot.citations import Citations
from bot.gate import Gate
from bot.live import events as live
from bot.live.line import Connected, Disconnected, LineEvent
from bot.notices import Cited, Notice, NotUnderstood, Unanswered
from bot.sides import Tools, Voice, Wire
from bot.turns import exchange as ex
from bot.turns.exchange import Effect, Exchange, Kind, Patience, Verdict
from bot.turns.floor import Floor
from bot.turns.minutes import Minutes
from bot.turns.notes import News
from bot.turns.turn import Turn, TurnStarted
from bot.turnstile import Turnstile

NUDGE = "[Note from the channel's software: your last answer could not be heard. Please give it now.]"

LOST_WORTH_TELLING_S = 0.5

_ENDS = (live.GenerationComplete, live.TurnComplete, live.Interrupted)
"""What the model has said up to one of these belongs to the answer that ends."""


class Conversation:
    """Feed it turns and the line's events as they happen, and `tick` every 20 ms.

    `local_turns` False: the service finds the turns by itself, and ours are only watched, to know who spoke.
    """

    def __init__(
        self,
        line: Wire,
        voice: Voice,
        tools: Tools,
        floor: Floor,
        *,
        name_of: Callable[[int], str],
        tell: Callable[[Notice], None],
        local_turns: bool = True,
        patience: Patience | None = None,
    ) -> None:
        self.minutes = Minutes()
        self._line = line
        self._voice = voice
        self._tools = tools
        self._floor = floor
        self._name_of = name_of
        self._tell = tell
        self._local_turns = local_turns
        self._exchange: Exchange[live.Audio] = Exchange(patience or Patience(), owes_nothing=not local_turns)
        self._gate = Gate(floor, self._exchange)
        self._stile = Turnstile(line, self._apply)
        self._news = News()
        self._askers = Askers()
        self._citations = Citations()
        self._answering = Answering(
            voice, self._news, self.minutes, not_understood=lambda: tell(NotUnderstood())
        )
        self._people: dict[int, str] | None = None
        self._turn_open = False
        self._was_answering = False

    @property
    def tally(self) -> Counter[str]:
        """What had to be done for want of an answer, in words for people."""
        return self._exchange.tally

    @property
    def listening(self) -> bool:
        """Whether somebody speaks to the model, or has just now and it still reacts to that: the result of a
        tool would be taken for part of it."""
        return self._turn_open or self._exchange.reacting

    @property
    def idle(self) -> bool:
        """Whether nobody speaks, the bot included."""
        return not self.listening and not self._voice.playing

    # --- the channel ---

    def present(self, people: Mapping[int, str]) -> None:
        """Who is in the channel now, without bots: user id → name. The first time that is no news: they stand
        in the instruction."""
        before = self._people if self._people is not None else people
        for user_id in people.keys() - before.keys():
            self._news.joined(people[user_id])
        for user_id in before.keys() - people.keys():
            self._news.left(before[user_id])
        self._people = dict(people)
        self._floor.present(people)

    def turn_started(self, event: TurnStarted, now: float) -> None:
        """Somebody speaks: stop for them if they may interrupt; else what they say waits for the answer."""
        self._record()
        if self._local_turns:
            self._make_way(event.speakers, now)
        names = [self._name_of(user_id) for user_id in event.speakers]
        note = self._news.compose(names) if self._line.takes_notes else None
        number = self._line.start_turn(note)
        self._turn_open = True

        def begin(at: float) -> Sequence[Effect[live.Audio]]:
            self._gate.opened(number, event.speakers, now)
            return self._exchange.opened(at, noted=note is not None) if self._local_turns else ()

        self._stile.feed(begin, now)

    def send_audio(self, pcm16: bytes) -> None:
        """What is said: mono PCM16 at 16 kHz."""
        self._line.send_audio(pcm16)

    def turn_ended(self, turn: Turn, now: float) -> None:
        """They have finished."""
        if not self._turn_open:
            return  # it began while nobody listened
        self._line.end_turn()
        self._turn_open = False
        self._tools.turn_over()
        for spoken in turn.speakers:
            if spoken.lost_s >= LOST_WORTH_TELLING_S:
                self._news.lost(self._name_of(spoken.user_id), spoken.lost_s)

        def ask(at: float) -> Sequence[Effect[live.Audio]]:
            utterance = self._gate.words.ended(turn)
            assert utterance is not None
            self._askers.spoke(utterance.number, turn)
            return self._exchange.asked(utterance.number, Kind.TURN, self._gate.ended(utterance, at), at)

        self._stile.feed(ask, now)

    def show(self, jpeg: bytes) -> None:
        """A picture that the next prompt is about; one a second at most, or what is said waits for them."""
        self._line.send_image(jpeg)

    def prompt(self, prompt: Prompt, now: float) -> None:
        """Have the model answer `prompt`, as soon as nobody speaks."""
        self._tools.turn_over()
        number = self._line.send_text(prompt.text)
        self._answering.asked(number, prompt)
        if prompt.author_id is not None:
            self._askers.typed(number, prompt.author_id)
        self._stile.feed(lambda at: self._exchange.asked(number, Kind.TEXT, Verdict.ANSWER, at), now)

    def fall_silent(self, now: float) -> None:
        """Stop here, and answer nothing of what was said or typed so far. No turn may be open."""
        self._answering.cut()
        self._stile.open(now)
        for number in self._exchange.waiting:
            self._answering.gave_up(number)
        self._gate.drop_all()
        self._apply(self._exchange.dropped(now), now)

    # --- the model ---

    def on_live(self, event: LineEvent, now: float) -> None:
        """An event of the line. Several may come at one moment, in any order."""
        exchange = self._exchange
        if citation := self._citations.hear(event, wanted=not exchange.discarding):
            self._tell(Cited(citation))
        match event:
            case live.Audio(pcm16=pcm16, hz=hz):
                lasts_s = len(pcm16) / 2 / hz
                self._apply(exchange.sound(event, is_loud(pcm16), now, lasts_s=lasts_s), now)
            case live.OutputTranscript(text=text):
                if not exchange.discarding:
                    self._answering.said(text)
                self._apply(exchange.text(now), now)
            case live.ModelText():
                self._apply(exchange.text(now), now)
            case live.InputTranscript():
                self._apply(self._gate.came(event, now), now)
            case live.Interrupted():
                self._apply(exchange.interrupted(now), now)
            case live.GenerationComplete():
                self._apply(exchange.generation_complete(now), now)
            case live.TurnComplete(reason=reason, in_progress=in_progress):
                self._apply(exchange.turn_complete(reason, in_progress, now), now)
            case live.Resumable():
                self._apply(exchange.remembered(), now)
            case live.ToolCall():
                early = self._turn_open and not self._local_turns  # perhaps for what is not over here
                self._apply(exchange.called(now, unheard=early), now)
                self._tools.called(event, self._askers.of(exchange.called_for))
            case live.ToolCallsCancelled(ids=ids):
                self._tools.cancel(ids)
                if not self._tools.busy:
                    self._apply(exchange.called_off(now), now)
            case Connected(gone=gone):
                self._connected(gone, now)
            case Disconnected():
                self._gate.disconnected()
                self._apply(exchange.disconnected(now), now)
        if isinstance(event, _ENDS) and not exchange.answering:
            self._answering.forget()

    def calls_answered(self, now: float) -> None:
        """Every call of the model has its response."""
        self._apply(self._exchange.call_answered(now), now)

    def tick(self, now: float) -> None:
        """Once per beat: what has waited long enough."""
        exchange = self._exchange
        self._apply(self._gate.tick(now), now)
        self._apply(exchange.tick(now), now)
        if self._tools.busy:
            self._tools.decide(exchange.verdict)
        if not exchange.answering:
            self._stile.open(now)
        elif self._stile.has_waited(now):
            self._answering.lost()  # the service breaks it off as soon as the turn gets there
            self._stile.open(now)
        if asker := self._answering.listener(coming=exchange.answering):
            self._floor.answered(tuple(asker), now)  # and for a while they need not say its name
        self._line.quiet = exchange.quiet and not self._turn_open and not self._stile.closed

    # --- within ---

    def _connected(self, gone: Collection[int], now: float) -> None:
        """A new connection: it has heard nothing of what is not settled, and will hear it now unless that is
        gone."""
        self._record()
        self._tools.cancel_all()
        self._answering.lost()
        self._gate.connected(now, gone)
        self._apply(self._exchange.connected(now, gone), now)

    def _make_way(self, speakers: Sequence[int], now: float) -> None:
        may = self._floor.may_interrupt(speakers, self._answering.asker)
        if may and not self._answering.is_protected(now):
            self._answering.cut()
            self._stile.open(now)
        elif self._exchange.answering:
            self._stile.close(now)

    def _apply(self, effects: Sequence[Effect[live.Audio]], now: float) -> None:
        for effect in effects:
            match effect:
                case ex.Play(chunks=chunks):
                    self._answering.play(chunks)
                case ex.Finish():
                    self._record()
                    self._answering.complete()
                case ex.Stop():
                    self._record()
                    self._answering.cut()
                case ex.Answered(number=number) | ex.Resumed(number=number):
                    self._answering.begins(number, self._gate.words.speakers_of(number), now)
                case ex.Settled(number=number):
                    self._line.settled(number)
                    self._gate.settled(number)
                case ex.NotesOff():
                    self._line.stop_notes()
                case ex.Nudge():
                    self._line.remark(NUDGE)
                case ex.Reconnect(cause=cause):
                    self._line.reconnect(cause)
                case ex.GaveUp(number=number, cause=cause):
                    self._answering.gave_up(number)
                    self._news.unanswered()
                    if speakers := self._gate.words.speakers_of(number):
                        self._tell(Unanswered(speakers, cause))
        was, self._was_answering = self._was_answering, self._exchange.answering
        if was and not self._was_answering:
            self._answering.forget()

    def _record(self) -> None:
        """What was said since the last time goes into the minutes, before the answer to it."""
        for utterance in self._gate.words.unrecorded():
            self.minutes.said([self._name_of(user_id) for user_id in utterance.speakers], utterance.words)
