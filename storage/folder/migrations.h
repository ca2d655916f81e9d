// Migrates a folder from the format of an older version when it is opened. Each step takes the folder from
// one format to the next and ends with one synced write of the new format's number. A step that is killed
// before that starts again. There is no way back: an older version refuses the folder.
//   1 -> 2  snapshots move out of the database into files of their own. The families `progress` and (of the
//           decisions) `times` are new. Decisions from before are never judged as missing feedback.
//   2 -> 3, 3 -> 4  records have new fields, and what is stored stays as it is. Only the number is new, so that an
//           older version does not read records that it would misunderstand.
// Errors: kUnavailable if the medium fails.
// Threads: one, before anything else uses the folder.
#pragma once

#include "absl/status/status.h"

namespace pointsman::storage {

struct LogFolder;
class SnapshotFiles;

// Does nothing for a folder of the current format.
absl::Status Migrate(LogFolder& folder, SnapshotFiles& snapshots);

}  // namespace pointsman::storage
