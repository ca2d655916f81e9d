package pointsman

import (
	"context"
	"errors"
	"strings"
	"testing"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
)

// recorder stands for an app's OpenTelemetry SDK.
type recorder struct {
	noop.TracerProvider
	name       string
	attributes map[attribute.Key]attribute.Value
	status     codes.Code
	ended      int
}

func (r *recorder) Tracer(string, ...trace.TracerOption) trace.Tracer {
	return recordingTracer{recorder: r}
}

type recordingTracer struct {
	noop.Tracer
	recorder *recorder
}

func (t recordingTracer) Start(ctx context.Context, name string, _ ...trace.SpanStartOption) (context.Context, trace.Span) {
	span := recordingSpan{recorder: t.recorder}
	t.recorder.name = name
	return trace.ContextWithSpan(ctx, span), span
}

type recordingSpan struct {
	noop.Span
	recorder *recorder
}

func (s recordingSpan) SpanContext() trace.SpanContext {
	return trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: trace.TraceID{0xab, 1}, SpanID: trace.SpanID{0xcd, 2}, TraceFlags: trace.FlagsSampled,
	})
}

func (s recordingSpan) SetAttributes(attributes ...attribute.KeyValue) {
	for _, a := range attributes {
		s.recorder.attributes[a.Key] = a.Value
	}
}

func (s recordingSpan) SetStatus(code codes.Code, _ string) { s.recorder.status = code }
func (s recordingSpan) End(...trace.SpanEndOption)          { s.recorder.ended++ }

func TestACallIsASpanAndItsContextGoesAlong(t *testing.T) {
	r := &recorder{attributes: map[attribute.Key]attribute.Value{}}
	before := otel.GetTracerProvider()
	otel.SetTracerProvider(r)
	defer otel.SetTracerProvider(before)
	fake := startFake(t)
	router := newRouter(t, fake.address)
	broken := errors.New("broken")
	call, err := router.Call(context.Background(), "q", func(ctx context.Context, _ *Call) error {
		if !trace.SpanContextFromContext(ctx).IsValid() {
			t.Error("the app's function must get the span")
		}
		return broken
	})
	if err != broken {
		t.Fatal(err)
	}
	if r.name != "pointsman.call" || r.ended != 1 || r.status != codes.Error ||
		r.attributes["pointsman.arm"].AsString() != "one" ||
		r.attributes["pointsman.decision_id"].AsString() != call.DecisionID ||
		r.attributes["pointsman.propensity"].AsFloat64() != 0.5 {
		t.Fatalf("got %+v", r)
	}
	if got := fake.metadata.Get("traceparent"); len(got) != 1 || !strings.HasPrefix(got[0], "00-ab01") {
		t.Fatalf("got %v", fake.metadata)
	}
}
