"""The MCP server by hand, and the file that declares it."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from outside import File

from bot.tools.external.file import Loaded

PROGRAM = Path(__file__).with_name("mcp_peer.py")
ANYTHING = {"type": "object", "properties": {"x": {"type": "string"}}}


class Peer:
    def __init__(self, file: File, folder: Path) -> None:
        self._file = file
        self._folder = folder

    def lists(self, *names: str, **more: Any) -> None:
        tools = [
            {"name": name, "description": f"Does {name}.", "inputSchema": ANYTHING, **more} for name in names
        ]
        (self._folder / "tools.json").write_text(json.dumps(tools))

    @property
    def starts(self) -> int:
        return len((self._folder / "starts").read_text().splitlines())

    def load(self, more: str = "", allow: Sequence[str] = ("*",), **how: Any) -> Loaded:
        command = json.dumps(sys.executable)
        args = json.dumps([str(PROGRAM), str(self._folder)])
        return self._file.load(
            f'[[mcp]]\nname = "peer"\ncondition = "only when asked."\nallow = {json.dumps(list(allow))}\n'
            f"command = {command}\nargs = {args}\n{more}",
            **how,
        )
