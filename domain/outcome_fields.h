// Converts an outcome to and from any Protobuf message that has its fields under their names, as requests,
// answers and records do. Unset fields stay unset.
// Threads: pure.
#pragma once

#include <cstdint>
#include <type_traits>

#include "domain/types.h"

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
  if (message.has_first_token_ms()) o.first_token_ms = message.first_token_ms();
  if (message.has_cached_input_tokens()) o.cached_input_tokens = message.cached_input_tokens();
  if (message.has_error_kind()) {
    const auto kind = static_cast<uint32_t>(message.error_kind());
    if (kind != 0)
      o.error_kind = ErrorKind{static_cast<uint8_t>(kind <= UINT8_MAX ? kind : UINT8_MAX)};
  }
  if (message.has_retry_after_ms()) o.retry_after_ms = message.retry_after_ms();
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
  if (o.first_token_ms) message.set_first_token_ms(*o.first_token_ms);
  if (o.cached_input_tokens) message.set_cached_input_tokens(*o.cached_input_tokens);
  if (o.error_kind) {
    using Kind = std::decay_t<decltype(message.error_kind())>;
    message.set_error_kind(static_cast<Kind>(*o.error_kind));
  }
  if (o.retry_after_ms) message.set_retry_after_ms(*o.retry_after_ms);
}

}  // namespace pointsman
