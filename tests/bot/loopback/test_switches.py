from __future__ import annotations

import pytest

from bot.loopback.live import TurnFault
from bot.loopback.loopback import Loopback
from bot.loopback.switches import UnknownFault, switch


def test_faults_of_every_part_are_set_by_name_and_typed() -> None:
    loopback = Loopback()
    for assignment in ("voice.loss=0.1", "gateway.silent_voice=true", "live.stall_s=2", "pace.delay_ms=900"):
        switch(loopback, assignment)
    assert loopback.voice.faults.loss == 0.1
    assert loopback.discord.faults.silent_voice is True
    assert loopback.live.faults.stall_s == 2.0
    assert loopback.live.service.pace.delay_ms == 900.0
    switch(loopback, "service.lifetime_s=600")
    assert loopback.live.service.lifetime_s == 600.0
    switch(loopback, "gateway.rest_status=503")
    assert loopback.discord.faults.rest_status == 503


@pytest.mark.parametrize("assignment", ["voice.los=0.1", "loss=0.1", "nonsense"])
def test_an_unknown_name_lists_what_there_is(assignment: str) -> None:
    with pytest.raises(UnknownFault, match=r"There are: .*voice\.loss"):
        switch(Loopback(), assignment)


def test_a_value_of_the_wrong_kind_is_refused() -> None:
    with pytest.raises(UnknownFault, match=r"voice\.loss=much"):
        switch(Loopback(), "voice.loss=much")


def test_a_known_failure_is_set_by_its_name() -> None:
    loopback = Loopback()
    switch(loopback, "live.failure=text_only")
    assert list(loopback.live.faults.turns) == [TurnFault.TEXT_ONLY]
    with pytest.raises(UnknownFault, match=r"no failure called bad-luck\. There are: .*poisoned_handle"):
        switch(loopback, "live.failure=bad-luck")
