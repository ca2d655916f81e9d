// Poisoned numbers over real gRPC: each number field of each request, with each number that should not be
// sent. It is refused with the field's name, or accepted and harmless.
#include <cfloat>
#include <cstdint>
#include <limits>
#include <map>
#include <set>
#include <sstream>

#include "base/strings.h"
#include "domain/settings.h"
#include "learners/quality/quality_model.h"
#include "poison.h"

namespace pointsman::tests {
namespace {

// The poisons for number fields, by their names in the table below. `huge`: the largest likely mistake of a
// caller, 1e308; `least` and `most`: the limits of the integer's type.
struct Poison {
  const char* name;
  double number;
};
constexpr double kInfinity = std::numeric_limits<double>::infinity();
const Poison kDoubles[] = {{"nan", std::numeric_limits<double>::quiet_NaN()},
                           {"inf", kInfinity},
                           {"-inf", -kInfinity},
                           {"denormal", 5e-324},
                           {"huge", 1e308},
                           {"-huge", -1e308},
                           {"-1", -1}};
const Poison kFloats[] = {{"nan", std::numeric_limits<double>::quiet_NaN()},
                          {"inf", kInfinity},
                          {"-inf", -kInfinity},
                          {"denormal", double{FLT_TRUE_MIN}},
                          {"huge", double{FLT_MAX}},
                          {"-huge", double{-FLT_MAX}},
                          {"-1", -1}};

// For each number field: the field in the refusal, and the poisons that are harmless there. All others are
// refused.
struct Row {
  std::string field;
  std::string where;
  std::string harmless;
};
const Row kRows[] = {
    {"RouteRequest.embedding", "embedding", "denormal huge -huge -1"},
    {"RouteRequest.FeaturesEntry.value", "features", "denormal huge -huge -1"},
    {"RouteRequest.arm_count", "arm_count", ""},
    {"RouteRequest.purpose", "purpose", ""},
    {"RouteRequest.mode", "mode", ""},
    {"RouteRequest.input_tokens", "input_tokens", ""},
    {"RouteRequest.max_output_tokens", "max_output_tokens", ""},
    {"RouteRequest.latency_kind", "latency_kind", ""},
    {"Preference.quality", "preference", "denormal huge"},
    {"Preference.cost", "preference", "denormal huge"},
    {"Preference.latency", "preference", "denormal huge"},
    {"Constraints.max_cost_usd", "constraints", ""},    // denormal: no arm is that cheap
    {"Constraints.max_latency_ms", "constraints", ""},  // nor that fast
    {"Constraints.context_tokens", "constraints.context_tokens", ""},
    {"FeedbackRequest.quality", "quality", "denormal"},
    {"FeedbackRequest.latency_ms", "latency_ms", "denormal"},
    {"FeedbackRequest.cost_usd", "cost_usd", "denormal"},
    {"FeedbackRequest.input_tokens", "input_tokens", ""},
    {"FeedbackRequest.output_tokens", "output_tokens", ""},
    {"FeedbackRequest.at_unix_ms", "", "least most -1"},  // only recorded
    {"FeedbackRequest.first_token_ms", "first_token_ms", "denormal"},
    {"FeedbackRequest.cached_input_tokens", "cached_input_tokens", ""},
    {"FeedbackRequest.error_kind", "error_kind", ""},
    {"FeedbackRequest.retry_after_ms", "retry_after_ms", ""},
    {"Attempt.error_kind", "attempts.error_kind", ""},
    {"Attempt.latency_ms", "latency_ms", "denormal"},
    {"Attempt.cost_usd", "cost_usd", "denormal"},
    {"Attempt.input_tokens", "input_tokens", ""},
    {"Attempt.output_tokens", "output_tokens", ""},
    {"Attempt.retry_after_ms", "retry_after_ms", ""},
    {"PutArmRequest.inherit_strength", "inherit_strength", ""},
    {"Arm.usd_per_request", "arm.usd_per_request", "denormal"},
    {"Arm.usd_per_1m_cached_input", "arm.usd_per_1m_cached_input", "denormal"},
    {"Arm.output_tokens_max", "arm.output_tokens_max", ""},
    {"PriceTier.above_input_tokens", "arm.price_tiers", ""},
    {"PriceTier.usd_per_1m_input", "arm.price_tiers", "denormal"},
    {"PriceTier.usd_per_1m_output", "arm.price_tiers", "denormal"},
    {"PriceTier.usd_per_1m_cached_input", "arm.price_tiers", "denormal"},
    {"Arm.usd_per_1m_input", "arm.usd_per_1m_input", "denormal"},
    {"Arm.usd_per_1m_output", "arm.usd_per_1m_output", "denormal"},
    {"Arm.context_tokens_max", "arm.context_tokens_max", ""},
    {"Arm.prior_quality", "arm.prior_quality", "denormal"},
    {"Arm.prior_strength", "arm.prior_strength", ""},
    {"Arm.prior_latency_ms", "arm.prior_latency_ms", "denormal"},
    {"Arm.prior_output_tokens", "arm.prior_output_tokens", "denormal"},
    {"Arm.status", "arm.status", ""},
    {"EmbedderSettings.dimension", "settings.embedder.dimension", ""},
    {"EmbedderSettings.projected", "settings.embedder.projected", ""},
    {"EmbedderSettings.projection_seed", "", "most"},
    {"EmbedderSettings.sketch_weight", "settings.embedder.sketch_weight", "denormal"},
    {"EmbedderSettings.lexicon_checksum", "", "most"},
    {"EmbedderSettings.projection_rows", "settings.embedder", "denormal -1"},
    {"FeatureSpec.center", "settings.features.center", "denormal -1"},
    {"FeatureSpec.scale", "settings.features.scale", ""},
    {"FeatureSpec.weight", "settings.features.weight", "denormal"},
    {"LearnerSettings.forget_outcomes", "settings.learner", ""},  // 0 or from 1 on
    {"ImportStart.queries", "queries", ""},
    {"ImportStart.strength", "strength", ""},
    {"ImportStart.ArmOutcomesEntry.value", "arm_outcomes", ""},
    {"ImportedQuery.index", "index", ""},
    {"ImportedQuery.embedding", "embedding", "denormal huge -huge -1"},
    {"ImportedQuery.FeaturesEntry.value", "features", "denormal huge -huge -1"},
    {"ImportedOutcome.quality", "quality", "denormal"},
    {"ImportedOutcome.latency_ms", "latency_ms", "denormal"},
    {"ImportedOutcome.cost_usd", "cost_usd", "denormal"},
    {"ImportedOutcome.input_tokens", "input_tokens", ""},
    {"ImportedOutcome.output_tokens", "output_tokens", ""},
    {"ImportedOutcome.first_token_ms", "first_token_ms", "denormal"},
    {"ImportedOutcome.cached_input_tokens", "cached_input_tokens", ""},
    {"ImportedOutcome.error_kind", "error_kind", ""},
    {"ImportedOutcome.retry_after_ms", "retry_after_ms", ""},
};

// Those, and a row of each number among the settings that has none there.
std::map<std::string, Row> AllRows() {
  std::map<std::string, Row> rows;
  for (const Row& row : kRows) rows[row.field] = row;
  for (const SettingRow& setting : SettingTable()) {
    const bool is_number = NumberOf(setting, PoolSettings{}).has_value();
    if (!is_number && setting.values.empty()) continue;
    const bool is_learner = setting.is_of_learner();
    const bool is_real = !std::holds_alternative<uint32_t PoolSettings::*>(setting.field);
    const std::string field =
        Cat(is_learner ? "LearnerSettings." : "PoolSettings.", setting.field_name());
    rows.insert({field,
                 {field, is_learner ? "settings.learner" : Cat("settings.", setting.name),
                  is_number && is_real && setting.least <= 0 ? "denormal" : ""}});
  }
  return rows;
}

bool IsNumber(const FieldDescriptor& field) {
  const auto type = field.cpp_type();
  return type != FieldDescriptor::CPPTYPE_STRING && type != FieldDescriptor::CPPTYPE_MESSAGE &&
         type != FieldDescriptor::CPPTYPE_BOOL;
}

void PutFloat(Message& holder, const FieldDescriptor& field, float number) {
  const auto* reflection = holder.GetReflection();
  if (reflection->FieldSize(holder, &field) > 0) {
    reflection->SetRepeatedFloat(&holder, &field, 0, number);
  } else {
    reflection->AddFloat(&holder, &field, number);
  }
}

// Functions that put each number that fits the field's type into it, by the poison's name.
std::map<std::string, std::function<void(Message& holder)>> PoisonsOf(
    const FieldDescriptor& field) {
  std::map<std::string, std::function<void(Message & holder)>> poisons;
  // `set`: of the message's reflection.
  const auto add = [&](const char* name, auto set, auto number) {
    poisons[name] = [&field, set, number](Message& holder) {
      (holder.GetReflection()->*set)(&holder, &field, number);
    };
  };
  using google::protobuf::Reflection;
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_DOUBLE:
      for (const Poison& p : kDoubles) add(p.name, &Reflection::SetDouble, p.number);
      break;
    case FieldDescriptor::CPPTYPE_FLOAT:
      for (const Poison& p : kFloats) {
        poisons[p.name] = [&field, number = static_cast<float>(p.number)](Message& holder) {
          PutFloat(holder, field, number);
        };
      }
      break;
    case FieldDescriptor::CPPTYPE_INT64:
      add("least", &Reflection::SetInt64, INT64_MIN);
      add("most", &Reflection::SetInt64, INT64_MAX);
      add("-1", &Reflection::SetInt64, int64_t{-1});
      break;
    case FieldDescriptor::CPPTYPE_UINT64:
      add("most", &Reflection::SetUInt64, UINT64_MAX);
      break;
    case FieldDescriptor::CPPTYPE_UINT32:
      add("most", &Reflection::SetUInt32, UINT32_MAX);
      break;
    case FieldDescriptor::CPPTYPE_ENUM:
      add("least", &Reflection::SetEnumValue, INT32_MIN);
      add("most", &Reflection::SetEnumValue, INT32_MAX);
      break;
    default:
      ADD_FAILURE() << field.full_name() << " is of a kind that this test does not know";
  }
  return poisons;
}

bool HoldsWord(const std::string& words, const std::string& wanted) {
  std::istringstream stream(words);
  for (std::string word; stream >> word;) {
    if (word == wanted) return true;
  }
  return false;
}

class PoisonedNumbers : public PoisonFixture {
 protected:
  void TryEach(const Message& valid, const Place& place, const Row& row) {
    for (const auto& [poison, put] : PoisonsOf(*place.back())) {
      SCOPED_TRACE(valid.GetTypeName() + " with " + row.field + " = " + poison);
      const std::unique_ptr<Message> message(valid.New());
      message->CopyFrom(valid);
      put(HolderOf(*message, place));
      const grpc::Status status = Send(*message);
      if (HoldsWord(row.harmless, poison)) {
        EXPECT_TRUE(status.ok()) << status.error_message();
        ExpectItDecides();
      } else {
        ExpectRefused(status, row);
      }
    }
  }

