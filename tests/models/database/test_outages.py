"""The table of MongoDB failures."""

from collections.abc import Iterator
from types import ModuleType
from typing import Any

import bson.errors
import gridfs.errors
import pymongo.errors
import pytest
from pymongo.errors import (
    BulkWriteError,
    ClientBulkWriteException,
    EncryptedCollectionError,
    OperationFailure,
    WriteError,
)

from models.database.outages import (
    FAILURE_KINDS,
    PERMANENT_CODES,
    TRANSIENT_CODES,
    TRANSIENT_LABELS,
    FailureKind,
    classify_failure,
    is_transient,
)

BY_CLASS = {cls: kind for cls, kind in FAILURE_KINDS.items() if kind is not FailureKind.BY_CODE}


def list_classes(module: ModuleType) -> Iterator[type[Exception]]:
    for value in vars(module).values():
        if isinstance(value, type) and value.__module__ == module.__name__:
            yield value


@pytest.mark.parametrize("module", [pymongo.errors, bson.errors, gridfs.errors])
def test_every_driver_error_has_row(module: ModuleType) -> None:
    public = {cls for cls in list_classes(module) if not cls.__name__.startswith("_")}

    assert public <= set(FAILURE_KINDS)


@pytest.mark.parametrize(
    ("error_class", "kind"), BY_CLASS.items(), ids=[cls.__name__ for cls in BY_CLASS]
)
def test_error_class_decides(error_class: type[Exception], kind: FailureKind) -> None:
    extra: list[Any] = [{}] if error_class is EncryptedCollectionError else []

    assert classify_failure(error_class("made up", *extra)) is kind


def make_bulk_error(*codes: int, concern_codes: tuple[int, ...] = ()) -> BulkWriteError:
    details: dict[str, Any] = {
        "writeErrors": [{"code": code, "errmsg": "made up"} for code in codes],
        "writeConcernErrors": [{"code": code, "errmsg": "made up"} for code in concern_codes],
    }
    return BulkWriteError(details)


def make_client_bulk_error(code: int) -> ClientBulkWriteException:
    results = {"error": OperationFailure("made up", code)}
    return ClientBulkWriteException(results, verbose=False)


@pytest.mark.parametrize("make", [OperationFailure, WriteError])
@pytest.mark.parametrize("code", sorted(TRANSIENT_CODES))
def test_transient_server_code(make: type[OperationFailure], code: int) -> None:
    assert classify_failure(make("made up", code)) is FailureKind.TRANSIENT
    assert is_transient(make_bulk_error(11000, code))
    assert is_transient(make_client_bulk_error(code))


@pytest.mark.parametrize("code", sorted(PERMANENT_CODES))
def test_permanent_server_code(code: int) -> None:
    assert classify_failure(OperationFailure("made up", code)) is FailureKind.PERMANENT
    assert classify_failure(make_bulk_error(code)) is FailureKind.PERMANENT


@pytest.mark.parametrize("label", TRANSIENT_LABELS)
def test_transient_error_label(label: str) -> None:
    details = {"errorLabels": [label]}

    assert is_transient(OperationFailure("made up", 1, details))
    assert not is_transient(OperationFailure("made up", 1))


def test_unknown_code_is_bug() -> None:
    errors = [
        OperationFailure("made up", 9),
        OperationFailure("made up"),
        make_bulk_error(9, 11000),
    ]

    assert {classify_failure(error) for error in errors} == {FailureKind.BUG}


@pytest.mark.parametrize("code", [64, 79])
def test_write_concern_error_of_bulk_write_is_transient(code: int) -> None:
    assert is_transient(make_bulk_error(11000, concern_codes=(code,)))


def test_other_exceptions_are_bugs() -> None:
    assert classify_failure(KeyError("made up")) is FailureKind.BUG
