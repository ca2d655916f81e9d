// Independent tasks on a few threads.
// Threads: `task` is called from several at once, `on_done` from one at a time.
#pragma once

#include <cstddef>
#include <functional>

#include "absl/status/status.h"

namespace pointsman {

// Calls task(0) .. task(count - 1), each once, on `threads` threads (0: one per core); `on_done`
// after each with how many are done. After an error no further task is begun; answers the error of
// the smallest index.
absl::Status ForEachTask(std::size_t count, std::size_t threads,
                         const std::function<absl::Status(std::size_t)>& task,
                         const std::function<void(std::size_t done)>& on_done);

}  // namespace pointsman
