"""The Discord side of a room: the only place that touches discord.py's voice internals."""
