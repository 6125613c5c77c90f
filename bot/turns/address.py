"""Whether the bot is meant, by what the transcription of a turn says. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import Enum, auto


class Address(Enum):
    ADDRESSED = auto()  # said to the bot
    MENTIONED = auto()  # said about the bot
    OVERHEARD = auto()  # neither


def judge(text: str, names: Sequence[str], others: Sequence[str] = ()) -> Address:
    """What `text` has to do with a bot of these names, `others` being the people beside the speaker."""
    if calls_one_of(text, names):
        return Address.ADDRESSED
    known = any(name.casefold() in text.casefold() for name in names)
    return Address.MENTIONED if known else Address.OVERHEARD


def calls_at_once(text: str, names: Sequence[str], others: Sequence[str] = ()) -> bool:
    """Whether the beginning of a turn already settles that it is to the bot, whatever comes after."""
    return calls_one_of(text.split(",")[0], names) and len(text.split()) > 2


def calls_one_of(text: str, names: Sequence[str]) -> bool:
    """Whether `text` calls one of these people by name."""
    for name in names:
        if re.search(rf"(^|[.?!,]\s*)(\w+ )?{re.escape(name)}([,?!.]|$)", text, re.IGNORECASE):
            return True
    return False
