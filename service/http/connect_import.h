// ImportOutcomes over HTTP: a client stream of the Connect protocol. The body is a row of envelopes (a byte of flags,
// four of length, a message); the answer is an envelope with the response, and one that ends the stream.
// The body is read as it is learned, so an import may be of any size.
// Threads: the HTTP server's and the engine's, one at a time.
// Source: the Connect protocol, https://connectrpc.com/docs/protocol (streaming).
#pragma once

#include <memory>

#include "service/access/admission.h"
#include "service/api/engine_slot.h"
#include "service/http/http_message.h"

namespace pointsman::service {

// Whether this request's content type is one of streams.
bool IsConnectStream(const HttpRequest& request);

// A refusal of a stream: its HTTP status is 200, and the error is in the envelope that ends the stream.
HttpResponse StreamError(const HttpRequest& request, const absl::Status& status);

// `message_bytes_max`: of one envelope.
void ServeConnectImport(const std::shared_ptr<HttpExchange>& exchange, const EngineSlot& engine,
                        Admission& admission, std::size_t message_bytes_max);

}  // namespace pointsman::service
