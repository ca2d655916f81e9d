// The main function of every benchmark: as BENCHMARK_MAIN, except that an unknown flag gives exit code 2.
#include <benchmark/benchmark.h>

#include <cstdio>
#include <cstring>

#include "base/version.h"

int main(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--version") != 0) continue;
    std::printf("pointsman benchmarks %s\n", pointsman::Version());
    return 0;
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}
