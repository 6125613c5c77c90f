"""Tools that the person who runs the bot has declared in `tools.toml`: HTTP endpoints and MCP servers.

`file.load` reads the file. What comes from outside (answers, descriptions, schemas) is data: capped, cleaned
and marked as such before the model gets it. docs/tools.md describes the file.
"""
