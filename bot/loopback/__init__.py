"""Stand-ins for Discord and the Gemini Live API on 127.0.0.1, on the real wire.

`Loopback` (bot.loopback.loopback) is all of it; `bot.loopback.serve` makes a program of it.
"""
