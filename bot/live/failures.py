"""How connections to the Live API fail, in Parley's terms.

The service says why in the text of a WebSocket close frame, in the body of an HTTP refusal, or not at all;
the close code alone does not tell a wrong key from a wrong model (both are 1007 or 1008). Reasons as seen in
the field: googleapis/js-genai #1236, google/adk-python #3964, strands-agents/harness-sdk #1999.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Mapping
from typing import Any

import websockets
from google.genai import errors

from bot.errors import LiveClosed, LiveError, LiveQuota, LiveRefused, LiveUnavailable

_REASON_CHARS = 300  # an HTTP refusal may carry a whole page

_KEY = re.compile(
    r"api[ _]?key|unregistered callers|unauthenticated|permission[ _]denied|credentials|forbidden",
    re.IGNORECASE,
)
_QUOTA = re.compile(
    r"quota|resource[ _]exhausted|billing|spending cap|prepa(?:id|yment)|rate limit", re.IGNORECASE
)
_MODEL = re.compile(
    r"not found for api version|not supported for bidi|models?/\S+ is not found", re.IGNORECASE
)
_STALE = re.compile(r"session not found|operation was aborted|invalid session handle", re.IGNORECASE)

_KEY_SENTENCE = "Google Gemini refused the API key. The person who runs me has to check GEMINI_API_KEY."
_MODEL_SENTENCE = "Google Gemini does not offer this model. The person who runs me has to check GEMINI_MODEL."
_SETUP_SENTENCE = (
    "Google Gemini refused my configuration. The person who runs me finds the reason in the log."
)


class SetupTimeout(LiveUnavailable):
    """The service did not answer the setup in time."""


class SetupClosed(LiveUnavailable):
    """The service answered the setup by closing the connection, and gave no reason that says more."""


def from_close(code: int, reason: str, *, in_setup: bool) -> LiveError:
    """The error for a connection that the server closed. `code` 1006: no close frame was received."""
    reason = _clip(reason)
    named = _named(reason)
    if named is not None:
        return named
    if in_setup and not _STALE.search(reason):
        if code in (1007, 1008):
            return LiveRefused(f"setup refused: {code} {reason}", sentence=_SETUP_SENTENCE)
        unheard = LiveUnavailable if code == 1006 else SetupClosed
        return unheard(f"closed during setup: {code} {reason}".rstrip())
    return LiveClosed(code, reason)


def from_http(status: int, body: str) -> LiveError:
    """The error for a connection that was refused before it became a WebSocket."""
    detail = f"HTTP {status} {_clip(body)}".rstrip()
    if status == 429:
        return LiveQuota(detail)
    if status == 404:
        return LiveRefused(detail, sentence=_MODEL_SENTENCE)
    if status in (401, 403):
        return _named(body) or LiveRefused(detail, sentence=_KEY_SENTENCE)
    if 400 <= status < 500:
        return _named(body) or LiveRefused(detail, sentence=_SETUP_SENTENCE)
    return LiveUnavailable(detail)


def from_error_message(body: Mapping[str, Any]) -> LiveError:
    """The error for ``{"error": {"code", "message", "status"}}``, which a gateway in between may send."""
    code = body.get("code")
    text = f"{body.get('status', '')} {body.get('message', '')}"
    return from_http(code if isinstance(code, int) else 500, text)


def handle_survives(error: LiveError) -> bool:
    """Whether the session may be resumed by its newest handle after `error`, or has to start afresh.

    It must not be after 1007 (the context is exhausted, or holds what the service cannot read: the same
    history ends the same way), nor when the service no longer knows the handle.
    """
    return not isinstance(error, LiveClosed) or not (error.code == 1007 or _STALE.search(error.reason))


def handle_suspected(error: LiveError) -> bool:
    """Whether a setup that was refused with a handle may be accepted without it: the reason names neither
    the key nor the model nor the quota."""
    return isinstance(error, LiveRefused) and error.sentence == _SETUP_SENTENCE


def translate(error: Exception, *, in_setup: bool) -> LiveError | None:
    """`error`, raised by the SDK or the layers below it, in Parley's terms; None if it is something else."""
    if isinstance(error, LiveError):
        return error
    if isinstance(error, websockets.InvalidStatus):
        body = error.response.body or b""
        return from_http(error.response.status_code, body.decode("utf-8", "replace"))
    if isinstance(error, websockets.ConnectionClosed):
        frame = error.rcvd
        return from_close(frame.code if frame else 1006, frame.reason if frame else "", in_setup=in_setup)
    if isinstance(error, errors.APIError):
        return _from_api_error(error, in_setup=in_setup)
    if isinstance(error, TimeoutError):
        return SetupTimeout("no answer in time") if in_setup else LiveUnavailable("no answer in time")
    if isinstance(error, ssl.SSLCertVerificationError):
        return LiveUnavailable(f"the certificate was not accepted: {error}")
    if isinstance(error, (OSError, websockets.InvalidHandshake, websockets.InvalidURI, EOFError)):
        return LiveUnavailable(str(error) or type(error).__name__)
    return None


def _from_api_error(error: errors.APIError, *, in_setup: bool) -> LiveError:
    """The SDK's one class for two things: close codes (≥ 1000) and error messages (HTTP statuses)."""
    text = error.details if isinstance(error.details, str) else error.message or str(error.details)
    if error.code is not None and 100 <= error.code < 1000:
        return from_http(error.code, text)
    return from_close(error.code or 1006, text, in_setup=in_setup)


def _named(reason: str) -> LiveError | None:
    """The errors that the reason names, whatever the code."""
    detail = _clip(reason)
    if _QUOTA.search(reason):
        return LiveQuota(detail)
    if _MODEL.search(reason):
        return LiveRefused(detail, sentence=_MODEL_SENTENCE)
    if _KEY.search(reason):
        return LiveRefused(detail, sentence=_KEY_SENTENCE)
    return None


def _clip(text: str) -> str:
    return " ".join(text.split())[:_REASON_CHARS]
