"""What a voice link tells its room."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Connected:
    """Hearing and speaking are possible (again). `resumed`: the old session went on, nobody noticed."""

    channel_id: int
    resumed: bool = False


@dataclass(frozen=True, slots=True)
class Interrupted:
    """The voice server is gone; the link is getting back by itself. `reason` is for the log."""

    reason: str


@dataclass(frozen=True, slots=True)
class Moved:
    """Somebody dragged the bot to another channel, and it followed."""

    channel_id: int


@dataclass(frozen=True, slots=True)
class PersonJoined:
    """`user_id` is in the call (ops 11, 5 and 12 of the voice gateway). Other bots are people here, too."""

    user_id: int


@dataclass(frozen=True, slots=True)
class PersonLeft:
    user_id: int


@dataclass(frozen=True, slots=True)
class SpeakerTrouble:
    """This person cannot be understood and recovery has given up. `cause` is a drop cause of the path."""

    user_id: int
    cause: str


@dataclass(frozen=True, slots=True)
class Gone:
    """The link has ended for good. `sentence` is for the channel's chat; empty when there is nothing to
    say."""

    code: int
    sentence: str


VoiceEvent = Connected | Interrupted | Moved | PersonJoined | PersonLeft | SpeakerTrouble | Gone
