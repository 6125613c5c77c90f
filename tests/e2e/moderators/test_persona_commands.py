"""/persona on the whole path: what is typed, suggested, written and pressed is what the model gets."""

from __future__ import annotations

import io
import tomllib

import av
import pytest
from ears import from_bot, longest_pause_s
from stage import Stage, until

from bot.live.voices import VOICES
from bot.loopback import speech
from bot.loopback.discord.permissions import Permission
from bot.loopback.live.messages import Setup
from bot.loopback.live.record import Kind, Known, LiveSessionRecord, Source
from bot.loopback.member.member import Member
from bot.loopback.member.message import Message
from bot.personas import presets
from cogs import persona_wording as wording

pytestmark = pytest.mark.slow


@pytest.fixture
async def ana(stage: Stage) -> Member:
    """Ana, who is a moderator and in the channel."""
    member = await stage.member("Ana")
    moderator(stage, member)
    return member


def moderator(stage: Stage, member: Member) -> None:
    stage.world.discord.world.grant(member.user_id, Permission.MOVE_MEMBERS)


def file_of(stage: Stage, message: Message) -> bytes:
    """The content of the one file under a message."""
    [attachment] = message.raw["attachments"]
    return stage.world.discord.world.chat.attachments[int(attachment["id"])].content


def told(setup: Setup) -> str:
    """The instruction of a session."""
    return str(setup.raw["system_instruction"]["parts"][0]["text"])


def setups(stage: Stage) -> list[Setup]:
    return [session.setup for session in stage.world.live.sessions if session.setup is not None]


QUINN = "You are Quinn. You are brief."


async def make_quinn(ana: Member, **options: str) -> Message:
    form = await ana.form(ana.type("persona create", {"name": "Quinn", **options}))
    return await ana.submit(form, {"Instruction": QUINN, "Aliases": "Quinnie, Q"})


# --- looking ---


async def test_list_and_show(stage: Stage, ana: Member) -> None:
    there = await ana.type("persona list")
    assert there.ephemeral
    assert all(persona.name in there.content for persona in presets())
    assert "**Parley** (in use in <#" in there.content
    await ana.type("join")
    shown = await ana.type("persona show")
    session = told(setups(stage)[0])
    assert session in (shown.content + file_of(stage, shown).decode() if shown.files else shown.content)
    quiz = await ana.type("persona show", {"name": "quiz host"})
    assert "Voice: Laomedeia · upbeat" in quiz.content
    assert quiz.files == ["instruction.txt"]
    text = file_of(stage, quiz).decode()
    assert text.startswith("You are the host")
    assert 'called "Quiz Host" or "Quizmaster" or' in text
    assert text.endswith('In the channel are now: "Ana".')
    unknown = await ana.type("persona show", {"name": "Nobody"})
    assert unknown.content.startswith("There is no persona called “Nobody”. There are: Parley, ")


# --- using ---


async def test_use_here_and_everywhere(stage: Stage, ana: Member) -> None:
    used = await ana.type("persona use", {"name": "GAME master"})
    assert used.content == wording.in_use("Game Master", f"<#{stage.world.voice_channel_id}>", live=False)
    everywhere = await ana.type("persona use", {"name": "Quiz Host", "scope": "server"})
    assert everywhere.content == wording.in_use("Quiz Host", "the whole server", live=False)
    await ana.type("join")
    setup = setups(stage)[0]
    assert setup.voice == "Algenib"
    assert setup.temperature == pytest.approx(1.2)
    assert told(setup).startswith("You are the Game Master")
    live = await ana.type("persona use")
    assert "No persona is chosen" in live.content
    assert "From the next quiet moment on I am **Quiz Host**" in live.content
    await until(lambda: setups(stage)[-1].voice == "Laomedeia")


# --- making and changing ---


async def test_make_one_in_a_form(stage: Stage, ana: Member) -> None:
    options = {"name": "Quinn", "voice": "kore", "language": "German", "temperature": "0,3"}
    form = await ana.form(ana.type("persona create", options))
    assert form.title == "Persona: Quinn"
    assert form.fields == ["Instruction", "Aliases", "Greeting"]
    made = await ana.submit(form, {"Instruction": QUINN, "Aliases": "Quinnie, Q", "Greeting": "off"})
    assert made.content == wording.created("Quinn")
    assert made.ephemeral
    await ana.type("persona use", {"name": "quinn"})
    await ana.type("join")
    setup = setups(stage)[0]
    assert (setup.voice, setup.temperature) == ("Kore", pytest.approx(0.3))
    assert told(setup).startswith(f"{QUINN}\n\nRESPOND IN GERMAN.")
    again = await ana.type("persona create", {"name": "QUINN"})
    assert again.content == wording.taken("QUINN")


