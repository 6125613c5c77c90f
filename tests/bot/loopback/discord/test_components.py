"""What Discord does not take, field by field: the limits of its component, embed and command references."""

from __future__ import annotations

from typing import Any

import pytest

from bot.loopback.discord import embeds, layouts, modals, options
from bot.loopback.discord.errors import ApiError

Json = dict[str, Any]

BUTTON = {"type": 2, "style": 1, "label": "Go", "custom_id": "go"}
TEXT = {"type": 10, "content": "x"}
OPTION = {"label": "Red", "value": "r"}
SELECT = {"type": 3, "custom_id": "colour", "options": [OPTION]}
INPUT = {"type": 4, "custom_id": "why", "style": 1}


def row(*components: Json) -> Json:
    return {"type": 1, "components": list(components)}


def box(*components: Json) -> Json:
    return {"type": 17, "components": list(components)}


def refusal(error: ApiError) -> tuple[str, str]:
    """The path and the code of what was refused."""
    at, path = error.body["errors"], []
    while "_errors" not in at:
        ((key, at),) = at.items()
        path.append(key)
    return ".".join(path), at["_errors"][0]["code"]


def buttons(count: int) -> list[Json]:
    return [BUTTON | {"custom_id": str(n)} for n in range(count)]


@pytest.mark.parametrize(
    ("components", "where", "code"),
    [
        ([TEXT], "components.0.type", "UNION_TYPE_CHOICES"),
        ([BUTTON], "components.0.type", "UNION_TYPE_CHOICES"),
        ([row(TEXT)], "components.0.components.0.type", "UNION_TYPE_CHOICES"),
        ([row()], "components.0.components", "BASE_TYPE_BAD_LENGTH"),
        ([row(BUTTON)] * 6, "components", "BASE_TYPE_BAD_LENGTH"),
        ([row(*buttons(6))], "components.0.components.5", "COMPONENT_LAYOUT_WIDTH_EXCEEDED"),
        ([row(SELECT, BUTTON)], "components.0.components.1", "COMPONENT_LAYOUT_WIDTH_EXCEEDED"),
        (
            [row(BUTTON, BUTTON)],
            "components.0.components.1.custom_id",
            "COMPONENT_CUSTOM_ID_DUPLICATED",
        ),
        ("x", "components", "LIST_TYPE_CONVERT"),
        (["x"], "components.0", "DICT_TYPE_CONVERT"),
    ],
)
def test_a_classic_message(components: Any, where: str, code: str) -> None:
    with pytest.raises(ApiError) as refused:
        layouts.checked(components, v2=False)
    assert refusal(refused.value) == (where, code)


@pytest.mark.parametrize(
    ("changes", "name", "code"),
    [
        ({"label": "x" * 81}, "label", "BASE_TYPE_MAX_LENGTH"),
        ({"label": ""}, "label", "BUTTON_COMPONENT_LABEL_OR_EMOJI_REQUIRED"),
        ({"custom_id": "x" * 101}, "custom_id", "BASE_TYPE_BAD_LENGTH"),
        ({"custom_id": None}, "custom_id", "BASE_TYPE_REQUIRED"),
        ({"custom_id": 3}, "custom_id", "STRING_TYPE_CONVERT"),
        ({"style": None}, "style", "BASE_TYPE_REQUIRED"),
        ({"style": 7}, "style", "NUMBER_TYPE_MAX"),
        ({"style": "1"}, "style", "NUMBER_TYPE_COERCE"),
        ({"style": 5}, "url", "BASE_TYPE_REQUIRED"),
        ({"style": 5, "url": "https://x"}, "custom_id", "BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE"),
        ({"url": "https://x"}, "url", "BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE"),
    ],
)
def test_a_button(changes: Json, name: str, code: str) -> None:
    with pytest.raises(ApiError) as refused:
        layouts.checked([row(BUTTON | changes)], v2=False)
    assert refusal(refused.value) == (f"components.0.components.0.{name}", code)


