#include "retrieval/index/one_thread.h"

#include <omp.h>

// OpenBLAS's function, if FAISS uses that BLAS.
extern "C" __attribute__((weak)) void openblas_set_num_threads(int count);

namespace pointsman::retrieval {

// OpenMP's setting belongs to the calling thread: setting it in main does not affect other threads.
void KeepToOneThread() {
  thread_local const bool is_set = [] {
    omp_set_num_threads(1);
    if (openblas_set_num_threads != nullptr) openblas_set_num_threads(1);
    return true;
  }();
  static_cast<void>(is_set);
}

}  // namespace pointsman::retrieval
