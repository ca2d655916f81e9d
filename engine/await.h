// Await: waits for a command's completion. Included by engine.h.
// Threads: any but the engine's writer.
#pragma once

#include <future>
#include <memory>
#include <utility>

#include "absl/status/statusor.h"

namespace pointsman::engine {

template <class T, class Call>
absl::StatusOr<T> Await(Call call) {
  auto promise = std::make_shared<std::promise<absl::StatusOr<T>>>();
  auto future = promise->get_future();
  call([promise](absl::StatusOr<T> result) { promise->set_value(std::move(result)); });
  return future.get();
}

}  // namespace pointsman::engine