async def test_what_was_written_is_not_lost(stage: Stage, ana: Member) -> None:
    form = await ana.form(ana.type("persona create", {"name": "Quinn"}))
    long = "x" * 40
    wrong = await ana.submit(form, {"Instruction": QUINN, "Aliases": long})
    assert "**Aliases** is 40 characters long" in wrong.content
    assert wrong.buttons == [wording.GO_ON]
    again = await ana.form(ana.press(wrong, wording.GO_ON))
    assert again.value("Instruction") == QUINN
    assert again.value("Aliases") == long
    made = await ana.submit(again, {"Aliases": "Q"})
    assert made.content == wording.created("Quinn")
    assert made.id == wrong.id
    assert made.buttons == []


async def test_edit_by_an_option_and_by_form(stage: Stage, ana: Member) -> None:
    await make_quinn(ana)
    changed = await ana.type("persona edit", {"name": "Quinn", "voice": "Puck", "temperature": "1"})
    assert "**Voice**" not in changed.content, "it has that voice already"
    assert "**Temperature**: the model's own → 1" in changed.content
    assert (await ana.type("persona edit", {"name": "Quinn", "temperature": "1.0"})).content == (
        wording.UNCHANGED
    )
    form = await ana.form(ana.type("persona edit", {"name": "Quinn"}))
    assert form.value("Aliases") == "Quinnie, Q"
    edited = await ana.submit(form, {"Instruction": "You are Quinn. You are very brief."})
    assert "You are Quinn. You are **very** brief." in edited.content
    assert wording.undo_by_rollback(2) in edited.content
    preset = await ana.type("persona edit", {"name": "Quiz Host", "voice": "Kore"})
    assert wording.UNDO_BY_DELETION in preset.content
    question = await ana.type("persona delete", {"name": "Quiz Host"})
    assert question.content == wording.really_delete("Quiz Host", comes_back=True)
    again = await ana.press(question, wording.DELETE)
    assert again.content == wording.deleted("Quiz Host", comes_back=True)
    assert "Voice: Laomedeia" in (await ana.type("persona show", {"name": "Quiz Host"})).content


async def test_two_at_once_lose_nothing(stage: Stage, ana: Member) -> None:
    ben = await stage.member("Ben")
    moderator(stage, ben)
    await make_quinn(ana)
    form = await ana.form(ana.type("persona edit", {"name": "Quinn"}))
    await ben.type("persona edit", {"name": "Quinn", "voice": "Kore"})
    await ana.submit(form, {"Greeting": "Say hello."})
    shown = await ana.type("persona show", {"name": "Quinn"})
    assert "Voice: Kore" in shown.content
    assert "Greeting: Say hello." in shown.content


async def test_wrong_options_are_named(stage: Stage, ana: Member) -> None:
    await make_quinn(ana)
    for option, value, says in (
        ("voice", "alloy", "**Voice** cannot be 'alloy'; possible: Achernar"),
        ("temperature", "hot", "**Temperature** must be a number from 0 to 2."),
        ("language", "Klingon", "**Language** cannot be 'Klingon'; possible: codes such as"),
    ):
        wrong = await ana.type("persona edit", {"name": "Quinn", option: value})
        assert says in wrong.content


async def test_delete_asks(stage: Stage, ana: Member) -> None:
    await make_quinn(ana)
    question = await ana.type("persona delete", {"name": "Quinn"})
    assert question.buttons == [wording.DELETE, wording.KEEP]
    kept = await ana.press(question, wording.KEEP)
    assert (kept.content, kept.buttons) == (wording.KEPT, [])
    question = await ana.type("persona delete", {"name": "Quinn"})
    gone = await ana.press(question, wording.DELETE)
    assert gone.content == wording.deleted("Quinn", comes_back=False)
    assert "no persona called “Quinn”" in (await ana.type("persona show", {"name": "Quinn"})).content
    preset = await ana.type("persona delete", {"name": "Quiz Host"})
    assert preset.content == wording.not_yours_to_delete("Quiz Host")


