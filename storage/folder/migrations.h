// From what an older version wrote to what this one reads, when a folder is opened. Each step takes
// the folder from one format to the next and ends with one synced write of the new format's number;
// killed before that, it begins again. There is no way back: an older version refuses the folder.
//   1 -> 2  snapshots move out of the database into files of their own; the families `progress` and
//           (of the decisions) `times` are new. Decisions of before are never judged as missing
//           feedback.
// Errors: kUnavailable if the medium fails.
// Threads: one, before anything else touches the folder.
#pragma once

#include "absl/status/status.h"

namespace pointsman {

struct LogFolder;
class SnapshotFiles;

// Does nothing to a folder of the present format.
absl::Status Migrate(LogFolder& folder, SnapshotFiles& snapshots);

}  // namespace pointsman
