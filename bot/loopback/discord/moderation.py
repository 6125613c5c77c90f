"""REST routes that change voice: one's own state on a stage, a channel's status, moving and muting others."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from aiohttp import web

from bot.loopback.discord import errors
from bot.loopback.discord.entities import ChannelKind, Guild, Json, Member, timestamp
from bot.loopback.discord.errors import ApiError
from bot.loopback.discord.permissions import Permission
from bot.loopback.discord.rest import (
    API,
    WORLD,
    account,
    answer,
    authorized,
    channel_of,
    no_content,
    object_body,
    snowflake_of,
)
from bot.loopback.discord.world import World

STATUS_MAX = 500
TIMEOUT = "communication_disabled_until"
TIMEOUT_MAX = timedelta(days=28)


async def my_voice_state(request: web.Request) -> web.Response:
    """`PATCH …/voice-states/@me`: become a speaker on a stage, or ask to be one."""
    world, user, body = request.app[WORLD], account(request), await object_body(request)
    guild = world.guild(snowflake_of(request, "guild_id"))
    state = guild.voice_states.get(user.id)
    if state is None or state.channel_id is None:
        raise errors.unknown("Voice State")
    channel = world.channel(int(body.get("channel_id") or state.channel_id))
    if channel.id != state.channel_id or channel.kind is not ChannelKind.STAGE:
        raise errors.form_error("channel_id", "INVALID_CHANNEL", "Not the stage that you are in")
    if body.get("suppress") is False:
        world.require(user, channel, Permission.MUTE_MEMBERS)
    if body.get("request_to_speak_timestamp"):
        world.require(user, channel, Permission.REQUEST_TO_SPEAK)
        state.request_to_speak_timestamp = timestamp()
    state.suppress = bool(body.get("suppress", state.suppress))
    if not state.suppress:
        state.request_to_speak_timestamp = None
    world.calls.tell(guild, state)
    return no_content()


async def user_voice_state(request: web.Request) -> web.Response:
    """`PATCH …/voice-states/{user}`: bring somebody onto the stage, or back into the audience."""
    world, body = request.app[WORLD], await object_body(request)
    guild, user_id = world.guild(snowflake_of(request, "guild_id")), snowflake_of(request, "user_id")
    state = guild.voice_states.get(user_id)
    if state is None or state.channel_id is None:
        raise errors.unknown("Voice State")
    world.require(account(request), world.channel(state.channel_id), Permission.MUTE_MEMBERS)
    suppress(world, user_id, bool(body.get("suppress", state.suppress)), guild)
    return no_content()


def suppress(world: World, user_id: int, suppressed: bool, guild: Guild | None = None) -> None:
    """Into the audience of a stage, or (False) up from it; in one guild or wherever the user is."""
    for place in [guild] if guild is not None else world.guilds.values():
        if state := place.voice_states.get(user_id):
            state.suppress, state.request_to_speak_timestamp = suppressed, None
            world.calls.tell(place, state)


async def voice_state(request: web.Request) -> web.Response:
    world = request.app[WORLD]
    guild = world.guild(snowflake_of(request, "guild_id"))
    named = request.match_info["user_id"]
    user_id = account(request).id if named == "@me" else snowflake_of(request, "user_id")
    state = guild.voice_states.get(user_id)
    if state is None:
        raise errors.unknown("Voice State")
    return answer(state.payload(guild.members[user_id]))


async def voice_status(request: web.Request) -> web.Response:
    """`PUT …/voice-status`: from outside the channel it needs MANAGE_CHANNELS as well."""
    world, user, body = request.app[WORLD], account(request), await object_body(request)
    channel = channel_of(request, Permission.SET_VOICE_CHANNEL_STATUS)
    guild = world.guild(channel.guild_id)
    if user.id not in guild.occupants(channel.id):
        world.require(user, channel, Permission.MANAGE_CHANNELS)
    status = body.get("status")
    if status is not None and (not isinstance(status, str) or len(status) > STATUS_MAX):
        raise errors.form_error("status", "BASE_TYPE_MAX_LENGTH", f"Must be {STATUS_MAX} or fewer in length.")
    channel.status = status or None
    data = {"id": str(channel.id), "guild_id": str(guild.id), "status": channel.status}
    world.tell(guild, "VOICE_CHANNEL_STATUS_UPDATE", data, guild.viewers(channel))
    return no_content()


_NEEDED = {
    "nick": Permission.MANAGE_NICKNAMES,
    "mute": Permission.MUTE_MEMBERS,
    "deaf": Permission.DEAFEN_MEMBERS,
    "channel_id": Permission.MOVE_MEMBERS,
    TIMEOUT: Permission.MODERATE_MEMBERS,
}
_IN_VOICE = {"mute", "deaf", "channel_id"}


async def edit_member(request: web.Request) -> web.Response:
    """`PATCH …/members/{user}`: nickname, timeout, server mute and deafen, move or disconnect."""
    world, body = request.app[WORLD], await object_body(request)
    guild = world.guild(snowflake_of(request, "guild_id"))
    member = guild.members.get(snowflake_of(request, "user_id"))
    if member is None:
        raise errors.unknown("Member")
    _require_power(request, guild, member, body)
    _apply(guild, member, body)
    world.tell(guild, "GUILD_MEMBER_UPDATE", member.payload() | {"guild_id": str(guild.id)})
    if body.keys() & {"mute", "deaf"} and (state := guild.voice_states.get(member.user.id)):
        world.calls.tell(guild, state)
    if "channel_id" in body:
        await _relocate(request, guild, member, body["channel_id"])
    return answer(member.payload())


def _require_power(request: web.Request, guild: Guild, member: Member, body: Json) -> None:
    """What is done to a voice state is for who has the permission in that channel, whoever it is done to. A
    nickname and a timeout are for who ranks above the member, and no administrator can be timed out."""
    actor, state = account(request).id, guild.voice_states.get(member.user.id)
    seat = None if state is None or state.channel_id is None else guild.channels[state.channel_id]
    for name in body.keys() & _NEEDED.keys():
        where = seat if name in _IN_VOICE else None
        if not guild.permissions(actor, where) & _NEEDED[name]:
            raise errors.missing_permissions()
    if body.keys() - _IN_VOICE and not outranks(guild, actor, member.user.id):
        raise errors.missing_permissions()
    if TIMEOUT in body and guild.permissions(member.user.id) & Permission.ADMINISTRATOR:
        raise errors.missing_permissions()


def outranks(guild: Guild, user_id: int, other_id: int) -> bool:
    """Whether a member may act on another where roles count: never on the owner, nor on oneself."""
    if other_id in (guild.owner_id, user_id):
        return False
    return user_id == guild.owner_id or _rank(guild, user_id) > _rank(guild, other_id)


def _rank(guild: Guild, user_id: int) -> tuple[int, int]:
    """Of the highest role; of two in the same place the older is higher."""
    held = (guild.roles[role] for role in (guild.id, *guild.members[user_id].roles))
    return max((role.position, -role.id) for role in held)


def _until(value: object) -> datetime | None:
    """When a timeout ends: at most 28 days from now; None ends it now."""
    if value is None:
        return None
    try:
        until = datetime.fromisoformat(str(value))
    except ValueError:
        raise errors.form_error(
            TIMEOUT, "DATE_TIME_TYPE_PARSE", f"Could not parse {value}. Should be ISO8601."
        ) from None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    if until > datetime.now(UTC) + TIMEOUT_MAX:
        raise errors.form_error(
            TIMEOUT, "GUILD_MEMBER_TIMEOUT_TOO_LONG", "Timeouts cannot be longer than 28 days."
        )
    return until


def _apply(guild: Guild, member: Member, body: Json) -> None:
    if body.keys() & {"mute", "deaf"} and member.user.id not in guild.voice_states:
        raise ApiError(400, 40032, "Target user is not connected to voice.")
    if TIMEOUT in body:
        member.timed_out_until = _until(body[TIMEOUT])
    member.nick = body.get("nick", member.nick) or None
    member.mute = bool(body.get("mute", member.mute))
    member.deaf = bool(body.get("deaf", member.deaf))


async def _relocate(request: web.Request, guild: Guild, member: Member, target: object) -> None:
    world = request.app[WORLD]
    if target is None:
        if member.user.id not in guild.voice_states:
            raise ApiError(400, 40032, "Target user is not connected to voice.")
        await world.calls.leave(guild, member.user.id)
        return
    channel = world.channel(int(str(target)))
    if not channel.vocal or channel.guild_id != guild.id:
        raise errors.form_error("channel_id", "INVALID_CHANNEL", "Not a voice channel of this guild")
    world.require(account(request), channel, Permission.CONNECT)
    await world.calls.move(member.user.id, channel)


async def edit_me(request: web.Request) -> web.Response:
    """`PATCH …/members/@me`: one's own nickname."""
    world, user, body = request.app[WORLD], account(request), await object_body(request)
    guild = world.guild(snowflake_of(request, "guild_id"))
    if not guild.permissions(user.id) & Permission.CHANGE_NICKNAME:
        raise errors.missing_permissions()
    member = guild.members[user.id]
    member.nick = body.get("nick") or None
    world.tell(guild, "GUILD_MEMBER_UPDATE", member.payload() | {"guild_id": str(guild.id)})
    return answer(member.payload())


def routes() -> list[web.RouteDef]:
    """Voice states, channel status, members."""
    guild = f"{API}/guilds/{{guild_id}}"
    return [
        web.patch(f"{guild}/voice-states/@me", authorized(my_voice_state)),
        web.patch(f"{guild}/voice-states/{{user_id}}", authorized(user_voice_state)),
        web.get(f"{guild}/voice-states/{{user_id}}", authorized(voice_state)),
        web.patch(f"{guild}/members/@me", authorized(edit_me)),
        web.patch(f"{guild}/members/{{user_id}}", authorized(edit_member)),
        web.put(f"{API}/channels/{{channel_id}}/voice-status", authorized(voice_status)),
    ]
