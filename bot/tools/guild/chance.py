"""roll_dice and choose: chance that is chance; a model left to itself always rolls a four."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

from bot.tools.registry import Result, Tool, ToolContext, error

MAX_DICE = 50
MAX_SIDES = 1000

_chance = random.SystemRandom()


async def _roll(context: ToolContext, args: Mapping[str, Any]) -> Result:
    count, sides = int(args.get("count", 1)), int(args.get("sides", 6))
    modifier = int(args.get("modifier", 0))
    rolls = [_chance.randint(1, sides) for _ in range(count)]
    sign = f"{modifier:+d}" if modifier else ""
    return {"dice": f"{count}d{sides}{sign}", "rolls": rolls, "total": sum(rolls) + modifier}


async def _choose(context: ToolContext, args: Mapping[str, Any]) -> Result:
    options = [option.strip() for option in args["options"] if option.strip()]
    count = int(args.get("count", 1))
    if len(options) < 2:
        return error("Name at least two options.", retryable=True)
    if count > len(options):
        return error(f"There are only {len(options)} options to choose from.", retryable=True)
    return {"chosen": _chance.sample(options, count), "among": len(options)}


ROLL_DICE = Tool(
    name="roll_dice",
    summary="Rolls dice.",
    description=(
        "Rolls dice with real chance, such as 2d6+3. "
        "Invocation Condition: when somebody wants dice rolled, a coin tossed (2 sides) or a random number. "
        "Never make up a roll yourself."
    ),
    parameters={
        "type": "object",
        "properties": {
            "count": {"type": "integer", "minimum": 1, "maximum": MAX_DICE, "description": "How many; 1."},
            "sides": {
                "type": "integer",
                "minimum": 2,
                "maximum": MAX_SIDES,
                "description": "Sides of each; 6.",
            },
            "modifier": {
                "type": "integer",
                "minimum": -1000,
                "maximum": 1000,
                "description": "Added to the sum; 0.",
            },
        },
    },
    run=_roll,
    group="chance",
    timeout_s=2.0,
    foreign=False,
)

CHOOSE = Tool(
    name="choose",
    summary="Chooses among options at random.",
    description=(
        "Chooses at random among options, or draws several in random order. "
        "Invocation Condition: when somebody wants chance to decide between things or people. "
        "Never make up the choice yourself."
    ),
    parameters={
        "type": "object",
        "properties": {
            "options": {
                "type": "array",
                "items": {"type": "string"},
                "description": "At least two.",
            },
            "count": {"type": "integer", "minimum": 1, "maximum": 100, "description": "How many; 1."},
        },
        "required": ["options"],
    },
    run=_choose,
    group="chance",
    timeout_s=2.0,
)

CHANCE_TOOLS = (ROLL_DICE, CHOOSE)
