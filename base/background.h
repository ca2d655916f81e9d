// Threads whose work can wait: index builds, snapshots.
// Threads: the calling one.
#pragma once

namespace pointsman {

// Lowers the priority of the calling thread below all threads that serve calls. On a busy machine it gets
// about a tenth of a core's time, on an idle one all of it. (Linux sets niceness per thread.)
void GiveWay();

}  // namespace pointsman
