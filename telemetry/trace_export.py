"""Decides by the standard variables OTEL_* whether spans are recorded and sent to a collector."""

import importlib.util
import logging
import os
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import Protocol

logger = logging.getLogger(__name__)

EXPORTER = "OTEL_TRACES_EXPORTER"
ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
PACKAGES = ("opentelemetry.sdk", "opentelemetry.exporter.otlp.proto.http")


class Tracing(Protocol):
    """The traces of a server, started in each of its processes."""

    def running(self) -> AbstractAsyncContextManager[None]:
        """Records the spans of this process until the end of the `async with` block."""


def create_tracing(version: str) -> Tracing | None:
    """Returns None unless the environment asks for traces and they can be exported.

    A problem is logged; it does not keep the server from starting.
    """
    if not is_asked(os.environ):
        return None
    if problem := _find_problem(os.environ):
        logger.error("Traces are off: %s", problem)
        return None
    # Imported before workers are forked, which then share its memory.
    from telemetry.trace_sdk import ExportedTraces, make_processor  # noqa: PLC0415 - optional

    is_console = os.environ.get(EXPORTER) == "console"
    return ExportedTraces(lambda: make_processor(is_console=is_console), version=version)


def is_asked(environment: Mapping[str, str]) -> bool:
    """Returns True if the standard variables turn traces on."""
    if environment.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return False
    if exporter := environment.get(EXPORTER):
        return exporter != "none"
    return any(environment.get(name) for name in ENDPOINTS)


def _find_problem(environment: Mapping[str, str]) -> str | None:
    exporter = environment.get(EXPORTER) or "otlp"
    if exporter not in {"otlp", "console"}:
        return f"{EXPORTER} must be otlp, console or none"
    protocol = next((environment[name] for name in PROTOCOLS if environment.get(name)), None)
    if exporter == "otlp" and protocol not in {None, "http/protobuf"}:
        return "OTEL_EXPORTER_OTLP_PROTOCOL must be http/protobuf"
    if not all(map(_is_installed, PACKAGES)):
        return (
            "install opentelemetry-sdk and opentelemetry-exporter-otlp-proto-http"
            " (pip install -r requirements-tracing.lock)"
        )
    return None


def _is_installed(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:  # not even its parent package
        return False
