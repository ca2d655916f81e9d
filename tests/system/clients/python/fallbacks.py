"""Tries the arms of one decision in turn, and reports every call in one feedback."""
import time

from pointsman.v1 import router_pb2


def answer(router, query, call):
    """Calls the arms of a decision in turn until one answers: the decision's id, and the answer or None."""
    decision = router.Route(router_pb2.RouteRequest(query=query, arm_count=3, purpose=router_pb2.FALLBACK),
                            timeout=0.2)
    attempts, text = [], None
    for arm in [decision.arm, *(further.arm for further in decision.further)]:
        attempt = router_pb2.Attempt(arm=arm)
        began = time.monotonic()
        try:
            text = call(arm, query)
        except TimeoutError:
            attempt.error_kind = router_pb2.TIMEOUT
        except OSError:
            attempt.error_kind = router_pb2.PROVIDER
        attempt.latency_ms = (time.monotonic() - began) * 1000
        attempts.append(attempt)
        if text is not None:
            break
    router.Feedback(router_pb2.FeedbackRequest(decision_id=decision.decision_id, attempts=attempts), timeout=2)
    return decision.decision_id, text
