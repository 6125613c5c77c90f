"""The close-code table says what the documentation says."""

import pytest

from bot.voice.closing import Step, ending


@pytest.mark.parametrize(
    ("code", "step"),
    [
        (1000, Step.RESUME),
        (1006, Step.RESUME),
        (-1, Step.RESUME),
        (4006, Step.REJOIN),
        (4009, Step.REJOIN),
        (4014, Step.AWAIT),
        (4015, Step.RESUME),
        (4016, Step.END),
        (4017, Step.END),
        (4021, Step.END),
        (4022, Step.AWAIT),
        (4099, Step.REJOIN),
    ],
)
def test_every_code_has_its_reaction(code: int, step: Step) -> None:
    assert ending(code).step is step
    assert ending(code).code == code


@pytest.mark.parametrize("code", [4001, 4002, 4012, 4014, 4016, 4017, 4020, 4021, 4022])
def test_who_may_be_sent_away_for_good_is_told_so(code: int) -> None:
    sentence = ending(code).sentence
    assert sentence.endswith(".")
    assert str(code) not in sentence  # people do not know close codes
