"""Which of the model's sound is to be heard: the life of one answer, as a table.

    IDLE ──sound──► ANSWERING ──complete / interrupted──► IDLE
                        │
                     stopped here (barge-in)
                        ▼
                    DISCARDING ──complete / interrupted / our next turn was sent──► IDLE

After a barge-in the server goes on sending for as long as it takes it to hear of it. Those chunks belong to
the answer that was stopped, so they are discarded until the server says that it is over. A server that never
says so is taken to have finished when the turn that interrupted it has been sent in full.
"""

from __future__ import annotations

from enum import Enum, auto


class State(Enum):
    IDLE = auto()
    ANSWERING = auto()
    DISCARDING = auto()


class Event(Enum):
    SOUND = auto()  # a chunk of audio came
    COMPLETE = auto()  # generationComplete or turnComplete, in any order, either may be missing
    INTERRUPTED = auto()  # the server cancelled the answer
    STOPPED = auto()  # we cut it off: somebody spoke
    TURN_SENT = auto()  # our turn is complete on the wire
    CONNECTED = auto()  # a new connection knows nothing of the old answer


_TRANSITIONS: dict[State, dict[Event, State]] = {
    State.IDLE: {Event.SOUND: State.ANSWERING},
    State.ANSWERING: {
        Event.COMPLETE: State.IDLE,
        Event.INTERRUPTED: State.IDLE,
        Event.STOPPED: State.DISCARDING,
        Event.CONNECTED: State.IDLE,
    },
    State.DISCARDING: {
        Event.COMPLETE: State.IDLE,
        Event.INTERRUPTED: State.IDLE,
        Event.TURN_SENT: State.IDLE,
        Event.CONNECTED: State.IDLE,
    },
}


class Reply:
    """Feed it every event; `audible` says whether the chunk just fed is to be played."""

    def __init__(self) -> None:
        self.state = State.IDLE

    def feed(self, event: Event) -> State:
        """The state after `event`. An event that means nothing in a state leaves it as it is."""
        self.state = _TRANSITIONS[self.state].get(event, self.state)
        return self.state

    @property
    def audible(self) -> bool:
        return self.state is State.ANSWERING
