"""The one table of models: what each accepts and what it costs.

A wrong flag here is not a warning at run time but a closed connection (1007 "Thinking level is not supported
for this model"), so everything that differs between models is read from this table and nowhere else.

Sources: ai.google.dev/gemini-api/docs/live-api/capabilities, …/live-api/thinking, …/models/gemini-3.8-live,
…/gemini-api/docs/pricing (updated 2026-09-24), and for scheduling on the extended-thinking model the close
reason that the service itself gives. Whether a note may travel in a turn is documented nowhere; see `notes`.
"""

from __future__ import annotations

from dataclasses import dataclass

from bot.errors import LiveRefused

DEFAULT_MODEL = "gemini-3.8-live"


@dataclass(frozen=True, slots=True)
class Prices:
    """US dollars for one million tokens, paid tier. Thinking is billed as text out."""

    text_in: float
    audio_in: float
    image_in: float
    text_out: float
    audio_out: float


@dataclass(frozen=True, slots=True)
class Model:
    """What one Live model accepts.

    `thinking_levels` is empty where no thinkingConfig may be sent at all; `default_thinking` is what must be
    sent when nobody chose (``None``: send nothing). `non_blocking_tools`: functions may be declared with
    behaviour NON_BLOCKING (a BLOCKING call is cancelled by any new input, which a voice channel always has).
    `scheduling`: a function response may say when it is spoken. `proactive`: the model itself decides whether
    an utterance was meant for it. `context_update`: instruction and tools may change within a session.
    `notes`: realtime text between activityStart and activityEnd is taken as part of that turn, and not
    answered by itself. `search`: Google Search may be switched on beside functions. `turn_coverage`: the
    TurnCoverage under which silence stays out of the context and of the bill, and an image shown between two
    turns stays in.
    """

    id: str
    thinking_levels: tuple[str, ...]
    default_thinking: str | None
    non_blocking_tools: bool
    scheduling: bool
    proactive: bool
    context_update: bool
    notes: bool
    search: bool
    turn_coverage: str
    prices: Prices


_PRICES_3 = Prices(text_in=0.75, audio_in=3.00, image_in=1.00, text_out=4.50, audio_out=12.00)
_PRICES_2_5 = Prices(text_in=0.50, audio_in=3.00, image_in=3.00, text_out=2.00, audio_out=12.00)

_ACTIVITY = "TURN_INCLUDES_ONLY_ACTIVITY"
_ACTIVITY_AND_VIDEO = "TURN_INCLUDES_AUDIO_ACTIVITY_AND_ALL_VIDEO"  # the default of 3.x

_TABLE = (
    Model(
        id=DEFAULT_MODEL,
        thinking_levels=(),  # thinks by itself; any thinkingConfig is refused
        default_thinking=None,
        non_blocking_tools=True,
        scheduling=True,
        proactive=True,
        context_update=False,  # in the SDK since 2.32, but not documented for any model yet
        notes=True,
        search=True,
        turn_coverage=_ACTIVITY_AND_VIDEO,
        prices=_PRICES_3,
    ),
    Model(
        id="gemini-3.8-live-extended-thinking",
        thinking_levels=("low", "medium", "high"),
        default_thinking="low",  # a level is required; the lowest answers first
        non_blocking_tools=True,
        scheduling=False,
        proactive=True,
        context_update=False,
        notes=True,
        search=True,
        turn_coverage=_ACTIVITY_AND_VIDEO,
        prices=_PRICES_3,
    ),
    Model(
        id="gemini-3.1-flash-live-preview",
        thinking_levels=("minimal", "low", "medium", "high"),
        default_thinking=None,  # the service's default is minimal
        non_blocking_tools=False,  # sequential only
        scheduling=False,
        proactive=False,
        context_update=False,
        notes=True,
        search=True,
        turn_coverage=_ACTIVITY_AND_VIDEO,
        prices=_PRICES_3,
    ),
    Model(
        id="gemini-2.5-flash-native-audio-preview-12-2025",
        thinking_levels=(),  # a budget instead of levels; without one the model decides
        default_thinking=None,
        non_blocking_tools=True,
        scheduling=True,
        proactive=False,  # only on v1alpha
        context_update=False,
        notes=False,  # one part per event, and in use by few: not worth the risk of an answer to the note
        search=True,
        turn_coverage=_ACTIVITY,
        prices=_PRICES_2_5,
    ),
)

MODELS: dict[str, Model] = {entry.id: entry for entry in _TABLE}


def model(model_id: str) -> Model:
    """The entry for `model_id`, with or without the ``models/`` prefix of the REST API.

    Raises LiveRefused, naming the models known here. Ids are exact: a dated or preview variant may accept
    other fields than its parent, so guessing would end in a closed connection later.
    """
    try:
        return MODELS[model_id.removeprefix("models/")]
    except KeyError:
        known = ", ".join(MODELS)
        detail = f"GEMINI_MODEL is {model_id!r}, which is not a Live model known here. Known: {known}."
        raise LiveRefused(detail, sentence=detail) from None
