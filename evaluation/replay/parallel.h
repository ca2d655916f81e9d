// Independent tasks on a few threads.
// Threads: `task` is called from several at once, `on_done` from one at a time.
#pragma once

#include <cstddef>
#include <functional>

#include "absl/status/status.h"

namespace pointsman::evaluation {

// Calls task(0) .. task(count - 1), each once, on `threads` threads (0: one per core). Calls `on_done` after
// each task with the number of finished tasks. After an error no further task is started. Returns the error
// with the smallest index.
absl::Status ForEachTask(std::size_t count, std::size_t threads,
                         const std::function<absl::Status(std::size_t)>& task,
                         const std::function<void(std::size_t done)>& on_done);

}  // namespace pointsman::evaluation
