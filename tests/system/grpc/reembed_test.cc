// `pointsman pool reembed` against a real server: what one pool has learned is learned again by another pool
// with another embedder.
#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "rpc_fixture.h"
#include "tools/command.h"

namespace pointsman::tests {
namespace {

class Reembed : public RpcFixture {
 protected:
  void MakePool(const std::string& name, bool stores_text) {
    v1::PutPoolRequest request;
    request.set_name(name);
    v1::PoolSettings& settings = *request.mutable_settings();
    settings.mutable_embedder()->set_name("hashing");
    settings.mutable_learner()->set_quality_model("context_free");
    settings.set_store_query_text(stores_text);
    auto* length = settings.add_features();
    length->set_name("length");
    length->set_center(2);
    length->set_scale(4);
    for (const char* arm : {"alpha", "beta", "gamma"}) request.add_arms()->set_name(arm);
    v1::PutPoolResponse response;
    grpc::ClientContext context;
    ASSERT_TRUE(admin_->PutPool(&context, request, &response).ok());
  }

  // Quality first, cost later; every fifth quality corrected.
  void LiveThrough(const std::string& pool, int rounds) {
    for (int i = 0; i < rounds; ++i) {
      v1::RouteRequest route;
      route.set_pool(pool);
      route.set_query("question " + std::to_string(i) + " of many");
      (*route.mutable_features())["length"] = i % 7;
      v1::RouteResponse routed;
      ASSERT_TRUE(Route(route, &routed).ok());
      v1::FeedbackRequest feedback;
      feedback.set_pool(pool);
      feedback.set_decision_id(routed.decision_id());
      feedback.set_quality(routed.arm() == "alpha" ? 1 : 0.25);
      v1::FeedbackResponse told;
      ASSERT_TRUE(Feedback(feedback, &told).ok());
      feedback.set_cost_usd(0.001 * i);
      if (i % 5 == 0) feedback.set_quality(0.5);
      ASSERT_TRUE(Feedback(feedback, &told).ok());
    }
  }

