"""What the Live API says, as typed events.

`parse` is pure and takes the server's JSON as it is. The SDK's own models cost three times as much per chunk
of audio (76 µs instead of 26, socket and TLS included, measured on google-genai 3.4.0), and raise TypeError
on a message that they do not know.

One server message may carry audio, a transcript, usage and the end of a turn all at once, so
nothing here is an ``elif``, and the order of the events within a message is fixed: what was said, then what
happened to it (interrupted, complete), then bookkeeping.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from bot.live.json_fields import count_in, decoded, list_in, object_in, rate, seconds, text_in


@dataclass(frozen=True, slots=True)
class Ready:
    """Setup was accepted; the first event of every session."""

    session_id: str | None


@dataclass(frozen=True, slots=True)
class Audio:
    """A piece of the answer: mono little-endian PCM16 at `hz`. Arrives faster than real time."""

    pcm16: bytes
    hz: int


@dataclass(frozen=True, slots=True)
class ModelText:
    """Text where there should be sound: an answer in writing, which nobody hears. Thoughts are none."""


@dataclass(frozen=True, slots=True)
class InputTranscript:
    """What the model understood. Not ordered relative to any other event."""

    text: str
    finished: bool


@dataclass(frozen=True, slots=True)
class OutputTranscript:
    """What the model says; may run ahead of the audio."""

    text: str


@dataclass(frozen=True, slots=True)
class Interrupted:
    """The server cancelled the answer: drop what is not yet played."""


@dataclass(frozen=True, slots=True)
class GenerationComplete:
    """All of the answer has been sent; it still has to be played. Absent after an interruption."""


@dataclass(frozen=True, slots=True)
class TurnComplete:
    """The server considers the answer played. `reason` is set when the turn ended abnormally.

    `in_progress`: the extended-thinking model has more to say, and goes on by itself.
    """

    reason: str | None
    in_progress: bool = False


@dataclass(frozen=True, slots=True)
class ToolCall:
    """The model asks for `name(**args)`. Every id needs exactly one response."""

    id: str
    name: str
    args: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ToolCallsCancelled:
    """The responses to these ids are no longer wanted (the answer was interrupted)."""

    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GoAway:
    """The server will close the connection; `time_left_s` is None when it did not say when."""

    time_left_s: float | None


@dataclass(frozen=True, slots=True)
class Resumable:
    """The session can be resumed from here with this handle, which replaces all earlier ones."""

    handle: str


@dataclass(frozen=True, slots=True)
class Source:
    """A page on which an answer rests. `title` is often only the site's name; `url` may be Google's own and
    lead to the page."""

    title: str
    url: str


@dataclass(frozen=True, slots=True)
class Sources:
    """The model has looked something up: what it searched for, and what it found. The same may come several
    times in one answer."""

    queries: tuple[str, ...]
    pages: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one generation, by modality (TEXT, AUDIO, IMAGE, VIDEO, DOCUMENT).

    `thinking` is not contained in `output`. `estimated` is True where the service's details did not add up
    to its counts and the rest was taken as audio, the dearer assumption.
    """

    input: Mapping[str, int]
    output: Mapping[str, int]
    thinking: int = 0
    estimated: bool = field(default=False, kw_only=True)


LiveEvent: TypeAlias = (
    Ready
    | Audio
    | ModelText
    | InputTranscript
    | OutputTranscript
    | Interrupted
    | GenerationComplete
    | TurnComplete
    | ToolCall
    | ToolCallsCancelled
    | GoAway
    | Resumable
    | Sources
    | Usage
)


def parse(message: Mapping[str, Any]) -> list[LiveEvent]:
    """The events of one server message, in the order in which they must be handled; empty if it has none.

    Unknown fields, fields of the wrong type and base64 that is none are passed over: nothing raises.
    """
    events: list[LiveEvent] = []
    if (setup := object_in(message, "setupComplete")) is not None:
        events.append(Ready(text_in(setup, "sessionId") or None))
    if (content := object_in(message, "serverContent")) is not None:
        status = text_in(content, "interactionStatus") or text_in(message, "interactionStatus")
        events.extend(_content(content, in_progress=status == "IN_PROGRESS"))
    if (calls := object_in(message, "toolCall")) is not None:
        events.extend(_tool_calls(calls))
    if (cancellation := object_in(message, "toolCallCancellation")) is not None:
        ids = tuple(item for item in list_in(cancellation, "ids") if isinstance(item, str))
        events.extend([ToolCallsCancelled(ids)] if ids else [])
    if (usage := object_in(message, "usageMetadata")) is not None:
        events.append(_usage(usage))
    if (update := object_in(message, "sessionResumptionUpdate")) is not None:
        handle = text_in(update, "newHandle")
        events.extend([Resumable(handle)] if handle and update.get("resumable") is True else [])
    if (go_away := object_in(message, "goAway")) is not None:
        events.append(GoAway(seconds(text_in(go_away, "timeLeft"))))
    return events


