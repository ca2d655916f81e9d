// Questions about past and possible decisions, compared with slow and obvious answers.
#include <algorithm>
#include <map>
#include <set>

#include "base/rng.h"
#include "engine/inspect/decision_search.h"
#include "learners/choice/choose.h"
#include "tests/support/engine_fixture.h"
#include "tests/support/test_folder.h"

namespace pointsman::engine {
namespace {

class Insight : public tests::EngineFixture {
 protected:
  void SetUp() override {
    OpenWith(storage::OpenMemoryStorage(tests::kTestSecret));
    PoolSettings settings;
    settings.store_query_text = true;
    MakePool(settings);
  }

  struct Made {
    std::string id, arm, text;
    Micros time = 0;
    std::optional<double> quality;
    bool is_failed = false;
  };

  // Decisions of which some have a quality, some failed and some are silent; the newest last.
  void Play(int count) {
    Rng rng(11);
    for (int i = 0; i < count; ++i) {
      clock_.Advance(kMicrosPerSecond);
      Made made;
      made.text = (i % 3 == 0 ? "Prove the Theorem number " : "write a poem about day ") +
                  std::to_string(i);
      const RouteOutput output = MustRoute(made.text);
      made.id = output.decision_id;
      made.arm = output.arm;
      made.time = clock_.Now();
      FeedbackInput input;
      input.decision_id = made.id;
      if (i % 4 == 1) {
        made.is_failed = true;
        input.outcome.error = true;
      } else if (i % 4 != 2) {
        made.quality = rng.Uniform();
        input.outcome.quality = made.quality;
      }
      if (!input.outcome.empty()) {
        ASSERT_TRUE(Tell(input).ok());
      }
      made_.push_back(made);
    }
  }

  std::vector<std::string> Search(DecisionQuery query) {
    std::vector<std::string> ids;
    while (true) {
      const auto page = Await<DecisionPage>(
          [&](auto done) { engine_->ListDecisions("default", query, std::move(done)); });
      EXPECT_TRUE(page.ok()) << page.status();
      if (!page.ok()) return ids;
      for (const FoundDecision& found : page->decisions) ids.push_back(found.decision.id);
      if (!page->next) return ids;
      query.after = page->next;
    }
  }
  template <class Matches>
  std::vector<std::string> Expected(Matches matches) const {
    std::vector<std::string> ids;
    for (auto it = made_.rbegin(); it != made_.rend(); ++it) {
      if (matches(*it)) ids.push_back(it->id);
    }
    return ids;
  }

