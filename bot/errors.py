"""What can go wrong, and what to do about it.

    ParleyError
     ├── SettingsError          .env or the environment is wrong; start refused
     ├── Unreachable            nobody answers at an address; start refused         retry
     ├── StoreError             the database cannot be opened, read or written    retry if it may pass
     ├── VoiceError             the Discord side of a room
     │    ├── VoiceTimeout      Discord did not let the bot in in time (full channel, no route)
     │    └── VoiceRefused      a close code that says: do not come back
     └── LiveError              the Gemini side of a room
          ├── LiveUnavailable   no connection, no setup reply, 5xx                 retry
          ├── LiveClosed        the connection ended; code and reason as received  retry unless fatal
          ├── LiveRefused       key, model or configuration not accepted
          └── LiveQuota         quota or billing limit reached

Each carries `sentence`, fit to be shown to a member in Discord, and `retry`: whether trying again may help.
The details for the log are the exception's own arguments.
"""

from __future__ import annotations


class ParleyError(Exception):
    """Base of all errors that Parley raises on purpose."""

    retry = False
    sentence = "Something went wrong on my side. The person who runs me can find the cause in the log."

    def __init__(self, detail: str = "", *, sentence: str | None = None) -> None:
        super().__init__(detail or sentence or self.sentence)
        if sentence is not None:
            self.sentence = sentence


class SettingsError(ParleyError):
    """One line per problem; the exception's text is what the terminal shows."""


class Unreachable(ParleyError):
    """The text says where nobody answered, why, and which setting to check."""

    retry = True


class StoreError(ParleyError):
    """The text is one line that says what is wrong with which database, and what to do."""

    sentence = (
        "My database does not work right now, so I could neither look that up nor save it. The person who "
        "runs me can find the cause in the log."
    )

    def __init__(self, line: str, *, retry: bool = False) -> None:
        super().__init__(line)
        self.retry = retry


class VoiceError(ParleyError):
    """The Discord side of a room."""


class VoiceTimeout(VoiceError):
    retry = True
    sentence = (
        "Discord did not let me into the channel in time. If it is full, raise its user limit or give me "
        "Move Members; otherwise try again in a moment."
    )


class VoiceRefused(VoiceError):
    sentence = "Discord ended the call and does not want me back in it. Try `/join` again in a minute."


class LiveError(ParleyError):
    """The Gemini side of a room."""


class LiveUnavailable(LiveError):
    retry = True
    sentence = "I cannot reach Google Gemini right now. Try again in a minute."


class LiveClosed(LiveError):
    """The server ended the connection. `code` is the WebSocket close code (1006: none was received)."""

    retry = True
    sentence = "The connection to Google Gemini ended."

    def __init__(self, code: int, reason: str, *, retry: bool = True) -> None:
        super().__init__(f"{code} {reason}".strip())
        self.code = code
        self.reason = reason
        self.retry = retry


class LiveRefused(LiveError):
    sentence = (
        "Google Gemini refused the API key or the model. The person who runs me has to check "
        "GEMINI_API_KEY and GEMINI_MODEL."
    )


class LiveQuota(LiveError):
    sentence = (
        "The Google Gemini quota for this key is used up. Try later, or raise the limit in Google AI Studio."
    )


def first_of(group: BaseException | None) -> BaseException:
    """The first exception in `group` that is not itself a group."""
    while isinstance(group, BaseExceptionGroup):
        group = group.exceptions[0]
    assert group is not None
    return group
