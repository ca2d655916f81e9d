// What feedback says, rule by rule, through the real engine: decisions, feedback, statistics. Each table has cases
// beside the one that a rule was made for.
#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "learners/quality/quality_model.h"
#include "outcome_rules.h"

namespace pointsman::engine {
namespace {

TEST_F(OutcomeRules, B1_NoSequenceOfWordsLeavesMoreThanItsLast) {
  struct Case {
    const char* what;
    std::vector<Outcome> words;
    Outcome last;
  };
  const auto latency = [](double ms) {
    Outcome o;
    o.latency_ms = ms;
    return o;
  };
  const auto quality = [](double q) {
    Outcome o;
    o.quality = q;
    return o;
  };
  const Case cases[] = {
      {"an error of 30 s, then 1 s", {Error(30'000), latency(1000)}, Error(1000)},
      {"an error, then an answer", {Error(30'000), Answer(1, 900)}, Answer(1, 900)},
      {"an answer, then an error", {Answer(1, 900), Error()}, Error(900)},
      {"there and back", {Answer(1, 900), Error(), quality(0.5)}, Answer(0.5, 900)},
      {"a slip of the pen", {latency(900'000), latency(900), quality(1)}, Answer(1, 900)},
  };
  for (const char* model : learners::QualityModelNames()) {
    for (const Case& c : cases) {
      SCOPED_TRACE(absl::StrCat(model, ": ", c.what));
      std::vector<learners::ArmFigures> figures;
      for (const bool at_once : {false, true}) {
        OpenWith(storage::OpenMemoryStorage(tests::kTestSecret));
        PoolSettings settings;
        settings.learner.quality_model = model;
        Pool({Named("a"), Named("b")}, settings);
        const std::string decision = DecisionOf("a");
        const std::vector<Outcome> words = at_once ? std::vector<Outcome>{c.last} : c.words;
        for (const Outcome& word : words) {
          ASSERT_TRUE(TellOf(decision, word).ok());
          if (at_once) break;
          for (int i = 0; i < 40; ++i) {
            ASSERT_TRUE(TellOf(DecisionOf("b"), Answer(0.5, 100)).ok());
          }
        }
        if (at_once) {
          for (std::size_t i = 0; i < 40 * c.words.size(); ++i) {
            ASSERT_TRUE(TellOf(DecisionOf("b"), Answer(0.5, 100)).ok());
          }
        }
        figures.push_back(StatsOf("a").figures);
      }
      EXPECT_NEAR(figures[0].expected.latency_ms, figures[1].expected.latency_ms, 1e-3);
      EXPECT_NEAR(figures[0].tracker.quality, figures[1].tracker.quality, 1e-9);
      EXPECT_NEAR(figures[0].tracker.quality_weight, figures[1].tracker.quality_weight, 1e-9);
      EXPECT_NEAR(figures[0].tracker.error_rate, figures[1].tracker.error_rate, 1e-9);
      // What the arms of a hybrid share follows their outcomes on a schedule.
      const bool is_hybrid = std::string(model).starts_with("hybrid");
      EXPECT_NEAR(figures[0].level.mean, figures[1].level.mean, is_hybrid ? 2e-3 : 1e-6);
      EXPECT_GE(figures[0].expected.latency_ms, 0);
    }
  }
}

TEST_F(OutcomeRules, B2_AWithdrawalHasItsTimeToo) {
  Pool({Named("a")});
  for (const bool withdraws_last : {false, true}) {
    for (const bool is_late_first : {false, true}) {
      FeedbackInput rating, withdraw;
      rating.decision_id = withdraw.decision_id = DecisionOf("a");
      rating.outcome.quality = 0.9;
      withdraw.is_withdrawal = true;
      rating.at = (withdraws_last ? 1000 : 2000) * kMicrosPerMs;
      withdraw.at = (withdraws_last ? 2000 : 1000) * kMicrosPerMs;
      const double before = StatsOf("a").figures.tracker.quality_weight;
      if (is_late_first == withdraws_last) {
        // What is withdrawn before it was ever said has nothing to take back yet: it is said first.
        FeedbackInput older = rating;
        older.at = 500 * kMicrosPerMs;
        ASSERT_TRUE(Tell(older).ok());
        ASSERT_TRUE(Tell(withdraw).ok());
        ASSERT_TRUE(Tell(rating).ok());
      } else {
        ASSERT_TRUE(Tell(rating).ok());
        ASSERT_TRUE(Tell(withdraw).ok());
      }
      const double gained = StatsOf("a").figures.tracker.quality_weight - before;
      EXPECT_NEAR(gained, withdraws_last ? 0 : 1, 0.05) << withdraws_last << is_late_first;
    }
  }
}

TEST_F(OutcomeRules, B2_AWithdrawalThatComesFirstHoldsByItsTime) {
  Pool({Named("a")});
  for (const bool is_not_served : {false, true}) {
    for (const int rated_at_ms : {1000, 3000}) {
      FeedbackInput rating, withdraw;
      rating.decision_id = withdraw.decision_id = DecisionOf("a");
      rating.outcome.quality = 0.9;
      rating.at = rated_at_ms * kMicrosPerMs;
      withdraw.is_withdrawal = !is_not_served;
      withdraw.is_not_served = is_not_served;
      withdraw.at = 2000 * kMicrosPerMs;
      const double before = StatsOf("a").figures.tracker.quality_weight;
      ASSERT_TRUE(Tell(withdraw).ok());
      const FeedbackResult is_rated = Tell(rating)->result;
      const double gained = StatsOf("a").figures.tracker.quality_weight - before;
      const bool is_later = rating.at > withdraw.at;
      EXPECT_EQ(is_rated, is_later ? FeedbackResult::kApplied : FeedbackResult::kAlreadyApplied);
      EXPECT_NEAR(gained, is_later ? 1 : 0, 0.05) << rated_at_ms << is_not_served;
      EXPECT_EQ(Tell(withdraw)->result, FeedbackResult::kAlreadyApplied);
    }
  }
}

TEST_F(OutcomeRules, B2_AWithdrawalTakesBackWhatIsOlderInAnyOrder) {
  Pool({Named("a")});
  for (const bool is_not_served : {false, true}) {
    std::vector<int> order = {0, 1, 2};
    do {
      std::vector<FeedbackInput> words(3);
      const std::string decision = DecisionOf("a");
      words[0].outcome.cost_usd = 0.4;
      words[0].outcome.latency_ms = 900;
      words[1].is_withdrawal = !is_not_served;
      words[1].is_not_served = is_not_served;
      words[2].outcome.quality = 0.7;
      const std::string name = absl::StrCat(is_not_served, " ", order[0], order[1], order[2]);
      for (const int word : order) {
        words[word].decision_id = decision;
        words[word].at = (word + 1) * 1000 * kMicrosPerMs;
        ASSERT_TRUE(Tell(words[word]).ok()) << name;
      }
      // The record says what is known: a quality again is no news, any cost is.
      Outcome quality;
      quality.quality = 0.7;
      EXPECT_EQ(TellOf(decision, quality)->result, FeedbackResult::kAlreadyApplied) << name;
      Outcome cost;
      cost.cost_usd = 0.4;
      EXPECT_EQ(TellOf(decision, cost)->result, FeedbackResult::kMerged) << name;
      Outcome latency;
      latency.latency_ms = 900;
      EXPECT_EQ(TellOf(decision, latency)->result, FeedbackResult::kMerged) << name;
    } while (std::next_permutation(order.begin(), order.end()));
  }
}

TEST_F(OutcomeRules, B1_CachedTokensAreAPartOfTheInputOverAllWords) {
  Pool({Named("a")});
  const std::string decision = DecisionOf("a");
  Outcome input, cached;
  input.input_tokens = 100;
  cached.cached_input_tokens = 200;
  ASSERT_TRUE(TellOf(decision, input).ok());
  EXPECT_EQ(TellOf(decision, cached).status().code(), absl::StatusCode::kInvalidArgument);
  cached.cached_input_tokens = 100;
  EXPECT_EQ(TellOf(decision, cached)->result, FeedbackResult::kMerged);
  input.input_tokens = 99;
  EXPECT_EQ(TellOf(decision, input).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(OutcomeRules, B5_AFeedbackWithAttemptsIsTakenAsAWholeOrNotAtAll) {
  Pool({Named("a"), Named("b")});
  const std::string decision = DecisionOf("a");
  Outcome input;
  input.input_tokens = 100;
  ASSERT_TRUE(TellOf(decision, input).ok());
  const double before = StatsOf("b").figures.tracker.error_rate;
  FeedbackInput feedback;
  feedback.decision_id = decision;
  AttemptInput failed, last;
  failed.arm = "b";
  failed.outcome = Error(700);
  last.arm = "a";
  feedback.attempts = {failed, last};
  feedback.outcome.cached_input_tokens = 200;
  EXPECT_EQ(Tell(feedback).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(StatsOf("b").figures.tracker.error_rate, before);
  feedback.outcome.cached_input_tokens = 50;
  ASSERT_TRUE(Tell(feedback).ok());
  EXPECT_GT(StatsOf("b").figures.tracker.error_rate, before);
}

TEST_F(OutcomeRules, B2_TheLastWordWinsAndCanBeWithdrawn) {
  Pool({Named("a")});
  const std::string decision = DecisionOf("a");
  for (const double q : {1.0, 0.0, 1.0}) {
    Outcome o;
    o.quality = q;
    ASSERT_TRUE(TellOf(decision, o).ok());
  }
  EXPECT_NEAR(StatsOf("a").figures.tracker.quality, 1, 1e-12);
  EXPECT_EQ(StatsOf("a").figures.outcomes, 1u);
  FeedbackInput withdraw;
  withdraw.decision_id = decision;
  withdraw.is_withdrawal = true;
  EXPECT_EQ(Tell(withdraw)->result, FeedbackResult::kCorrected);
  EXPECT_EQ(StatsOf("a").figures.tracker.quality_weight, 0);
  EXPECT_EQ(Tell(withdraw)->result, FeedbackResult::kAlreadyApplied);
  // By their own times, whichever arrives first.
  const std::string timed = DecisionOf("a");
  FeedbackInput later, earlier;
  later.decision_id = earlier.decision_id = timed;
  later.outcome.quality = 0.9, later.at = 2000 * kMicrosPerMs;
  earlier.outcome.quality = 0.1, earlier.at = 1000 * kMicrosPerMs;
  earlier.outcome.latency_ms = 50;
  ASSERT_TRUE(Tell(later).ok());
  EXPECT_EQ(Tell(earlier)->result, FeedbackResult::kMerged);  // its latency is news
  EXPECT_NEAR(StatsOf("a").figures.tracker.quality, 0.9, 1e-12);
}

TEST_F(OutcomeRules, B3_WhatWasNotLearnedCanBeSentAgain) {
  PoolSettings settings;
  settings.feedback_window = 100 * kMicrosPerSecond;
  Pool({Named("a")}, settings);
  const std::string decision = DecisionOf("a");
  clock_.Advance(200 * kMicrosPerSecond);
  EXPECT_EQ(TellQuality(decision, 1, "id")->result, FeedbackResult::kLate);
  EXPECT_EQ(TellQuality(decision, 1, "id")->result, FeedbackResult::kLate);
  EXPECT_EQ(OutcomesOf("a"), 0u);
  using Made = PutPoolOutput;
  ASSERT_TRUE(Await<Made>([&](auto done) {
                engine_->PutPool(
                    "default",
                    [](PoolSettings s) {
                      s.feedback_window = 1000 * kMicrosPerSecond;
                      return s;
                    },
                    {}, false, std::move(done));
              }).ok());
  EXPECT_EQ(TellQuality(decision, 1, "id")->result, FeedbackResult::kApplied);
  EXPECT_EQ(TellQuality(decision, 1, "id")->result, FeedbackResult::kAlreadyApplied);
  EXPECT_EQ(OutcomesOf("a"), 1u);
}

TEST_F(OutcomeRules, B4_ADecisionThatWasNotCarriedOutIsClosed) {
  PoolSettings settings;
  settings.feedback_window = 100 * kMicrosPerSecond;
  settings.missing_feedback = MissingFeedback::kQuality;
  settings.missing_quality = 0;
  Pool({Named("a"), Named("b")}, settings);
  FeedbackInput not_served;
  not_served.decision_id = DecisionOf("a");
  not_served.is_not_served = true;
  EXPECT_EQ(Tell(not_served)->result, FeedbackResult::kClosed);
  EXPECT_EQ(Tell(not_served)->result, FeedbackResult::kAlreadyApplied);
  FeedbackInput elsewhere;
  elsewhere.decision_id = DecisionOf("a");
  elsewhere.served_arm = "a person";
  elsewhere.outcome.quality = 1;
  const auto closed = Tell(elsewhere);
  ASSERT_TRUE(closed.ok());
  EXPECT_EQ(closed->result, FeedbackResult::kClosed);
  EXPECT_EQ(closed->notes.size(), 1u);
  DecisionOf("b");  // nobody says anything of this one
  clock_.Advance(300 * kMicrosPerSecond);
  DecisionOf("b");
  FeedbackInput any;
  any.decision_id = DecisionOf("b");
  any.outcome.latency_ms = 5;
  ASSERT_TRUE(Tell(any).ok());  // the writer judges
  EXPECT_EQ(Stats().missing, 1u);
  EXPECT_EQ(OutcomesOf("a"), 0u);
}

TEST_F(OutcomeRules, B4_NotServedClosesTheWholeDecision) {
  for (const learners::Purpose purpose :
       {learners::Purpose::kPanel, learners::Purpose::kFallback}) {
    OpenWith(storage::OpenMemoryStorage(tests::kTestSecret));
    PoolSettings settings;
    settings.feedback_window = kMicrosPerSecond;
    settings.missing_feedback = MissingFeedback::kQuality;
    settings.missing_quality = 0.1;
    Pool({Named("a"), Named("b"), Named("c")}, settings);
    RouteInput input;
    input.query = "how are you";
    input.arm_count = 3;
    input.purpose = purpose;
    const std::string rated = engine_->Route(input)->decision_id;
    const std::string silent = engine_->Route(input)->decision_id;
    for (const char* arm : {"a", "b", "c"}) {
      FeedbackInput feedback;
      feedback.decision_id = rated;
      feedback.served_arm = arm;
      feedback.outcome = Answer(0.9, 100);
      ASSERT_TRUE(Tell(feedback).ok());
    }
    for (const std::string& decision : {rated, silent}) {
      FeedbackInput closing;
      closing.decision_id = decision;
      closing.is_not_served = true;
      EXPECT_EQ(Tell(closing)->result, FeedbackResult::kClosed);
    }
    clock_.Advance(10 * kMicrosPerSecond);
    DecisionOf("a");
    const PoolStatistics stats = Stats();
    EXPECT_EQ(stats.missing, 0u);
    for (const char* arm : {"a", "b", "c"}) {
      EXPECT_EQ(StatsOf(arm).figures.tracker.quality_weight, 0) << arm;
      EXPECT_FALSE(StatsOf(arm).figures.expected.is_latency_known) << arm;
    }
  }
}

TEST_F(OutcomeRules, B6_ALimitsLengthGoesWithTheLimit) {
  Pool({Named("a")});
  for (const ErrorKind kind : {ErrorKind::kTimeout, ErrorKind::kCaller}) {
    const std::string decision = DecisionOf("a");
    Outcome limit, other;
    limit.error_kind = ErrorKind::kRateLimited;
    limit.retry_after_ms = 5;
    other.error_kind = kind;
    ASSERT_TRUE(TellOf(decision, limit).ok());
    ASSERT_TRUE(TellOf(decision, other).ok());
    const auto explained = engine_->Explain("default", decision);
    ASSERT_TRUE(explained.ok());
    EXPECT_FALSE(explained->outcomes.front().second.retry_after_ms);
  }
}

TEST_F(OutcomeRules, B6_ALimitThatHadEndedWhenItWasReportedKeepsNobodyOut) {
  Pool({Named("a")});
  FeedbackInput feedback;
  feedback.decision_id = DecisionOf("a");
  feedback.outcome.error_kind = ErrorKind::kRateLimited;
  feedback.outcome.retry_after_ms = 60'000;
  feedback.at = clock_.Now() - 3600 * kMicrosPerSecond;
  ASSERT_TRUE(Tell(feedback).ok());
  EXPECT_EQ(StatsOf("a").figures.tracker.rate_limited_until, 0);
  feedback.decision_id = DecisionOf("a");
  feedback.at = clock_.Now() - 20 * kMicrosPerSecond;
  ASSERT_TRUE(Tell(feedback).ok());
  EXPECT_EQ(StatsOf("a").figures.tracker.rate_limited_until, clock_.Now() + 40 * kMicrosPerSecond);
}

}  // namespace
}  // namespace pointsman::engine
