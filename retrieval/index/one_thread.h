// Keeps FAISS and its BLAS to the calling thread: their pools of threads would fight with a server's over the cores.
// Threads: the setting belongs to the calling thread.
#pragma once

namespace pointsman::retrieval {

void KeepToOneThread();

}  // namespace pointsman::retrieval