@pytest.mark.parametrize(
    ("changes", "name", "code"),
    [
        ({"placeholder": "x" * 151}, "placeholder", "BASE_TYPE_MAX_LENGTH"),
        ({"options": []}, "options", "BASE_TYPE_BAD_LENGTH"),
        (
            {"options": [{"label": "x", "value": str(n)} for n in range(26)]},
            "options",
            "BASE_TYPE_BAD_LENGTH",
        ),
        (
            {"options": [OPTION, OPTION]},
            "options.1.value",
            "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED",
        ),
        ({"options": [{"label": "x" * 101, "value": "x"}]}, "options.0.label", "BASE_TYPE_BAD_LENGTH"),
        ({"options": [OPTION | {"description": "x" * 101}]}, "options.0.description", "BASE_TYPE_MAX_LENGTH"),
        ({"min_values": 2}, "min_values", "NUMBER_TYPE_MAX"),
        ({"min_values": 2, "max_values": 2}, "options", "BASE_TYPE_BAD_LENGTH"),
        ({"max_values": 26}, "max_values", "NUMBER_TYPE_MAX"),
        (
            {"type": 5, "default_values": [{"id": "1", "type": "role"}]},
            "default_values.0.type",
            "BASE_TYPE_CHOICES",
        ),
    ],
)
def test_a_menu(changes: Json, name: str, code: str) -> None:
    with pytest.raises(ApiError) as refused:
        layouts.checked([row(SELECT | changes)], v2=False)
    assert refusal(refused.value) == (f"components.0.components.0.{name}", code)


def test_too_many_defaults() -> None:
    both = [OPTION | {"default": True}, {"label": "Blue", "value": "b", "default": True}]
    with pytest.raises(ApiError, match="50035") as refused:
        layouts.checked([row(SELECT | {"options": both})], v2=False)
    assert refusal(refused.value)[1] == "SELECT_COMPONENT_TOO_MANY_DEFAULT_VALUES"


@pytest.mark.parametrize(
    ("components", "where", "code"),
    [
        ([BUTTON], "components.0.type", "UNION_TYPE_CHOICES"),
        ([box(box(TEXT))], "components.0.components.0.type", "UNION_TYPE_CHOICES"),
        ([TEXT] * 41, "components", "BASE_TYPE_BAD_LENGTH"),
        ([box(*[TEXT] * 40)], "components", "COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED"),
        ([{"type": 10, "content": "x" * 2001}] * 2, "components", "COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED"),
        ([{"type": 10, "content": ""}], "components.0.content", "BASE_TYPE_BAD_LENGTH"),
        ([{"type": 9, "components": [TEXT]}], "components.0.accessory", "BASE_TYPE_REQUIRED"),
        (
            [{"type": 9, "components": [TEXT] * 4, "accessory": BUTTON}],
            "components.0.components",
            "BASE_TYPE_BAD_LENGTH",
        ),
        (
            [{"type": 9, "components": [TEXT], "accessory": SELECT}],
            "components.0.accessory.type",
            "UNION_TYPE_CHOICES",
        ),
        ([{"type": 14, "spacing": 3}], "components.0.spacing", "NUMBER_TYPE_MAX"),
        ([box(TEXT) | {"accent_color": 1 << 24}], "components.0.accent_color", "NUMBER_TYPE_MAX"),
        (
            [{"type": 13, "file": {"url": "attachment://b.txt"}}],
            "components.0.file.url",
            "UNFURLED_MEDIA_ITEM_REFERENCED_ATTACHMENT_NOT_FOUND",
        ),
        (
            [{"type": 13, "file": {"url": "https://x/a.txt"}}],
            "components.0.file.url",
            "URL_TYPE_INVALID_SCHEME",
        ),
        ([{"type": 12, "items": []}], "components.0.items", "BASE_TYPE_BAD_LENGTH"),
        (
            [{"type": 12, "items": [{"media": {"url": "ftp://x"}}]}],
            "components.0.items.0.media.url",
            "URL_TYPE_INVALID_SCHEME",
        ),
    ],
)
def test_a_layout(components: Any, where: str, code: str) -> None:
    with pytest.raises(ApiError) as refused:
        layouts.checked(components, v2=True, files={"a.txt"})
    assert refusal(refused.value) == (where, code)


