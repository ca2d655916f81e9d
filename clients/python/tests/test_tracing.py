"""Spans, with OpenTelemetry's own SDK."""
import asyncio
import concurrent.futures
import unittest

import grpc
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from support import ServerTest

from pointsman import AsyncRouter, Router
from pointsman._proto.pointsman.v1 import router_pb2 as pb
from pointsman._proto.pointsman.v1 import router_pb2_grpc as rpc

SPANS = InMemorySpanExporter()


def setUpModule():
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(SPANS))
    trace.set_tracer_provider(provider)


class Tracing(ServerTest):
    def setUp(self):
        super().setUp()
        SPANS.clear()

    def check(self, span, call):
        self.assertEqual(span.name, "pointsman.call")
        self.assertEqual(dict(span.attributes), {"pointsman.arm": call.arm, "pointsman.decision_id": call.id,
                                                 "pointsman.propensity": call.propensity, "pointsman.source": "server"})

    def test_a_call_is_a_span_within_the_apps(self):
        with Router(**self.settings()) as router, trace.get_tracer("app").start_as_current_span("app") as app:
            with router.call("question") as call:
                pass
        span = SPANS.get_finished_spans()[0]
        self.check(span, call)
        self.assertEqual(span.parent.span_id, app.get_span_context().span_id)
        self.assertTrue(span.status.is_ok or span.status.is_unset)

    def test_a_failure_is_an_event_of_the_span(self):
        with Router(**self.settings()) as router:
            with self.assertRaises(ValueError), router.call("question"):
                raise ValueError("x")
        span = SPANS.get_finished_spans()[0]
        self.assertFalse(span.status.is_ok)
        self.assertEqual(span.events[0].name, "exception")

    def test_asyncio_and_a_route_that_is_refused(self):
        async def main():
            async with AsyncRouter(**self.settings()) as router:
                async with router.call("question") as call:
                    pass
                with self.assertRaises(grpc.RpcError):
                    await router.call("")
                return call
        call = asyncio.run(main())
        first, second = SPANS.get_finished_spans()
        self.check(first, call)
        self.assertFalse(second.status.is_ok)

    def test_the_trace_context_goes_along(self):
        seen = []

        class Stub(rpc.RouterServicer):
            def Route(self, request, context):
                seen.append(dict(context.invocation_metadata()))
                return pb.RouteResponse(arm="x", decision_id=request.decision_id, propensity=1)

        server = grpc.server(concurrent.futures.ThreadPoolExecutor(2))
        rpc.add_RouterServicer_to_server(Stub(), server)
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        self.addCleanup(server.stop, None)
        router = Router(**self.settings(address=f"127.0.0.1:{port}", token="secret"))
        with router.call("question"):
            pass
        router._outbox.close(0)
        span = SPANS.get_finished_spans()[0]
        self.assertIn(f"{span.context.span_id:016x}", seen[0]["traceparent"])
        self.assertEqual(seen[0]["authorization"], "Bearer secret")


if __name__ == "__main__":
    unittest.main()
