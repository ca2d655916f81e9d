#include "base/background.h"

#include <sys/resource.h>

namespace pointsman {

void GiveWay() {
  constexpr int kNiceness = 10;
  // A failure is harmless: the thread keeps its priority.
  [[maybe_unused]] const int failed = setpriority(PRIO_PROCESS, 0, kNiceness);
}

}  // namespace pointsman