  absl::Status Run(std::vector<std::string> words) {
    tools::Cli cli;
    cli.server = "127.0.0.1:" + std::to_string(server_->port());
    CLI::App app("pointsman");
    tools::AddPool(app, cli);
    std::reverse(words.begin(), words.end());
    app.parse(words);
    return cli.run();
  }
};

TEST_F(Reembed, TeachesTheNewPoolAllThatTheOldOneLearned) {
  MakePool("old", /*stores_text=*/true);
  LiveThrough("old", 60);
  const absl::Status status = Run({"pool", "reembed", "old", "new", "--embedder", "lexicon"});
  ASSERT_TRUE(status.ok()) << status;

  const v1::GetStatsResponse before = Stats("old"), after = Stats("new");
  EXPECT_EQ(after.outcomes(), 60u);
  EXPECT_EQ(after.experience_size(), 60u);
  for (int a = 0; a < 3; ++a) {
    EXPECT_EQ(after.arms(a).outcomes(), before.arms(a).outcomes()) << a;
    // A level does not depend on the query's vector.
    EXPECT_NEAR(after.arms(a).level(), before.arms(a).level(), 1e-9) << a;
    EXPECT_NEAR(after.arms(a).level_stddev(), before.arms(a).level_stddev(), 1e-9) << a;
  }
  v1::GetPoolRequest get;
  get.set_name("new");
  v1::GetPoolResponse pool;
  grpc::ClientContext context;
  ASSERT_TRUE(admin_->GetPool(&context, get, &pool).ok());
  EXPECT_EQ(pool.pool().settings().embedder().name(), "lexicon");
  EXPECT_EQ(pool.pool().settings().learner().quality_model(), "context_free");
  EXPECT_EQ(pool.pool().settings().features(0).name(), "length");
}

TEST_F(Reembed, TeachesWhatAnArmInheritedFromOneThatWasRemovedSince) {
  MakePool("old", /*stores_text=*/true);
  LiveThrough("old", 40);
  v1::PutArmRequest put;
  put.set_pool("old");
  put.mutable_arm()->set_name("alpha-2");
  put.set_inherit_from("alpha");
  put.set_inherit_strength(15);
  v1::PutArmResponse made;
  grpc::ClientContext first;
  ASSERT_TRUE(admin_->PutArm(&first, put, &made).ok());
  LiveThrough("old", 10);
  put.mutable_arm()->set_name("beta");
  put.clear_inherit_from();
  put.set_reset(true);
  grpc::ClientContext second;
  ASSERT_TRUE(admin_->PutArm(&second, put, &made).ok());
  v1::RemoveArmRequest remove;
  remove.set_pool("old");
  remove.set_arm("alpha");
  v1::RemoveArmResponse removed;
  grpc::ClientContext third;
  ASSERT_TRUE(admin_->RemoveArm(&third, remove, &removed).ok());
  LiveThrough("old", 10);

  const absl::Status status = Run({"pool", "reembed", "old", "new", "--embedder", "lexicon"});
  ASSERT_TRUE(status.ok()) << status;
  std::map<std::string, v1::ArmStats> before, after;
  const v1::GetStatsResponse of_old = Stats("old"), of_new = Stats("new");
  for (const v1::ArmStats& arm : of_old.arms()) before[arm.name()] = arm;
  for (const v1::ArmStats& arm : of_new.arms()) after[arm.name()] = arm;
  for (const char* arm : {"alpha-2", "beta", "gamma"}) {
    EXPECT_EQ(after[arm].outcomes(), before[arm].outcomes()) << arm;
    EXPECT_NEAR(after[arm].level(), before[arm].level(), 1e-9) << arm;
    EXPECT_NEAR(after[arm].level_stddev(), before[arm].level_stddev(), 1e-9) << arm;
  }
  v1::ListArmsRequest list;
  list.set_pool("new");
  v1::ListArmsResponse arms;
  grpc::ClientContext context;
  ASSERT_TRUE(admin_->ListArms(&context, list, &arms).ok());
  EXPECT_EQ(arms.arms_size(), 3);
}

TEST_F(Reembed, GivesThePagesOfALogWithTextAndFeatures) {
  MakePool("old", /*stores_text=*/true);
  LiveThrough("old", 30);
  v1::ListOutcomesRequest request;
  request.set_pool("old");
  request.set_page_size(7);
  int texts = 0, outcomes = 0;
  do {
    v1::ListOutcomesResponse page;
    grpc::ClientContext context;
    ASSERT_TRUE(admin_->ListOutcomes(&context, request, &page).ok());
    EXPECT_LE(page.outcomes_size(), 7);
    for (const auto& outcome : page.outcomes()) {
      ++outcomes;
      if (outcome.query_text().empty()) continue;
      EXPECT_EQ(outcome.query_text(), "question " + std::to_string(texts) + " of many");
      EXPECT_NEAR(outcome.features().at("length"), texts % 7, 1e-5);
      ++texts;
    }
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  EXPECT_EQ(texts, 30);
  EXPECT_EQ(outcomes, 60);  // each quality, then each cost with or without a correction

  request.set_page_token("x");
  v1::ListOutcomesResponse page;
  grpc::ClientContext context;
  EXPECT_EQ(admin_->ListOutcomes(&context, request, &page).error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(Reembed, RefusesAPoolThatKeepsNoTextAndANameThatIsTaken) {
  MakePool("old", /*stores_text=*/false);
  LiveThrough("old", 3);
  const absl::Status status = Run({"pool", "reembed", "old", "new"});
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_NE(status.message().find("store_query_text"), std::string::npos) << status;
  MakePool("texts", /*stores_text=*/true);
  EXPECT_EQ(Run({"pool", "reembed", "texts", "old"}).code(), absl::StatusCode::kAlreadyExists);
}

}  // namespace
}  // namespace pointsman::tests
