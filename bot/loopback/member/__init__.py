"""A person on the real wire: a Discord client that is independent of discord.py and of the bot's own path."""

from bot.loopback.member.errors import MemberError, RestError, VoiceEnded
from bot.loopback.member.form import Form, FormOpened
from bot.loopback.member.impairments import CLEAN, Impairments
from bot.loopback.member.interacting import Choice
from bot.loopback.member.member import Member
from bot.loopback.member.message import Message
from bot.loopback.member.recording import HeardPacket, Recording, Track
from bot.loopback.member.talk import SpokenPacket, SpokenRecord

__all__ = [
    "CLEAN",
    "Choice",
    "Form",
    "FormOpened",
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
