// This server opens a folder of a killed format 2 server (tests/unit/storage/format2), and continues with all
// its content.
#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "rpc_fixture.h"
#include "storage/rocks/families.h"
#include "storage/rocks/rocks_common.h"
#include "storage/rocks/rocks_log_folder.h"
#include "tests/paths.h"

namespace pointsman::tests {
namespace {

using nlohmann::json;

constexpr char kFolder[] = POINTSMAN_SOURCE_DIR "/tests/unit/storage/format2";

// The fate of a decision on the old server: the cases of the script that made the folder.
enum class Told : uint8_t {
  kNever = 0,
  kInParts = 1,
  kCorrected = 2,
  kError = 3,
  kOfTheFallback = 4,
  kAtOnce = 5
};

struct OldDecision {
  std::string pool, id, arm;
  int told = 0;
};

class Format2 : public RpcFixture {
 protected:
  Format2()
      : figures_(json::parse(std::ifstream(std::string(kFolder) + "/figures.json"))),
        then_(figures_["at_unix_ms"].get<Micros>() * kMicrosPerMs) {}

  void SetUp() override {
    const std::string command =
        "tar -xzf '" + std::string(kFolder) + "/folder.tar.gz' -C '" + folder_.path() + "'";
    ASSERT_EQ(std::system(command.c_str()), 0) << command;
    std::ifstream rows(std::string(kFolder) + "/decisions.tsv");
    for (std::string row; std::getline(rows, row);) {
      std::istringstream words(row);
      OldDecision decision;
      words >> decision.pool >> decision.id >> decision.told >> decision.arm;
      decisions_.push_back(decision);
    }
    ASSERT_EQ(decisions_.size(), 190u);
    EXPECT_EQ(Format(), 2u);
    Open();
  }

  // A server whose clock is only slightly later.
  void Open() {
    server_.reset();
    service::ServerConfig config;
    config.data_dir = folder_.path() + "/data";
    config.listen = "127.0.0.1:0";
    config.admin_listen = "";
    config.limits.decision_ttl_s = 366 * 86400;
    auto server = service::Server::Start(config, then_, log_);
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    channel_ = grpc::CreateChannel("127.0.0.1:" + std::to_string(server_->port()),
                                   grpc::InsecureChannelCredentials());
    router_ = v1::Router::NewStub(channel_);
    admin_ = v1::Admin::NewStub(channel_);
  }

  uint32_t Format() const {
    return storage::OpenLogFolder(folder_.path() + "/data/log", nullptr)->format;
  }

  const OldDecision& Old(const std::string& pool, Told told) const {
    for (const OldDecision& decision : decisions_) {
      if (decision.pool == pool && decision.told == static_cast<int>(told)) return decision;
    }
    ADD_FAILURE() << "there is no such decision";
    return decisions_.front();
  }

  v1::FeedbackResponse Tell(const OldDecision& decision, double quality,
                            const std::string& served_arm, const std::string& id = "new") {
    v1::FeedbackRequest request;
    request.set_pool(decision.pool);
    request.set_decision_id(decision.id);
    request.set_feedback_id(id);
    request.set_served_arm(served_arm);
    request.set_quality(quality);
    v1::FeedbackResponse response;
    const grpc::Status status = Feedback(request, &response);
    EXPECT_TRUE(status.ok()) << decision.id << ": " << status.error_message();
    return response;
  }

  v1::ExplainResponse Explain(const OldDecision& decision) {
    v1::ExplainRequest request;
    request.set_pool(decision.pool);
    request.set_decision_id(decision.id);
    v1::ExplainResponse response;
    grpc::ClientContext context;
    const grpc::Status status = admin_->Explain(&context, request, &response);
    EXPECT_TRUE(status.ok()) << decision.id << ": " << status.error_message();
    return response;
  }

  v1::Pool PoolNow(const std::string& name) {
    v1::GetPoolRequest request;
    request.set_name(name);
    v1::GetPoolResponse response;
    grpc::ClientContext context;
    EXPECT_TRUE(admin_->GetPool(&context, request, &response).ok());
    return response.pool();
  }