def test_a_layout_is_kept_with_numbers() -> None:
    thumbnail = {"type": 11, "media": {"url": "attachment://a.png"}}
    section = {"type": 9, "components": [TEXT | {"id": 2}], "accessory": thumbnail}
    file = {"type": 13, "file": {"url": "attachment://a.png"}}
    kept = layouts.checked([box(section, {"type": 14}, row(SELECT)), file], v2=True, files={"a.png"})
    inner = kept[0]["components"]
    assert [kept[0]["id"], inner[0]["id"], inner[0]["components"][0]["id"]] == [1, 3, 2]
    assert [inner[0]["accessory"]["id"], inner[1]["id"], kept[1]["id"]] == [4, 5, 8]
    assert layouts.checked(None, v2=True) == []


def form(*components: Json, **changes: Any) -> Json:
    return {"custom_id": "f", "title": "Form", "components": list(components)} | changes


def label(component: Json, **changes: Any) -> Json:
    return {"type": 18, "label": "Why?", "component": component} | changes


@pytest.mark.parametrize(
    ("modal", "where", "code"),
    [
        (form(label(INPUT), title="x" * 46), "data.title", "BASE_TYPE_BAD_LENGTH"),
        (form(label(INPUT), title=None), "data.title", "BASE_TYPE_REQUIRED"),
        (form(label(INPUT), custom_id="x" * 101), "data.custom_id", "BASE_TYPE_BAD_LENGTH"),
        (form(), "data.components", "BASE_TYPE_BAD_LENGTH"),
        (form(*[label(INPUT)] * 6), "data.components", "BASE_TYPE_BAD_LENGTH"),
        (
            form(label(INPUT), label(INPUT)),
            "data.components.1.component.custom_id",
            "COMPONENT_CUSTOM_ID_DUPLICATED",
        ),
        (form(INPUT), "data.components.0.type", "UNION_TYPE_CHOICES"),
        (form(box(TEXT)), "data.components.0.type", "UNION_TYPE_CHOICES"),
        (form(label(BUTTON)), "data.components.0.component.type", "UNION_TYPE_CHOICES"),
        (form(label(INPUT, label="x" * 46)), "data.components.0.label", "BASE_TYPE_BAD_LENGTH"),
        (form(label(INPUT, description="x" * 101)), "data.components.0.description", "BASE_TYPE_MAX_LENGTH"),
        (form(row(INPUT)), "data.components.0.components.0.label", "BASE_TYPE_REQUIRED"),
        (form(row(SELECT)), "data.components.0.components.0.type", "UNION_TYPE_CHOICES"),
        (form(label(INPUT | {"label": "x"})), "data.components.0.component.label", "BASE_TYPE_UNKNOWN"),
        (form(label(INPUT | {"style": 3})), "data.components.0.component.style", "NUMBER_TYPE_MAX"),
        (
            form(label(INPUT | {"max_length": 4001})),
            "data.components.0.component.max_length",
            "NUMBER_TYPE_MAX",
        ),
        (
            form(label(INPUT | {"min_length": 9, "max_length": 8})),
            "data.components.0.component.min_length",
            "NUMBER_TYPE_MAX",
        ),
        (
            form(label(INPUT | {"value": "x" * 9, "max_length": 8})),
            "data.components.0.component.value",
            "BASE_TYPE_MAX_LENGTH",
        ),
        (
            form(label(INPUT | {"placeholder": "x" * 101})),
            "data.components.0.component.placeholder",
            "BASE_TYPE_MAX_LENGTH",
        ),
        (
            form(label(SELECT | {"disabled": True})),
            "data.components.0.component.disabled",
            "COMPONENT_DISABLED_IN_MODAL",
        ),
        (
            form(label(SELECT | {"min_values": 0})),
            "data.components.0.component.min_values",
            "NUMBER_TYPE_MIN",
        ),
        (form(label(SELECT | {"type": 21})), "data.components.0.component.options", "BASE_TYPE_BAD_LENGTH"),
        (
            form(label({"type": 19, "custom_id": "x", "max_values": 11})),
            "data.components.0.component.max_values",
            "NUMBER_TYPE_MAX",
        ),
    ],
)
def test_a_form(modal: Json, where: str, code: str) -> None:
    with pytest.raises(ApiError) as refused:
        modals.checked(modal)
    assert refusal(refused.value) == (where, code)


