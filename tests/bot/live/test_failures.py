import ssl

import pytest
import websockets
from google.genai import errors as sdk
from websockets.datastructures import Headers
from websockets.frames import Close
from websockets.http11 import Response

from bot.errors import LiveClosed, LiveError, LiveQuota, LiveRefused, LiveUnavailable
from bot.live.failures import (
    SetupTimeout,
    from_close,
    from_error_message,
    from_http,
    handle_survives,
    handle_suspected,
    translate,
)

NOT_FOUND = "models/gemini-9 is not found for API version v1beta, or is not supported for bidiGenerateCon"


@pytest.mark.parametrize("in_setup", [True, False])
@pytest.mark.parametrize(
    ("code", "reason", "kind", "word"),
    [
        (1007, "API key not valid. Please pass a valid API key.", LiveRefused, "GEMINI_API_KEY"),
        (1008, "Your API key was reported as leaked. Please use another API key.", LiveRefused, "GEMINI_API"),
        (1008, "Method doesn't allow unregistered callers", LiveRefused, "GEMINI_API_KEY"),
        (1008, NOT_FOUND, LiveRefused, "GEMINI_MODEL"),
        (1011, "You exceeded your current quota, please check your plan", LiveQuota, "quota"),
        (1008, "RESOURCE_EXHAUSTED", LiveQuota, "quota"),
    ],
)
def test_the_reason_tells_what_the_code_does_not(
    code: int, reason: str, kind: type[LiveError], word: str, in_setup: bool
) -> None:
    error = from_close(code, reason, in_setup=in_setup)
    assert type(error) is kind
    assert word in error.sentence
    assert reason[:40] in str(error)
    assert not error.retry


def test_a_refused_setup_will_be_refused_again() -> None:
    error = from_close(1007, "Thinking level is not supported for this model", in_setup=True)
    assert isinstance(error, LiveRefused)
    assert "Thinking level" in str(error)
    assert not error.retry


@pytest.mark.parametrize("code", [1000, 1006, 1011, 1012, 4000])
def test_a_setup_that_breaks_off_may_be_tried_again(code: int) -> None:
    assert isinstance(from_close(code, "Internal error encountered.", in_setup=True), LiveUnavailable)


@pytest.mark.parametrize(
    ("code", "reason", "survives"),
    [
        (1011, "Deadline expired before operation could complete.", True),
        (1011, "Internal error encountered.", True),
        (1006, "", True),
        (1000, "", True),
        (1008, "Operation is not implemented, or supported, or enabled.", True),
        (1007, "Request contains an invalid argument.", False),
        (1007, "The input token count exceeds the maximum number of tokens allowed", False),
        (1008, "BidiGenerateContent session not found", False),
        (1008, "The operation was aborted.", False),
    ],
)
def test_an_ended_session_may_come_back_with_its_handle_or_without(
    code: int, reason: str, survives: bool
) -> None:
    error = from_close(code, reason, in_setup=False)
    assert isinstance(error, LiveClosed)
    assert (error.code, error.reason, error.retry) == (code, reason, True)
    assert handle_survives(error) is survives


@pytest.mark.parametrize(
    ("code", "reason"), [(1007, "Invalid session handle"), (1008, "BidiGenerateContent session not found")]
)
def test_a_forgotten_handle_is_no_refused_setup(code: int, reason: str) -> None:
    error = from_close(code, reason, in_setup=True)
    assert isinstance(error, LiveClosed)
    assert error.retry
    assert not handle_survives(error)
    assert handle_survives(LiveUnavailable("no answer"))


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, "API key not valid. Please pass a valid API key.", LiveRefused),
        (400, "Bad Request", LiveRefused),
        (401, "", LiveRefused),
        (403, "Forbidden", LiveRefused),
        (403, "Gemini API: quota exceeded for this project", LiveQuota),
        (404, "<html>404", LiveRefused),
        (429, "", LiveQuota),
        (500, "", LiveUnavailable),
        (503, "x" * 100_000, LiveUnavailable),
    ],
)
def test_http_refusals(status: int, body: str, kind: type[LiveError]) -> None:
    error = from_http(status, body)
    assert type(error) is kind
    assert len(str(error)) < 400


def test_error_messages_of_a_gateway() -> None:
    assert isinstance(from_error_message({"code": 429, "message": "slow down"}), LiveQuota)
    assert isinstance(from_error_message({"message": "what"}), LiveUnavailable)
    assert isinstance(
        from_error_message({"code": "400", "status": "UNAUTHENTICATED", "message": ""}), LiveUnavailable
    )


def closed(frame: Close | None) -> websockets.ConnectionClosed:
    return websockets.ConnectionClosedError(frame, None)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (closed(Close(1011, "Internal error encountered.")), LiveClosed),
        (closed(None), LiveClosed),
        (sdk.APIError(1011, "Internal error encountered.", None), LiveClosed),
        (sdk.APIError(1007, "API key not valid", None), LiveRefused),
        (sdk.ClientError(429, {"error": {"message": "slow down"}}, None), LiveQuota),
        (websockets.InvalidStatus(Response(503, "", Headers(), b"busy")), LiveUnavailable),
        (websockets.InvalidMessage("not HTTP"), LiveUnavailable),
        (ConnectionRefusedError(111, "Connect call failed"), LiveUnavailable),
        (ssl.SSLCertVerificationError(1, "verify failed"), LiveUnavailable),
        (TimeoutError(), LiveUnavailable),
        (LiveQuota("as it is"), LiveQuota),
    ],
)
def test_all_families_become_one(error: Exception, kind: type[LiveError]) -> None:
    assert type(translate(error, in_setup=False)) is kind


def test_no_close_frame_is_1006() -> None:
    error = translate(closed(None), in_setup=False)
    assert isinstance(error, LiveClosed)
    assert error.code == 1006


def test_our_own_mistakes_are_not_hidden() -> None:
    assert translate(KeyError("typo"), in_setup=False) is None


@pytest.mark.parametrize(
    ("reason", "suspected"),
    [
        ("Request contains an invalid argument.", True),
        ("API key not valid. Please pass a valid API key.", False),
        (NOT_FOUND, False),
        ("You exceeded your current quota", False),
    ],
)
def test_a_setup_refused_for_no_named_reason_may_be_the_handle_s_fault(reason: str, suspected: bool) -> None:
    assert handle_suspected(from_close(1007, reason, in_setup=True)) is suspected


@pytest.mark.parametrize("in_setup", [True, False])
def test_a_setup_that_takes_too_long_is_told_apart(in_setup: bool) -> None:
    error = translate(TimeoutError(), in_setup=in_setup)
    assert isinstance(error, LiveUnavailable)
    assert isinstance(error, SetupTimeout) is in_setup
