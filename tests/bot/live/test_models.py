import pytest

from bot.errors import LiveRefused
from bot.live.models import DEFAULT_MODEL, MODELS, model


def test_the_default_is_in_the_table() -> None:
    assert model(DEFAULT_MODEL).id == "gemini-3.8-live"
    assert model("gemini-3.1-flash-live-preview").non_blocking_tools is False


def test_the_rest_api_s_prefix_is_accepted() -> None:
    assert model("models/gemini-3.8-live") is MODELS["gemini-3.8-live"]


@pytest.mark.parametrize("wrong", ["", "gemini-3.8-live-001", "gemini-3.8-live-preview", "gpt-realtime"])
def test_an_unknown_model_is_refused_in_a_sentence_that_lists_the_known(wrong: str) -> None:
    with pytest.raises(LiveRefused) as refused:
        model(wrong)
    assert repr(wrong) in refused.value.sentence
    assert all(known in refused.value.sentence for known in MODELS)
    assert not refused.value.retry


def test_where_a_note_may_travel() -> None:
    assert {entry.id for entry in MODELS.values() if not entry.notes} == {
        "gemini-2.5-flash-native-audio-preview-12-2025"
    }


@pytest.mark.parametrize("entry", MODELS.values(), ids=MODELS)
def test_the_table_is_consistent(entry) -> None:
    assert entry.default_thinking is None or entry.default_thinking in entry.thinking_levels
    assert entry.non_blocking_tools or not entry.scheduling, "scheduling means nothing for blocking tools"
    assert entry.prices.text_in < entry.prices.audio_in < entry.prices.audio_out
