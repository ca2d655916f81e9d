"""Spans, where the app has OpenTelemetry; nothing, where it does not."""
from typing import TYPE_CHECKING, List, Optional, Tuple

try:
    from opentelemetry import propagate, trace
except ImportError:
    propagate = trace = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from ._call import Call


class Span:
    """The span of one call, `pointsman.call`."""

    def __init__(self) -> None:
        self._span = trace.get_tracer("pointsman").start_span("pointsman.call") if trace else None

    def metadata(self) -> List[Tuple[str, str]]:
        """The trace context, for the server."""
        if self._span is None:
            return []
        carrier: dict = {}
        propagate.inject(carrier, context=trace.set_span_in_context(self._span))
        return list(carrier.items())

    def routed(self, call: "Call") -> None:
        if self._span is not None:
            self._span.set_attributes({"pointsman.arm": call.arm, "pointsman.decision_id": call.id,
                                       "pointsman.propensity": call.propensity, "pointsman.source": call.source})

    def end(self, error: Optional[BaseException] = None) -> None:
        if self._span is None:
            return
        if error is not None:
            self._span.record_exception(error)
            self._span.set_status(trace.Status(trace.StatusCode.ERROR))
        self._span.end()
