"""Whether a failure of MongoDB passes by itself: the driver's errors, told apart in one place.

Two questions, because those who ask risk different things. Whoever answers a caller, or only reads,
asks `is_unreachable`: any other refusal is a bug of ours that the log must show. Whoever stores
what is kept nowhere else asks `is_passing`: a refusal while MongoDB changes its primary must not
put a good item aside as one that can't be stored.
"""

from pymongo.errors import BulkWriteError, ConnectionFailure, OperationFailure, PyMongoError

# What MongoDB answers while it changes its primary, shuts down, or waits in vain for its members,
# and where an operator or another write ended what it was at (killOp, a dropped index, a conflict).
_PASSING_CODES = frozenset(
    {6, 7, 43, 50, 64, 89, 91, 112, 134, 175, 189, 237, 246, 262}
    | {9001, 10107, 11600, 11601, 11602, 13435, 13436}
)


def is_unreachable(error: BaseException) -> bool:
    """Whether MongoDB was not there, or did not answer in time."""
    return isinstance(error, PyMongoError) and (
        isinstance(error, ConnectionFailure) or bool(error.timeout)
    )


def is_passing(error: BaseException) -> bool:
    """Whether MongoDB can't work for a while, as opposed to refusing this very write.

    Of a bulk write one such answer is enough: the whole may be written again.
    """
    if is_unreachable(error):
        return True
    if isinstance(error, BulkWriteError):
        details = error.details
        codes = {problem["code"] for problem in details["writeErrors"]}
        return bool(details["writeConcernErrors"] or codes & _PASSING_CODES)
    return isinstance(error, OperationFailure) and error.code in _PASSING_CODES