  const v1::ArmStats& Of(const v1::GetStatsResponse& stats, const std::string& arm) const {
    for (const auto& row : stats.arms()) {
      if (row.name() == arm) return row;
    }
    ADD_FAILURE() << "no statistics of " << arm;
    return stats.arms(0);
  }

  const json figures_;
  ManualClock then_;
  std::vector<OldDecision> decisions_;
};

void ExpectSettings(const v1::Pool& pool, const json& then) {
  const auto& now = pool.settings();
  const json& old = then["settings"];
  EXPECT_EQ(pool.arms_active(), then["arms_active"].get<uint32_t>());
  EXPECT_EQ(pool.arms_paused(), then["arms_paused"].get<uint32_t>());
  EXPECT_EQ(pool.id(), then["id"].get<uint32_t>());
  EXPECT_EQ(std::to_string(pool.created_at_unix_ms()), then["created_at_unix_ms"]);
  EXPECT_EQ(now.embedder().name(), old["embedder"]["name"]);
  EXPECT_EQ(now.embedder().dimension(), old["embedder"]["dimension"].get<uint32_t>());
  EXPECT_EQ(now.embedder().projected(), old["embedder"]["projected"].get<uint32_t>());
  EXPECT_EQ(now.learner().quality_model(), old["learner"]["quality_model"]);
  EXPECT_EQ(now.learner().exploration(), old["learner"]["exploration"]);
  EXPECT_EQ(now.cost_scale_usd(), old["cost_scale_usd"].get<double>());
  EXPECT_EQ(now.latency_scale_ms(), old["latency_scale_ms"].get<double>());
  EXPECT_EQ(std::to_string(now.feedback_window_s()), old["feedback_window_s"]);
  EXPECT_EQ(now.store_query_text(), old["store_query_text"].get<bool>());
  EXPECT_EQ(now.default_preference().quality(), old["default_preference"]["quality"]);
  EXPECT_EQ(now.default_preference().latency(), old["default_preference"]["latency"]);
  ASSERT_EQ(static_cast<std::size_t>(now.features_size()), old["features"].size());
  for (int i = 0; i < now.features_size(); ++i) {
    const json& feature = old["features"][static_cast<std::size_t>(i)];
    EXPECT_EQ(now.features(i).name(), feature["name"]);
    EXPECT_EQ(now.features(i).center(), feature["center"].get<double>());
    EXPECT_EQ(now.features(i).weight(), feature["weight"].get<double>());
  }
}

void ExpectPrice(bool has, double now, const json& arm, const char* field) {
  EXPECT_EQ(has, arm.contains(field)) << arm << field;
  if (has && arm.contains(field)) {
    EXPECT_EQ(now, arm[field].get<double>()) << arm << field;
  }
}

void ExpectArms(const v1::ListArmsResponse& now, const json& then) {
  ASSERT_EQ(static_cast<std::size_t>(now.arms_size()), then.size());
  for (int i = 0; i < now.arms_size(); ++i) {
    const v1::Arm& arm = now.arms(i);
    const json& old = then[static_cast<std::size_t>(i)];
    EXPECT_EQ(arm.name(), old["name"]);
    EXPECT_EQ(arm.description(), old["description"]);
    EXPECT_EQ(v1::ArmStatus_Name(arm.status()), old["status"]) << arm.name();
    EXPECT_EQ(std::vector<std::string>(arm.tags().begin(), arm.tags().end()),
              old["tags"].get<std::vector<std::string>>());
    EXPECT_EQ(std::to_string(arm.context_tokens_max()), old["context_tokens_max"]);
    ExpectPrice(arm.has_usd_per_1m_input(), arm.usd_per_1m_input(), old, "usd_per_1m_input");
    ExpectPrice(arm.has_usd_per_1m_output(), arm.usd_per_1m_output(), old, "usd_per_1m_output");
    ExpectPrice(arm.has_prior_quality(), arm.prior_quality(), old, "prior_quality");
    ExpectPrice(arm.has_prior_latency_ms(), arm.prior_latency_ms(), old, "prior_latency_ms");
    ExpectPrice(arm.has_prior_output_tokens(), arm.prior_output_tokens(), old,
                "prior_output_tokens");
    // What did not exist then.
    EXPECT_FALSE(arm.has_usd_per_request()) << arm.name();
    EXPECT_EQ(arm.price_tiers_size() + arm.aliases_size(), 0) << arm.name();
    EXPECT_TRUE(arm.version().empty()) << arm.name();
  }
}

// The learned state, as far as it does not depend on how a learner weighs it: the number of outcomes per arm,
// and the quality levels, which never fade in these pools.
void ExpectStatistics(const v1::GetStatsResponse& now, const json& then) {
  EXPECT_EQ(std::to_string(now.outcomes()), then["outcomes"]);
  EXPECT_EQ(std::to_string(now.experience_size()), then["experience_size"]);
  EXPECT_EQ(std::to_string(now.snapshot_version()), then["snapshot_version"]);
  EXPECT_EQ(now.quality_model(), then["quality_model"]);
  ASSERT_EQ(static_cast<std::size_t>(now.arms_size()), then["arms"].size());
  for (int i = 0; i < now.arms_size(); ++i) {
    const json& old = then["arms"][static_cast<std::size_t>(i)];
    EXPECT_EQ(now.arms(i).name(), old["name"]);
    EXPECT_EQ(std::to_string(now.arms(i).outcomes()), old["outcomes"]) << now.arms(i).name();
    // Today a correction removes the old value at the time when it was learned, so levels may differ slightly. How
    // much the mean of the other arms counts in a level is estimated by `hybrid` today.
    const double tolerance = now.quality_model() == "hybrid" ? 0.05 : 1e-4;
    EXPECT_NEAR(now.arms(i).level(), old["level"].get<double>(), tolerance) << now.arms(i).name();
  }
}

TEST_F(Format2, FolderIsMigratedWithItsPoolsArmsSettingsAndWhatItLearned) {
  for (int start = 0; start < 2; ++start) {
    for (const auto& [name, old] : figures_["pools"].items()) {
      SCOPED_TRACE(name);
      ExpectSettings(PoolNow(name), old["pool"]["pool"]);
      v1::ListArmsRequest request;
      request.set_pool(name);
      request.set_include_removed(true);
      v1::ListArmsResponse arms;
      grpc::ClientContext context;
      ASSERT_TRUE(admin_->ListArms(&context, request, &arms).ok());
      ExpectArms(arms, old["arms"]);
      ExpectStatistics(Stats(name), old["stats"]);
    }
    server_.reset();
    EXPECT_EQ(Format(), storage::kFormatVersion);
    Open();
  }
}

TEST_F(Format2, DecisionsAreExplainedWithTheirTextsAndOutcomes) {
  const v1::ExplainResponse corrected = Explain(Old("answers", Told::kCorrected));
  EXPECT_NE(corrected.query_text().find("question 2 about a"), std::string::npos);
  ASSERT_EQ(corrected.outcomes_size(), 1);
  EXPECT_NEAR(corrected.outcomes(0).quality(), 0.84, 1e-12);  // the last correction
  EXPECT_EQ(corrected.outcomes(0).latency_ms(), 500);
  double sum = 0;
  for (const auto& candidate : corrected.candidates()) sum += candidate.probability();
  EXPECT_NEAR(sum, 1, 1e-9);
  const v1::ExplainResponse failed = Explain(Old("answers", Told::kError));
  ASSERT_EQ(failed.outcomes_size(), 1);
  EXPECT_TRUE(failed.outcomes(0).error());
  EXPECT_EQ(Explain(Old("answers", Told::kNever)).outcomes_size(), 0);
}

TEST_F(Format2, DecisionsTakeFeedbackAsIfTheServerHadNeverChanged) {
  const v1::GetStatsResponse before = Stats("answers");
  const OldDecision& corrected = Old("answers", Told::kCorrected);
  const OldDecision& served = Old("answers", Told::kOfTheFallback);
  const OldDecision& never = Old("answers", Told::kNever);
  // Repeated feedback is still recognised, new feedback corrects, and the first feedback for another decision
  // is accepted.
  v1::FeedbackRequest again;
  again.set_pool("answers");
  again.set_decision_id(corrected.id);
  again.set_feedback_id("two");
  again.set_quality(0.84);
  again.set_latency_ms(500);
  v1::FeedbackResponse response;
  ASSERT_TRUE(Feedback(again, &response).ok());
  EXPECT_EQ(response.result(), v1::ALREADY_APPLIED);
  EXPECT_EQ(Tell(corrected, 0.04, "").result(), v1::CORRECTED);
  EXPECT_EQ(Tell(served, 1, served.arm).result(), v1::CORRECTED);
  EXPECT_EQ(Tell(never, 0.5, "").result(), v1::APPLIED);

  const auto expect_told = [&] {
    ASSERT_EQ(Explain(corrected).outcomes_size(), 1);
    EXPECT_NEAR(Explain(corrected).outcomes(0).quality(), 0.04, 1e-12);
    EXPECT_EQ(Explain(corrected).outcomes(0).latency_ms(), 500);
    const v1::ExplainResponse of_fallback = Explain(served);
    ASSERT_EQ(of_fallback.outcomes_size(), 1);
    EXPECT_EQ(of_fallback.outcomes(0).arm(), served.arm);
    EXPECT_EQ(of_fallback.outcomes(0).quality(), 1);
    EXPECT_EQ(Stats("answers").outcomes(), before.outcomes() + 1);
  };
  expect_told();
  // The effect: the level falls if the correction is worse, and rises if it is better.
  const v1::GetStatsResponse after = Stats("answers");
  if (corrected.arm != served.arm && corrected.arm != never.arm) {
    EXPECT_LT(Of(after, corrected.arm).level(), Of(before, corrected.arm).level());
    EXPECT_EQ(Of(after, corrected.arm).outcomes(), Of(before, corrected.arm).outcomes());
  }
  EXPECT_NE(Of(after, served.arm).level(), Of(before, served.arm).level());

  const v1::GetStatsResponse then = Stats("answers", /*with_checksum=*/true);
  Open();
  EXPECT_EQ(Stats("answers", /*with_checksum=*/true).state_checksum(), then.state_checksum());
  expect_told();
}

TEST_F(Format2, PanelsTakeFeedbackForEachOfTheirArms) {
  for (const OldDecision& decision : decisions_) {
    if (decision.pool != "plain" || decision.told != 0) continue;
    EXPECT_EQ(Explain(decision).chosen_size(), 2) << decision.id;
    EXPECT_EQ(Explain(decision).outcomes_size(), 2) << decision.id;
    EXPECT_EQ(Tell(decision, 0.11, decision.arm).result(), v1::CORRECTED);
  }
  EXPECT_EQ(std::to_string(Stats("plain").outcomes()),
            figures_["pools"]["plain"]["stats"]["outcomes"]);
}

TEST_F(Format2, ArmsThatWerePausedOrRemovedStayOutOfWhatIsDecided) {
  for (int i = 0; i < 50; ++i) {
    v1::RouteRequest request;
    request.set_pool("plain");
    request.set_query("a new question");
    v1::RouteResponse response;
    ASSERT_TRUE(Route(request, &response).ok());
    EXPECT_TRUE(response.arm() == "dear" || response.arm() == "cheap") << response.arm();
    EXPECT_TRUE(response.logged());
  }
}

TEST_F(Format2, QueriesAreExpectedToGoAsTheyWere) {
  for (const auto& [name, old] : figures_["pools"].items()) {
    for (const json& then : old["routes"]) {
      v1::RouteRequest request;
      request.set_pool(name);
      request.set_query(then["query"].get<std::string>());
      request.set_mode(v1::GREEDY);
      request.set_explain(true);
      v1::RouteResponse now;
      ASSERT_TRUE(Route(request, &now).ok());
      ASSERT_EQ(static_cast<std::size_t>(now.ranking_size()), then["ranking"].size());
      for (const json& row : then["ranking"]) {
        const auto same = [&](const v1::RankedArm& arm) { return arm.arm() == row["arm"]; };
        const auto found = std::find_if(now.ranking().begin(), now.ranking().end(), same);
        ASSERT_NE(found, now.ranking().end()) << row;
        // A learner may weigh its knowledge slightly differently than before.
        EXPECT_NEAR(found->expected().quality(), row["expected"]["quality"].get<double>(), 0.05)
            << name << row;
      }
    }
  }
}

}  // namespace
}  // namespace pointsman::tests
