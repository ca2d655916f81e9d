// ImportOutcomes over real gRPC, and the command line that sends it.
#include <cmath>
#include <vector>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "rpc_fixture.h"
#include "tests/paths.h"
#include "tools/command.h"

namespace pointsman::tests {
namespace {

std::string ReasonIn(const grpc::Status& status) {
  google::rpc::Status rich;
  google::rpc::ErrorInfo info;
  EXPECT_TRUE(rich.ParseFromString(status.error_details()));
  for (const auto& detail : rich.details()) {
    if (detail.Is<google::rpc::ErrorInfo>()) detail.UnpackTo(&info);
  }
  return info.reason();
}

v1::ImportOutcomesRequest StartOf(uint64_t queries, double strength) {
  v1::ImportOutcomesRequest message;
  message.mutable_start()->set_import_id("bench");
  message.mutable_start()->set_queries(queries);
  message.mutable_start()->set_strength(strength);
  return message;
}

// Queries [first, last), the outcomes of two arms for each; without indices.
v1::ImportOutcomesRequest ChunkOf(int first, int last) {
  v1::ImportOutcomesRequest message;
  for (int i = first; i < last; ++i) {
    auto* query = message.mutable_chunk()->add_queries();
    query->set_query("question " + std::to_string(i));
    for (const char* arm : {"alpha", "beta"}) {
      auto* outcome = query->add_outcomes();
      outcome->set_arm(arm);
      outcome->set_quality(arm[0] == 'a' ? 1 : 0.25);
    }
  }
  return message;
}

class ImportOverGrpc : public RpcFixture {
 protected:
  grpc::Status Send(const std::vector<v1::ImportOutcomesRequest>& messages) {
    response_.Clear();
    grpc::ClientContext context;
    const auto stream = admin_->ImportOutcomes(&context, &response_);
    for (const auto& message : messages) {
      if (!stream->Write(message)) break;
    }
    stream->WritesDone();
    return stream->Finish();
  }
  v1::GetStatsResponse Stats() {
    v1::GetStatsResponse stats;
    grpc::ClientContext context;
    EXPECT_TRUE(admin_->GetStats(&context, {}, &stats).ok());
    return stats;
  }