  void ExpectRefused(const grpc::Status& status, const Row& row) {
    const Refusal refusal = RefusalOf(status);
    const bool is_bad = status.error_code() == grpc::StatusCode::INVALID_ARGUMENT &&
                        (refusal.reason == "BAD_FIELD" || refusal.reason == "LIMIT");
    const bool is_unmet = status.error_code() == grpc::StatusCode::FAILED_PRECONDITION &&
                          refusal.reason == "NO_ARM_PASSES";
    EXPECT_TRUE(is_bad || is_unmet) << status.error_code() << " " << refusal.reason;
    EXPECT_NE(refusal.field.find(row.where), std::string::npos)
        << refusal.field << ": " << status.error_message();
    EXPECT_FALSE(HoldsControls(status.error_message()));
    EXPECT_LT(refusal.message_bytes_on_wire, 4096u);
    EXPECT_LT(refusal.details_bytes, 4096u);
  }
};

TEST_F(PoisonedNumbers, AreRefusedByFieldOrHarmlessInEveryFieldThereIs) {
  const std::map<std::string, Row> rows = AllRows();
  std::set<std::string> met;
  for (const auto& valid : Templates()) {
    const grpc::Status is_valid = Send(*valid);
    ASSERT_TRUE(is_valid.ok()) << valid->GetTypeName() << ": " << is_valid.error_message();
    for (const Place& place : PlacesOf(*valid->GetDescriptor(), IsNumber)) {
      const auto row = rows.find(NameOf(place));
      ASSERT_NE(row, rows.end()) << NameOf(place) << " is new: say in the table what is harmless";
      met.insert(row->first);
      TryEach(*valid, place, row->second);
    }
    ExpectItDecides();
  }
  for (const auto& [name, row] : rows) EXPECT_TRUE(met.contains(name)) << name << " is no field";
}

// A preference may be arbitrarily large or small: only its direction matters.
TEST_F(PoisonedNumbers, TogetherAreRefusedWhereTheirSumIsNoNumber) {
  v1::RouteRequest route;
  route.set_query("a question");
  for (auto set :
       {&v1::Preference::set_quality, &v1::Preference::set_cost, &v1::Preference::set_latency}) {
    (route.mutable_preference()->*set)(1e308);
  }
  v1::RouteResponse routed;
  const grpc::Status status = Route(route, &routed);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(RefusalOf(status).field, "preference");
  ExpectItDecides();
}

// The smallest and the largest weight of a prior, with every quality model.
TEST_F(PoisonedNumbers, OfAPriorAtTheEndsOfItsRangeGiveSoundDecisions) {
  for (const char* model : learners::QualityModelNames()) {
    v1::PutPoolRequest pool;
    pool.set_name(model);
    pool.mutable_settings()->mutable_learner()->set_quality_model(model);
    for (const double strength : {1e-6, 1e6}) {
      auto* arm = pool.add_arms();
      arm->set_name(strength < 1 ? "weak" : "strong");
      arm->set_prior_quality(0.5);
      arm->set_prior_strength(strength);
    }
    ASSERT_TRUE(SendPool(pool).ok()) << model;
  }
  for (int i = 0; i < 5; ++i) ExpectItDecides();
}

TEST_F(PoisonedNumbers, LeaveAStateThatARestartFindsAgain) {
  for (const double number : {5e-324, 1e-310}) {
    v1::FeedbackRequest feedback;
    feedback.set_pool("poisoned");
    feedback.set_decision_id("(that of a decision made for it)");
    feedback.set_quality(number);
    feedback.set_cost_usd(number);
    feedback.set_latency_ms(number);
    ASSERT_TRUE(SendFeedback(feedback).ok());
  }
  const uint64_t checksum = Stats("poisoned", true).state_checksum();
  Start();
  EXPECT_EQ(Stats("poisoned", true).state_checksum(), checksum);
  ExpectItDecides();
}

}  // namespace
}  // namespace pointsman::tests
