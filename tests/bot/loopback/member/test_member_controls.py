"""A member works what a stock discord.py bot offers: menus, forms, suggestions, layouts."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable

import aiohttp
import discord
import pytest
import yarl
from discord import app_commands, ui

from bot.loopback.loopback import Loopback
from bot.loopback.member import FormOpened, Member, MemberError, RestError

Login = Callable[..., Awaitable[Member]]
Interaction = discord.Interaction[discord.Client]


class Menus(ui.View):
    """Each answers with what was chosen."""

    @ui.select(
        placeholder="Colour",
        min_values=1,
        max_values=2,
        options=[
            discord.SelectOption(label="Red", value="#f00"),
            discord.SelectOption(label="Blue", value="#00f"),
        ],
    )
    async def colour(self, interaction: Interaction, menu: ui.Select[Menus]) -> None:
        await interaction.response.edit_message(content=" ".join(menu.values))

    @ui.select(cls=ui.RoleSelect, placeholder="Roles", max_values=3)
    async def role(self, interaction: Interaction, menu: ui.RoleSelect[Menus]) -> None:
        await interaction.response.send_message(" ".join(role.name for role in menu.values), ephemeral=True)

    @ui.select(cls=ui.ChannelSelect, placeholder="Where", channel_types=[discord.ChannelType.voice])
    async def channel(self, interaction: Interaction, menu: ui.ChannelSelect[Menus]) -> None:
        await interaction.response.send_message(menu.values[0].name, ephemeral=True)

    @ui.select(cls=ui.UserSelect)
    async def user(self, interaction: Interaction, menu: ui.UserSelect[Menus]) -> None:
        await interaction.response.send_message(menu.values[0].name, ephemeral=True)

    @ui.button(emoji="✏️")
    async def edit(self, interaction: Interaction, _: ui.Button[Menus]) -> None:
        await interaction.response.send_modal(Persona())


class Persona(ui.Modal, title="A persona"):
    name: ui.Label[Persona] = ui.Label(text="Name", component=ui.TextInput(max_length=8, default="Ada"))
    voice: ui.Label[Persona] = ui.Label(
        text="Voice",
        description="How it sounds",
        component=ui.Select(
            options=[discord.SelectOption(label="Puck"), discord.SelectOption(label="Kore", default=True)]
        ),
    )
    friend: ui.Label[Persona] = ui.Label(text="Friend", component=ui.UserSelect(required=False))
    notes: ui.Label[Persona] = ui.Label(
        text="Notes", component=ui.TextInput(style=discord.TextStyle.long, required=False)
    )
    file: ui.Label[Persona] = ui.Label(text="File", component=ui.FileUpload(required=False))

    async def on_submit(self, interaction: discord.Interaction) -> None:
        name, voice, friend, notes, file = (
            label.component for label in (self.name, self.voice, self.friend, self.notes, self.file)
        )
        assert isinstance(name, ui.TextInput)
        assert isinstance(notes, ui.TextInput)
        assert isinstance(voice, ui.Select)
        assert isinstance(friend, ui.UserSelect)
        assert isinstance(file, ui.FileUpload)
        friends = "/".join(user.name for user in friend.values)
        files = "/".join([str(await upload.read()) for upload in file.values])
        said = f"{name.value}|{voice.values[0]}|{friends}|{notes.value}|{files}"
        if interaction.message is None:
            await interaction.response.send_message(said)
        else:
            await interaction.response.edit_message(content=said)


class Panel(ui.LayoutView):
    def __init__(self, on: bool = False) -> None:
        super().__init__()
        self.on = on
        box: ui.Container[Panel] = ui.Container(ui.TextDisplay("## Tools"), accent_color=0x5865F2)
        for name in ("dice", "polls"):
            button: ui.Button[Panel] = ui.Button(label="Switch", custom_id=name)
            button.callback = self.switch  # type: ignore[method-assign, assignment]
            box.add_item(ui.Section(f"**{name}** {'on' if on else 'off'}", accessory=button))
        box.add_item(ui.Separator())
        self.add_item(box)

    async def switch(self, interaction: Interaction) -> None:
        assert interaction.data is not None
        assert "custom_id" in interaction.data
        await interaction.response.edit_message(view=Panel(not self.on))
        await interaction.followup.send(interaction.data["custom_id"], ephemeral=True)


def register(tree: app_commands.CommandTree[discord.Client]) -> None:
    persona = app_commands.Group(name="persona", description="Who I am")

    async def names(_: Interaction, typed: str) -> list[app_commands.Choice[str]]:
        return [app_commands.Choice(name=n.title(), value=n) for n in ("ada", "alan") if n.startswith(typed)]

    @persona.command()
    @app_commands.autocomplete(name=names)
    async def use(interaction: Interaction, name: str, again: bool = False) -> None:
        """Become somebody."""
        await interaction.response.send_message(f"{name} {again}")

    @persona.command(name="import")
    async def load(interaction: Interaction, file: discord.Attachment) -> None:
        """From a file."""
        await interaction.response.send_message(f"{file.filename}: {(await file.read()).decode()}")

    @persona.command()
    async def create(interaction: Interaction) -> None:
        """Opens a form."""
        await interaction.response.send_modal(Persona())

    @tree.command()
    async def menus(interaction: Interaction) -> None:
        """Offers menus."""
        await interaction.response.send_message("Choose", view=Menus(), ephemeral=True)

    @tree.command()
    async def panel(interaction: Interaction) -> None:
        """Shows a layout."""
        await interaction.response.defer(ephemeral=True)
        await interaction.edit_original_response(view=Panel())

    tree.add_command(persona)


@pytest.fixture
async def ana(loopback: Loopback, login: Login, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Member]:
    """Ana, in a server with the bot."""
    monkeypatch.setattr(discord.http.Route, "BASE", loopback.discord.api_base)
    monkeypatch.setattr(
        discord.gateway.DiscordWebSocket, "DEFAULT_GATEWAY", yarl.URL(loopback.discord.gateway_url)
    )
    trusting = aiohttp.TCPConnector(ssl=ssl.create_default_context(cafile=loopback.ca_file))
    client = discord.Client(intents=discord.Intents.default(), connector=trusting, guild_ready_timeout=0.1)
    tree = app_commands.CommandTree(client)
    register(tree)
    await client.login("a-bot-token")
    running = asyncio.create_task(client.connect())
    await client.wait_until_ready()
    await tree.sync()
    yield await login("Ana", loopback.voice_channel_id)
    await client.close()
    await asyncio.wait([running])


async def test_subcommands_and_their_suggestions(ana: Member) -> None:
    assert await ana.complete("persona use", "name", "a") == [("Ada", "ada"), ("Alan", "alan")]
    assert await ana.complete("persona use", "name", "al", {"again": True}) == [("Alan", "alan")]
    assert await ana.complete("/persona use", "name", "x") == []
    assert (await ana.type("/persona use", {"name": "ada", "again": True})).content == "ada True"
    with pytest.raises(RestError, match="50035"):
        await ana.type("persona", {})
    with pytest.raises(MemberError, match="no subcommand"):
        await ana.type("persona drop")
    with pytest.raises(RestError, match="focused"):
        await ana.complete("persona use", "again", "x")


async def test_a_file_for_a_command(ana: Member) -> None:
    answer = await ana.type("persona import", {"file": ("ada.toml", b"x = 1", "text/plain")})
    assert answer.content == "ada.toml: x = 1"


async def test_menus(ana: Member, loopback: Loopback) -> None:
    offer = await ana.type("menus")
    assert offer.menus == ["Colour", "Roles", "Where", "Make a selection"]
    assert offer.buttons == ["✏️"]
    assert list(offer.menu("Colour").offered) == ["Red", "Blue"]
    assert (await ana.choose(offer, "Roles", loopback.guild_id)).content == "@everyone"
    assert (await ana.choose(offer, "Where", loopback.voice_channel_id)).content == "Lounge"
    assert (await ana.choose(offer, "Make a selection", ana.user_id)).content == "Ana"
    edited = await ana.choose(offer, "Colour", "Red", "Blue")
    assert (edited.id, edited.content) == (offer.id, "#f00 #00f")
    assert (await ana.choose(offer, "Colour", "Blue")).content == "#00f"  # as it is by now
    with pytest.raises(MemberError, match="no 'Green'"):
        await ana.choose(offer, "Colour", "Green")
    with pytest.raises(MemberError, match="no menu"):
        await ana.choose(offer, "Size", "L")
    with pytest.raises(RestError, match="COMPONENT_VALIDATION_FAILED"):
        await ana.choose(offer, "Where", loopback.text_channel_id)
    with pytest.raises(RestError, match="COMPONENT_VALIDATION_FAILED"):
        await ana.choose(offer, "Colour")


async def test_a_form_of_a_command(ana: Member) -> None:
    with pytest.raises(FormOpened, match="A persona"):
        await ana.type("persona create")
    form = await ana.form(ana.type("persona create"))
    assert form.fields == ["Name", "Voice", "Friend", "Notes", "File"]
    assert (form.value("Name"), form.value("Voice"), form.value("Notes")) == ("Ada", ["Kore"], "")
    assert "How it sounds" in form.text
    assert (await ana.submit(form)).content == "Ada|Kore|||"
    with pytest.raises(MemberError, match="no field"):
        await ana.submit(form, {"Age": "3"})
    for refused in ({"Name": ""}, {"Name": "Augusta Ada"}, {"Voice": ["Puck", "Kore"]}):
        with pytest.raises(RestError, match="50035"):
            await ana.submit(form, refused)
    with pytest.raises(MemberError, match="a message came"):
        await ana.form(ana.type("menus"))


async def test_a_form_of_a_button(ana: Member) -> None:
    offer = await ana.type("menus")
    form = await ana.form(ana.press(offer, "✏️"))
    values = {
        "Voice": "Puck",
        "Friend": ana.user_id,
        "Notes": "two\nlines",
        "File": [("a.txt", b"data", "text/plain")],
    }
    edited = await ana.submit(form, values)
    assert (edited.id, edited.content) == (offer.id, "Ada|Puck|Ana|two\nlines|b'data'")


async def test_a_layout(ana: Member) -> None:
    panel = await ana.type("panel")
    assert panel.content == "## Tools\n**dice** off\n**polls** off"
    assert panel.buttons == ["Switch", "Switch"]
    switched = await ana.press(panel, "Switch", beside="polls")
    assert switched.content == "## Tools\n**dice** on\n**polls** on"
    await ana.wait_message(lambda message: message.content == "polls")
    with pytest.raises(MemberError, match="no button"):
        await ana.press(panel, "Switch", beside="reminders")
