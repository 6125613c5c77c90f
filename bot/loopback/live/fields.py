"""Every field a client may send, as ``schema.Spec``. One table per API version: v1alpha knows a few names
more.
"""

from __future__ import annotations

from bot.loopback.live.schema import Many, Message, Named, OneOf, Scalar, Spec

TEXT, BOOL, INT, FLOAT, BYTES, ANY = (
    Scalar.TEXT,
    Scalar.BOOL,
    Scalar.INT,
    Scalar.FLOAT,
    Scalar.BYTES,
    Scalar.ANY,
)


def _enum(name: str, *values: str) -> OneOf:
    return OneOf(name, frozenset(values))


_BLOB = Message({"data": BYTES, "mime_type": TEXT, "display_name": TEXT})

_FUNCTION_RESPONSE = Message(
    {
        "id": TEXT,
        "name": TEXT,
        "response": ANY,
        "will_continue": BOOL,
        "parts": Many(ANY),
        "scheduling": _enum("FunctionResponse.Scheduling", "SILENT", "WHEN_IDLE", "INTERRUPT"),
    }
)

_PART = Message(
    {
        "text": TEXT,
        "inline_data": _BLOB,
        "thought": BOOL,
        "thought_signature": BYTES,
        "function_call": Message({"id": TEXT, "name": TEXT, "args": ANY}),
        "function_response": _FUNCTION_RESPONSE,
        "file_data": ANY,
        "executable_code": ANY,
        "code_execution_result": ANY,
        "video_metadata": ANY,
        "media_resolution": ANY,
        "part_metadata": ANY,
    }
)

_CONTENT = Message({"parts": Many(_PART), "role": TEXT})

_SCHEMA_FIELDS: dict[str, Spec] = {
    "type": _enum("Type", "STRING", "NUMBER", "INTEGER", "BOOLEAN", "ARRAY", "OBJECT", "NULL"),
    "enum": Many(TEXT),
    "required": Many(TEXT),
    "property_ordering": Many(TEXT),
    "nullable": BOOL,
    "default": ANY,
    "example": ANY,
    "minimum": FLOAT,
    "maximum": FLOAT,
}
_SCHEMA_FIELDS.update(dict.fromkeys(("format", "title", "description", "pattern"), TEXT))
_SCHEMA_FIELDS.update(
    dict.fromkeys(
        ("min_items", "max_items", "min_length", "max_length", "min_properties", "max_properties"), INT
    )
)
_SCHEMA = Message(_SCHEMA_FIELDS)
_SCHEMA_FIELDS.update(items=_SCHEMA, any_of=Many(_SCHEMA), properties=Named(_SCHEMA))

_TOOL = Message(
    {
        "function_declarations": Many(
            Message(
                {
                    "name": TEXT,
                    "description": TEXT,
                    "parameters": _SCHEMA,
                    "parameters_json_schema": ANY,
                    "response": _SCHEMA,
                    "response_json_schema": ANY,
                    "behavior": _enum("FunctionDeclaration.Behavior", "BLOCKING", "NON_BLOCKING"),
                }
            )
        ),
        "google_search": ANY,
        "google_search_retrieval": ANY,
        "google_maps": ANY,
        "code_execution": ANY,
        "url_context": ANY,
        "file_search": ANY,
        "computer_use": ANY,
        "mcp_servers": Many(ANY),
    }
)

_TRANSCRIPTION = Message(
    {
        "language_codes": Many(TEXT),
        "language_hints": ANY,
        "language_auto": ANY,
        "custom_vocabulary": Many(TEXT),
        "adaptation_phrases": Many(TEXT),
        "word_timestamp": BOOL,
        "diarization": BOOL,
        "mode": TEXT,
    }
)

