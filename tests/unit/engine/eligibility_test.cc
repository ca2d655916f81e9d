// Which arms can take a request: context windows, longest answers, limits on cost and latency.
#include <functional>

#include "eligibility_fixture.h"
#include "engine/route/candidates.h"

namespace pointsman::engine {
namespace {

class Eligibility : public EligibilityFixture {
 protected:
  static Arm Named(const std::string& name) {
    Arm arm;
    arm.name = name;
    return arm;
  }
  absl::StatusOr<RouteOutput> Explained(RouteInput input) {
    input.explain = true;
    return engine_->Route(input);
  }
  Set Candidates(const RouteInput& input) { return CandidatesOf(Explained(input)); }
  std::string WhyNot(const RouteInput& input, const std::string& arm) {
    return WhyNotOf(Explained(input), arm);
  }
};

// alpha and gamma have no window; beta one of 1000 tokens.
TEST_F(Eligibility, OfAContextWindowIsByWhatTheCallerSaysElseByTheText) {
  struct Row {
    const char* name;
    std::function<void(RouteInput&)> set;
    bool is_beta_in;
  };
  const auto text = [](const char* part, int times) {
    std::string query;
    for (int i = 0; i < times; ++i) query += part;
    return query;
  };
  const Row rows[] = {
      {"a short text", [](RouteInput& in) { in.query = "a question"; }, true},
      {"1500 bytes of English", [&](RouteInput& in) { in.query = text("some words ", 136); }, true},
      {"9000 bytes of English", [&](RouteInput& in) { in.query = text("some words ", 820); },
       false},
      {"1800 bytes of Chinese", [&](RouteInput& in) { in.query = text("漢字", 300); }, false},
      {"1200 bytes of Chinese", [&](RouteInput& in) { in.query = text("漢字", 200); }, true},
      {"1100 bytes of base64", [&](RouteInput& in) { in.query = text("aZ09bY18cX27", 92); }, false},
      {"900 bytes of base64", [&](RouteInput& in) { in.query = text("aZ09bY18cX27", 75); }, true},
      {"an answer that fits no more",
       [&](RouteInput& in) { in.query = "a question", in.max_output_tokens = 999; }, false},
      {"an answer that just fits",
       [&](RouteInput& in) { in.query = "x", in.max_output_tokens = 999; }, true},
      {"counted tokens that fit",
       [&](RouteInput& in) { in.query = text("漢字", 3000), in.input_tokens = 1000; }, true},
      {"counted tokens that do not", [](RouteInput& in) { in.query = "x", in.input_tokens = 1001; },
       false},
      {"counted tokens and their answer",
       [](RouteInput& in) { in.query = "x", in.input_tokens = 900, in.max_output_tokens = 101; },
       false},
      {"what must fit, against what is paid",
       [](RouteInput& in) {
         in.query = "x", in.input_tokens = 5000, in.constraints.context_tokens = 1000;
       },
       true},
      {"what must fit and does not",
       [](RouteInput& in) {
         in.query = "x", in.input_tokens = 10, in.constraints.context_tokens = 1001;
       },
       false},
      {"what must fit and its answer",
       [](RouteInput& in) {
         in.query = "x", in.constraints.context_tokens = 600, in.max_output_tokens = 500;
       },
       false},
      {"a vector without its text", [](RouteInput& in) { in.embedding.assign(64, 1.0f); }, true},
      {"a vector with a count",
       [](RouteInput& in) { in.embedding.assign(64, 1.0f), in.input_tokens = 2000; }, false},
  };
  for (const Row& row : rows) {
    RouteInput input;
    row.set(input);
    EXPECT_EQ(Candidates(input),
              (row.is_beta_in ? Set{"alpha", "beta", "gamma"} : Set{"alpha", "gamma"}))
        << row.name;
  }
}

TEST_F(Eligibility, OfALongAnswerIsByTheArmsOwnLimit) {
  Arm brief = Named("brief");
  brief.output_tokens_max = 256;
  Put(brief);
  struct Row {
    int64_t max_output_tokens;
    bool is_in;
  };
  for (const Row& row : {Row{0, true}, Row{255, true}, Row{256, true}, Row{257, false}}) {
    RouteInput input;
    input.query = "a question";
    input.max_output_tokens = row.max_output_tokens;
    EXPECT_EQ(Candidates(input).contains("brief"), row.is_in) << row.max_output_tokens;
  }
}

TEST_F(Eligibility, ReasonsSayNumbers) {
  Arm brief = Named("brief");
  brief.output_tokens_max = 256;
  Put(brief);
  RouteInput input;
  input.query = "a question";
  input.max_output_tokens = 1200;
  EXPECT_EQ(WhyNot(input, "brief"),
            "its output_tokens_max is 256, below the request's max_output_tokens 1200");
  EXPECT_EQ(WhyNot(input, "beta"),
            "context window of 1000 tokens is too small for up to 4 input and 1200 output tokens");
  input.max_output_tokens = 0;
  input.constraints.context_tokens = 2000;
  EXPECT_EQ(WhyNot(input, "beta"),
            "context window of 1000 tokens is too small for 2000 input tokens");
}

TEST_F(Eligibility, NumbersOfTokensAreChecked) {
  for (const char* field : {"input_tokens", "max_output_tokens"}) {
    for (const int64_t value : {int64_t{-1}, int64_t{1} << 60}) {
      RouteInput input;
      input.query = "a question";
      (field[0] == 'i' ? input.input_tokens : input.max_output_tokens) = value;
      EXPECT_EQ(FieldOf(engine_->Route(input).status()), field) << value;
    }
  }
}

TEST_F(Eligibility, WhatIsPaidIsTheCallersCountElseTheEstimate) {
  struct Row {
    const char* name;
    int64_t input_tokens, context_tokens;
    double expected;
    bool is_counted;
  };
  const Row rows[] = {{"counted", 700, 0, 700, true},
                      {"counted beside what must fit", 700, 900, 700, true},
                      {"what must fit alone", 0, 900, 900, false},
                      {"nothing said", 0, 0, 3, false}};
  for (const Row& row : rows) {
    RouteInput input;
    input.query = "a question";
    input.input_tokens = row.input_tokens;
    input.constraints.context_tokens = row.context_tokens;
    const auto output = engine_->Route(input);
    ASSERT_TRUE(output.ok()) << output.status();
    const auto explained = engine_->Explain("default", output->decision_id);
    ASSERT_TRUE(explained.ok());
    EXPECT_EQ(explained->decision.input_tokens, row.expected) << row.name;
    EXPECT_EQ(explained->decision.input_is_counted, row.is_counted) << row.name;
  }
}

// The rule alone, whatever the learned state makes known.
TEST(Limits, ArePassedByWhatIsKnownToPass) {
  struct Row {
    const char* name;
    bool is_cost_known, is_latency_known, allows_unknown;
    std::optional<double> max_cost, max_latency;
    const char* why;
  };
  // The expectation is 0.02 USD and 900 ms.
  const Row rows[] = {
      {"no limits", false, false, false, {}, {}, ""},
      {"cost under", true, false, false, 0.02, {}, ""},
      {"cost over", true, true, false, 0.01, {}, "expected cost of 0.02 USD is over 0.01"},
      {"cost over, unknown allowed",
       true,
       true,
       true,
       0.01,
       {},
       "expected cost of 0.02 USD is over 0.01"},
      {"cost unknown", false, true, false, 1e6, {}, "cost unknown"},
      {"cost unknown and allowed", false, true, true, 0, {}, ""},
      {"latency under", false, true, false, {}, 900, ""},
      {"latency over", true, true, false, {}, 899, "expected latency of 900 ms is over 899"},
      {"latency unknown", true, false, false, {}, 1e9, "latency unknown"},
      {"latency unknown and allowed", true, false, true, {}, 0, ""},
      {"both, the one unknown", true, false, false, 1, 1e6, "latency unknown"},
  };
  for (const Row& row : rows) {
    ArmExpectation expected;
    expected.cost_usd = 0.02;
    expected.latency_ms = 900;
    expected.is_cost_known = row.is_cost_known;
    expected.is_latency_known = row.is_latency_known;
    Constraints constraints;
    constraints.max_cost_usd = row.max_cost;
    constraints.max_latency_ms = row.max_latency;
    constraints.allow_unknown = row.allows_unknown;
    EXPECT_EQ(WhyOverLimit(constraints, expected), row.why) << row.name;
  }
  // Failed calls alone can break a limit, and cannot show that it is kept.
  ArmExpectation failing;
  failing.cost_usd = 0.02;
  failing.is_cost_known = false;
  failing.is_cost_of_failures = true;
  Constraints constraints;
  constraints.max_cost_usd = 0.01;
  constraints.allow_unknown = true;
  EXPECT_EQ(WhyOverLimit(constraints, failing), "expected cost of 0.02 USD is over 0.01");
  constraints.max_cost_usd = 1;
  EXPECT_EQ(WhyOverLimit(constraints, failing), "");
  constraints.allow_unknown = false;
  EXPECT_EQ(WhyOverLimit(constraints, failing), "cost unknown");
}

}  // namespace
}  // namespace pointsman::engine
