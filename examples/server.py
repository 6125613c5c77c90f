"""A to-do list, a restaurant and an order desk on 127.0.0.1:8765, for the files beside this one.

    python examples/server.py

Everything is in memory and gone when it ends. Requests need the header ``Authorization: Bearer`` with the key
of the environment variable EXAMPLES_KEY (``let-me-in`` unless set).
"""

from __future__ import annotations

import os
from typing import Any

from aiohttp import web

PORT = 8765

DAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
HOURS = dict.fromkeys(DAYS, ("12:00", "22:00")) | {
    "friday": ("12:00", "23:00"),
    "saturday": ("12:00", "23:00"),
}
CLOSED = "monday"
TABLES = [("window", 4), ("garden", 2), ("corner", 6)]
MENU = [
    ("mushroom pie", {"vegetarian"}, "the cook is famous for it"),
    ("lentil stew", {"vegetarian", "vegan"}, "with lemon and coriander"),
    ("grilled trout", set(), "from the lake next door"),
]
ORDERS = {
    "4711": {"status": "on its way", "left_the_warehouse": "yesterday", "expected": "tomorrow"},
    "4712": {"status": "being packed", "expected": "in three days"},
    "4713": {"status": "delivered", "delivered": "on Monday", "signed_by": "a neighbour"},
}


class ToDo:
    """One list for everybody."""

    def __init__(self) -> None:
        self.items = ["a birthday card", "light bulbs"]

    async def show(self, request: web.Request) -> web.Response:
        return web.json_response({"left": self.items, "count": len(self.items)})

    async def add(self, request: web.Request) -> web.Response:
        item = str((await request.json())["item"]).strip()
        if item.casefold() not in (each.casefold() for each in self.items):
            self.items.append(item)
        return web.json_response({"added": item, "count": len(self.items)}, status=201)

    async def cross_off(self, request: web.Request) -> web.Response:
        """By words, for nobody says a number: what is on the list and shares a word with what was said."""
        said = _words(str((await request.json())["item"]))
        found = [each for each in self.items if _words(each) & said]
        if len(found) != 1:
            problem = "Several things fit." if found else "Nothing like that is on the list."
            return web.json_response({"problem": problem, "left": self.items}, status=404)
        self.items.remove(found[0])
        return web.json_response({"crossed_off": found[0], "left": self.items, "count": len(self.items)})


class Restaurant:
    """The Lime Tree. A table is taken for the evening."""

    def __init__(self) -> None:
        self.bookings: list[dict[str, Any]] = []

    async def hours(self, request: web.Request) -> web.Response:
        days = [request.query["day"]] if "day" in request.query else DAYS
        return web.json_response({day: _hours(day) for day in days})

    async def tables(self, request: web.Request) -> web.Response:
        day, time, people = request.query["day"], request.query["time"], int(request.query["people"])
        free = self._free(day, time, people)
        answer: dict[str, Any] = {
            "free": bool(free),
            "tables": [{"at": name, "seats": n} for name, n in free],
        }
        if not free:
            answer["other_days"] = [other for other in DAYS if self._free(other, time, people)][:3]
        return web.json_response(answer)

    async def book(self, request: web.Request) -> web.Response:
        wanted = await request.json()
        free = self._free(wanted["day"], wanted["time"], wanted["people"])
        if not free:
            return web.json_response({"problem": "There is no such table free at that time."}, status=409)
        booking = {**wanted, "table": free[0][0], "code": f"lime {len(self.bookings) + 1}"}
        self.bookings.append(booking)
        return web.json_response({"booking": booking}, status=201)

    async def menu(self, request: web.Request) -> web.Response:
        diet = request.query.get("diet", "everything")
        dishes = [
            {"dish": dish, "why": why} for dish, diets, why in MENU if diet in diets or diet == "everything"
        ]
        return web.json_response({"suggestions": dishes})

    def _free(self, day: str, time: str, people: int) -> list[tuple[str, int]]:
        opens, closes = HOURS[day]
        if day == CLOSED or not opens <= time < closes:
            return []
        taken = {booking["table"] for booking in self.bookings if booking["day"] == day}
        return [(name, seats) for name, seats in TABLES if seats >= people and name not in taken]


async def order(request: web.Request) -> web.Response:
    found = ORDERS.get(request.match_info["number"])
    if found is None:
        return web.json_response({"problem": "There is no order with this number."}, status=404)
    return web.json_response({"order": {"number": request.match_info["number"], **found}})


def _hours(day: str) -> str:
    opens, closes = HOURS[day]
    return "closed" if day == CLOSED else f"{opens} to {closes}"


def _words(text: str) -> set[str]:
    return {word for word in text.casefold().split() if word not in {"a", "an", "the", "some", "my", "our"}}


@web.middleware
async def _with_key(request: web.Request, handler: Any) -> web.StreamResponse:
    if request.headers.get("Authorization") != f"Bearer {os.environ.get('EXAMPLES_KEY', 'let-me-in')}":
        raise web.HTTPUnauthorized(text='{"problem": "The key is wrong."}', content_type="application/json")
    try:
        return await handler(request)
    except (KeyError, ValueError, TypeError):
        raise web.HTTPBadRequest(
            text='{"problem": "Something is missing or wrong."}', content_type="application/json"
        ) from None


def application() -> web.Application:
    """A new server, with everything as it is in the beginning."""
    todo, restaurant = ToDo(), Restaurant()
    app = web.Application(middlewares=[_with_key])
    app.add_routes(
        [
            web.get("/todo", todo.show),
            web.post("/todo", todo.add),
            web.post("/todo/crossed-off", todo.cross_off),
            web.get("/restaurant/hours", restaurant.hours),
            web.get("/restaurant/tables", restaurant.tables),
            web.post("/restaurant/bookings", restaurant.book),
            web.get("/restaurant/menu", restaurant.menu),
            web.get("/orders/{number}", order),
        ]
    )
    return app


if __name__ == "__main__":
    web.run_app(application(), host="127.0.0.1", port=PORT)