def _content(content: Mapping[str, Any], *, in_progress: bool) -> Iterator[LiveEvent]:
    if (heard := object_in(content, "inputTranscription")) is not None:
        text, finished = text_in(heard, "text"), heard.get("finished") is True
        if text or finished:
            yield InputTranscript(text, finished)
    if (turn := object_in(content, "modelTurn")) is not None:
        yield from _parts(turn)
    if (said := object_in(content, "outputTranscription")) is not None and (text := text_in(said, "text")):
        yield OutputTranscript(text)
    if (grounding := object_in(content, "groundingMetadata")) is not None:
        yield from _sources(grounding)
    if content.get("interrupted") is True:
        yield Interrupted()
    if content.get("generationComplete") is True:
        yield GenerationComplete()
    if content.get("turnComplete") is True:
        yield TurnComplete(text_in(content, "turnCompleteReason") or None, in_progress)


def _parts(turn: Mapping[str, Any]) -> Iterator[Audio | ModelText]:
    for part in list_in(turn, "parts"):
        if not isinstance(part, dict) or part.get("thought") is True:
            continue  # thoughts are not for speaking
        if text_in(part, "text"):
            yield ModelText()
        if (blob := object_in(part, "inlineData")) is not None:
            mime = text_in(blob, "mimeType") or "audio/pcm"
            pcm16 = decoded(text_in(blob, "data")) if mime.startswith("audio/pcm") else b""
            if pcm16:
                yield Audio(pcm16, rate(mime))


def _tool_calls(calls: Mapping[str, Any]) -> Iterator[ToolCall]:
    for call in list_in(calls, "functionCalls"):
        # A response must carry the call's id, so a call without one cannot be answered.
        if isinstance(call, dict) and (call_id := text_in(call, "id")) and (name := text_in(call, "name")):
            yield ToolCall(call_id, name, object_in(call, "args") or {})


def _sources(grounding: Mapping[str, Any]) -> Iterator[Sources]:
    queries = tuple(
        query for query in list_in(grounding, "webSearchQueries") if isinstance(query, str) and query
    )
    pages = dict.fromkeys(
        Source(text_in(web, "title"), text_in(web, "uri"))
        for chunk in list_in(grounding, "groundingChunks")
        if isinstance(chunk, dict) and (web := object_in(chunk, "web")) is not None
        if text_in(web, "uri").startswith(("https://", "http://"))
    )
    if queries or pages:
        yield Sources(queries, tuple(pages))


def _usage(usage: Mapping[str, Any]) -> Usage:
    prompt, prompt_whole = _by_modality(usage, "promptTokenCount", "promptTokensDetails")
    tools, tools_whole = _by_modality(usage, "toolUsePromptTokenCount", "toolUsePromptTokensDetails", "TEXT")
    output, output_whole = _by_modality(usage, "responseTokenCount", "responseTokensDetails")
    for modality, count in tools.items():
        prompt[modality] = prompt.get(modality, 0) + count
    return Usage(
        prompt,
        output,
        _thinking_beside_output(usage),
        estimated=not (prompt_whole and tools_whole and output_whole),
    )


def _by_modality(
    usage: Mapping[str, Any], count_key: str, details_key: str, rest: str = "AUDIO"
) -> tuple[dict[str, int], bool]:
    """Tokens by modality, and whether the details explained the whole count."""
    tokens: dict[str, int] = {}
    for detail in list_in(usage, details_key):
        if isinstance(detail, dict) and (count := count_in(detail, "tokenCount")):
            name = text_in(detail, "modality") or rest
            tokens[name] = tokens.get(name, 0) + count
    missing = count_in(usage, count_key) - sum(tokens.values())
    if missing > 0:
        tokens[rest] = tokens.get(rest, 0) + missing
    return tokens, missing <= 0


def _thinking_beside_output(usage: Mapping[str, Any]) -> int:
    """Thinking tokens that are not already inside the response count; the total, where given, tells."""
    parts = ("promptTokenCount", "responseTokenCount", "toolUsePromptTokenCount")
    total = count_in(usage, "totalTokenCount")
    inside = 0 < total <= sum(count_in(usage, part) for part in parts)
    return 0 if inside else count_in(usage, "thoughtsTokenCount")
