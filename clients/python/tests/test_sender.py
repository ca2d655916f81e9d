"""The sender: an entry that makes a whole call fail keeps no other from being sent."""
import unittest

import grpc

from pointsman._outbox import AWAY, LATER, Entry
from pointsman._proto.pointsman.v1 import router_pb2 as pb
from pointsman._sender import Sender


class Refused(grpc.RpcError):
    def __init__(self, code):
        super().__init__()
        self._code = code

    def code(self):
        return self._code

    def details(self):
        return "refused as a whole"


class Stub:
    """Refuses a batch with one of the ids in `bad`; more than `most` items; or everything, with `code`."""

    def __init__(self, bad=(), most=64, code=grpc.StatusCode.RESOURCE_EXHAUSTED):
        self.bad, self.most, self.code, self.calls = set(bad), most, code, 0

    def FeedbackBatch(self, request, **_):
        self.calls += 1
        ids = {item.decision_id for item in request.requests}
        if ids & self.bad or len(ids) > self.most:
            raise Refused(self.code)
        answer = pb.FeedbackBatchResponse()
        for _ in request.requests:
            answer.items.add().response.result = pb.APPLIED
        return answer


def send(stub, count=64):
    entries = [Entry(i, pb.FeedbackRequest(decision_id=str(i)).SerializeToString(), None) for i in range(count)]
    return Sender(lambda: stub, lambda: ()).send(entries)


class SenderTest(unittest.TestCase):
    def test_one_bad_entry_waits_and_all_others_are_taken(self):
        for bad in (0, 1, 31, 32, 63):
            ends = send(Stub(bad=[str(bad)]))
            taken = [i for i, end in enumerate(ends) if end is None]
            if bad == 0:  # the rest comes with the next batch
                self.assertEqual((ends[0], 1 in taken), (LATER, True))
            else:
                self.assertEqual(ends[bad], LATER)
                self.assertEqual(taken, [i for i in range(64) if i != bad])

    def test_a_server_that_takes_nothing_is_not_asked_for_each(self):
        stub = Stub(bad=map(str, range(64)))
        ends = send(stub)
        self.assertEqual(set(ends), {LATER, AWAY})
        self.assertLess(stub.calls, 12)

    def test_a_server_that_is_away_is_asked_once(self):
        for code in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.DEADLINE_EXCEEDED):
            stub = Stub(bad=["5"], code=code)
            self.assertEqual((set(send(stub)), stub.calls), ({AWAY}, 1))

    def test_no_code_of_a_whole_call_drops_an_entry(self):
        for code in grpc.StatusCode:
            if code != grpc.StatusCode.OK:
                self.assertLessEqual(set(send(Stub(bad=["0"], code=code), 1)), {LATER, AWAY}, code)


if __name__ == "__main__":
    unittest.main()
