"""What the model may do in a Discord server: the only tools that know discord.py."""
