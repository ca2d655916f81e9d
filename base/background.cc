#include "base/background.h"

#include <sys/resource.h>

namespace pointsman {

void GiveWay() {
  constexpr int kNiceness = 10;
  // That it fails says only that the thread goes on as it was.
  [[maybe_unused]] const int failed = setpriority(PRIO_PROCESS, 0, kNiceness);
}

}  // namespace pointsman
