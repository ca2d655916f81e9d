// What all quality models promise besides their estimates (oracles_test.cc tests those).
#include <cmath>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "base/rng.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "learners/quality/quality_model.h"
#include "log_builder.h"
#include "tests/paths.h"

namespace pointsman::learners {
namespace {

constexpr uint32_t kDimension = 5;

struct Told {
  std::vector<float> context;
  double quality = 0;
  double weight = 1;
};

std::unique_ptr<QualityModel> Make(const std::string& name, double forget_outcomes = 0) {
  LearnerSettings settings;
  settings.quality_model = name;
  settings.forget_outcomes = forget_outcomes;
  settings.half_life_outcomes = 40;
  auto model = MakeQualityModel(settings, kDimension);
  EXPECT_TRUE(model.ok()) << model.status();
  return std::move(model).value();
}

Told RandomTold(Rng& rng) {
  Told told;
  if (rng.Uniform() < 0.9) told.context = UnitVector(rng, kDimension);
  const double tilt = told.context.empty() ? 0 : double{told.context[0]};
  told.quality = rng.Uniform() < 0.6 + 0.3 * tilt ? 1 : 0;
  told.weight = rng.Uniform() < 0.2 ? 0.3 : 1;
  return told;
}

void Teach(QualityModel& model, ArmId arm, const Told& told) {
  Observation observation;
  observation.arm = arm;
  observation.context = told.context;
  observation.quality = told.quality;
  observation.weight = told.weight;
  model.Learn(observation);
}

QualityEstimate EstimateOf(const QualityModel& model, const Arm& arm,
                           std::span<const float> context) {
  ArmView view;
  view.arm = &arm;
  QualityEstimate estimate;
  model.Estimate(context, {&view, 1}, {&estimate, 1});
  return estimate;
}

// A pool of arms 0 and 1 with `outcomes` outcomes. Then arms 2, 3, ... join, each with `failures` failures.
// Returns the probability of each arm in a decision.
std::vector<double> GivenToLateArms(const std::string& name, int outcomes, uint32_t late_arms,
                                    int failures) {
  auto model = Make(name);
  model->BeginEdit();
  Rng rng(8);
  std::vector<Arm> arms;
  for (uint32_t a = 0; a < 2 + late_arms; ++a) arms.push_back(TestArm(a));
  for (uint32_t a = 0; a < 2; ++a) model->PutArm(arms[a]);
  for (int i = 0; i < outcomes; ++i) {
    Teach(*model, ArmId{static_cast<uint32_t>(i % 2)},
          {UnitVector(rng, kDimension), i % 10 == 0 ? 0.0 : 1.0, 1});
  }
  for (uint32_t a = 2; a < arms.size(); ++a) model->PutArm(arms[a]);
  for (uint32_t a = 2; a < arms.size(); ++a) {
    for (int i = 0; i < failures; ++i) {
      Teach(*model, ArmId{a}, {UnitVector(rng, kDimension), 0, 1});
    }
  }
  std::vector<ArmView> views(arms.size());
  for (std::size_t a = 0; a < arms.size(); ++a) views[a].arm = &arms[a];
  const std::vector<UtilityTerm> terms(arms.size());
  std::vector<double> pmf(arms.size());
  std::vector<ExpertVotes> votes(arms.size());
  EXPECT_TRUE(model->ChooseDirectly({}, UnitVector(rng, kDimension), views, terms, {}, pmf, votes));
  return pmf;
}

TEST(Hybrid, TriesAnArmThatComesLateUntilItIsKnown) {
  EXPECT_NEAR(GivenToLateArms("hybrid", 1000, 1, 20)[2], 0.025, 0.002);
  EXPECT_LT(GivenToLateArms("hybrid", 1000, 1, 40)[2], 0.005);
  EXPECT_LT(GivenToLateArms("hybrid", 990, 1, 20)[2], 0.005);  // all are new then
  EXPECT_LT(GivenToLateArms("hybrid_steady", 1000, 1, 20)[2], 0.005);
}

TEST(Hybrid, GivesManyLateArmsLittleTogether) {
  const std::vector<double> pmf = GivenToLateArms("hybrid", 1000, 50, 20);
  double late = 0;
  for (std::size_t a = 2; a < pmf.size(); ++a) late += pmf[a];
  EXPECT_NEAR(late, 0.06, 0.01);
}

TEST(LinThompson, OwnsAtMost2000Posteriors) {
  auto model = Make("lin_thompson");
  model->BeginEdit();
  Rng rng(3);
  const auto size_after = [&](uint32_t arm) {
    model->PutArm(TestArm(arm));
    for (int i = 0; i < 25; ++i) Teach(*model, ArmId{arm}, RandomTold(rng));
    ByteWriter out;
    model->Encode(out);
    return out.bytes().size();
  };
  for (uint32_t arm = 0; arm < 1998; ++arm) {
    model->PutArm(TestArm(arm));
    for (int i = 0; i < 20; ++i) Teach(*model, ArmId{arm}, RandomTold(rng));
  }
  const std::size_t before = size_after(1998), last = size_after(1999), beyond = size_after(2000);

  EXPECT_GT(last - before, 300u);  // 2 triangles of 6 x 6 and more
  EXPECT_LT(beyond - last, 100u);  // a level
  EXPECT_LT(EstimateOf(*model, TestArm(2000), UnitVector(rng, kDimension)).stddev, 0.35);
}

TEST(QualityModels, LeaveTheirCloneAloneAndReadBackWhatTheyWrite) {
  for (const char* name : QualityModelNames()) {
    auto model = Make(name, 100);
    Rng rng(7);
    model->BeginEdit();
    for (uint32_t arm = 0; arm < 3; ++arm) model->PutArm(TestArm(arm));
    for (int i = 0; i < 200; ++i) {
      Teach(*model, ArmId{static_cast<uint32_t>(rng.Below(3))}, RandomTold(rng));
    }
    model->EndEdit();
    ByteWriter before;
    model->Encode(before);

    auto clone = model->Clone();
    clone->BeginEdit();
    Teach(*clone, ArmId{1}, RandomTold(rng));
    clone->EndEdit();

    ByteWriter after, changed;
    model->Encode(after);
    clone->Encode(changed);
    EXPECT_EQ(before.bytes(), after.bytes()) << name;
    EXPECT_NE(before.bytes(), changed.bytes()) << name;
    LearnerSettings settings;
    settings.quality_model = name;
    ByteReader in(before.bytes());
    auto decoded = DecodeQualityModel(settings, kDimension, in);
    ASSERT_TRUE(decoded.ok()) << decoded.status();
    EXPECT_TRUE(in.AtEnd());
    ByteWriter again;
    (*decoded)->Encode(again);
    EXPECT_EQ(again.bytes(), before.bytes()) << name;
  }
}

TEST(QualityModels, AreListedInTheErrorOfAnUnknownName) {
  LearnerSettings settings;
  settings.quality_model = "oracle";
  const absl::Status status = MakeQualityModel(settings, kDimension).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  for (const char* name : QualityModelNames()) {
    EXPECT_THAT(std::string(status.message()), testing::HasSubstr(name));
  }
}

std::string PageOf(const char* name) {
  std::ifstream in(std::string(POINTSMAN_SOURCE_DIR) + "/docs/" + name);
  std::stringstream page;
  page << in.rdbuf();
  return page.str();
}

TEST(QualityModels, AreNamedInTheReferenceAndTheDesign) {
  const std::string settings = PageOf("reference/settings.md");
  const std::size_t row = settings.find("| `learner.quality_model` |");
  ASSERT_NE(row, std::string::npos);
  std::string listed = settings.substr(row, settings.find('\n', row) - row);
  for (char& c : listed) c = c == ',' || c == '(' ? ' ' : c;
  const std::string design = PageOf("design/learning.md");
  for (const std::string name : QualityModelNames()) {
    EXPECT_THAT(listed, testing::HasSubstr(" " + name + " ")) << "docs/reference/settings.md";
    EXPECT_THAT(design, testing::HasSubstr("`" + name + "`")) << "docs/design/learning.md";
  }
}

// 100 outcomes of 0.9, then `wrong` ones of 0 about the same query, which are then taken back.
void ExpectWrongOnesToGo(const std::string& name, int wrong, bool is_corrected) {
  Rng rng(11);
  const auto model = Make(name);
  Arm arm, other;
  arm.id = ArmId{1};
  other.id = ArmId{2};
  model->BeginEdit();
  model->PutArm(arm);
  model->PutArm(other);
  const std::vector<float> context = UnitVector(rng, kDimension);
  double clock = 0;
  const auto tell = [&](ArmId id, double quality) {
    model->Tick(1);
    ++clock;
    Observation o;
    o.arm = id;
    o.context = context;
    o.quality = quality;
    o.anchor = clock;
    model->Learn(o);
  };
  for (int i = 0; i < 100; ++i) {
    tell(arm.id, 0.9);
    tell(other.id, 0.6);
  }
  const double before = EstimateOf(*model, arm, context).mean;
  const double first = clock;
  for (int i = 0; i < wrong; ++i) tell(arm.id, 0);
  for (int i = 0; i < wrong; ++i) {
    Observation o;
    o.arm = arm.id;
    o.context = context;
    o.anchor = first + 1 + i;
    o.quality = is_corrected ? 0.9 : 0;
    o.is_correction = is_corrected;
    o.is_withdrawal = !is_corrected;
    model->Learn(o);
  }
  model->EndEdit();
  const std::string where =
      name + ", " + std::to_string(wrong) + (is_corrected ? " corrected" : "");
  EXPECT_NEAR(EstimateOf(*model, arm, context).mean, before, 0.06) << where;
  EXPECT_NEAR(model->Level(arm.id).mean, 0.9, 0.15) << where;
}

TEST(QualityModels, TakeBackAChangeWithTheOutcomesThatSetItOff) {
  for (const char* name : QualityModelNames()) {
    for (const int wrong : {5, 12, 20, 40, 80}) {
      for (const bool is_corrected : {false, true}) ExpectWrongOnesToGo(name, wrong, is_corrected);
    }
  }
}

}  // namespace
}  // namespace pointsman::learners
