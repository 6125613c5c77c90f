"""Questions with buttons: who may press, what becomes of the message, also when two press at once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from cast import posts, said, whispered
from toolshed import Toolshed

from bot.store.store import Store
from bot.tools.question import Pressed, Question, State
from cogs import confirmations_wording as wording
from cogs.confirmations import BUTTONS, Confirm, Refuse, Undo

WEAK = "Member 7, you'd need Move Members for that."


@pytest.fixture
async def shed(tmp_path: Path) -> AsyncIterator[Toolshed]:
    async with Store.open(f"sqlite:///{tmp_path}/parley.db") as store:
        yield await Toolshed.open(store)


@pytest.fixture
async def asked(shed: Toolshed) -> str:
    """Members 5 and 6 have asked; the text of the question."""
    assert (await shed.ask(5, 6))["status"] == "waiting"
    (text,) = posts(shed.lounge)
    return text


async def press(shed: Toolshed, button: type[Any], by: int, text: str, number: int = 1) -> Any:
    pressed = shed.pressed_below(shed.member(by), text)
    await button(number).callback(pressed)
    return pressed


def buttons(interaction: Any) -> list[str]:
    """Those that are left under the message."""
    view = interaction.edit_original_response.await_args.kwargs["view"]
    return [] if view is None else [item.item.label for item in view.children]


async def test_the_question(shed: Toolshed, asked: str) -> None:
    lines = asked.split("\n")
    assert lines[:4] == [
        "**Shall I?** Moves a member into another voice channel.",
        "channel: **Workshop**",
        "That concerns <#2>.",
        "Asked for by <@5>, <@6>.",
    ]
    assert lines[4].startswith("-# Only members with **Move Members** can confirm it. It expires <t:")
    sent = shed.lounge.send.await_args.kwargs
    assert [item.item.label for item in sent["view"].children] == ["Confirm", "Refuse"]
    assert sent["suppress_embeds"]
    assert shed.moves.at == "Lounge", "nothing has been done yet"


async def test_confirmed_and_undone(shed: Toolshed, asked: str) -> None:
    done = await press(shed, Confirm, 7, asked)
    assert said(done) == wording.ended(asked, "✅ Done, confirmed by <@7>.")
    assert buttons(done) == ["Undo"]
    assert shed.moves.at == "Workshop"
    assert "was confirmed and carried out" in shed.told[0]

    undone = await press(shed, Undo, 8, said(done))
    assert said(undone) == wording.ended(asked, "↩️ Undone by <@8>. It is as it was before.")
    assert buttons(undone) == []
    assert shed.moves.at == "Lounge"


async def test_refused(shed: Toolshed, asked: str) -> None:
    refused = await press(shed, Refuse, 5, asked)
    assert said(refused) == wording.ended(asked, "🚫 Refused by <@5>. It was not done.")
    assert buttons(refused) == []
    assert shed.moves.at == "Lounge"


@pytest.mark.parametrize("button", [Confirm, Refuse])
async def test_who_may_not_is_told_so_alone(shed: Toolshed, asked: str, button: type[Any]) -> None:
    shed.weak.add(7)
    assert whispered(await press(shed, button, 7, asked)) == WEAK
    assert shed.moves.at == "Lounge"
    await press(shed, Confirm, 8, asked)
    assert shed.moves.at == "Workshop", "the buttons are still there for others"


async def test_only_who_may_can_undo(shed: Toolshed, asked: str) -> None:
    done = await press(shed, Confirm, 5, asked)
    shed.weak.add(7)
    assert whispered(await press(shed, Undo, 7, said(done))) == WEAK
    assert shed.moves.at == "Workshop"


async def test_who_asked_may_no_longer(shed: Toolshed, asked: str) -> None:
    shed.weak.add(6)
    void = await press(shed, Confirm, 7, asked)
    assert "🚫 Confirmed by <@7>, but it was not done: Those who asked" in said(void)
    assert buttons(void) == []
    assert shed.moves.at == "Lounge"


async def test_it_does_not_work(shed: Toolshed, asked: str) -> None:
    shed.moves.broken = True
    failed = await press(shed, Confirm, 7, asked)
    assert "⚠️ Confirmed by <@7>, but it did not work: " in said(failed)
    assert buttons(failed) == []


async def test_the_second_to_press_changes_nothing(shed: Toolshed, asked: str) -> None:
    await press(shed, Confirm, 7, asked)
    for button in (Confirm, Refuse):
        late = await press(shed, button, 8, asked)
        assert "has expired or has been decided already" in whispered(late)


async def test_expires(shed: Toolshed, asked: str) -> None:
    message = await latest(shed)
    shed.now += 121.0
    await shed.bot.gatekeeper._confirmations.expire()
    message.edit.assert_awaited_once_with(content=wording.ended(asked, wording.EXPIRED), view=None)
    assert "has expired" in whispered(await press(shed, Confirm, 7, asked))
    assert shed.moves.at == "Lounge"


async def test_after_a_restart_a_question_has_expired(shed: Toolshed, asked: str) -> None:
    restarted = await Toolshed.open(shed.bot.store)
    for button in (Confirm, Refuse):
        pressed = await press(restarted, button, 7, asked)
        assert said(pressed) == wording.ended(asked, wording.outcome(LATE, ""))
        assert buttons(pressed) == []
    assert restarted.moves.at == "Lounge"


async def test_after_a_restart_there_is_nothing_to_undo(shed: Toolshed, asked: str) -> None:
    done = said(await press(shed, Confirm, 7, asked))
    pressed = await press(await Toolshed.open(shed.bot.store), Undo, 7, done)
    pressed.edit_original_response.assert_awaited_once_with(view=None)
    assert "no longer be undone" in pressed.followup.send.await_args.args[0]


async def test_where_it_may_not_write_nothing_is_asked(shed: Toolshed) -> None:
    shed.lounge.send.side_effect = OSError()
    assert (await shed.ask(5))["status"] == "error"
    del shed.channels[1]
    assert (await shed.ask(5))["status"] == "error"


async def test_the_buttons_are_heard_from_the_start(shed: Toolshed) -> None:
    await shed.questions.cog_load()
    shed.bot.add_dynamic_items.assert_called_once_with(*BUTTONS)
    assert shed.bot.gatekeeper.asker is shed.questions
    await shed.questions.cog_unload()
    assert shed.bot.gatekeeper.asker is None


async def test_it_remembers_so_many(shed: Toolshed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cogs.confirmations.POSTED_MAX", 2)
    for number in (1, 2, 3):
        await shed.questions.ask(question(id=number, channel_id=1))
    assert [shed.questions.asked(number) for number in (1, 2, 3)] == [False, True, True]


async def latest(shed: Toolshed) -> Any:
    return shed.questions._posted[1]


LATE = Pressed(State.EXPIRED, "That has expired or has been decided already. Ask again if you still want it.")


def question(**changed: Any) -> Question:
    fields: dict[str, Any] = {
        "id": 1,
        "guild_id": 10,
        "channel_id": 1,
        "tool": "move_member",
        "summary": "Moves.",
        "arguments": {},
        "asked_by": (),
        "permissions": (),
        "roles": frozenset(),
        "concerns": (),
        "expires_in_s": 120.0,
        "can_be_undone": False,
    }
    return Question(**fields | changed)


# --- the words ---


def test_what_people_chose_is_text() -> None:
    shown = wording.question(question(arguments={"text": "**Done**\n-# @everyone `x`", "n": 3}), [], "soon")
    assert "\\*\\*Done\\*\\* -# @everyone \\`x\\`" in shown
    assert "n: **3**" in shown
    assert len(shown.split("\n")) == 3, "no argument makes a line of its own"


def test_anybody_where_nothing_is_needed() -> None:
    assert wording.question(question(), [], "soon").endswith(
        "\n-# Anybody here can confirm it. It expires soon."
    )


def test_roles_and_permissions() -> None:
    shown = wording.question(question(roles=frozenset({2, 1}), permissions=("A", "B")), [], "soon")
    assert "Only members with **A** and **B** and <@&1> or <@&2> can confirm it." in shown
    shown = wording.question(question(permissions=("A", "B", "C")), [], "soon")
    assert "Only members with **A**, **B** and **C** can confirm it." in shown


def test_it_fits_into_a_message() -> None:
    ids = tuple(1_573_545_589_415_608_323 + n for n in range(30))
    worst = question(
        summary="s" * 100,
        arguments={f"argument_{n}": "*" * 500 for n in range(20)},
        asked_by=ids,
        permissions=("Moderate Members", "Manage Messages"),
        roles=frozenset(ids),
        concerns=ids,
    )
    shown = wording.question(worst, [f"<@{each}>" for each in ids], "<t:1788264060:R>")
    for state in State:
        pressed = Pressed(state, "*" * 5000, can_be_undone=True)
        assert len(wording.ended(shown, wording.outcome(pressed, f"<@{ids[0]}>"))) <= 2000
