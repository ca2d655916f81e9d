// Threads whose work can wait: index builds, snapshots.
// Threads: the calling one.
#pragma once

namespace pointsman {

// Makes the calling thread give way to all that serve calls: on a busy machine it gets about a tenth of a
// core's time, on an idle one all of it. (Linux counts niceness by thread.)
void GiveWay();

}  // namespace pointsman
