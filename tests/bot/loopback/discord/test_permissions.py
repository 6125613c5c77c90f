from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.loopback.discord import permissions
from bot.loopback.discord.permissions import ALL, Overwrite, Permission, Target

GUILD, ROLE, OTHER_ROLE, USER = 1, 2, 3, 4
SEEN = int(Permission.VIEW_CHANNEL | Permission.SEND_MESSAGES)
bits = st.integers(0, ALL).map(lambda value: value & ~int(Permission.ADMINISTRATOR))


def in_channel(total: int, *overwrites: Overwrite, roles: tuple[int, ...] = (ROLE, OTHER_ROLE)) -> int:
    by_id = {overwrite.id: overwrite for overwrite in overwrites}
    return permissions.in_channel(total, by_id, GUILD, list(roles), USER)


def test_roles_add_up_and_an_administrator_has_all() -> None:
    assert permissions.base(1, [2, 4]) == 7
    assert permissions.base(1, [int(Permission.ADMINISTRATOR)]) == ALL
    assert in_channel(ALL, Overwrite(USER, Target.MEMBER, deny=ALL)) == ALL


def test_the_member_outweighs_the_roles_and_these_everyone() -> None:
    connect = int(Permission.CONNECT)
    everyone = Overwrite(GUILD, Target.ROLE, deny=connect)
    role = Overwrite(ROLE, Target.ROLE, allow=connect)
    member = Overwrite(USER, Target.MEMBER, deny=connect)
    held = SEEN | connect
    assert not in_channel(held, everyone) & connect
    assert in_channel(held, everyone, role) & connect
    assert not in_channel(held, everyone, role, member) & connect


def test_one_role_that_allows_beats_another_that_denies() -> None:
    connect = int(Permission.CONNECT)
    denies = Overwrite(ROLE, Target.ROLE, deny=connect)
    allows = Overwrite(OTHER_ROLE, Target.ROLE, allow=connect)
    assert in_channel(SEEN, denies, allows) & connect
    assert not in_channel(SEEN | connect, denies, allows, roles=(ROLE,)) & connect


def test_what_follows_from_another() -> None:
    hidden = Overwrite(GUILD, Target.ROLE, deny=int(Permission.VIEW_CHANNEL))
    assert in_channel(ALL & ~int(Permission.ADMINISTRATOR), hidden) == 0
    silent = Overwrite(GUILD, Target.ROLE, deny=int(Permission.SEND_MESSAGES))
    assert not in_channel(SEEN | int(Permission.ATTACH_FILES), silent) & Permission.ATTACH_FILES


@given(bits, bits, bits)
def test_the_members_own_overwrite_has_the_last_word(total: int, allow: int, deny: int) -> None:
    overwrite = Overwrite(USER, Target.MEMBER, allow=allow | SEEN, deny=deny)
    held = in_channel(total, overwrite)
    assert held & (allow | SEEN) == allow | SEEN
    assert not held & deny & ~allow & ~SEEN
