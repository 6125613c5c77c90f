"""REST routes of the soundboard: the sounds of a server, and playing one into a voice channel.

Clients fetch a sound and play it themselves when they hear of the effect; nothing of it passes through the
voice server.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field

from aiohttp import web

from bot.loopback.discord import components as parts
from bot.loopback.discord import errors
from bot.loopback.discord.entities import Guild, Json, User, snowflake
from bot.loopback.discord.errors import ApiError
from bot.loopback.discord.permissions import Permission
from bot.loopback.discord.rest import (
    API,
    WORLD,
    Handler,
    account,
    answer,
    authorized,
    channel_of,
    no_content,
    object_body,
    snowflake_of,
)


@dataclass(slots=True)
class Sound:
    """Of a soundboard; `guild_id` None: one of Discord's own."""

    name: str
    content: bytes = field(repr=False)
    guild_id: int | None
    maker: User | None = None
    volume: float = 1.0
    emoji_name: str | None = None
    available: bool = True
    id: int = field(default_factory=snowflake)

    def payload(self) -> Json:
        payload: Json = {
            "name": self.name,
            "sound_id": str(self.id),
            "volume": self.volume,
            "emoji_id": None,
            "emoji_name": self.emoji_name,
            "available": self.available,
        }
        return payload if self.guild_id is None else payload | {"guild_id": str(self.guild_id)}


BYTES_MAX = 512 << 10
DEFAULTS = (
    Sound("quack", b"", guild_id=None, emoji_name="🦆", id=1),
    Sound("airhorn", b"", guild_id=None, emoji_name="🔊", id=2),
    Sound("cricket", b"", guild_id=None, emoji_name="🦗", id=3),
)
"""Everybody's (Discord has six)."""

_CREATE, _MANAGE = Permission.CREATE_GUILD_EXPRESSIONS, Permission.MANAGE_GUILD_EXPRESSIONS


def _guild(request: web.Request) -> Guild:
    guild = request.app[WORLD].guild(snowflake_of(request, "guild_id"))
    if account(request).id not in guild.members:
        raise errors.missing_access()
    return guild


def _sound(request: web.Request, guild: Guild) -> Sound:
    sound = guild.sounds.get(snowflake_of(request, "sound_id"))
    if sound is None:
        raise errors.unknown("sound")
    return sound


def _payload(guild: Guild, sound: Sound, viewer: User) -> Json:
    """Who made it is for those who deal with such things."""
    payload = sound.payload()
    if sound.maker is not None and guild.permissions(viewer.id) & (_CREATE | _MANAGE):
        payload["user"] = sound.maker.payload()
    return payload


async def defaults(request: web.Request) -> web.Response:
    return answer([sound.payload() for sound in DEFAULTS])


async def list_sounds(request: web.Request) -> web.Response:
    guild, user = _guild(request), account(request)
    return answer({"items": [_payload(guild, sound, user) for sound in guild.sounds.values()]})


async def show(request: web.Request) -> web.Response:
    guild = _guild(request)
    return answer(_payload(guild, _sound(request, guild), account(request)))


async def create(request: web.Request) -> web.Response:
    guild, user, body = _guild(request), account(request), await object_body(request)
    if not guild.permissions(user.id) & _CREATE:
        raise errors.missing_permissions()
    sound = Sound(parts.text(body, "name", "", 32, 2), _content(body), guild.id, maker=user)
    _describe(sound, body)
    guild.sounds[sound.id] = sound
    request.app[WORLD].tell(guild, "GUILD_SOUNDBOARD_SOUND_CREATE", sound.payload())
    return answer(_payload(guild, sound, user), 201)


async def change(request: web.Request) -> web.Response:
    """`PATCH` and `DELETE`: one's own with either permission, others' with Manage Expressions."""
    guild, user = _guild(request), account(request)
    sound, world = _sound(request, guild), request.app[WORLD]
    needed = _CREATE | _MANAGE if sound.maker is user else _MANAGE
    if not guild.permissions(user.id) & needed:
        raise errors.missing_permissions()
    if request.method == "DELETE":
        del guild.sounds[sound.id]
        gone = {"guild_id": str(guild.id), "sound_id": str(sound.id)}
        world.tell(guild, "GUILD_SOUNDBOARD_SOUND_DELETE", gone)
        return no_content()
    body = await object_body(request)
    if "name" in body:
        sound.name = parts.text(body, "name", "", 32, 2)
    _describe(sound, body)
    world.tell(guild, "GUILD_SOUNDBOARD_SOUND_UPDATE", sound.payload())
    return answer(_payload(guild, sound, user))