_REALTIME_CONFIG = Message(
    {
        "automatic_activity_detection": Message(
            {
                "disabled": BOOL,
                "start_of_speech_sensitivity": _enum(
                    "StartSensitivity", "START_SENSITIVITY_HIGH", "START_SENSITIVITY_LOW"
                ),
                "end_of_speech_sensitivity": _enum(
                    "EndSensitivity", "END_SENSITIVITY_HIGH", "END_SENSITIVITY_LOW"
                ),
                "prefix_padding_ms": INT,
                "silence_duration_ms": INT,
            }
        ),
        "activity_handling": _enum("ActivityHandling", "START_OF_ACTIVITY_INTERRUPTS", "NO_INTERRUPTION"),
        "turn_coverage": _enum(
            "TurnCoverage",
            "TURN_INCLUDES_ONLY_ACTIVITY",
            "TURN_INCLUDES_ALL_INPUT",
            "TURN_INCLUDES_AUDIO_ACTIVITY_AND_ALL_VIDEO",
        ),
    }
)

_GENERATION: dict[str, Spec] = {
    "response_modalities": Many(_enum("Modality", "TEXT", "IMAGE", "AUDIO")),
    "temperature": FLOAT,
    "top_p": FLOAT,
    "top_k": FLOAT,
    "max_output_tokens": INT,
    "candidate_count": INT,
    "seed": INT,
    "presence_penalty": FLOAT,
    "frequency_penalty": FLOAT,
    "stop_sequences": Many(TEXT),
    "media_resolution": TEXT,
    "response_mime_type": TEXT,
    "response_schema": ANY,
    "speech_config": Message(
        {
            "language_code": TEXT,
            "voice_config": Message({"prebuilt_voice_config": Message({"voice_name": TEXT}), "voice": TEXT}),
        }
    ),
    "thinking_config": Message({"include_thoughts": BOOL, "thinking_budget": INT, "thinking_level": TEXT}),
    "translation_config": Message({"target_language_code": TEXT, "echo_target_language": BOOL}),
}

_SETUP: dict[str, Spec] = {
    "model": TEXT,
    "system_instruction": _CONTENT,
    "tools": Many(_TOOL),
    "session_resumption": Message({"handle": TEXT}),  # `transparent` is Vertex's
    "context_window_compression": Message(
        {"trigger_tokens": INT, "sliding_window": Message({"target_tokens": INT})}
    ),
    "input_audio_transcription": _TRANSCRIPTION,
    "output_audio_transcription": _TRANSCRIPTION,
    "realtime_input_config": _REALTIME_CONFIG,
    "history_config": Message({"initial_history_in_client_content": BOOL}),
    "safety_settings": Many(Message({"category": TEXT, "threshold": TEXT})),
    "labels": ANY,
}


def _client_message(generation: dict[str, Spec], setup: dict[str, Spec]) -> Message:
    return Message(
        {
            "setup": Message(
                {**_SETUP, **setup, "generation_config": Message({**_GENERATION, **generation})}
            ),
            "client_content": Message({"turns": Many(_CONTENT), "turn_complete": BOOL}),
            "realtime_input": Message(
                {
                    "audio": _BLOB,
                    "video": _BLOB,
                    "text": TEXT,
                    "media_chunks": Many(_BLOB),
                    "activity_start": Message({}),
                    "activity_end": Message({}),
                    "audio_stream_end": BOOL,
                }
            ),
            "tool_response": Message({"function_responses": Many(_FUNCTION_RESPONSE)}),
            "context_update": Message(
                {"system_instruction": _CONTENT, "tools": Message({"tools": Many(_TOOL)})}
            ),
        }
    )


CLIENT_MESSAGE: dict[str, Message] = {
    "v1beta": _client_message({}, {}),
    # pydantic-ai PR 8394, verified live 2026-09-16: `proactivity` is an unknown name on v1beta, for every
    # model.
    "v1alpha": _client_message(
        {"enable_affective_dialog": BOOL},
        {"proactivity": Message({"proactive_audio": BOOL, "proactive_video": BOOL})},
    ),
}
"""By API version. v1 is not here: no Live model is served on it."""