# --- versions ---


async def test_history_and_rollback(stage: Stage, ana: Member) -> None:
    plain = await ana.type("persona history", {"name": "Quiz Host"})
    assert plain.content == wording.no_history("Quiz Host")
    await make_quinn(ana)
    await ana.type("persona edit", {"name": "Quinn", "voice": "Kore"})
    await ana.type("persona edit", {"name": "Quinn", "voice": "Leda"})
    history = await ana.type("persona history", {"name": "Quinn", "version": 2})
    assert f"<@{ana.user_id}> · voice" in history.content
    assert history.content.endswith("What version 2 changed:\n**Voice**: Puck · upbeat → Kore · firm")
    versions = await ana.complete("persona rollback", "version", "", {"name": "Quinn"})
    assert [choice.value for choice in versions] == [2, 1], "it is the third already"
    assert versions[0].name.startswith("Version 2 · 20")
    back = await ana.type("persona rollback", {"name": "Quinn", "version": 1})
    assert back.content == wording.rolled_back("Quinn", 1, live=False)
    assert "Voice: Puck" in (await ana.type("persona show", {"name": "Quinn"})).content
    none = await ana.type("persona rollback", {"name": "Quinn", "version": 9})
    assert none.content == wording.no_such_version("Quinn", 9)


# --- hearing, and files ---


async def test_preview_is_a_file_where_nobody_would_hear_it(stage: Stage, ana: Member) -> None:
    heard = await ana.type("persona preview", {"name": "Quiz Host", "voice": "Kore"})
    assert heard.content.startswith("This is how it sounds.\n> ")
    assert heard.files == ["preview.ogg"]
    with av.open(io.BytesIO(file_of(stage, heard))) as container:
        assert sum(frame.samples for frame in container.decode(audio=0)) > 48_000
    assert setups(stage)[0].voice == "Kore"
    assert told(setups(stage)[0]).startswith("You are the host of")


async def test_export_and_import(stage: Stage, ana: Member) -> None:
    exported = await ana.type("persona export", {"name": "Quiz Host"})
    assert exported.files == ["persona.toml"]
    content = file_of(stage, exported)
    assert tomllib.loads(content.decode())["name"] == "Quiz Host"
    same = await ana.type("persona import", {"file": ("p.toml", content, "text/plain")})
    assert same.content == wording.UNCHANGED
    ours = content.replace(b"Quiz Host", b"Our Host")
    read = await ana.type("persona import", {"file": ("p.toml", ours, "text/plain")})
    assert read.content == wording.imported("Our Host")
    louder = ours.replace(b'voice = "Laomedeia"', b'voice = "Fenrir"')
    changed = await ana.type("persona import", {"file": ("p.toml", louder, "text/plain")})
    assert "**Voice**: Laomedeia · upbeat → Fenrir · excitable" in changed.content
    wrong = await ana.type("persona import", {"file": ("p.toml", b'name = "A"\ncolour = 1', "text/plain")})
    assert "Line 2: there is no field colour." in wrong.content
    large = await ana.type("persona import", {"file": ("p.toml", b"#" * 20_000, "text/plain")})
    assert large.content == wording.FILE_TOO_LARGE


# --- suggestions ---


async def test_suggestions(stage: Stage, ana: Member) -> None:
    names = await ana.complete("persona use", "name", "host")
    assert [choice.value for choice in names] == ["Quiz Host"]
    await make_quinn(ana)
    everybody = await ana.complete("persona show", "name")
    assert [choice.value for choice in everybody][:2] == ["Parley", "Quinn"]
    voices = await ana.complete("persona edit", "voice", "", {"name": "Quinn"})
    assert len(voices) == 25 < len(VOICES)
    firm = await ana.complete("persona edit", "voice", "firm", {"name": "Quinn"})
    assert [choice.value for choice in firm] == ["Alnilam", "Kore", "Orus"]
    german = await ana.complete("persona create", "language", "ger", {"name": "X"})
    assert german[0] == ("German (de)", "de")
    models = await ana.complete("persona create", "model", "3.8", {"name": "X"})
    assert [choice.value for choice in models] == ["gemini-3.8-live", "gemini-3.8-live-extended-thinking"]


