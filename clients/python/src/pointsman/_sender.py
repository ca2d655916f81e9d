"""Sends what waits in an outbox: all feedback in one batch, and the routes of those whose decision the server does not
know."""
from typing import Any, Callable, Dict, Iterable, List, Optional, Sequence, Tuple

import grpc

from ._errors import AWAY, MENDABLE
from ._outbox import AWAY as SERVER_AWAY
from ._outbox import LATER, Entry
from ._proto.pointsman.v1 import router_pb2 as pb
from ._proto.pointsman.v1 import router_pb2_grpc as rpc

DEADLINE_S = 10.0
# Codes of a whole call that have nothing to do with what it contains. UNIMPLEMENTED comes from a proxy, or from a server
# that is no pointsmand.
OF_THE_SERVER = MENDABLE | {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.CANCELLED,
                            grpc.StatusCode.UNIMPLEMENTED}
CODES: Dict[int, grpc.StatusCode] = {code.value[0]: code for code in grpc.StatusCode}


def _end_of(code: grpc.StatusCode, message: str) -> str:
    return LATER if code in AWAY or code in MENDABLE else f"{code.name}: {message}"


def _end_of_item(item) -> Optional[str]:
    return _end_of(CODES[item.error.code], item.error.message) if item.HasField("error") else None


class Sender:
    def __init__(self, stub: Callable[[], "rpc.RouterStub"], metadata: Callable[[], Sequence[Tuple[str, str]]]):
        self._stub, self._metadata = stub, metadata

    def send(self, entries: List[Entry]) -> List[Optional[str]]:
        """How each entry ended (see Outbox)."""
        ends: List[Optional[str]] = [LATER] * len(entries)
        try:
            unknown = self._send_feedback(entries, range(len(entries)), ends)
            again = [i for i in unknown if entries[i].route is not None]
            if again:
                self._send_routes(entries, again, ends)
                self._send_feedback(entries, [i for i in again if ends[i] is None], ends)
        except grpc.RpcError as error:  # the call as a whole
            if error.code() in OF_THE_SERVER:
                return [SERVER_AWAY if end == LATER else end for end in ends]
            return self._send_halves(entries)
        return ends

    def _send_halves(self, entries: List[Entry]) -> List[Optional[str]]:
        """After an error that one of the entries may be the reason of, such as one that is too large."""
        if len(entries) == 1:
            return [LATER]  # never dropped: the address may be that of another server
        half = len(entries) // 2
        ends = self.send(entries[:half])
        if len(entries) == 2:  # the first of all may be the reason: one more says whether the server takes any
            return ends + self.send(entries[half:])
        if all(end in (LATER, SERVER_AWAY) for end in ends):  # then the reason is most likely the server
            return ends + [SERVER_AWAY] * (len(entries) - half)
        return ends + self.send(entries[half:])

    def _send_routes(self, entries: List[Entry], at: List[int], ends: List[Optional[str]]) -> None:
        self._send(self._stub().RouteBatch, pb.RouteBatchRequest(), {i: entries[i].route for i in at}, ends)

    def _send_feedback(self, entries: List[Entry], at: Iterable[int], ends: List[Optional[str]]) -> List[int]:
        """Returns those whose decision the server does not know."""
        items = self._send(self._stub().FeedbackBatch, pb.FeedbackBatchRequest(), {i: entries[i].feedback for i in at},
                           ends)
        return [i for i, item in items.items() if item.error.code == grpc.StatusCode.NOT_FOUND.value[0]]

    def _send(self, method: Callable[..., Any], request: Any, parts: Dict[int, bytes],
              ends: List[Optional[str]]) -> Dict[int, Any]:
        """One batch of `parts`, by entry. Notes how each ended, and returns what the server said of each."""
        if not parts:
            return {}
        for i, part in parts.items():
            request.requests.add().ParseFromString(part)
            ends[i] = LATER
        answer = method(request, timeout=DEADLINE_S, metadata=self._metadata())
        items = dict(zip(parts, answer.items))
        for i, item in items.items():
            ends[i] = _end_of_item(item)
        return items
