// The callback of an asynchronous call. It is called exactly once, perhaps before the call returns.
#pragma once

#include <functional>

#include "absl/status/statusor.h"

namespace pointsman::engine {

template <class T>
using Done = std::function<void(absl::StatusOr<T>)>;

}  // namespace pointsman::engine
