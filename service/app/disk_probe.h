// Whether a data folder's disks can be written, tried in earnest: a full disk, a quota, a read-only mount and
// a broken one all look alike from outside. And whether there is room for what opening the databases may
// write: their write-ahead logs once more, as tables. (Else the engine, which still routes, would be closed
// for a storage that cannot be opened.)
// Cost: writes and syncs kProbeBytes on each file system that the folder spans. Leaves nothing behind.
// Errors: kUnavailable naming the folder and what the system said.
// Threads: any.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"

namespace pointsman {

constexpr int64_t kProbeBytes = 4 << 20;

absl::Status ProbeDisk(const std::string& data_dir);

}  // namespace pointsman
