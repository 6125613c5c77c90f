"""What is written comes back as it was, on both databases, and after the store was opened anew."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.store.columns import plain
from bot.store.rows import AuditEntry, Persona, Reminder, Stay, ToolGrant, UsageRow
from bot.store.store import Store

T = datetime(2026, 11, 21, 16, 0, 0, 123456, tzinfo=UTC)
GUILD, OTHER, CHANNEL, ANA, BEN = 2**63 - 1, 11, 2**62 + 1, 900719925474099312, 4

EVERY_FIELD = Persona(
    name="Профессор 🦉",
    instruction='You\nteach "patiently".' + "ß" * 4000,
    aliases=("Prof", "先生"),
    voice="Kore",
    language="de-DE",
    temperature=0.7,
    thinking_level="low",
    greeting="",
    interrupt="hosts",
    addressing="named",
    model="gemini-3.8-live",
)


def call(**changes: Any) -> AuditEntry:
    fields: dict[str, Any] = {
        "guild_id": GUILD,
        "channel_id": CHANNEL,
        "at": T,
        "tool": "move_member",
        "asked_by": (ANA, BEN),
        "how": "voice",
        "outcome": "waiting",
        "arguments": {"member": "Čeněk", "nested": {"list": [1, 2.5, None, True]}},
        "result": None,
    }
    return AuditEntry(**{**fields, **changes})


def reminder(**changes: Any) -> Reminder:
    fields: dict[str, Any] = {
        "guild_id": GUILD,
        "channel_id": CHANNEL,
        "user_id": ANA,
        "due_at": T + timedelta(hours=1),
        "text": "Tea!",
        "created_at": T,
    }
    return Reminder(**{**fields, **changes})


async def test_a_persona_keeps_every_field(store: Store) -> None:
    await store.personas.save(GUILD, EVERY_FIELD, ANA, T)
    assert await store.personas.all(GUILD) == [EVERY_FIELD]
    assert await store.personas.all(OTHER) == []


async def test_each_edit_of_a_persona_is_a_version(store: Store) -> None:
    first, second = Persona(name="Ada", instruction="one"), Persona(name="ADA", instruction="two")
    assert await store.personas.save(GUILD, first, ANA, T) == 1
    assert await store.personas.save(GUILD, second, BEN, T + timedelta(days=1)) == 2
    assert await store.personas.save(GUILD, Persona(name="Straße", instruction="s"), BEN, T) == 1
    assert [persona.name for persona in await store.personas.all(GUILD)] == ["ADA", "Straße"]
    versions = await store.personas.versions(GUILD, "ada")
    assert [(v.version, v.name, v.persona, v.changed_by) for v in versions] == [
        (2, "ADA", second, BEN),
        (1, "Ada", first, ANA),
    ]
    assert versions[1].changed_at == T
    assert [v.version for v in await store.personas.versions(GUILD, "STRASSE")] == [1]


async def test_a_deleted_persona_keeps_its_versions_and_may_come_back(store: Store) -> None:
    ada = Persona(name="Ada", instruction="one")
    await store.personas.save(GUILD, ada, ANA, T)
    assert await store.personas.delete(GUILD, "aDA", BEN, T)
    assert not await store.personas.delete(GUILD, "Ada", BEN, T)
    assert not await store.personas.delete(GUILD, "Nobody", BEN, T)
    assert await store.personas.all(GUILD) == []
    assert await store.personas.save(GUILD, ada, ANA, T) == 3
    assert [v.persona for v in await store.personas.versions(GUILD, "Ada")] == [ada, None, ada]


async def test_the_personas_of_all_servers_are_read_at_once(store: Store) -> None:
    ada, ben = Persona(name="Ada", instruction="one"), Persona(name="ben", instruction="two")
    for guild, persona in ((GUILD, ben), (OTHER, ada), (GUILD, ada), (12, ben)):
        await store.personas.save(guild, replace(persona, instruction="before"), ANA, T)
        await store.personas.save(guild, persona, ANA, T)
    await store.personas.delete(12, "Ben", ANA, T)
    assert await store.personas.everywhere() == {GUILD: [ada, ben], OTHER: [ada]}


async def test_choices_are_replaced_and_forgotten(store: Store) -> None:
    await store.guilds.save(GUILD, {"mode": "open", "autojoin": [CHANNEL], "alone_s": None})
    await store.guilds.save(GUILD, {"mode": "named"})
    await store.guilds.save(OTHER, {"greeting": "¡Hola!"})
    await store.guilds.save_channel(GUILD, CHANNEL, {"persona": "Ada"})
    await store.guilds.save_channel(GUILD, 5, {"persona": "Ben"})
    assert await store.guilds.all() == {GUILD: {"mode": "named"}, OTHER: {"greeting": "¡Hola!"}}
    assert await store.guilds.channels() == {
        (GUILD, CHANNEL): {"persona": "Ada"},
        (GUILD, 5): {"persona": "Ben"},
    }
    await store.guilds.save(GUILD, {})
    await store.guilds.save_channel(GUILD, CHANNEL, {})
    assert await store.guilds.all() == {OTHER: {"greeting": "¡Hola!"}}
    assert await store.guilds.channels() == {(GUILD, 5): {"persona": "Ben"}}


async def test_grants_are_one_for_each_place_and_tool(store: Store) -> None:
    server = ToolGrant(guild_id=GUILD, tool="group:chance", enabled=False)
    channel = ToolGrant(
        guild_id=GUILD,
        tool="group:chance",
        channel_id=CHANNEL,
        enabled=True,
        roles=frozenset({ANA, BEN}),
        confirm="always",
        per_minute=3,
    )
    nobody = ToolGrant(guild_id=OTHER, tool="group:chance", roles=frozenset())
    for grant in (server, channel, nobody):
        await store.grants.put(grant)
    assert set(await store.grants.all()) == {server, channel, nobody}
    silent = ToolGrant(guild_id=GUILD, tool="group:chance", channel_id=CHANNEL)
    await store.grants.put(silent)
    assert set(await store.grants.all()) == {server, silent, nobody}
    await store.grants.drop(GUILD, None, "group:chance")
    await store.grants.drop(OTHER, CHANNEL, "group:chance")
    assert set(await store.grants.all()) == {silent, nobody}


async def test_the_audit_is_read_in_pages_from_the_newest(store: Store) -> None:
    ids = [await store.audit.add(call(asked_by=(number,))) for number in range(5)]
    await store.audit.add(call(guild_id=OTHER))
    assert ids == sorted(set(ids))
    newest = await store.audit.of(GUILD, 2)
    assert [entry.id for entry in newest] == [ids[4], ids[3]]
    older = await store.audit.of(GUILD, 10, before_id=newest[-1].id)
    assert [entry.asked_by for entry in older] == [(2,), (1,), (0,)]
    assert await store.audit.get(ids[2]) == call(id=ids[2], asked_by=(2,))
    assert await store.audit.get(10**6) is None


async def test_a_call_that_waited_is_settled(store: Store) -> None:
    entry_id = await store.audit.add(call(asked_by=()))
    await store.audit.settle(entry_id, "ok", {"status": "ok", "moved": "Čeněk"})
    assert await store.audit.get(entry_id) == call(
        id=entry_id, asked_by=(), outcome="ok", result={"status": "ok", "moved": "Čeněk"}
    )


async def test_the_audit_forgets_content_and_nothing_else(store: Store) -> None:
    old = await store.audit.add(call(result={"status": "ok"}))
    empty = await store.audit.add(call(arguments={}, result={}))
    bare = await store.audit.add(call(arguments=None, result=None))
    new = await store.audit.add(call(at=T + timedelta(days=30)))
    assert await store.audit.forget_content(T + timedelta(days=30)) == 2
    assert await store.audit.forget_content(T + timedelta(days=30)) == 0
    for entry_id in (old, empty, bare):
        assert await store.audit.get(entry_id) == call(id=entry_id, arguments=None, result=None)
    assert await store.audit.get(new) == call(id=new, at=T + timedelta(days=30))


async def test_a_reminder_is_done_once(store: Store) -> None:
    late, soon = await store.reminders.add(reminder()), await store.reminders.add(reminder(due_at=T))
    elsewhere = await store.reminders.add(reminder(guild_id=OTHER, due_at=T + timedelta(minutes=1)))
    assert late == reminder(id=late.id)
    assert await store.reminders.open() == [soon, elsewhere, late]
    assert await store.reminders.open(GUILD) == [soon, late]
    assert sorted(await asyncio.gather(*(store.reminders.done(soon.id) for _ in range(5)))) == [0, 0, 0, 0, 1]
    assert not await store.reminders.done(soon.id)
    assert await store.reminders.open(GUILD) == [late]


async def test_an_id_is_never_given_twice(store: Store) -> None:
    first = await store.reminders.add(reminder())
    await store.reminders.done(first.id)
    assert (await store.reminders.add(reminder())).id > first.id
    call_id = await store.audit.add(call())
    await store.forget_guild(GUILD)
    assert await store.audit.add(call()) > call_id


async def test_a_stay_keeps_every_field(store: Store) -> None:
    bare = Stay(guild_id=GUILD, channel_id=CHANNEL, joined_at=T, seen_at=T)
    full = Stay(
        guild_id=GUILD,
        channel_id=5,
        joined_at=T,
        seen_at=T + timedelta(microseconds=1),
        model="gemini-3.8-live",
        handle="h" * 2000,
        handle_at=T,
        summary="Ana: hello\nBen: 你好",
        hushed_until=datetime.max.replace(tzinfo=UTC),
    )
    await store.stays.put(bare)
    assert await store.stays.all() == [bare]
    await store.stays.put(full)
    assert await store.stays.all() == [full]
    await store.stays.drop(GUILD)
    await store.stays.drop(GUILD)
    assert await store.stays.all() == []


async def test_usage_is_summed_by_day_and_model(store: Store) -> None:
    day = date(2026, 11, 21)

    def used(day: date, model: str, dollars: float, **tokens: int) -> UsageRow:
        return UsageRow(guild_id=GUILD, day=day, model=model, tokens=tokens, dollars=dollars)

    await store.usage.add(used(day, "a", 0.25, audio=3_000_000_000))
    await store.usage.add(used(day, "a", 0.5, audio=3_000_000_000, text=1))
    await store.usage.add(used(day, "b", 1.0))
    await store.usage.add(used(day - timedelta(days=1), "a", 2.0, text=7))
    assert await store.usage.of(GUILD, day) == [
        used(day, "a", 0.75, audio=6_000_000_000, text=1),
        used(day, "b", 1.0),
    ]
    assert len(await store.usage.of(GUILD, day - timedelta(days=9))) == 3
    assert await store.usage.of(OTHER, day) == []
    other = UsageRow(guild_id=OTHER, day=day, model="a", tokens={"text": 2}, dollars=0.5)
    await store.usage.add(other)
    assert await store.usage.of(OTHER, day) == [other]
    assert {(row.guild_id, row.model, row.dollars) for row in await store.usage.since(day)} == {
        (GUILD, "a", 0.75),
        (GUILD, "b", 1.0),
        (OTHER, "a", 0.5),
    }


async def test_a_server_that_removed_the_bot_is_forgotten(store: Store) -> None:
    for guild in (GUILD, OTHER):
        await store.personas.save(guild, EVERY_FIELD, ANA, T)
        await store.guilds.save(guild, {"mode": "open"})
        await store.guilds.save_channel(guild, guild - 1, {"persona": "Ada"})
        await store.grants.put(ToolGrant(guild_id=guild, tool="x", enabled=True))
        await store.audit.add(call(guild_id=guild))
        await store.reminders.add(reminder(guild_id=guild))
        await store.stays.put(Stay(guild_id=guild, channel_id=1, joined_at=T, seen_at=T))
        await store.usage.add(UsageRow(guild_id=guild, day=T.date(), model="m", tokens={"t": 1}, dollars=1))
    await store.forget_guild(GUILD)
    assert await store.personas.versions(GUILD, EVERY_FIELD.name) == []
    assert list(await store.guilds.all()) == [OTHER]
    assert list(await store.guilds.channels()) == [(OTHER, OTHER - 1)]
    assert [grant.guild_id for grant in await store.grants.all()] == [OTHER]
    assert await store.audit.of(GUILD, 10) == []
    assert [r.guild_id for r in await store.reminders.open()] == [OTHER]
    assert [stay.guild_id for stay in await store.stays.all()] == [OTHER]
    assert await store.usage.of(GUILD, T.date()) == []
    assert len(await store.usage.of(OTHER, T.date())) == 1


async def test_all_is_there_when_opened_anew(url: str) -> None:
    async with Store.open(url) as store:
        await store.personas.save(GUILD, EVERY_FIELD, ANA, T)
        entry_id = await store.audit.add(call())
    again = await Store.open(url)
    assert await again.personas.all(GUILD) == [EVERY_FIELD]
    assert await again.audit.get(entry_id) == call(id=entry_id)
    await again.close()


async def test_two_stores_on_one_database_lose_nothing(url: str) -> None:
    async with Store.open(url) as one, Store.open(url) as two:

        async def work(store: Store, number: int) -> int:
            row = UsageRow(guild_id=GUILD, day=T.date(), model="m", tokens={"t": 1}, dollars=0.5)
            await store.usage.add(row)
            return await store.personas.save(GUILD, Persona(name="Ada", instruction=f"{number}"), ANA, T)

        versions = await asyncio.gather(*(work(store, n) for n in range(10) for store in (one, two)))
        assert sorted(versions) == list(range(1, 21))
        (row,) = await one.usage.of(GUILD, T.date())
        assert (row.tokens, row.dollars) == ({"t": 20}, 10.0)


async def test_two_stores_opened_at_once_make_the_tables_once(url: str) -> None:
    stores = await asyncio.gather(*(Store.open(url)._open() for _ in range(4)))
    await stores[0].guilds.save(GUILD, {"a": 1})
    assert await stores[3].guilds.all() == {GUILD: {"a": 1}}
    for store in stores:
        await store.close()


async def test_a_write_outlives_the_task_that_asked_for_it(url: str) -> None:
    async with Store.open(url) as store:
        for number in range(20):
            task = asyncio.create_task(store.audit.add(call(asked_by=(number,))))
            for _ in range(number):
                await asyncio.sleep(0)
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        begun = range(1, 20)  # the first was cancelled before it had taken a step
    async with Store.open(url) as store:
        assert {entry.asked_by for entry in await store.audit.of(GUILD, 50)} >= {(n,) for n in begun}


async def test_writes_are_carried_out_in_the_order_in_which_they_were_asked_for(store: Store) -> None:
    """As where the bot is, and then that it has left; even if the first was cancelled meanwhile."""
    stay = Stay(guild_id=GUILD, channel_id=CHANNEL, joined_at=T, seen_at=T)
    for _ in range(10):
        put = asyncio.create_task(store.stays.put(stay))
        await asyncio.sleep(0)
        put.cancel()
        await store.stays.drop(GUILD)
        assert await store.stays.all() == []


async def test_times_are_kept_in_utc_and_need_a_zone(store: Store) -> None:
    tokyo = T.astimezone(timezone(timedelta(hours=9)))
    added = await store.reminders.add(reminder(due_at=tokyo))
    (kept,) = await store.reminders.open()
    assert kept == added
    assert kept.due_at.tzinfo is UTC
    with pytest.raises(ValueError, match="zone"):
        await store.reminders.add(reminder(due_at=T.replace(tzinfo=None)))
    assert len(await store.reminders.open()) == 1


async def test_odd_words_and_values_do_not_keep_a_call_from_the_audit(store: Store) -> None:
    entry_id = await store.audit.add(
        call(
            tool="a\0b",
            arguments={"nul": "x\0y", "half": "\ud83d", "nan": float("nan"), "when": T, 3: {2, 1}, "t": (1,)},
        )
    )
    entry = await store.audit.get(entry_id)
    assert entry is not None
    assert entry.tool == "ab"
    assert entry.arguments == {
        "nul": "xy",
        "half": "?",
        "nan": None,
        "when": "2026-11-21 16:00:00.123456+00:00",
        "3": [1, 2],
        "t": [1],
    }


async def test_no_words_are_sql(store: Store) -> None:
    evil = "'); DROP TABLE audit; --"
    await store.personas.save(GUILD, Persona(name=evil, instruction=evil), ANA, T)
    assert [persona.name for persona in await store.personas.all(GUILD)] == [evil]
    await store.grants.drop(GUILD, None, evil)
    assert await store.audit.of(GUILD, 1) == []


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()) | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters()), inner),
    max_leaves=10,
)


@given(json_values)
def test_what_is_kept_as_json_is_kept_for_good(value: Any) -> None:
    """Once it is plain it stays as it is, and both databases take it."""
    import json

    kept = plain(value)
    assert plain(kept) == kept
    assert json.loads(json.dumps(kept, allow_nan=False)) == kept
    json.dumps(kept, ensure_ascii=False).encode()
