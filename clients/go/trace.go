package pointsman

import (
	"context"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc/metadata"
)

// startSpan gives a span that does nothing, unless the app has set up OpenTelemetry.
func startSpan(ctx context.Context) (context.Context, trace.Span) {
	tracer := otel.Tracer("pointsman.dev/client-go", trace.WithInstrumentationVersion(Version))
	return tracer.Start(ctx, "pointsman.call", trace.WithSpanKind(trace.SpanKindClient))
}

func (c *Call) describeSpan() {
	c.span.SetAttributes(attribute.String("pointsman.arm", c.Arm),
		attribute.String("pointsman.decision_id", c.DecisionID),
		attribute.Float64("pointsman.propensity", c.Propensity))
}

func endSpan(span trace.Span, err error) {
	if err != nil {
		span.RecordError(err)
		span.SetStatus(codes.Error, err.Error())
	}
	span.End()
}

type metadataCarrier metadata.MD

func (m metadataCarrier) Get(key string) string {
	if values := metadata.MD(m).Get(key); len(values) > 0 {
		return values[0]
	}
	return ""
}

func (m metadataCarrier) Set(key, value string) { metadata.MD(m).Set(key, value) }

func (m metadataCarrier) Keys() []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	return keys
}

// injectTrace uses the W3C format whatever the app has chosen: the server reads no other.
func injectTrace(ctx context.Context, pairs metadata.MD) {
	propagation.TraceContext{}.Inject(ctx, metadataCarrier(pairs))
}
