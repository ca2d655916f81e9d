"""What Router and AsyncRouter share: settings, requests, and the outbox."""
import atexit
import logging
import os
import pathlib
import re
import uuid
import weakref
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Tuple, Union

import grpc

from . import _fork
from ._call import _check_quality
from ._errors import AWAY
from ._outbox import Outbox, Status
from ._proto.pointsman.v1 import router_pb2 as pb
from ._proto.pointsman.v1 import router_pb2_grpc as rpc
from ._sender import Sender
from ._tracing import Span

log = logging.getLogger("pointsman")

CLOSE_S = 2.0  # how long the end of a router, or of the process, waits for the outbox
Preference = Union[Sequence[float], Mapping[str, float]]
# The server embeds the first and last 64 KiB of a query at most, and a message has a limit too.
QUERY_MOST = 500_000
# Without these, gRPC waits up to two minutes before it looks for a dead server again.
CHANNEL_OPTIONS = [("grpc.initial_reconnect_backoff_ms", 200), ("grpc.max_reconnect_backoff_ms", 1000)]


def default_outbox(address: str) -> str:
    """A file of this user's and of this server's."""
    base = os.environ.get("XDG_STATE_HOME") or os.path.join(os.path.expanduser("~"), ".local", "state")
    return os.path.join(base, "pointsman", re.sub(r"[^A-Za-z0-9.-]", "_", address) + ".python")


class Link:
    """A channel, and in a child of fork another one."""

    def __init__(self, make: Callable[[], Any]):
        self._make = make
        self._pid = 0
        self._channel: Any = None
        self._stub: Any = None
        if not _fork.is_broken():
            self.stub()

    def stub(self) -> "rpc.RouterStub":
        if self._pid != os.getpid():
            _fork.uses_grpc()
            self._channel = self._make()
            self._stub, self._pid = rpc.RouterStub(self._channel), os.getpid()
        return self._stub

    def close(self) -> Any:
        """Of grpc.aio: to be awaited."""
        return self._channel.close() if self._pid == os.getpid() else None


class Base:
    _library: Any  # grpc or grpc.aio: what Route is called with
    _closes_at_exit = False

    def __init__(self, address: str = "127.0.0.1:7717", *, pool: str = "default", default_arm: Optional[str] = None,
                 deadline_s: float = 0.05, preference: Optional[Preference] = None, token: Optional[str] = None,
                 tls: Union[bool, "grpc.ChannelCredentials"] = False, outbox: Optional[str] = None,
                 outbox_max: int = 100_000, on_report: Optional[Callable[[str], None]] = None):
        self._pool, self._default_arm, self._deadline_s = pool, default_arm, deadline_s
        self._preference, self._token = preference, token
        self._address = address
        self._credentials = grpc.ssl_channel_credentials() if tls is True else (tls or None)
        path = outbox or default_outbox(address)
        pathlib.Path(path).parent.mkdir(parents=True, exist_ok=True)
        # The outbox has a channel of its own: its thread is no part of an event loop.
        self._sending = Link(lambda: self._channel(grpc))
        self._outbox = Outbox(path, outbox_max, Sender(self._sending.stub, self._metadata).send,
                              on_report or (lambda text: log.warning("%s", text)),
                              may_send=lambda: not _fork.is_broken())
        self._routing = Link(lambda: self._channel(self._library))
        if self._closes_at_exit:
            _close_at_exit(self)

    def _channel(self, library: Any) -> Any:
        options = list(CHANNEL_OPTIONS)
        if self._credentials is None:
            return library.insecure_channel(self._address, options=options)
        return library.secure_channel(self._address, self._credentials, options=options)

    def _metadata(self) -> List[Tuple[str, str]]:
        return [("authorization", f"Bearer {self._token}")] if self._token else []

    def _request(self, query: str, pool: Optional[str], preference: Optional[Preference], arms: int,
                 more: Dict[str, Any]) -> "pb.RouteRequest":
        if len(query) > QUERY_MOST:
            query = query[:QUERY_MOST // 2] + query[-QUERY_MOST // 2:]
        request = pb.RouteRequest(pool=self._pool if pool is None else pool, query=query, decision_id=uuid.uuid4().hex,
                                  arm_count=arms, **more)
        wanted = preference if preference is not None else self._preference
        if wanted is not None:
            if not isinstance(wanted, Mapping):
                wanted = dict(zip(("quality", "cost", "latency"), wanted))
            request.preference.CopyFrom(pb.Preference(**wanted))
        return request

    def _is_forked(self) -> bool:
        """True: there is no gRPC in this process (see _fork.py), so the default arm answers."""
        if not _fork.is_broken():
            return False
        if not self._default_arm:
            raise RuntimeError("this process was forked from one that used gRPC, which does not work in its children: "
                               "set GRPC_ENABLE_FORK_SUPPORT=1, or make the first Router after the fork, or set "
                               "default_arm")
        return True

    def _why_default(self, error: "grpc.RpcError", span: Span) -> str:
        """The code, if the default arm answers it; otherwise the error is raised again."""
        code = error.code()
        if code not in AWAY or not self._default_arm:
            span.end(error)
            raise error
        return code.name

    def _report(self, feedback: "pb.FeedbackRequest", route: Optional["pb.RouteRequest"]) -> None:
        if not feedback.feedback_id:
            feedback.feedback_id = uuid.uuid4().hex
        self._outbox.add(feedback.SerializeToString(), None if route is None else route.SerializeToString())

    def rate(self, decision_id: str, quality: float, *, served_arm: str = "", feedback_id: str = "") -> None:
        """Rates an answer by the id of its call, at any time and from any process. Returns when it is in the outbox."""
        _check_quality(quality)
        self._report(pb.FeedbackRequest(pool=self._pool, decision_id=decision_id, quality=quality,
                                        served_arm=served_arm, feedback_id=feedback_id), None)

    def flush(self, within_s: float = 10.0) -> bool:
        """Waits until the server has all feedback. False: the time was over before."""
        return self._outbox.flush(within_s)

    def status(self) -> Status:
        """What waits in the outbox, and what was lost since the start."""
        return self._outbox.status()


def _close_at_exit(router: Base) -> None:
    alive = weakref.ref(router)

    def close() -> None:
        this = alive()
        if this is not None:
            this._outbox.close(CLOSE_S)

    atexit.register(close)
