"""The client for code without an event loop."""
import time
from typing import Any, Callable, List, Optional, TypeVar

import grpc

from ._base import CLOSE_S, Base, Preference
from ._call import Call
from ._errors import kind_of
from ._proto.pointsman.v1 import router_pb2 as pb
from ._tracing import Span

T = TypeVar("T")


class Router(Base):
    """Routes calls and reports how they went. One for the whole app; threads may share it.

    default_arm: used when pointsmand does not answer within deadline_s; without one, the error is raised.
    token, tls: for a server that asks for them. tls: True for the system's CAs, or grpc.ssl_channel_credentials(...).
    outbox: the file of feedback that waits; by default one of this user's for this server. on_report: told when feedback is lost.
    """

    _library = grpc
    _closes_at_exit = True

    def call(self, query: str, *, pool: Optional[str] = None, preference: Optional[Preference] = None, arms: int = 1,
             **more: Any) -> Call:
        """Routes. Use it as `with router.call(query) as call:`, and call `call.arm` in the block.

        pool, preference: instead of the router's. more: further fields of RouteRequest, for example
        constraints={"max_cost_usd": 0.01}.
        """
        request = self._request(query, pool, preference, arms, more)
        response, why = None, "FORKED" if self._is_forked() else ""
        span = Span()
        try:
            if not why:
                response = self._routing.stub().Route(request, timeout=self._deadline_s,
                                                      metadata=self._metadata() + span.metadata())
        except grpc.RpcError as error:
            why = self._why_default(error, span)
        return Call(request, response, self._default_arm or "", why, self._report, span)

    def run(self, query: str, function: Callable[[str], T], *, arms: int = 3,
            on_call: Optional[Callable[[Call], None]] = None, **more: Any) -> T:
        """Calls function(arm) with one arm after the other until one does not fail. All tries are reported.

        on_call: gets the call before the first try, for its id and to tell usage. more: as for `call`.
        """
        call = self.call(query, arms=arms, **more)
        if on_call:
            on_call(call)
        tries = Tries(call)
        for arm in tries.arms:
            try:
                result = function(arm)
            except BaseException as error:
                if tries.failed(arm, error):
                    raise
            else:
                tries.succeeded(arm)
                return result
        raise AssertionError("the last try returns or raises")

    def close(self) -> None:
        """Sends what it can within two seconds. The rest waits in the outbox."""
        self._outbox.close(CLOSE_S)
        self._routing.close()
        self._sending.close()

    def __enter__(self) -> "Router":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Tries:
    """The tries of one `run`, with the time of each."""

    def __init__(self, call: Call):
        self._call = call
        self.arms: List[str] = [call.arm, *call.fallbacks]
        self._attempts: List[pb.Attempt] = []
        self._began = time.monotonic()

    def _attempt(self, arm: str) -> "pb.Attempt":
        now = time.monotonic()
        attempt = pb.Attempt(arm=arm, latency_ms=1000 * (now - self._began))
        self._began = now
        self._attempts.append(attempt)
        return attempt

    def failed(self, arm: str, error: BaseException, is_last: bool = False) -> bool:
        """True: it was the last one, or no other arm can help."""
        attempt = self._attempt(arm)
        attempt.error_kind, retry_after_ms = kind_of(error)
        if retry_after_ms is not None:
            attempt.retry_after_ms = retry_after_ms
        self._call.begin_again()
        is_last = is_last or len(self._attempts) == len(self.arms) or attempt.error_kind in (pb.CALLER, pb.CANCELLED)
        if is_last:
            self._call.end_tries(self._attempts, arm, error)
        return is_last

    def succeeded(self, arm: str) -> None:
        self._attempt(arm)
        self._call.end_tries(self._attempts, arm, None)
