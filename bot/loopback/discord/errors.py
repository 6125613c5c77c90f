"""REST refusals with the status, code and body of the real API (Discord API docs, "JSON Error Codes")."""

from __future__ import annotations

from typing import Any


class ApiError(Exception):
    """Ends a request: `status` is HTTP's, `code` Discord's, `fields` the tree of a form error."""

    def __init__(self, status: int, code: int, message: str, fields: dict[str, Any] | None = None) -> None:
        super().__init__(f"{status} {code} {message}")
        self.status = status
        self.body: dict[str, Any] = {"message": message, "code": code}
        if fields is not None:
            self.body["errors"] = fields

    def within(self, path: str) -> ApiError:
        """The same of a field that stands deeper: what is wrong in a callback is wrong in its ``data``."""
        if "errors" in self.body:
            self.body["errors"] = {path: self.body["errors"]}
        return self


_UNKNOWN = {
    "Application": 10002,
    "Channel": 10003,
    "Guild": 10004,
    "Member": 10007,
    "Message": 10008,
    "Role": 10011,
    "User": 10013,
    "Webhook": 10015,
    "interaction": 10062,
    "application command": 10063,
    "Voice State": 10065,
    "sound": 10097,
}


def unknown(thing: str) -> ApiError:
    """``unknown("Channel")`` is 404, code 10003, "Unknown Channel"."""
    return ApiError(404, _UNKNOWN[thing], f"Unknown {thing}")


def unauthorized() -> ApiError:
    return ApiError(401, 0, "401: Unauthorized")


def missing_access() -> ApiError:
    return ApiError(403, 50001, "Missing Access")


def missing_permissions() -> ApiError:
    return ApiError(403, 50013, "Missing Permissions")


def form_error(path: str, code: str, message: str) -> ApiError:
    """One refused field; ``path`` is dotted, with list indices: ``"0.options.2.name"``."""
    fields: dict[str, Any] = {"_errors": [{"code": code, "message": message}]}
    for key in reversed(path.split(".")) if path else ():
        fields = {key: fields}
    return ApiError(400, 50035, "Invalid Form Body", fields)


def required(path: str) -> ApiError:
    return form_error(path, "BASE_TYPE_REQUIRED", "This field is required")


def not_a_snowflake(path: str, value: object) -> ApiError:
    return form_error(path, "NUMBER_TYPE_COERCE", f'Value "{value}" is not snowflake.')