  std::vector<Made> made_;
};

TEST_F(Insight, FindsTheDecisionsThatMatchTheNewestFirst) {
  Play(120);
  for (const uint32_t page_size : {1u, 7u, 200u}) {
    DecisionQuery query;
    query.page_size = page_size;
    EXPECT_EQ(Search(query), Expected([](const Made&) { return true; }));
    query.feedback = FeedbackFilter::kSilent;
    EXPECT_EQ(Search(query), Expected([](const Made& m) { return !m.quality && !m.is_failed; }));
    query.feedback = FeedbackFilter::kFailed;
    EXPECT_EQ(Search(query), Expected([](const Made& m) { return m.is_failed; }));
    query.feedback = FeedbackFilter::kTold;
    query.quality_min = 0.3;
    query.quality_max = 0.6;
    EXPECT_EQ(Search(query), Expected([](const Made& m) {
                return m.quality && *m.quality >= 0.3 && *m.quality <= 0.6;
              }));
    DecisionQuery other;
    other.page_size = page_size;
    other.text = "theorem NUMBER";
    other.from = made_[20].time;
    other.before = made_[90].time;
    EXPECT_EQ(Search(other), Expected([&](const Made& m) {
                return m.text.starts_with("Prove") && m.time >= other.from && m.time < other.before;
              }));
    DecisionQuery arm;
    arm.page_size = page_size;
    arm.arm = "beta";
    EXPECT_EQ(Search(arm), Expected([](const Made& m) { return m.arm == "beta"; }));
  }
}

TEST_F(Insight, RefusesSearchesThatMakeNoSense) {
  const auto code = [&](const DecisionQuery& query) {
    return Await<DecisionPage>([&](auto done) { engine_->ListDecisions("default", query, done); })
        .status()
        .code();
  };
  DecisionQuery query;
  query.page_size = kDecisionPageMax + 1;
  EXPECT_EQ(code(query), absl::StatusCode::kInvalidArgument);
  query = {};
  query.quality_min = 1.5;
  EXPECT_EQ(code(query), absl::StatusCode::kInvalidArgument);
  query = {};
  query.from = 5;
  query.before = 5;
  EXPECT_EQ(code(query), absl::StatusCode::kInvalidArgument);
  query = {};
  query.arm = "nobody";
  EXPECT_EQ(code(query), absl::StatusCode::kNotFound);
}

TEST_F(Insight, TriesPreferencesOnTheEstimatesOfTheRecords) {
  Play(60);
  const std::vector<Preference> preferences = {{1, 0, 0}, {0, 1, 0}, {2, 1, 1}};
  const auto tried = Await<TriedPreferences>(
      [&](auto done) { engine_->TryPreferences("default", preferences, 50, std::move(done)); });
  ASSERT_TRUE(tried.ok()) << tried.status();
  EXPECT_EQ(tried->decisions, 50u);
  EXPECT_EQ(tried->first, made_[10].time);
  const PoolSettings settings = engine_->GetPool("default")->pool.settings;
  for (std::size_t p = 0; p < preferences.size(); ++p) {
    std::map<std::string, double> shares;
    double quality = 0;
    for (std::size_t i = 10; i < made_.size(); ++i) {
      const Explanation explained = *engine_->Explain("default", made_[i].id);
      const auto& candidates = explained.decision.candidates;
      std::size_t best = 0;
      for (std::size_t c = 1; c < candidates.size(); ++c) {
        const auto utility = [&](std::size_t at) {
          return learners::Utility(settings, Normalised(preferences[p]), candidates[at].expected);
        };
        if (utility(c) > utility(best)) best = c;
      }
      shares[explained.candidate_names[best]] += 1 / 50.0;
      quality += candidates[best].expected.quality;
    }
    const PreferenceResult& result = tried->results[p];
    EXPECT_NEAR(result.quality.sum, quality, 1e-9);
    ASSERT_EQ(result.arms.size(), shares.size());
    for (const auto& [arm, share] : result.arms) EXPECT_NEAR(share, shares[arm], 1e-9) << arm;
  }
}

TEST_F(Insight, ExplainsAQueryAndTeachesNothing) {
  Play(60);
  const uint64_t before = StateChecksumNow();
  const auto decisions = Stats().decisions;
  RouteInput input;
  input.query = "Prove the Theorem number 3";
  input.preference = Preference{0.5, 0.3, 0.2};
  const auto tried =
      Await<TriedQuery>([&](auto done) { engine_->TryQuery(input, 5, std::move(done)); });
  ASSERT_TRUE(tried.ok()) << tried.status();
  ASSERT_EQ(tried->parts.size(), 3u);
  for (std::size_t i = 0; i < tried->parts.size(); ++i) {
    const UtilityParts& parts = tried->parts[i];
    EXPECT_EQ(parts.arm, tried->decision.ranking[i].arm);
    EXPECT_NEAR(parts.quality - parts.cost - parts.latency, tried->decision.ranking[i].utility,
                1e-12);
  }
  ASSERT_FALSE(tried->neighbours.empty());
  EXPECT_LE(tried->neighbours.size(), 5u);
  float last = 2;
  for (const SimilarQuery& similar : tried->neighbours) {
    EXPECT_LE(similar.neighbour.similarity, last);
    last = similar.neighbour.similarity;
    const auto made = std::find_if(made_.begin(), made_.end(),
                                   [&](const Made& m) { return m.id == similar.decision_id; });
    ASSERT_NE(made, made_.end());
    EXPECT_EQ(similar.query_text, made->text);
    EXPECT_EQ(similar.arm, made->arm);
    EXPECT_FLOAT_EQ(similar.neighbour.quality, static_cast<float>(*made->quality));
  }
  EXPECT_EQ(StateChecksumNow(), before);
  EXPECT_EQ(Stats().decisions, decisions);
  EXPECT_EQ(Search({}).size(), made_.size());
}

TEST_F(Insight, GroupsPastQueriesByWhatTheyAreAbout) {
  Play(200);
  const auto groups = Await<QueryGroups>(
      [&](auto done) { engine_->ListQueryGroups("default", 2, std::move(done)); });
  ASSERT_TRUE(groups.ok()) << groups.status();
  ASSERT_EQ(groups->groups.size(), 2u);
  EXPECT_TRUE(groups->has_words);
  uint64_t outcomes = 0;
  double share = 0;
  std::set<std::string> words;
  for (const QueryGroup& group : groups->groups) {
    share += group.share;
    for (const auto& [arm, quality] : group.arms) outcomes += quality.count;
    words.insert(group.words.begin(), group.words.end());
    EXPECT_FALSE(group.examples.empty());
    const bool is_poem = group.examples.front().starts_with("write");
    for (const std::string& example : group.examples) {
      EXPECT_EQ(example.starts_with("write"), is_poem) << example;
    }
  }
  EXPECT_NEAR(share, 1, 1e-9);
  EXPECT_EQ(outcomes, groups->outcomes);
  EXPECT_TRUE(words.contains("theorem") && words.contains("poem"));
}

TEST_F(Insight, AnswersOfAPoolInWhichNothingHappened) {
  EXPECT_TRUE(Search({}).empty());
  EXPECT_TRUE(engine_->GetHistory("default", kMicrosPerSecond)->buckets.empty());
  const auto tried = Await<TriedPreferences>([&](auto done) {
    engine_->TryPreferences("default", {{1, 0, 0}}, 0, std::move(done));
  });
  ASSERT_TRUE(tried.ok());
  EXPECT_EQ(tried->decisions, 0u);
  const auto groups = Await<QueryGroups>(
      [&](auto done) { engine_->ListQueryGroups("default", 0, std::move(done)); });
  ASSERT_TRUE(groups.ok());
  EXPECT_TRUE(groups->groups.empty());
}

TEST_F(Insight, KeepsTheHistoryOverARestart) {
  tests::TestFolder folder;
  const auto open = [&] {
    engine_.reset();
    storage::StorageOptions options;
    options.folder = folder.path();
    OpenWith(*storage::OpenRocksStorage(options));
  };
  open();
  MakePool();
  Play(40);
  const auto before = engine_->GetHistory("default", 3600 * kMicrosPerSecond);
  ASSERT_TRUE(before.ok());
  ASSERT_FALSE(before->buckets.empty());
  open();
  const auto after = engine_->GetHistory("default", 3600 * kMicrosPerSecond);
  EXPECT_EQ(after->buckets, before->buckets);
  EXPECT_EQ(after->names, before->names);
}

}  // namespace
}  // namespace pointsman::engine
