// Process death: a child writes and acknowledges, and is killed at a random moment. Everything it
// acknowledged must be there. (SIGKILL does not test syncs; power_loss_test.cc does.)
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "base/rng.h"
#include "scenario.h"
#include "temp_dir.h"
#include "tests/paths.h"

namespace pointsman::tests {
namespace {

constexpr int kLives = 20;

struct Acknowledged {
  Sequence last_event = 0;
  Sequence last_snapshot = 0;
  uint64_t decisions = 0;  // numbers 0 .. decisions - 1
};

// Runs the writer, kills it after `lines` more acknowledgements, and returns everything it
// acknowledged until it was dead.
void RunAndKill(const std::string& folder, uint64_t seed, uint64_t lines, Acknowledged& all) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const std::string program = POINTSMAN_BIN_DIR "/log_writer";
  const std::string decision = std::to_string(all.decisions);
  const std::string seed_text = std::to_string(seed);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    dup2(ends[1], STDOUT_FILENO);
    close(ends[0]);
    close(ends[1]);
    execl(program.c_str(), program.c_str(), folder.c_str(), decision.c_str(), seed_text.c_str(),
          static_cast<char*>(nullptr));
    _exit(127);
  }
  close(ends[1]);
  FILE* acknowledgements = fdopen(ends[0], "r");
  ASSERT_NE(acknowledgements, nullptr);
  char kind = 0;
  unsigned long long number = 0;
  uint64_t read = 0;
  while (std::fscanf(acknowledgements, " %c %llu", &kind, &number) == 2) {
    if (kind == 'E') all.last_event = number;
    if (kind == 'S') all.last_snapshot = number;
    if (kind == 'D') all.decisions = number + 1;
    if (++read == lines) kill(child, SIGKILL);  // what is still in the pipe was acknowledged too
  }
  std::fclose(acknowledgements);
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
      << "the writer ended by itself, status " << status;
}

void ExpectAllIsThere(const std::string& folder, const Acknowledged& all) {
  absl::StatusOr<storage::Storage> storage = storage::OpenRocksStorage({.folder = folder});
  ASSERT_TRUE(storage.ok()) << storage.status();
  const storage::EventLog& log = *storage->log;

  const auto events = log.ReadEvents(kCrashPool, 1, 1000000);
  ASSERT_TRUE(events.ok()) << events.status();
  ASSERT_GE(events->size(), all.last_event);
  EXPECT_EQ(log.LastSequence(kCrashPool).value(), events->size());
  for (Sequence s = 1; s <= events->size(); ++s) ASSERT_EQ((*events)[s - 1], CrashEvent(s));

  // A batch is there whole or not at all.
  for (Sequence s = events->size() - std::min<Sequence>(events->size(), 50) + 1;
       s <= events->size() + 10; ++s) {
    EXPECT_EQ(log.ReadFeedback(CrashFeedbackKey(s)).value().has_value(), s <= events->size());
  }
  Sequence experience_count = 0;
  ASSERT_TRUE(log.ReadExperience(kCrashPool,
                                 [&](Experience e) { EXPECT_EQ(e.sequence, ++experience_count); })
                  .ok());
  EXPECT_EQ(experience_count, events->size());

  const std::vector<Sequence> snapshots = log.ListSnapshots(kCrashPool).value();
  EXPECT_LE(snapshots.size(), 3u);
  if (all.last_snapshot > 0) {
    EXPECT_GE(snapshots.at(0), all.last_snapshot);
  }
  for (const Sequence s : snapshots) {
    EXPECT_EQ(log.ReadSnapshot(kCrashPool, s).value(), CrashSnapshot(s));
  }

  for (uint64_t n = 0; n < all.decisions; ++n) {
    const Decision decision = CrashDecision(n);
    const auto found = storage->decisions->Get(kCrashPool, decision.id);
    ASSERT_TRUE(found.ok()) << found.status();
    ASSERT_EQ(*found, decision);
  }
}

TEST(Kill, LosesNothingThatWasAcknowledged) {
  const storage::TempDir dir;
  Rng rng(20260101);
  Acknowledged all;
  for (int life = 0; life < kLives; ++life) {
    SCOPED_TRACE("life " + std::to_string(life));
    const uint64_t lines = 1 + rng.Below(120);
    RunAndKill(dir.path(), rng.Next(), lines, all);
    if (HasFatalFailure()) return;
    ExpectAllIsThere(dir.path(), all);
    if (HasFailure()) return;
  }
  EXPECT_GT(all.last_event, 100u);
  EXPECT_GT(all.last_snapshot, 0u);
  EXPECT_GT(all.decisions, 100u);
}

}  // namespace
}  // namespace pointsman::tests
