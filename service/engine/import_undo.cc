#include <set>
#include <string>

#include "base/status_macros.h"
#include "base/strings.h"
#include "service/engine/import.h"
#include "service/engine/requests.h"

namespace pointsman {

absl::StatusOr<UndoOutput> StageUndo(Turn& /*turn*/, const std::shared_ptr<PoolRuntime>& pool,
                                     const EventLog& /*log*/, const std::string& import_id) {
  return WithReason(NotFound("import_id: the log of pool ", Quoted(pool->name()),
                             " has no import ", Quoted(import_id)),
                    reason::kImportUnknown, "import_id");
}

}  // namespace pointsman
