"""What the model may do in a Discord server: the only tools that know discord.py."""

from bot.tools.guild.chance import CHANCE_TOOLS
from bot.tools.guild.channels import LIST_CHANNELS
from bot.tools.guild.clock_tool import CURRENT_TIME
from bot.tools.guild.events import EVENT_TOOLS
from bot.tools.guild.information import SERVER_INFO, WHO_IS_IN_VOICE
from bot.tools.guild.messages import POST_MESSAGE, READ_MESSAGES
from bot.tools.guild.people import FIND_MEMBER
from bot.tools.guild.polls import CREATE_POLL
from bot.tools.guild.threads import THREAD_TOOLS
from bot.tools.guild.voice import VOICE_TOOLS
from bot.tools.registry import Tool

GUILD_TOOLS: tuple[Tool, ...] = (
    CURRENT_TIME,
    SERVER_INFO,
    WHO_IS_IN_VOICE,
    FIND_MEMBER,
    LIST_CHANNELS,
    READ_MESSAGES,
    POST_MESSAGE,
    *THREAD_TOOLS,
    CREATE_POLL,
    *EVENT_TOOLS,
    *CHANCE_TOOLS,
    *VOICE_TOOLS,
)
"""All that need nothing but the room of the call; those of reminders are made by
`bot.tools.guild.reminders.reminder_tools`."""