def test_a_form_of_groups_and_boxes() -> None:
    two = [OPTION, {"label": "Blue", "value": "b"}]
    groups = [
        label({"type": 21, "custom_id": "a", "options": two}),
        label({"type": 22, "custom_id": "b", "options": two}),
        label({"type": 23, "custom_id": "c"}),
        {"type": 10, "content": "To read"},
        row(INPUT | {"label": "Why?"}),
    ]
    assert len(modals.checked(form(*groups))["components"]) == 5


@pytest.mark.parametrize(
    ("wrong", "where"),
    [
        ([{"title": "x" * 257}], "embeds.0.title"),
        ([{"description": "x" * 4097}], "embeds.0.description"),
        ([{"fields": [{"name": "x", "value": ""}]}], "embeds.0.fields.0.value"),
        ([{"fields": [{"name": "x" * 257, "value": "x"}]}], "embeds.0.fields.0.name"),
        ([{"fields": [{"name": "x", "value": "x"}] * 26}], "embeds.0.fields"),
        ([{"footer": {"text": "x" * 2049}}], "embeds.0.footer.text"),
        ([{}] * 11, "embeds"),
        ([{"description": "x" * 3001}] * 2, "embeds"),
    ],
)
def test_embeds(wrong: list[Json], where: str) -> None:
    with pytest.raises(ApiError) as refused:
        embeds.checked(wrong)
    assert refusal(refused.value)[0] == where


NAMED = {"type": 3, "name": "name", "description": "x"}


@pytest.mark.parametrize(
    ("declared", "where"),
    [
        ([NAMED, NAMED], "options.1.name"),
        ([NAMED | {"type": 12}], "options.0.type"),
        ([NAMED] * 26, "options"),
        (
            [NAMED | {"autocomplete": True, "choices": [{"name": "x", "value": "x"}]}],
            "options.0.autocomplete",
        ),
        ([NAMED | {"type": 6, "autocomplete": True}], "options.0.choices"),
        ([NAMED | {"choices": [{"name": "x", "value": 3}]}], "options.0.choices.0.value"),
        ([NAMED | {"type": 4, "choices": [{"name": "x", "value": "3"}]}], "options.0.choices.0.value"),
        ([NAMED | {"choices": [{"name": str(n), "value": "x"} for n in range(26)]}], "options.0.choices"),
        (
            [{"type": 1, "name": "sub", "description": "x", "options": [{"name": ""}]}],
            "options.0.options.0.name",
        ),
    ],
)
def test_options_declared(declared: list[Json], where: str) -> None:
    with pytest.raises(ApiError) as refused:
        options.validate(declared, "options")
    assert refusal(refused.value)[0] == where


@pytest.mark.parametrize(
    ("declared", "value"),
    [
        ({"max_length": 3}, "four"),
        ({"min_length": 3}, "no"),
        ({"type": 4, "max_value": 3}, 4),
        ({"type": 10, "min_value": 0.5}, 0),
        ({"type": 5}, 1),
        ({"type": 4}, True),
    ],
)
def test_options_typed(declared: Json, value: Any) -> None:
    option = NAMED | declared
    with pytest.raises(ApiError, match="50035"):
        options.check([option], [{"type": option["type"], "name": "name", "value": value}], {})


def test_only_channels_of_the_kinds_asked_for() -> None:
    where = {"type": 7, "name": "where", "description": "x", "channel_types": [2]}
    voice, text = ({"type": 7, "name": "where", "value": name} for name in ("1", "2"))
    options.check([where], [voice], {"1": 2, "2": 0})
    with pytest.raises(ApiError, match="50035"):
        options.check([where], [text], {"1": 2, "2": 0})
