"""The life of a room's line through its connections, as a table. Pure: no IO, no clock, no sleeping.

    IDLE ──try──► CONNECTING ──opened──► READY ──goAway, renew──► DRAINING
                   ▲      │                │                         │
                  try   closed          closed                    closed
                   │      ▼                ▼                         │
                   └── RESTING ◄─────────────────────────────────────┘
                          │
                       give up ──► OVER

CLOSED is one event whoever closed: the server, the network, we ourselves after a GoAway or because a watchdog
said so. By then the socket is gone, so there are never two on one handle. What differs is how long to rest
and whether the handle is still good, and `closed` decides that.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto

from bot.errors import LiveClosed, LiveError
from bot.live.backoff import STABLE_S, Backoff
from bot.live.events import Audio, GoAway, LiveEvent, Resumable, TurnComplete
from bot.live.failures import SetupClosed, SetupTimeout, handle_survives, handle_suspected

FIRST_SETUP_S, LATER_SETUP_S = 15.0, 8.0
"""How long TCP, TLS and the setup reply may take. The handshake takes 0.7 s, the first of all may be slow; of
a later one people in the middle of a conversation wait for the end."""

FIRST_RETRIES_S = (0.5, 1.0)
"""The first connection is what somebody who typed `/join` is waiting for: two quick retries, and only of
attempts that failed within FAST_S."""
FAST_S = 3.0

GO_AWAY_S = 50.0
"""Where the server did not say how long it waits: what users saw (sokuji #179)."""

MARGIN_S = 5.0
"""So long before the server would close we do, or after half the time if that is less."""

LAST_MARGIN_S = 0.5
"""The same while an answer is coming in and nobody speaks to us: to close is to lose the rest of the answer,
and the server, too, waits for its end."""

RENEW_WITHIN_S = 20.0
"""What is to be different from now on waits no longer than this for a moment in which nobody speaks."""

FREE_RETRIES = 2
"""A rollover comes without a rest. Where connections end sooner than after STABLE_S, only so many in a row:
a service that says goAway to every connection at once must not get a new one every second."""

POISONED = 2
"""So many resumed connections in a row that ended before a turn was completed make the handle the suspect:
the same history ends the same way (livekit/agents #5985)."""


REFUSALS = 5
"""So many setups with a handle that the service closed without a reason make the handle the suspect. Until
then it may be the socket before, of which the service has not noticed that it is gone: 0.5 + 1 + 2 + 4 s are
time enough for that (sip-to-ai #14: a budget of 30 s, then a fresh session)."""


class Start(Enum):
    """How a connection begins."""

    FIRST = auto()
    RESUMED = auto()
    AFRESH = auto()  # without a usable handle: the model knows nothing but what the instruction says


class State(Enum):
    IDLE = auto()
    CONNECTING = auto()
    READY = auto()
    DRAINING = auto()  # it will be left: the server has announced its end, or we want another
    RESTING = auto()  # no connection, and none being opened
    OVER = auto()


class Event(Enum):
    TRY = auto()
    OPENED = auto()  # the setup was accepted
    GO_AWAY = auto()
    RENEW = auto()  # it is to be configured anew
    CLOSED = auto()  # the connection, or the attempt at one, is gone
    GIVE_UP = auto()


_TRANSITIONS: dict[State, dict[Event, State]] = {
    State.IDLE: {Event.TRY: State.CONNECTING},
    State.CONNECTING: {Event.OPENED: State.READY, Event.CLOSED: State.RESTING},
    State.READY: {
        Event.GO_AWAY: State.DRAINING,
        Event.RENEW: State.DRAINING,
        Event.CLOSED: State.RESTING,
    },
    State.DRAINING: {Event.CLOSED: State.RESTING},
    State.RESTING: {Event.TRY: State.CONNECTING, Event.GIVE_UP: State.OVER},
    State.OVER: {},
}


@dataclass(frozen=True, slots=True)
class Attempt:
    """A connection to be opened: how, with which handle, and within how many seconds."""

    start: Start
    handle: str | None
    timeout_s: float


class Lifecycle:
    """Tell it what happens; it says when to try, when to leave, and with which handle.

    `earlier`: the conversation began before this line did, and `handle`, if there is one, resumes it.
    """

    def __init__(
        self,
        random_unit: Callable[[], float] = random.random,
        *,
        handle: str | None = None,
        earlier: bool = False,
    ) -> None:
        self.state = State.IDLE
        self.generation = 0
        """Connections that were opened; the number of the present one."""
        self.handle = handle
        """The newest by which the session can be resumed."""
        self.tally: Counter[str] = Counter()
        self.resend = True
        """False: what was sent to the connection before is itself the suspect, and not to be sent again."""
        self.dropping: str | None = None
        """Why a watchdog wants this connection dropped, if one does."""
        self._backoff = Backoff(random_unit)
        self._attempt = Attempt(Start.FIRST, None, FIRST_SETUP_S)
        self._tried_at = self._opened_at = 0.0
        self._first_tries = 0
        self._fruitless = 0  # resumed connections in a row that ended early and without a completed turn
        self._completed = False
        self._remembered = True  # the handle knows all that was said on this connection
        self._exhausted = False  # the last connection ended with 1007
        self._refusals = 0  # setups in a row that the service closed
        self._leave_by = self._stay_until = 0.0
        self._earlier = earlier
        self._outdated = False  # configured otherwise than it is wanted by now
        self._forgets = False  # what it is to be next cannot resume this session

    def attempt(self, now: float) -> Attempt:
        """The next connection. The last before giving up leaves the handle out: it may be the cause."""
        self._feed(Event.TRY)
        if self._backoff.exhausted:
            self.handle = None
        afresh = Start.AFRESH if self._earlier else Start.FIRST
        start = afresh if self.handle is None else Start.RESUMED
        self._outdated = False
        timeout_s = LATER_SETUP_S if self.generation else FIRST_SETUP_S
        self._tried_at = now
        self._attempt = Attempt(start, self.handle, timeout_s)
        return self._attempt

    def opened(self, now: float) -> None:
        """The setup was accepted."""
        self._feed(Event.OPENED)
        self.generation += 1
        self._earlier = True
        if self._attempt.start is Start.AFRESH:
            self.tally["fresh starts"] += 1
        self._opened_at = now
        self._completed = False
        self._remembered = True
        self._refusals = 0
        self.dropping = None
        self._backoff.connected(now)
        if self._outdated:
            self._drain(now)

    def heard(self, event: LiveEvent, now: float) -> None:
        """What the server said, as far as it concerns the connection."""
        if isinstance(event, Resumable):
            self.handle, self._remembered = event.handle, True
        if isinstance(event, Audio):
            self._remembered = False
        if isinstance(event, TurnComplete) and not event.in_progress:
            self._completed = True
            self._fruitless = 0
        if isinstance(event, GoAway):
            left_s = GO_AWAY_S if event.time_left_s is None else event.time_left_s
            leave_by = now + left_s - min(MARGIN_S, left_s / 2)
            stay_until = now + left_s - min(LAST_MARGIN_S, left_s / 2)
            if self.state is State.DRAINING:  # said again: the earlier deadline stands
                leave_by, stay_until = min(leave_by, self._leave_by), min(stay_until, self._stay_until)
            self._leave_by, self._stay_until = leave_by, stay_until
            self._feed(Event.GO_AWAY)

    def renew(self, now: float, *, resumable: bool) -> None:
        """This is to become a session that is configured anew, as soon as nobody speaks. `resumable`: what is
        wanted can still resume it (the service lets everything change but the model)."""
        self._outdated = True
        self._forgets = self._forgets or not resumable
        if self.state is State.READY:
            self._drain(now)
        elif self.state in (State.IDLE, State.RESTING):
            self._forget()

    def drop(self, cause: str) -> None:
        """A watchdog's remedy for a session that has fallen silent: leave at once, and resume."""
        self.dropping = cause

    def leave_at(self, *, quiet: bool, in_turn: bool) -> float | None:
        """When to leave if nothing changes (monotonic seconds; the past means now), None if not at all.

        `quiet`: nothing is asked, said or being answered. `in_turn`: a turn of ours is open. After an answer
        the handle that knows of it is waited for: it comes with turnComplete, when the answer has been heard.
        """
        if self.dropping is not None:
            return self._opened_at
        if self.state is not State.DRAINING:
            return None
        if in_turn:
            return self._leave_by
        return self._opened_at if quiet and self._remembered else self._stay_until

    def closed(self, error: LiveError | None, now: float) -> float | None:
        """The connection or the attempt ended with `error`, or without one: a rollover. The rest before the
        next attempt in seconds, or None: give up."""
        self._forget()
        if error is None:
            self.tally["rollovers"] += 1
            self.resend, self._exhausted = True, False
            return self._rest(now, free=True)
        announced, opened = self.state is State.DRAINING, self.state is not State.CONNECTING
        if isinstance(error, SetupTimeout):
            self.tally["setup timeouts"] += 1
        if handle_suspected(error) and self._attempt.handle is not None:
            self.handle = None
            return self._rest(now, free=True)
        if isinstance(error, SetupClosed):
            self._refusals += 1
            if self._refusals >= REFUSALS:
                self.handle = None
        if not error.retry:
            return self._give_up()
        if not handle_survives(error):
            self.handle = None
        if self.generation == 0:
            return self._first_rest(error, now)
        early = opened and now - self._opened_at < STABLE_S
        if opened:
            self.tally["reconnects"] += 1
            exhausted = isinstance(error, LiveClosed) and error.code == 1007
            # The first 1007 puts the history under suspicion; a second, on a session without one, the rest.
            self.resend = not (exhausted and early and self._exhausted)
            self._exhausted = exhausted
            self._suspect_handle(early=early or self.dropping is not None)
        return self._rest(now, free=announced or self.dropping is not None)

    def _drain(self, now: float) -> None:
        self._leave_by = self._stay_until = now + RENEW_WITHIN_S
        self._feed(Event.RENEW)

    def _forget(self) -> None:
        if self._forgets:
            self.handle, self._forgets = None, False

    def _suspect_handle(self, *, early: bool) -> None:
        if self._attempt.start is Start.RESUMED:
            self._fruitless = self._fruitless + 1 if early and not self._completed else 0
        if self._fruitless >= POISONED:
            self._fruitless = 0
            self.handle = None

    def _first_rest(self, error: LiveError, now: float) -> float | None:
        self._feed(Event.CLOSED)
        fast = not isinstance(error, SetupTimeout) and now - self._tried_at < FAST_S
        if not fast or self._first_tries == len(FIRST_RETRIES_S):
            return self._give_up()
        self._first_tries += 1
        if self._first_tries == len(FIRST_RETRIES_S):
            self.handle = None  # of a session before a restart: it may be the cause
        return FIRST_RETRIES_S[self._first_tries - 1]

    def _rest(self, now: float, *, free: bool) -> float | None:
        self._feed(Event.CLOSED)
        rest_s = self._backoff.failed(now)
        if rest_s is None:
            return self._give_up()
        return 0.0 if free and self._backoff.failures <= FREE_RETRIES else rest_s

    def _give_up(self) -> float | None:
        self._feed(Event.CLOSED)
        self._feed(Event.GIVE_UP)
        return None

    def _feed(self, event: Event) -> None:
        """An event that means nothing in a state leaves it as it is."""
        self.state = _TRANSITIONS[self.state].get(event, self.state)
