"""Kinds of MongoDB failures: transient, permanent, or a bug.

Every class that the driver can raise is in `FAILURE_KINDS`; server errors are classified by code.
Source of the codes: MongoDB server, `src/mongo/base/error_codes.yml`.
"""

from enum import Enum

from bson import errors as bson_errors
from gridfs import errors as gridfs_errors
from pymongo import errors
from pymongo.errors import BulkWriteError, ClientBulkWriteException, OperationFailure, PyMongoError


class FailureKind(Enum):
    """Consequence of a failed call for its caller."""

    TRANSIENT = "transient"
    """MongoDB can't serve now; the same call may succeed later. The write may have been applied."""
    PERMANENT = "permanent"
    """MongoDB refuses this document or value; repeating the call fails again."""
    BUG = "bug"
    """The call itself is wrong."""
    BY_CODE = "by code"
    """Used in the table only: the server's error code decides."""


TRANSIENT_CODES = frozenset(
    {
        6,  # HostUnreachable
        7,  # HostNotFound
        13,  # Unauthorized: an operator changes the user's roles
        18,  # AuthenticationFailed: an operator changes the password
        24,  # LockTimeout
        43,  # CursorNotFound
        46,  # LockBusy
        50,  # MaxTimeMSExpired
        63,  # StaleShardVersion
        64,  # WriteConcernTimeout
        89,  # NetworkTimeout
        91,  # ShutdownInProgress
        100,  # UnsatisfiableWriteConcern
        112,  # WriteConflict
        117,  # ConflictingOperationInProgress
        133,  # FailedToSatisfyReadPreference
        134,  # ReadConcernMajorityNotAvailableYet
        150,  # StaleEpoch
        175,  # QueryPlanKilled
        189,  # PrimarySteppedDown
        202,  # NetworkInterfaceExceededTimeLimit
        234,  # RetryChangeStream
        237,  # CursorKilled
        246,  # SnapshotUnavailable
        262,  # ExceededTimeLimit
        290,  # TransactionExceededLifetimeLimitSeconds
        317,  # ConnectionPoolExpired
        384,  # ConnectionError
        391,  # ReauthenticationRequired
        462,  # IngressRequestRateLimitExceeded
        8000,  # AtlasError
        9001,  # SocketException
        10058,  # LegacyNotPrimary
        10107,  # NotWritablePrimary
        11600,  # InterruptedAtShutdown
        11601,  # Interrupted
        11602,  # InterruptedDueToReplStateChange
        13388,  # StaleConfig
        13435,  # NotPrimaryNoSecondaryOk
        13436,  # NotPrimaryOrSecondary
        14031,  # OutOfDiskSpace
    }
)
PERMANENT_CODES = frozenset(
    {
        17,  # ProtocolError of a document that is too deep or malformed
        22,  # InvalidBSON
        121,  # DocumentValidationFailure
        10334,  # BSONObjectTooLarge
        11000,  # DuplicateKey
        17280,  # KeyTooLong
        17419,  # a document that an update would make too large
    }
)
# Labels that the server or the driver sets on errors of repeatable operations.
TRANSIENT_LABELS = (
    "RetryableError",
    "RetryableWriteError",
    "SystemOverloadedError",
    "TransientTransactionError",
)

FAILURE_KINDS: dict[type[Exception], FailureKind] = {
    # Raised by group commits with an unknown outcome; the driver raises only subclasses.
    PyMongoError: FailureKind.TRANSIENT,
    # Connection and server selection.
    errors.ConnectionFailure: FailureKind.TRANSIENT,
    errors.AutoReconnect: FailureKind.TRANSIENT,
    errors.NetworkTimeout: FailureKind.TRANSIENT,
    errors.NotPrimaryError: FailureKind.TRANSIENT,
    errors.ServerSelectionTimeoutError: FailureKind.TRANSIENT,
    errors.WaitQueueTimeoutError: FailureKind.TRANSIENT,
    errors.ProtocolError: FailureKind.TRANSIENT,
    # Answers of the server.
    errors.OperationFailure: FailureKind.BY_CODE,
    errors.CursorNotFound: FailureKind.TRANSIENT,
    errors.ExecutionTimeout: FailureKind.TRANSIENT,
    errors.WriteError: FailureKind.BY_CODE,
    errors.DuplicateKeyError: FailureKind.PERMANENT,
    # Written on the primary, but not known to be on a majority.
    errors.WriteConcernError: FailureKind.TRANSIENT,
    errors.WTimeoutError: FailureKind.TRANSIENT,
    errors.BulkWriteError: FailureKind.BY_CODE,
    errors.ClientBulkWriteException: FailureKind.BY_CODE,
    # Documents and files.
    errors.DocumentTooLarge: FailureKind.PERMANENT,
    bson_errors.BSONError: FailureKind.PERMANENT,
    bson_errors.InvalidBSON: FailureKind.PERMANENT,
    bson_errors.InvalidDocument: FailureKind.PERMANENT,
    bson_errors.InvalidId: FailureKind.PERMANENT,
    bson_errors.InvalidStringData: FailureKind.PERMANENT,
    gridfs_errors.GridFSError: FailureKind.PERMANENT,
    gridfs_errors.CorruptGridFile: FailureKind.PERMANENT,
    gridfs_errors.FileExists: FailureKind.PERMANENT,
    gridfs_errors.NoFile: FailureKind.PERMANENT,
    # Wrong use of the driver.
    errors.CollectionInvalid: FailureKind.BUG,
    errors.ConfigurationError: FailureKind.BUG,
    errors.EncryptedCollectionError: FailureKind.BUG,
    errors.EncryptionError: FailureKind.BUG,
    errors.InvalidName: FailureKind.BUG,
    errors.InvalidOperation: FailureKind.BUG,
    errors.InvalidURI: FailureKind.BUG,
}


def classify_failure(error: BaseException) -> FailureKind:
    """Returns the kind of a failure; BUG also for errors that are not MongoDB's."""
    kind = _find_row(type(error))
    if isinstance(error, PyMongoError) and _is_marked_transient(error):
        return FailureKind.TRANSIENT
    return _classify_codes(error) if kind is FailureKind.BY_CODE else kind


def is_transient(error: BaseException) -> bool:
    """Returns True if the same call may succeed later."""
    return classify_failure(error) is FailureKind.TRANSIENT


def _find_row(error_class: type[BaseException]) -> FailureKind:
    rows = (FAILURE_KINDS[parent] for parent in error_class.__mro__ if parent in FAILURE_KINDS)
    return next(rows, FailureKind.BUG)


def _is_marked_transient(error: PyMongoError) -> bool:
    return error.timeout or any(map(error.has_error_label, TRANSIENT_LABELS))


def _classify_codes(error: BaseException) -> FailureKind:
    codes = _list_codes(error)
    # A bulk write can be repeated if any of its failures is transient.
    if codes & TRANSIENT_CODES:
        return FailureKind.TRANSIENT
    return FailureKind.PERMANENT if codes and codes <= PERMANENT_CODES else FailureKind.BUG


def _list_codes(error: BaseException) -> set[int]:
    if isinstance(error, BulkWriteError):
        problems = error.details["writeErrors"] + error.details["writeConcernErrors"]
        # Writes that may not be on a majority are repeated.
        concern = {64} if error.details["writeConcernErrors"] else set()
        return concern | {problem["code"] for problem in problems}
    if isinstance(error, ClientBulkWriteException):
        return set() if error.error is None else _list_codes(error.error)
    return {error.code or 0} if isinstance(error, OperationFailure) else set()
