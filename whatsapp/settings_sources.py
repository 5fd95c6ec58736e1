"""Secrets from files (`NAME_FILE`), and variables in `.env` that no setting has."""

import difflib
import errno
import os
from collections.abc import Mapping
from typing import Any, get_args

from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
)

# Variables of other programs that share the file: the sandbox, compose, uvicorn and libraries.
_FOREIGN_NAMES = frozenset(
    {"domain", "forwarded_allow_ips", "ssl_cert_file", "tmpdir", "tz", "version"}
)
_FOREIGN_PREFIXES = (
    *("aws_", "azure_", "caddy_", "compose_", "google_", "mongo_initdb_", "otel_"),
    *("prometheus_", "sandbox_"),
)
_FILE_SUFFIX = "_file"
# More than any key ring or certificate needs.
_SECRET_FILE_BYTES = 256 * 1024


class SettingsError(Exception):
    """Raised for missing or malformed settings. The message has a line for each of them."""


class SecretFiles(PydanticBaseSettingsSource):
    """Reads secrets from the files that `NAME_FILE` names, as container hosts mount them.

    As for values, a variable of the environment wins over one of `.env`.
    """

    def __init__(self, settings_class: type[BaseSettings], *sources: EnvSettingsSource) -> None:
        """`sources` are in the order of their precedence."""
        super().__init__(settings_class)
        self._sources = sources

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        path = self._find_path(field_name) if _is_secret(field) else None
        return (None if path is None else _read_secret(field_name, path)), field_name, False

    def __call__(self) -> dict[str, Any]:
        values, problems = {}, []
        for name, field in self.settings_cls.model_fields.items():
            try:
                value, _, _ = self.get_field_value(field, name)
            except SettingsError as error:
                problems.append(str(error))
            else:
                if value is not None:
                    values[name] = value
        if problems:
            raise SettingsError("\n".join(problems))
        return values

    def _find_path(self, name: str) -> str | None:
        for source in self._sources:
            value, path = (source.env_vars.get(key) for key in (name, name + _FILE_SUFFIX))
            if value and path:
                raise SettingsError(
                    f"{name.upper()} and {name.upper()}_FILE are both set: set only one of them"
                )
            if path:
                return path
            if value:
                return None
        return None


def _is_secret(field: FieldInfo) -> bool:
    return field.annotation is SecretStr or SecretStr in get_args(field.annotation)


def _read_secret(name: str, path: str) -> str:
    """Returns the file's text without the line break at its end."""
    variable = name.upper() + _FILE_SUFFIX.upper()
    try:
        text = _read_file(path).decode().rstrip("\r\n")
    except OSError as error:
        raise SettingsError(f"{variable} can't be read: {path}: {error.strerror}") from None
    except ValueError:  # its text would quote the bytes, or the path has a null character
        raise SettingsError(f"{variable} can't be read: {path} is not a UTF-8 text file") from None
    if not text:
        raise SettingsError(f"{variable} can't be used: {path} is empty")
    return text


def _read_file(path: str) -> bytes:
    """Returns the content of a file or pipe.

    Raises:
        OSError: it can't be read, or is larger than a secret.
        ValueError: the path has a null character.
    """
    # Opening a named pipe without a writer would wait for ever; without blocking, it is empty.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        os.set_blocking(descriptor, True)
        content = file.read(_SECRET_FILE_BYTES + 1)
    if len(content) > _SECRET_FILE_BYTES:
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
    return content


def find_unknown_variables(settings_class: type[BaseSettings]) -> Mapping[str, str | None]:
    """Returns the variables of `.env` that no setting has, each with the most similar name."""
    known: list[str] = []
    for name, field in settings_class.model_fields.items():
        known += [name, name + _FILE_SUFFIX] if _is_secret(field) else [name]
    unknown: dict[str, str | None] = {}
    for name in DotEnvSettingsSource(settings_class).env_vars:
        if name in known or name in _FOREIGN_NAMES or name.startswith(_FOREIGN_PREFIXES):
            continue
        similar = difflib.get_close_matches(name, known, n=1)
        unknown[name.upper()] = similar[0].upper() if similar else None
    return unknown
