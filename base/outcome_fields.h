// An outcome to and from any Protobuf message that has its fields by their names: requests, answers
// and records do. What is not set stays so.
// Threads: pure.
#pragma once

#include "base/types.h"

namespace pointsman {

template <class Message>
Outcome OutcomeOf(const Message& message) {
  Outcome o;
  if (message.has_quality()) o.quality = message.quality();
  if (message.has_latency_ms()) o.latency_ms = message.latency_ms();
  if (message.has_cost_usd()) o.cost_usd = message.cost_usd();
  if (message.has_input_tokens()) o.input_tokens = message.input_tokens();
  if (message.has_output_tokens()) o.output_tokens = message.output_tokens();
  if (message.has_error()) o.error = message.error();
  return o;
}

template <class Message>
void FillOutcome(const Outcome& o, Message& message) {
  if (o.quality) message.set_quality(*o.quality);
  if (o.latency_ms) message.set_latency_ms(*o.latency_ms);
  if (o.cost_usd) message.set_cost_usd(*o.cost_usd);
  if (o.input_tokens) message.set_input_tokens(*o.input_tokens);
  if (o.output_tokens) message.set_output_tokens(*o.output_tokens);
  if (o.error) message.set_error(*o.error);
}

}  // namespace pointsman
