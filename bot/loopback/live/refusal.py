"""How the Live API says no: a WebSocket close code and a sentence.

The sentences are the real service's, as users quote them: programs tell "wrong key" from "wrong model" by the
words, since 1007 and 1008 both cover many causes.
"""

from __future__ import annotations

CLOSE_REASON_BYTES = 123
"""RFC 6455 §5.5: a control frame carries 125 bytes, two of them the code. The real service cuts there too."""

INVALID_ARGUMENT = "Request contains an invalid argument."
BAD_KEY = "API key not valid. Please pass a valid API key."
NO_KEY = (
    "Method doesn't allow unregistered callers (callers without established identity). "
    "Please use API Key or other form of API consumer identity to call this API."
)
QUOTA = (
    "You exceeded your current quota, please check your plan and billing details. For more information on "
    "this error, head to: https://ai.google.dev/gemini-api/docs/rate-limits."
)
SETUP_FIRST = "setup must be the first message and only the first"
SESSION_NOT_FOUND = "BidiGenerateContent session not found"
BAD_HANDLE = "Invalid session handle"
INTERNAL = "Internal error encountered."
CONTEXT_FULL = "The input token count exceeds the maximum number of tokens allowed."
UNIMPLEMENTED = "Operation is not implemented, or supported, or enabled."
ABORTED = "The operation was aborted."
NO_TURN = "No turn to complete."
THINKING_LEVEL = "Thinking level is not supported for this model."
SCHEDULING = "Function response scheduling is not supported for this model."
DEADLINE = "Deadline expired before operation could complete."


class Refused(Exception):
    """The server ends the session: close with `code` and `reason` (cut to what a close frame holds)."""

    def __init__(self, code: int, reason: str) -> None:
        self.code = code
        self.reason = reason.encode()[:CLOSE_REASON_BYTES].decode(errors="ignore")
        super().__init__(f"{code} {self.reason}")


def invalid(reason: str = INVALID_ARGUMENT) -> Refused:
    """1007: what gRPC calls INVALID_ARGUMENT."""
    return Refused(1007, reason)


def not_found(model: str, version: str) -> Refused:
    """1008: the model does not exist, or does not speak Live, at this API version."""
    return Refused(
        1008,
        f"{model} is not found for API version {version}, or is not supported for bidiGenerateContent. "
        "Call ListModels to see the list of available models and their supported methods.",
    )