def _content(body: Json) -> bytes:
    """The data URI of an MP3 or Ogg file."""
    head, _, encoded = parts.text(body, "sound", "", 1 << 20, 1).partition(";base64,")
    if head not in ("data:audio/mp3", "data:audio/mpeg", "data:audio/ogg"):
        raise ApiError(400, 50123, "The provided file type is invalid.")
    try:
        content = base64.b64decode(encoded, validate=True)
    except binascii.Error:
        raise ApiError(400, 50110, "The provided file is invalid.") from None
    if len(content) > BYTES_MAX:
        raise errors.form_error("sound", "BINARY_TYPE_MAX_SIZE", "File cannot be larger than 512.0 kb.")
    return content


def _describe(sound: Sound, body: Json) -> None:
    volume = body.get("volume", sound.volume)
    volume = 1.0 if volume is None else volume
    if not isinstance(volume, int | float) or not 0 <= volume <= 1:
        raise errors.form_error("volume", "NUMBER_TYPE_MAX", "float value should be between 0 and 1.")
    sound.volume = float(volume)
    sound.emoji_name = body.get("emoji_name", sound.emoji_name)


async def play(request: web.Request) -> web.Response:
    """Into the voice channel that one is in, and only by who can be heard there."""
    world, user, body = request.app[WORLD], account(request), await object_body(request)
    channel = channel_of(request, Permission.SPEAK | Permission.USE_SOUNDBOARD)
    guild = world.guild(channel.guild_id)
    sound = _chosen(request, guild, body)
    if sound.guild_id not in (None, guild.id):
        world.require(user, channel, Permission.USE_EXTERNAL_SOUNDS)
    state, member = guild.voice_states.get(user.id), guild.members[user.id]
    if state is None or state.channel_id != channel.id:
        raise ApiError(400, 40032, "Target user is not connected to voice.")
    if state.self_deaf or state.suppress or member.mute or member.deaf:
        raise errors.missing_permissions()
    effect = {
        "channel_id": str(channel.id),
        "guild_id": str(guild.id),
        "user_id": str(user.id),
        "emoji": {"id": None, "name": sound.emoji_name},
        "animation_type": 1,
        "animation_id": 0,
        "sound_id": str(sound.id),
        "sound_volume": sound.volume,
    }
    world.tell(guild, "VOICE_CHANNEL_EFFECT_SEND", effect, guild.occupants(channel.id))
    return no_content()


def _chosen(request: web.Request, guild: Guild, body: Json) -> Sound:
    """A default sound, one of this server, or of another in which one is (`source_guild_id`)."""
    named = {name: str(body.get(name) or "0") for name in ("sound_id", "source_guild_id")}
    for name, value in named.items():
        if not value.isascii() or not value.isdecimal():
            raise errors.not_a_snowflake(name, value)
    source = request.app[WORLD].guilds.get(int(named["source_guild_id"]), guild)
    if account(request).id not in source.members:
        raise errors.unknown("sound")
    known = {sound.id: sound for sound in DEFAULTS} | source.sounds
    sound = known.get(int(named["sound_id"]))
    if sound is None or not sound.available:
        raise errors.unknown("sound")
    return sound


async def file(request: web.Request) -> web.Response:
    """The sound itself; on the real service it lies on a CDN that asks for no token."""
    wanted = snowflake_of(request, "sound_id")
    for guild in request.app[WORLD].guilds.values():
        if sound := guild.sounds.get(wanted):
            return web.Response(body=sound.content, content_type="audio/mpeg")
    return web.Response(status=404)


def routes() -> list[web.RouteDef]:
    """The soundboard."""
    sounds = "/guilds/{guild_id}/soundboard-sounds"
    handlers: list[tuple[str, str, Handler]] = [
        ("GET", "/soundboard-default-sounds", defaults),
        ("GET", sounds, list_sounds),
        ("POST", sounds, create),
        ("GET", f"{sounds}/{{sound_id}}", show),
        ("PATCH", f"{sounds}/{{sound_id}}", change),
        ("DELETE", f"{sounds}/{{sound_id}}", change),
        ("POST", "/channels/{channel_id}/send-soundboard-sound", play),
    ]
    return [web.get("/soundboard-sounds/{sound_id}", file)] + [
        web.route(verb, API + path, authorized(handler)) for verb, path, handler in handlers
    ]
