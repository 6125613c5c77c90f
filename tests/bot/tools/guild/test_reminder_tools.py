from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from town import Context, Town, founded

from bot.clock import utc_now
from bot.loopback.discord.permissions import Permission
from bot.reminders import Reminders, posted
from bot.store.rows import Reminder
from bot.store.store import Store
from bot.tools.arguments import problems
from bot.tools.guild.reminders import post_reminder, reminder_tools
from bot.tools.registry import Need, Result, Unclear


class Desk:
    """The three tools on a real book."""

    def __init__(self, town: Town, book: Reminders) -> None:
        self.town = town
        self.book = book
        self.tools = {tool.name: tool for tool in reminder_tools(book)}

    async def call(self, name: str, context: Context, **args: Any) -> Result:
        return await self.town.call(self.tools[name], context, **args)

    def needs(self, context: Context, reminder_id: int) -> list[Need]:
        return list(self.tools["cancel_reminder"].needs(context, {"id": reminder_id}))


@pytest.fixture
async def desk(town: Town, tmp_path: Path) -> AsyncIterator[Desk]:
    async with Store.open(f"sqlite:///{tmp_path}/parley.db") as store:
        yield Desk(town, await Reminders.load(store.reminders))


async def test_set_listed_and_cancelled(desk: Desk) -> None:
    ana = await desk.town.member("Ana")
    here = desk.town.context(ana)
    result = await desk.call("set_reminder", here, text=" Tea ", in_seconds=300)
    assert (result["status"], result["text"], result["for_everybody"]) == ("ok", "Tea", False)
    assert 298 <= result["in_seconds"] <= 300
    (kept,) = desk.book.open(desk.town.there.id)
    assert (kept.user_id, kept.channel_id) == (ana.id, desk.town.channel("Lounge").id)
    listed = await desk.call("list_reminders", here)
    assert [each["id"] for each in listed["reminders"]] == [kept.id]
    assert desk.needs(here, kept.id) == [Need(frozenset(), concerns=kept.id)]
    assert (await desk.call("cancel_reminder", here, id=kept.id))["cancelled"] == "Tea"
    assert (await desk.call("list_reminders", here))["note"]
    with pytest.raises(Unclear, match="no reminder with the id"):
        desk.needs(here, kept.id)


async def test_at_a_time_in_a_place(desk: Desk) -> None:
    day = f"{utc_now() + timedelta(days=2):%Y-%m-%d}"
    result = await desk.call(
        "set_reminder", desk.town.context(), text="Call home", at=f"{day}T20:00", place="Tokyo"
    )
    assert result["due"] | {"time": "20:00", "zone": "Asia/Tokyo"} == result["due"]
    (kept,) = desk.book.open(desk.town.there.id)
    assert kept.due_at == datetime.fromisoformat(f"{day}T11:00+00:00")
    assert result["for_everybody"] and kept.user_id == 0


@pytest.mark.parametrize(
    ("args", "says"),
    [
        ({"text": " ", "in_seconds": 5}, "1 to 300"),
        ({"text": "x" * 301, "in_seconds": 5}, "1 to 300"),
        ({"text": "x"}, "either"),
        ({"text": "x", "in_seconds": 5, "at": "2030-01-01T00:00Z"}, "either"),
        ({"text": "x", "in_seconds": 10**9}, "within the next year"),
        ({"text": "x", "at": "9999-12-31T23:59:59-23:59"}, "within the next year"),
        ({"text": "x", "at": "2030-01-01T00:00Z", "place": "Atlantis"}, "No time zone"),
        ({"text": "x", "at": "2020-01-01T00:00Z"}, "within the next year"),
        ({"text": "x", "at": "2030-01-01T00:00"}, "time zone"),
        ({"text": "x", "at": "later"}, "no date and time"),
    ],
)
async def test_what_cannot_be_set(desk: Desk, args: dict[str, Any], says: str) -> None:
    result = await desk.call("set_reminder", desk.town.context(), **args)
    assert result["status"] == "error" and says in result["error"]
    assert desk.book.open(desk.town.there.id) == []


async def test_a_timer_of_the_age_of_the_universe(desk: Desk) -> None:
    wrong = problems({"text": "x", "in_seconds": 10**30}, desk.tools["set_reminder"].parameters)
    assert wrong == ["in_seconds must be at most 31622400"]


async def test_not_too_many(desk: Desk) -> None:
    ana = await desk.town.member("Ana")
    for _ in range(25):
        await desk.call("set_reminder", desk.town.context(ana), text="Tea", in_seconds=300)
    result = await desk.call("set_reminder", desk.town.context(ana), text="Tea", in_seconds=300)
    assert "25 reminders" in result["error"]


async def test_those_of_others_are_a_moderators_to_cancel(desk: Desk) -> None:
    ana, ben = await desk.town.member("Ana"), await desk.town.member("Ben")
    await desk.call("set_reminder", desk.town.context(ana), text="Secret", in_seconds=300)
    await desk.call("set_reminder", desk.town.context(ana, ben), text="For us", in_seconds=400)
    secret, ours = desk.book.open(desk.town.there.id)
    moderator = frozenset({"manage_messages"})
    for context in (
        desk.town.context(ben),
        desk.town.context(ana, ben),
        desk.town.context(ana, clear=False),
    ):
        assert desk.needs(context, secret.id)[0].permissions == moderator
    assert desk.needs(desk.town.context(ben), ours.id)[0].permissions == frozenset()
    away = desk.town.context(ben, channel="Workshop")
    assert desk.needs(away, ours.id)[0].permissions == moderator
    assert (await desk.call("list_reminders", away))["count"] == 0
    owns = desk.town.context(ana, channel="Workshop")
    assert [each["text"] for each in (await desk.call("list_reminders", owns))["reminders"]] == ["Secret"]


def due(town: Town, channel_id: int, user_id: int = 0, number: int = 5, text: str = "Tea") -> Reminder:
    return Reminder(
        guild_id=town.there.id,
        channel_id=channel_id,
        user_id=user_id,
        due_at=utc_now(),
        text=text,
        created_at=utc_now(),
        id=number,
    )


async def test_posted_once_and_mentioning_only_whom_it_is_for(town: Town) -> None:
    ana, ben = await town.member("Ana"), await town.member("Ben")
    general = town.channel("general")
    reminder = due(town, general.id, ana.id, text=f"Tea <@{ben.id}> @everyone")
    for _ in range(2):  # the process died before the store knew
        await post_reminder(town.bot, reminder, posted(reminder, timedelta()))
    (message,) = town.world.chat.history(general)
    assert [user.name for user in message.mentions] == ["Ana"]
    await post_reminder(town.bot, due(town, general.id, number=6), "for all")
    assert len(town.posted()) == 2


async def test_where_nothing_can_be_posted(town: Town) -> None:
    general = town.channel("general")
    for gone in (due(town, 1), replace(due(town, general.id), guild_id=1)):
        with pytest.raises(LookupError):
            await post_reminder(town.bot, gone, "x")
    town.guild.unavailable = True  # as GUILD_DELETE says while Discord has an outage
    with pytest.raises(ConnectionError):
        await post_reminder(town.bot, due(town, general.id), "x")


async def test_where_the_bot_may_not_write(monkeypatch: pytest.MonkeyPatch) -> None:
    async with founded(monkeypatch, bot_permissions=Permission.VIEW_CHANNEL) as town:
        assert town.bot.user is not None
        general = town.channel("general").id
        town.world.deny(town.bot.user.id, general, Permission.SEND_MESSAGES)
        with pytest.raises(LookupError):
            await post_reminder(town.bot, due(town, general), "x")
