"""One call of the app: what was routed, and how it went."""
import time
from typing import Callable, List, Optional

from ._errors import kind_of
from ._proto.pointsman.v1 import router_pb2 as pb
from ._tracing import Span

# Puts feedback into the outbox.
Report = Callable[["pb.FeedbackRequest", Optional["pb.RouteRequest"]], None]


class Call:
    """What Router.call gives. Its clock starts when the app gets it, and ends with the block.

    `arm`: call this one. `source`: "server", or "default" where pointsmand did not answer in time, and then `why` has
    the code. `id`: rate the answer by it, at any time and from any process. `fallbacks`: further arms, best first.
    """

    def __init__(self, request: "pb.RouteRequest", response: Optional["pb.RouteResponse"], default_arm: str, why: str,
                 report: Report, span: Span):
        self._request, self._report, self._span = request, report, span
        self.id: str = request.decision_id
        self.source = "default" if response is None else "server"
        self.why = why
        self.arm: str = default_arm if response is None else response.arm
        self.propensity: float = 1.0 if response is None else response.propensity
        self.fallbacks: List[str] = [] if response is None else [further.arm for further in response.further]
        self.response = response
        self._outcome = pb.FeedbackRequest(pool=request.pool, decision_id=self.id)
        self._began = time.monotonic()
        self._is_over = False
        span.routed(self)

    # ---- what the app tells

    def usage(self, usage: object = None, *, input_tokens: Optional[int] = None, output_tokens: Optional[int] = None,
              cached_input_tokens: Optional[int] = None, cost_usd: Optional[float] = None) -> None:
        """Tokens and cost: as numbers, or as the `usage` object or dict of an answer of OpenAI's or LangChain's."""
        counts = (_first(_get(usage, name), "cached_tokens", "cache_read")
                  for name in ("prompt_tokens_details", "input_tokens_details", "input_token_details"))
        cached = [count for count in counts if count is not None]
        told = {"input_tokens": _first(usage, "input_tokens", "prompt_tokens"),
                "output_tokens": _first(usage, "output_tokens", "completion_tokens"),
                "cached_input_tokens": cached[0] if cached else None}
        given = {"input_tokens": input_tokens, "output_tokens": output_tokens,
                 "cached_input_tokens": cached_input_tokens, "cost_usd": cost_usd}
        for name, value in {**told, **{k: v for k, v in given.items() if v is not None}}.items():
            if value is not None:
                setattr(self._outcome, name, value)

    def first_token(self, after_ms: Optional[float] = None) -> None:
        """The first token of a streamed answer is here, or came so long after the start."""
        if not self._outcome.HasField("first_token_ms"):
            self._outcome.first_token_ms = self._elapsed_ms() if after_ms is None else after_ms

    def rate(self, quality: float, feedback_id: str = "") -> None:
        """How good the answer was, from 0 to 1. A later rating replaces an earlier one."""
        _check_quality(quality)
        if not self._is_over:
            self._outcome.quality = quality  # goes along with the outcome
            return
        rating = pb.FeedbackRequest(pool=self._request.pool, decision_id=self.id, feedback_id=feedback_id,
                                    served_arm=self.arm, quality=quality)
        self._report(rating, self._request)

    def not_served(self) -> None:
        """The arm was not called: nothing is learned, and silence is not counted against it."""
        self._outcome.not_served = True

    # ---- its end, which Router.call's block calls

    def end(self, error: Optional[BaseException] = None, *, latency_ms: Optional[float] = None) -> None:
        """The answer is whole, or `error` ended the call. Only the first end counts.

        latency_ms: if somebody else measured it; otherwise the time until now.
        """
        if self._is_over:
            return
        self._is_over = True
        out = self._outcome
        if not out.not_served:
            out.latency_ms = self._elapsed_ms() if latency_ms is None else latency_ms
            out.served_arm = self.arm
        if error is not None and not out.not_served:
            out.ClearField("quality")
            out.error_kind, retry_after_ms = kind_of(error)
            if retry_after_ms is not None:
                out.retry_after_ms = retry_after_ms
        self._span.end(error)
        self._report(out, self._request)

    def end_tries(self, attempts: List["pb.Attempt"], arm: str, error: Optional[BaseException]) -> None:
        """Instead of `end`, after Router.run: all tries, and the outcome of the last one."""
        if self._is_over:
            return
        self._is_over = True
        self.arm = arm
        out = self._outcome
        out.attempts.extend(attempts)
        out.latency_ms = attempts[-1].latency_ms
        if error is not None:
            out.ClearField("quality")
            out.error_kind = attempts[-1].error_kind
        self._span.end(error)
        self._report(out, self._request)

    def begin_again(self) -> None:
        """A try failed: the clock is that of the next one."""
        self._began = time.monotonic()
        self._outcome.ClearField("first_token_ms")

    def _elapsed_ms(self) -> float:
        return 1000 * (time.monotonic() - self._began)

    def __enter__(self) -> "Call":
        return self

    def __exit__(self, _type, error, _traceback) -> None:
        self.end(error)

    async def __aenter__(self) -> "Call":
        return self

    async def __aexit__(self, _type, error, _traceback) -> None:
        self.end(error)


def _get(holder: object, name: str) -> object:
    return holder.get(name) if isinstance(holder, dict) else getattr(holder, name, None)


def _first(holder: object, *names: str) -> Optional[int]:
    for name in names:
        value = _get(holder, name)
        if isinstance(value, int):
            return value
    return None


def _check_quality(quality: float) -> None:
    if not 0 <= quality <= 1:
        raise ValueError(f"quality must be from 0 to 1, got {quality}")
