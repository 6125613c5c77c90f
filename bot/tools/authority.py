"""Who may have what done: decided here and nowhere else. Pure.

What the model asks for is asked on behalf of whoever spoke, and done with the bot's rights. So a call goes
through only if every speaker of the turn could do by hand what it does, the bot can, and moderators have let
a role of each speaker's. Where it is not known who spoke, or several spoke at once, nobody's rights count:
what is left is what anybody may have done and what changes nothing.

The rules are Discord's: administrators may everything, with or without a role; without View Channel no other
permission counts in a channel; a member is outranked by who has a higher highest role, the owner by nobody;
administrators cannot be timed out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.foreign import data
from bot.tools.policy import Policy
from bot.tools.registry import Asked, Need, Rights, Standing

UNKNOWN = "I could not tell who asked. Say it again, one at a time."
GONE = "That member is not in this server any more."
OWNER = "Nobody can do that to the owner of the server."
MYSELF = "I cannot do that to myself."
NO_MEMBER = "Whoever asked is not a member of this server any more."
NO_ROLE = "Only a role that no longer exists may have that done. A moderator can change it with /tools who."
LOST = "I cannot see what I may do in this server right now."

_TITLES = {
    "manage_guild": "Manage Server",
    "moderate_members": "Timeout Members",
    "view_channel": "View Channels",
    "send_polls": "Create Polls",
    "send_messages_in_threads": "Send Messages in Threads",
    "use_vad": "Use Voice Activity",
}


@dataclass(frozen=True, slots=True)
class Allowed:
    """Everybody who has to be is allowed."""


@dataclass(frozen=True, slots=True)
class Denied:
    """`sentence` is what the model says. `missing` are permissions, `by` the members who lack something;
    empty where it is the bot, or nobody at all can."""

    sentence: str
    missing: frozenset[str] = frozenset()
    by: tuple[int, ...] = ()


def anybody_may(needs: Sequence[Need], policy: Policy, *, changes: bool) -> bool:
    """Whether it does not matter who asks."""
    return not needs and not policy.roles and not changes


def decide(
    needs: Sequence[Need], asked: Asked, rights: Rights, policy: Policy, *, changes: bool
) -> Allowed | Denied:
    """Whether a call with these needs may be made on behalf of these people. `rights` know them, the bot, and
    whoever the needs name."""
    if anybody_may(needs, policy, changes=changes):
        return Allowed()
    if not asked.clear or not asked.speakers or rights.bot_id in asked.speakers:
        return Denied(UNKNOWN)
    return (
        _all_members(asked, rights)
        or _roles(asked, rights, policy)
        or _permissions(needs, asked, rights)
        or _ranks(needs, asked, rights)
        or Allowed()
    )


def title(permission: str) -> str:
    """A permission as Discord's settings call it in English."""
    return _TITLES.get(permission) or permission.replace("_", " ").title()


def titles(permissions: Iterable[str]) -> str:
    """``Move Members and Mute Members``."""
    return _and(sorted(map(title, permissions)))


def _all_members(asked: Asked, rights: Rights) -> Denied | None:
    gone = tuple(speaker for speaker in asked.speakers if rights.standing(speaker) is None)
    return Denied(NO_MEMBER, by=gone) if gone else None


def _roles(asked: Asked, rights: Rights, policy: Policy) -> Denied | None:
    if not policy.roles:
        return None
    without = tuple(
        speaker
        for speaker in asked.speakers
        if (standing := rights.standing(speaker)) is None
        or not (standing.roles & policy.roles or _holds_all(standing))
    )
    if not without:
        return None
    names = sorted(filter(None, (data(rights.role_name(role)) for role in policy.roles)))
    if not names:
        return Denied(NO_ROLE, by=without)
    which = f"the role {names[0]}" if len(names) == 1 else f"one of the roles {_and(names, 'or')}"
    return Denied(f"{_called(without, rights)}, you'd need {which} for that.", by=without)


def _permissions(needs: Sequence[Need], asked: Asked, rights: Rights) -> Denied | None:
    lacking = {speaker: _missing(needs, speaker, rights) for speaker in asked.speakers}
    by = tuple(speaker for speaker in asked.speakers if lacking[speaker])
    if by:
        missing = frozenset[str]().union(*lacking.values())
        return Denied(f"{_called(by, rights)}, you'd need {titles(missing)} for that.", missing, by)
    if rights.standing(rights.bot_id) is None:
        return Denied(LOST)
    missing = _missing(needs, rights.bot_id, rights)
    return Denied(f"I'd need {titles(missing)} for that myself.", missing) if missing else None


def _missing(needs: Sequence[Need], user_id: int, rights: Rights) -> frozenset[str]:
    missing: set[str] = set()
    for need in needs:
        standing = rights.standing(user_id, need.channel_id)
        held = standing.permissions if standing is not None else frozenset()
        if standing is not None and _holds_all(standing):
            continue
        if need.channel_id is not None and "view_channel" not in held:
            missing |= {"view_channel"}  # Discord: without it no other permission counts there
        missing |= need.permissions - held
    return frozenset(missing)


def _ranks(needs: Sequence[Need], asked: Asked, rights: Rights) -> Denied | None:
    for need in needs:
        if need.target_id is not None:
            denied = _rank(need, need.target_id, asked, rights)
            if denied is not None:
                return denied
    return None


def _rank(need: Need, target_id: int, asked: Asked, rights: Rights) -> Denied | None:
    target = rights.standing(target_id)
    if target is None:
        return Denied(GONE)
    if target_id == rights.bot_id:
        return Denied(MYSELF)
    if target.is_owner:
        return Denied(OWNER)
    name = _name(target)
    if "moderate_members" in need.permissions and _holds_all(target):
        return Denied(f"{name} is an administrator, and Discord lets nobody time out administrators.")
    below = tuple(speaker for speaker in asked.speakers if not _above(rights.standing(speaker), target))
    if below == (target_id,):
        return Denied(f"{name}, nobody can do that to themselves.", by=below)
    if below:
        return Denied(f"{_called(below, rights)}, you'd have to rank above {name} for that.", by=below)
    if not _above(rights.standing(rights.bot_id), target):
        return Denied(f"I'd have to rank above {name} for that myself.")
    return None


def _above(standing: Standing | None, target: Standing) -> bool:
    return standing is not None and (standing.is_owner or standing.rank > target.rank)


def _holds_all(standing: Standing) -> bool:
    return standing.is_owner or "administrator" in standing.permissions


def _called(user_ids: Sequence[int], rights: Rights) -> str:
    return _and([_name(rights.standing(user_id)) for user_id in user_ids])


def _name(standing: Standing | None) -> str:
    return (data(standing.name) if standing is not None else "") or "somebody"


def _and(words: Sequence[str], joint: str = "and") -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {joint} {words[-1]}"
