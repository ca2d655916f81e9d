"""What the failure of an app's call means, and what an error of the server means."""
import asyncio
import concurrent.futures
from typing import Optional, Tuple

import grpc

from ._proto.pointsman.v1 import router_pb2 as pb

# Not an answer: the default arm is used, and what was to be sent is sent again.
AWAY = frozenset({
    grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.RESOURCE_EXHAUSTED,
    grpc.StatusCode.CANCELLED, grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN, grpc.StatusCode.DATA_LOSS,
    grpc.StatusCode.ABORTED})
# An operator can mend these, so feedback waits for that.
MENDABLE = frozenset({grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED})
TIMEOUTS = (TimeoutError, asyncio.TimeoutError, concurrent.futures.TimeoutError)
RETRY_AFTER_MOST_S = 86_400.0
CANCELLATIONS = (asyncio.CancelledError, concurrent.futures.CancelledError, KeyboardInterrupt, GeneratorExit,
                 SystemExit)


class StatusError(Exception):
    """A failure with an HTTP status, for apps whose library has no exception of its own with one."""

    def __init__(self, status: int, message: str = "", retry_after_s: Optional[float] = None):
        super().__init__(message or f"HTTP status {status}")
        self.status_code = status
        self.retry_after_s = retry_after_s


def _status_of(error: BaseException) -> Optional[int]:
    """The HTTP status that an exception carries, as the usual libraries name it."""
    for holder in (error, getattr(error, "response", None)):
        for name in ("status_code", "status", "code"):
            status = getattr(holder, name, None)
            if isinstance(status, int) and 100 <= status <= 599:
                return status
    return None


def _retry_after_ms(error: BaseException) -> Optional[int]:
    seconds = getattr(error, "retry_after_s", None)
    headers = getattr(getattr(error, "response", None), "headers", None) or {}
    try:
        if seconds is None:
            seconds = float(headers.get("retry-after"))
        return int(1000 * max(min(seconds, RETRY_AFTER_MOST_S), 0.0))
    except (TypeError, ValueError, AttributeError):  # none, or a date, or "nan"
        return None


def kind_of(error: BaseException) -> Tuple["pb.ErrorKind", Optional[int]]:
    """The kind of an app's failure, and after how many milliseconds to try this arm again, if it said so."""
    if isinstance(error, CANCELLATIONS):
        return pb.CANCELLED, None
    # Many libraries have a timeout of their own, which is not one of Python's.
    if isinstance(error, TIMEOUTS) or "timeout" in type(error).__name__.lower():
        return pb.TIMEOUT, None
    status = _status_of(error)
    if status == 429:
        return pb.RATE_LIMITED, _retry_after_ms(error)
    if status == 408:
        return pb.TIMEOUT, None
    if status is not None and 400 <= status <= 499:
        return pb.CALLER, None
    return pb.PROVIDER, None
