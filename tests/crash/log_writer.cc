// Writes events and decisions until it is killed. Prints what was acknowledged to stdout, one per line: "E
// <sequence>" (synced), "S <sequence>" (a snapshot), "D <number>" (handed to the kernel).
// usage: log_writer <data folder> <number of its first decision> <seed>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "base/strings.h"
#include "scenario.h"

namespace pointsman::tests {
namespace {

void Acknowledge(char kind, uint64_t number) {
  const std::string line = std::string(1, kind) + " " + std::to_string(number) + "\n";
  if (write(STDOUT_FILENO, line.data(), line.size()) != static_cast<ssize_t>(line.size())) {
    std::exit(0);  // nobody reads any more
  }
}

void Require(const absl::Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "log_writer: %s\n", status.ToString().c_str());
  std::exit(1);
}

void Run(const std::string& folder, uint64_t decision, uint64_t seed) {
  absl::StatusOr<storage::Storage> storage = storage::OpenRocksStorage({.folder = folder});
  Require(storage.status());
  storage::EventLog& log = *storage->log;
  Rng rng(seed);
  Sequence last = log.LastSequence(kCrashPool).value();
  while (true) {
    storage::LogBatch batch;
    for (uint64_t n = 1 + rng.Below(8); n > 0; --n) {
      ++last;
      batch.events.push_back(CrashEvent(last));
      batch.feedback.emplace_back(CrashFeedbackKey(last), CrashFeedback(last));
      batch.experience.emplace_back(kCrashPool, Experience{last, ArmId{0}, 0, 1, {}});
    }
    Require(log.Commit(batch, storage::Durability::kDisk));
    Acknowledge('E', last);
    for (uint64_t n = rng.Below(8); n > 0; --n, ++decision) {
      Require(storage->decisions->Put(CrashDecision(decision), storage::Durability::kProcess));
      Acknowledge('D', decision);
    }
    if (last % kSnapshotEvery == 0) {
      Require(log.PutSnapshot(kCrashPool, last, CrashSnapshot(last), 3));
      Acknowledge('S', last);
    }
  }
}

}  // namespace
}  // namespace pointsman::tests

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: log_writer <data folder> <first decision> <seed>\n");
    return 2;
  }
  pointsman::tests::Run(argv[1], std::strtoull(argv[2], nullptr, 10),
                        std::strtoull(argv[3], nullptr, 10));
}
