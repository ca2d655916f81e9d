"use strict";
// Spans, if the app has OpenTelemetry. Without it every function here does next to nothing.

let api = null;
try {
  api = require("@opentelemetry/api");
} catch {
  // The app has no OpenTelemetry.
}

const SILENT = { headers: {}, routed() {}, within: (work) => work(), end() {} };

function startSpan() {
  if (!api) return SILENT;
  const span = api.trace.getTracer("@pointsman/client").startSpan("pointsman.call");
  const context = api.trace.setSpan(api.context.active(), span);
  const headers = {};
  api.propagation.inject(context, headers);
  return {
    headers,
    routed({ arm, decisionId, propensity }) {
      span.setAttribute("pointsman.arm", arm);
      span.setAttribute("pointsman.decision_id", decisionId);
      if (propensity !== undefined) span.setAttribute("pointsman.propensity", propensity);
    },
    within: (work) => api.context.with(context, work),
    end(error) {
      if (error !== undefined) {
        span.recordException(error instanceof Error ? error : String(error));
        span.setStatus({ code: api.SpanStatusCode.ERROR, message: String(error?.message ?? error) });
      }
      span.end();
    },
  };
}

module.exports = { startSpan };