  v1::ImportOutcomesResponse response_;
};

TEST_F(ImportOverGrpc, LearnsChunkAfterChunkAndCounts) {
  const grpc::Status status = Send({StartOf(100, 20), ChunkOf(0, 64), ChunkOf(64, 90)});
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(response_.queries_learned(), 90u);
  EXPECT_EQ(response_.queries_known(), 0u);
  EXPECT_EQ(response_.queries_missing(), 10u);
  EXPECT_EQ(response_.outcomes_learned(), 180u);
  ASSERT_EQ(response_.arms_size(), 2);
  EXPECT_EQ(response_.arms(0).arm(), "alpha");
  EXPECT_EQ(response_.arms(0).learned(), 90u);
  EXPECT_DOUBLE_EQ(response_.arms(0).weight(), 0.2);
  const v1::GetStatsResponse stats = Stats();
  EXPECT_EQ(stats.outcomes(), 180u);
  EXPECT_EQ(stats.snapshot_version(), response_.sequence());
  EXPECT_GT(stats.arms(0).level(), 0.9);
}

TEST_F(ImportOverGrpc, SaysHowMuchABrokenImportLearnedAndGoesOnFromThere) {
  auto bad = ChunkOf(10, 20);
  bad.mutable_chunk()->mutable_queries(3)->mutable_outcomes(1)->set_quality(7);
  const grpc::Status status = Send({StartOf(20, 20), ChunkOf(0, 10), bad});
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(ReasonIn(status), "BAD_FIELD");
  for (const char* part : {"10 queries were learned", "query 13", "arm \"beta\"", "quality"}) {
    EXPECT_NE(status.error_message().find(part), std::string::npos) << status.error_message();
  }
  EXPECT_EQ(Stats().outcomes(), 20u);

  ASSERT_TRUE(Send({StartOf(20, 20), ChunkOf(0, 10), ChunkOf(10, 20)}).ok());
  EXPECT_EQ(response_.queries_known(), 10u);
  EXPECT_EQ(response_.queries_learned(), 10u);
  EXPECT_EQ(response_.queries_missing(), 0u);
  EXPECT_EQ(Stats().outcomes(), 40u);
}

TEST_F(ImportOverGrpc, TakesTheRestAloneByItsIndices) {
  ASSERT_TRUE(Send({StartOf(20, 20), ChunkOf(0, 10)}).ok());
  auto rest = ChunkOf(10, 20);
  rest.mutable_chunk()->mutable_queries(0)->set_index(10);  // the others follow it
  ASSERT_TRUE(Send({StartOf(20, 20), rest}).ok());
  EXPECT_EQ(response_.queries_learned(), 10u);
  ASSERT_TRUE(Send({StartOf(20, 20), ChunkOf(0, 20)}).ok());
  EXPECT_EQ(response_.queries_known(), 20u);
}

TEST_F(ImportOverGrpc, KeepsWhatItLearnedWhenTheClientGoesAway) {
  {
    grpc::ClientContext context;
    v1::ImportOutcomesResponse response;
    const auto stream = admin_->ImportOutcomes(&context, &response);
    ASSERT_TRUE(stream->Write(StartOf(30, 30)));
    ASSERT_TRUE(stream->Write(ChunkOf(0, 30)));
    while (Stats().outcomes() < 60) {
    }
    context.TryCancel();
    EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::CANCELLED);
  }
  ASSERT_TRUE(Send({StartOf(30, 30), ChunkOf(0, 30)}).ok());
  EXPECT_EQ(response_.queries_known(), 30u);
}

TEST_F(ImportOverGrpc, RefusesWhatIsNoImport) {
  EXPECT_EQ(Send({}).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  grpc::Status status = Send({ChunkOf(0, 1)});
  EXPECT_NE(status.error_message().find("start"), std::string::npos) << status.error_message();
  status = Send({StartOf(2, 2), StartOf(2, 2)});
  EXPECT_NE(status.error_message().find("chunk"), std::string::npos) << status.error_message();
  auto nowhere = StartOf(2, 2);
  nowhere.mutable_start()->set_pool("nowhere");
  EXPECT_EQ(ReasonIn(Send({nowhere})), "POOL_UNKNOWN");
  EXPECT_EQ(ReasonIn(Send({StartOf(100, 2), ChunkOf(0, 65)})), "LIMIT");
  auto few = StartOf(4, 4);
  (*few.mutable_start()->mutable_arm_outcomes())["beta"] = 3;
  status = Send({few, ChunkOf(0, 4)});
  EXPECT_NE(status.error_message().find("more outcomes of arm \"beta\""), std::string::npos)
      << status.error_message();
  EXPECT_EQ(Stats().outcomes(), 0u);
}

TEST_F(ImportOverGrpc, ThatIsIdleEndsWithAServerThatStops) {
  grpc::ClientContext context;
  v1::ImportOutcomesResponse response;
  const auto stream = admin_->ImportOutcomes(&context, &response);
  ASSERT_TRUE(stream->Write(StartOf(30, 30)));
  ASSERT_TRUE(stream->Write(ChunkOf(0, 10)));
  while (Stats().outcomes() < 20) {
  }
  server_->Stop();
  EXPECT_FALSE(stream->Finish().ok());
  Start();
  EXPECT_EQ(Stats().outcomes(), 20u);
}

// The command line against this server.
class CommandLine : public ImportOverGrpc {
 protected:
  absl::Status Run(std::vector<std::string> words) {
    tools::Cli cli;
    cli.server = "127.0.0.1:" + std::to_string(server_->port());
    CLI::App app("pointsman");
    tools::AddImport(app, cli);
    tools::AddArm(app, cli);
    std::reverse(words.begin(), words.end());
    app.parse(words);
    return cli.run();
  }
};

TEST_F(CommandLine, ImportsADataFolderOnce) {
  const std::string data = std::string(POINTSMAN_SOURCE_DIR) + "/deploy/sample";
  const std::vector<std::string> import = {"import",     "--data", data,     "--queries", "70",
                                           "--strength", "35",     "--seed", "3"};
  EXPECT_EQ(Run(import).code(), absl::StatusCode::kFailedPrecondition);  // no arm of that name

  for (const char* arm : {"gpt-4o-2024-05-13", "gemini-1.5-pro-002"})
    ASSERT_TRUE(Run({"arm", "put", arm}).ok());
  ASSERT_TRUE(Run(import).ok());
  EXPECT_EQ(Stats().outcomes(), 140u);
  ASSERT_TRUE(Run(import).ok());
  EXPECT_EQ(Stats().outcomes(), 140u);
  EXPECT_EQ(Run({"import", "--data", data, "--queries", "1000000", "--strength", "1"}).code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(CommandLine, GivesAnArmItsPrior) {
  ASSERT_TRUE(
      Run({"arm", "put", "alpha", "--prior-quality", "0.9", "--prior-strength", "40"}).ok());
  const v1::GetStatsResponse stats = Stats();
  EXPECT_NEAR(stats.arms(0).level(), 0.9, 1e-9);
  EXPECT_LT(stats.arms(0).level_stddev(), stats.arms(1).level_stddev());
  v1::RouteRequest route;
  route.set_query("a question");
  route.set_explain(true);
  v1::RouteResponse routed;
  ASSERT_TRUE(Route(route, &routed).ok());
  ASSERT_EQ(routed.ranking(0).arm(), "alpha");
  EXPECT_NEAR(routed.ranking(0).expected().quality(), 0.9, 1e-9);
  EXPECT_GT(routed.ranking(0).probability(), 0.5);
}

}  // namespace
}  // namespace pointsman::tests
