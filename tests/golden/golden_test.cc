// Golden replay: a stored real log reproduces every decision and ends in the stored state. With the compiler
// and the kind of processor that wrote it, bit for bit. With another one (clang, or a processor without FMA,
// which glibc's exp and log use where available), the same arms and every figure to 1e-9.
//   golden_test --rewrite   makes the stored logs again: do not commit a change you cannot explain
//   POINTSMAN_GOLDEN=near   compares to 1e-9 on any machine
// Version 0.1 made the logs in format2/, and version 0.2 those in format4/. They replay to the state stored beside
// them. It differs from the state that those versions ended in, because the rules for outcomes and the learner have
// changed since. format4/hybrid.snapshot is the state that version 0.2 itself ended in.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "golden_log.h"
#include "learners/state/learned_state.h"
#include "tests/paths.h"

namespace pointsman::tests {
namespace {

constexpr const char* kOlder[] = {"format2/", "format4/"};
constexpr const char* kModels[] = {"lin_thompson", "hybrid", "mixture", "context_free"};
constexpr double kNear = 1e-9;

std::string PathOf(const std::string& model, const char* ending) {
  return std::string(POINTSMAN_SOURCE_DIR) + "/tests/golden/" + model + ending;
}

// Whether this build on this machine must reproduce the stored logs bit for bit.
bool IsExact() {
  const char* asked = std::getenv("POINTSMAN_GOLDEN");
  if (asked != nullptr && std::string(asked) == "near") return false;
#if defined(__clang__) || !defined(__x86_64__) || defined(__SANITIZE_ADDRESS__) || \
    defined(__SANITIZE_THREAD__)
  return false;
#else
  return __builtin_cpu_supports("fma") != 0;
#endif
}

std::vector<std::string> ReadLines(const std::string& path) {
  std::ifstream in(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

bool IsNear(double a, double b) { return std::abs(a - b) <= kNear * std::max(1.0, std::abs(b)); }

// Whether words that are numbers are near, and all others are equal.
bool AreNear(const std::string& a, const std::string& b) {
  std::istringstream words_a(a), words_b(b);
  std::string x, y;
  while (words_a >> x) {
    if (!(words_b >> y)) return false;
    if (x == y) continue;
    char* end_x = nullptr;
    char* end_y = nullptr;
    const double number_x = std::strtod(x.c_str(), &end_x);
    const double number_y = std::strtod(y.c_str(), &end_y);
    if (*end_x != '\0' || *end_y != '\0' || !IsNear(number_x, number_y)) return false;
  }
  return !(words_b >> y);
}

// Every figure of a decision, in order.
std::vector<double> Figures(const Decision& decision) {
  std::vector<double> figures;
  for (const ChosenArm& chosen : decision.chosen) figures.push_back(chosen.propensity);
  for (const Candidate& c : decision.candidates) {
    const ArmExpectation& e = c.expected;
    const ExpertVotes& v = c.features.votes;
    figures.insert(figures.end(),
                   {c.probability, c.utility, e.quality, e.quality_stddev, e.cost_usd, e.latency_ms,
                    e.priced_usd, v.ratio[0], v.ratio[1], v.ratio[2], v.par});
  }
  return figures;
}

std::vector<ArmId> Arms(const Decision& decision) {
  std::vector<ArmId> arms;
  for (const ChosenArm& chosen : decision.chosen) arms.push_back(chosen.arm);
  return arms;
}

// Whether the replayed transcript is the stored one.
void ExpectTranscript(const std::vector<std::string>& replayed, const std::string& path) {
  const std::vector<std::string> stored = ReadLines(path);
  ASSERT_EQ(replayed.size(), stored.size());
  for (std::size_t i = 0; i < stored.size(); ++i) {
    if (IsExact()) {
      ASSERT_EQ(replayed[i], stored[i]) << "line " << i + 1;
    } else if (stored[i].rfind("state ", 0) != 0) {
      ASSERT_TRUE(AreNear(replayed[i], stored[i])) << "line " << i + 1 << ":\n"
                                                   << replayed[i] << "\n"
                                                   << stored[i];
    }
  }
}

class Golden : public ::testing::TestWithParam<const char*> {};

TEST_P(Golden, LogsOfOlderVersionsStillReplay) {
  for (const std::string older : kOlder) {
    SCOPED_TRACE(older);
    const auto log = ReadGoldenLog(PathOf(older + GetParam(), ".log.gz"));
    ASSERT_TRUE(log.ok()) << log.status();
    const auto replayed = Replay(*log);
    ASSERT_TRUE(replayed.ok()) << replayed.status();
    ExpectTranscript(replayed->transcript, PathOf(older + GetParam(), ".txt"));
  }
}

// A state of version 0.2 keeps what it learned: its arms are expected to be as good as when the log is learned again
// (the learner is another one, so not quite), and it learns on in the same way.
TEST(GoldenSnapshot, OfVersion02IsReadAndLearnsOn) {
  std::ifstream file(PathOf("format4/hybrid", ".snapshot"), std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  auto state = learners::LearnedState::Decode(bytes);
  ASSERT_TRUE(state.ok()) << state.status();
  EXPECT_FALSE(learners::LearnedState::IsPresentFormat(bytes));
  EXPECT_EQ(state->pool().settings.learner.description_weight, 0) << "old pools stay as they were";
  const auto log = ReadGoldenLog(PathOf("format4/hybrid", ".log.gz"));
  ASSERT_TRUE(log.ok()) << log.status();
  auto again =
      learners::LearnedState::Empty(std::get<PoolEvent>(log->events.front().body).pool).value();
  ASSERT_TRUE(again.Learn(log->events).ok());
  ASSERT_EQ(state->version(), again.version());
  ASSERT_EQ(state->arm_count(), again.arm_count());
  for (int round = 0; round < 2; ++round) {
    for (const Decision& decision : log->decisions) {
      std::vector<learners::ArmView> views;
      for (const Candidate& c : decision.candidates)
        views.push_back({again.arm(c.arm), c.features});
      const learners::QueryView query{.context = decision.context};
      const auto a = state->Estimate(query, views), b = again.Estimate(query, views);
      for (std::size_t i = 0; i < views.size(); ++i) {
        ASSERT_NEAR(a[i].quality, b[i].quality, round == 0 ? 0.1 : 0.02) << decision.id;
      }
    }
    // The same outcomes once more: both solve everything anew.
    for (Event event : std::vector<Event>(log->events)) {
      if (!std::holds_alternative<OutcomeEvent>(event.body)) continue;
      event.sequence = state->version() + 1;
      event.time = state->time();
      std::get<OutcomeEvent>(event.body).anchor.reset();
      if (!std::get<OutcomeEvent>(event.body).is_first) continue;
      ASSERT_TRUE(state->Learn({&event, 1}).ok());
      ASSERT_TRUE(again.Learn({&event, 1}).ok());
    }
  }
}

TEST_P(Golden, LogReproducesEveryDecision) {
  const auto log = ReadGoldenLog(PathOf(GetParam(), ".log.gz"));
  ASSERT_TRUE(log.ok()) << log.status();
  const auto replayed = Replay(*log);
  ASSERT_TRUE(replayed.ok()) << replayed.status();
  ASSERT_EQ(replayed->decisions.size(), log->decisions.size());
  int differ = 0;
  for (std::size_t i = 0; i < log->decisions.size(); ++i) {
    const Decision& again = replayed->decisions[i];
    const Decision& stored = log->decisions[i];
    differ += again == stored ? 0 : 1;
    if (IsExact()) {
      ASSERT_EQ(again, stored) << stored.id;
      continue;
    }
    ASSERT_EQ(Arms(again), Arms(stored)) << stored.id;
    const std::vector<double> a = Figures(again), b = Figures(stored);
    ASSERT_EQ(a.size(), b.size()) << stored.id;
    for (std::size_t f = 0; f < a.size(); ++f) ASSERT_TRUE(IsNear(a[f], b[f])) << stored.id;
  }
  std::printf("%s: compared %s; %d of %zu decisions differ in a last bit\n", GetParam(),
              IsExact() ? "bit for bit" : "to 1e-9", differ, log->decisions.size());
}

TEST_P(Golden, LogEndsInTheStoredState) {
  const auto log = ReadGoldenLog(PathOf(GetParam(), ".log.gz"));
  ASSERT_TRUE(log.ok()) << log.status();
  const auto replayed = Replay(*log);
  ASSERT_TRUE(replayed.ok()) << replayed.status();
  ExpectTranscript(replayed->transcript, PathOf(GetParam(), ".txt"));
}

// The present engine must make the stored log from the same calls.
TEST_P(Golden, ScenarioStillGivesTheStoredLog) {
  if (!IsExact()) GTEST_SKIP() << "another compiler or processor: see the other test";
  const auto stored = ReadGoldenLog(PathOf(GetParam(), ".log.gz"));
  ASSERT_TRUE(stored.ok()) << stored.status();
  const auto played = PlayGoldenLog(GetParam());
  ASSERT_TRUE(played.ok()) << played.status();
  ASSERT_EQ(played->decisions.size(), stored->decisions.size());
  for (std::size_t i = 0; i < stored->decisions.size(); ++i) {
    ASSERT_EQ(played->decisions[i], stored->decisions[i]) << stored->decisions[i].id;
  }
  ASSERT_EQ(played->events, stored->events);
}

INSTANTIATE_TEST_SUITE_P(Models, Golden, ::testing::ValuesIn(kModels),
                         [](const auto& model) { return std::string(model.param); });

void WriteTranscript(const std::vector<std::string>& lines, const std::string& path) {
  std::ofstream text(path);
  for (const std::string& line : lines) text << line << "\n";
}

int Rewrite() {
  for (const char* model : kModels) {
    for (const std::string older : kOlder) {
      const std::string old = older + model;
      const auto old_log = ReadGoldenLog(PathOf(old, ".log.gz"));
      const auto old_state =
          old_log.ok() ? Replay(*old_log) : absl::StatusOr<Replayed>(old_log.status());
      if (!old_state.ok()) {
        std::fprintf(stderr, "%s: %s\n", old.c_str(),
                     std::string(old_state.status().message()).c_str());
        return 1;
      }
      WriteTranscript(old_state->transcript, PathOf(old, ".txt"));
    }
    const auto log = PlayGoldenLog(model);
    const auto replayed = log.ok() ? Replay(*log) : absl::StatusOr<Replayed>(log.status());
    const absl::Status written =
        replayed.ok() ? WriteGoldenLog(*log, PathOf(model, ".log.gz")) : replayed.status();
    if (!written.ok()) {
      std::fprintf(stderr, "%s: %s\n", model, std::string(written.message()).c_str());
      return 1;
    }
    WriteTranscript(replayed->transcript, PathOf(model, ".txt"));
    std::printf("%s: %zu events, %zu decisions\n", model, log->events.size(),
                log->decisions.size());
  }
  return 0;
}

}  // namespace
}  // namespace pointsman::tests

int main(int argc, char** argv) {
  if (argc == 2 && std::string(argv[1]) == "--rewrite") return pointsman::tests::Rewrite();
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