# --- who may ---


async def test_members_look_and_moderators_change(stage: Stage, ana: Member) -> None:
    """Where an administrator has opened the command to everybody, what is asked here still holds."""
    world = stage.world.discord.world
    ben = await stage.member("Ben", join=False)
    world.grant(ben.user_id, Permission.MOVE_MEMBERS)
    form = await ben.form(
        ben.type("persona create", {"name": "Quinn"}, channel_id=stage.world.voice_channel_id)
    )
    await make_quinn(ana)
    question = await ben.type("persona delete", {"name": "Quinn"}, channel_id=stage.world.voice_channel_id)
    guild = world.guilds[stage.world.guild_id]
    for role_id in guild.members[ben.user_id].roles:  # no longer a moderator
        guild.roles[role_id].permissions &= ~int(Permission.MOVE_MEMBERS)
        role = {"guild_id": str(guild.id), "role": guild.roles[role_id].payload()}
        world.tell(guild, "GUILD_ROLE_UPDATE", role)
    assert (await ben.submit(form, {"Instruction": "Mine."})).content == wording.NOT_YOURS_TO_SET
    assert (await ben.press(question, wording.DELETE)).content == wording.NOT_YOURS_TO_SET
    assert "Quinn" in (await ana.type("persona list")).content


async def test_previews_do_not_disturb_the_conversation(stage: Stage, ana: Member) -> None:
    await ana.type("join")
    answers = len(stage.of(Kind.ANSWER))
    await ana.type("persona preview", {"name": "Quiz Host"})
    assert len(stage.of(Kind.ANSWER)) == answers + 1
    assert stage.world.live.sessions[0].of(Kind.ANSWER) == []


# --- in the middle of a conversation ---


def known(session: LiveSessionRecord) -> list[Known]:
    """What the model remembers, without what the software has told it."""
    return [each for each in session.known if each.source is not Source.NOTE]


async def test_another_persona_in_mid_conversation(stage: Stage, ana: Member) -> None:
    """The next answer has its voice and instruction, nothing said is forgotten, and nobody hears a gap."""
    await ana.type("join")
    asked = await ana.say("question")
    await stage.answered(ana, asked.ended_at)
    used = await ana.type("persona use", {"name": "Quiz Host"})
    assert "From the next quiet moment on" in used.content
    await stage.quiet(ana)
    assert from_bot(stage, ana, "answer_long", asked.ended_at) >= 0.95, "the answer under way is not cut"
    assert longest_pause_s(stage, ana, asked.ended_at) < 1.5
    await until(lambda: len(stage.world.live.sessions) == 2)

    said = await ana.say("interrupt")
    await stage.answered(ana, said.ended_at)
    began = ana.heard.first_voiced(stage.bot_id, said.ended_at)
    assert began is not None
    assert began - said.ended_at < 1.5
    before, after = stage.world.live.sessions
    assert before.setup is not None
    assert after.setup is not None
    assert (before.setup.voice, after.setup.voice) == ("Puck", "Laomedeia")
    assert after.setup.handle is not None, "the session goes on"
    assert told(after.setup).startswith("You are the host of a quick and funny quiz")
    assert [each.what for each in known(after)][:3] == ["question", "answer_long", "interrupt"]


async def test_another_model_begins_with_what_was_said(stage: Stage, ana: Member) -> None:
    """A handle is of its model: the new session is told what was said."""
    await ana.type("join")
    asked = await ana.say("hello")
    await stage.answered(ana, asked.ended_at)
    await stage.quiet(ana)
    await make_quinn(ana, model="gemini-3.8-live-extended-thinking", thinking="medium")
    await ana.type("persona use", {"name": "Quinn"})
    await until(lambda: len(stage.world.live.sessions) == 2)
    said = await ana.say("interrupt")
    await stage.answered(ana, said.ended_at)
    setup = setups(stage)[1]
    assert setup.model == "models/gemini-3.8-live-extended-thinking"
    assert setup.thinking == {"thinking_level": "MEDIUM"}
    assert setup.handle is None
    assert told(setup).startswith(QUINN)
    assert speech.text("hello")[:20] in told(setup)
