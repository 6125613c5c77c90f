"""A person on the real wire: a Discord client that is independent of discord.py and of the bot's own path."""

from bot.loopback.member.chat import Message
from bot.loopback.member.errors import MemberError, RestError, VoiceEnded
from bot.loopback.member.impairments import CLEAN, Impairments
from bot.loopback.member.member import Member
from bot.loopback.member.recording import HeardPacket, Recording, Track
from bot.loopback.member.talk import SpokenPacket, SpokenRecord

__all__ = [
    "CLEAN",
    "HeardPacket",
    "Impairments",
    "Member",
    "MemberError",
    "Message",
    "Recording",
    "RestError",
    "SpokenPacket",
    "SpokenRecord",
    "Track",
    "VoiceEnded",
]
