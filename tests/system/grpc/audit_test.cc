// The administrators' names in a real server's log and event log.
#include <gmock/gmock.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "rpc_fixture.h"
#include "service/access/token.h"
#include "service/access/tokens_file.h"
#include "storage/api/storage.h"
#include "tests/support/server_process.h"

namespace pointsman::tests {
namespace {

using nlohmann::json;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Audit : public ::testing::Test {
 protected:
  // A separate token for each name, in a file that the server reads.
  void AddToken(const std::string& name, std::initializer_list<service::Scope> scopes,
                const std::string& pool) {
    service::NewToken made = service::MakeToken(name).value();
    for (const service::Scope scope : scopes) made.entry.scopes |= static_cast<uint8_t>(scope);
    made.entry.pools = {pool};
    tokens_.push_back(made.entry);
    secrets_[name] = made.token;
  }

  void Start(const std::string& more = "") {
    const std::string config = folder_.path() + "/config.yaml";
    std::ofstream text(config);
    text << "log: {format: json}\n" << more;
    if (!tokens_.empty()) {
      const std::string file = folder_.path() + "/tokens.yaml";
      ASSERT_TRUE(service::SaveTokens(file, tokens_).ok());
      text << "tokens_file: " << file << "\n";
    }
    text.close();
    server_ = std::make_unique<ServerProcess>(folder_.path() + "/data",
                                              std::vector<std::string>{"--config", config});
    ASSERT_TRUE(server_->WaitUntilItServes()) << server_->output();
  }

  template <class Request, class Response>
  grpc::Status Call(grpc::Status (v1::Admin::Stub::*method)(grpc::ClientContext*, const Request&,
                                                            Response*),
                    const Request& request, const std::string& token = "") {
    grpc::ClientContext context;
    if (!token.empty()) context.AddMetadata("authorization", "Bearer " + secrets_[token]);
    Response response;
    return (server_->admin.get()->*method)(&context, request, &response);
  }

  v1::PutPoolRequest TwoArms() const {
    v1::PutPoolRequest request;
    request.set_name("default");
    for (const char* name : {"alpha", "beta"}) {
      auto* arm = request.add_arms();
      arm->set_name(name);
      arm->set_usd_per_1m_input(0.15);
      arm->set_usd_per_1m_output(0.6);
    }
    return request;
  }

  // Ends the server, and returns the audit objects of its log in order.
  std::vector<json> Audits() {
    EXPECT_EQ(server_->Stop(), 0);
    std::istringstream lines(server_->output());
    std::vector<json> audits;
    for (std::string line; std::getline(lines, line);) {
      const json parsed = json::parse(line, nullptr, false);
      EXPECT_TRUE(parsed.is_object()) << line;
      if (parsed.contains("audit")) audits.push_back(parsed["audit"]);
    }
    return audits;
  }

  const TestFolder folder_;
  std::vector<service::TokenEntry> tokens_;
  std::map<std::string, std::string> secrets_;
  std::unique_ptr<ServerProcess> server_;
};

TEST_F(Audit, TellsOfEachChangeWithOldAndNewValues) {
  Start();
  ASSERT_TRUE(Call(&v1::Admin::Stub::PutPool, TwoArms()).ok());
  v1::PutPoolRequest pool;
  pool.set_name("default");
  pool.mutable_settings()->set_cost_scale_usd(0.05);
  ASSERT_TRUE(Call(&v1::Admin::Stub::PutPool, pool).ok());
  v1::PutArmRequest arm;
  arm.mutable_arm()->set_name("alpha");
  arm.mutable_arm()->set_usd_per_1m_input(0.3);
  arm.mutable_arm()->set_status(v1::PAUSED);
  ASSERT_TRUE(Call(&v1::Admin::Stub::PutArm, arm).ok());
  v1::RemoveArmRequest removal;
  removal.set_arm("alpha");
  ASSERT_TRUE(Call(&v1::Admin::Stub::RemoveArm, removal).ok());
  EXPECT_FALSE(Call(&v1::Admin::Stub::RemoveArm, removal).ok());
  v1::BackupRequest backup;
  backup.set_name("monday");
  ASSERT_TRUE(Call(&v1::Admin::Stub::Backup, backup).ok());
  v1::UndoImportRequest undo;
  undo.set_import_id("never");
  EXPECT_FALSE(Call(&v1::Admin::Stub::UndoImport, undo).ok());
  v1::DeletePoolRequest deletion;
  deletion.set_name("default");
  ASSERT_TRUE(Call(&v1::Admin::Stub::DeletePool, deletion).ok());
  ASSERT_TRUE(Call(&v1::Admin::Stub::ListPools, v1::ListPoolsRequest()).ok());  // only reads

  const std::vector<json> audits = Audits();
  ASSERT_EQ(audits.size(), 8u);
  for (const json& audit : audits) EXPECT_EQ(audit["who"], "127.0.0.1");
  EXPECT_EQ(audits[0]["rpc"], "PutPool");
  EXPECT_THAT(audits[0]["changes"].get<std::vector<std::string>>(), Contains("arm alpha: new"));
  EXPECT_EQ(audits[1]["changes"], json({"settings.cost_scale_usd: 0.01 -> 0.05"}));
  EXPECT_EQ(audits[2]["rpc"], "PutArm");
  EXPECT_EQ(audits[2]["pool"], "default");
  EXPECT_EQ(audits[2]["target"], "alpha");
  EXPECT_EQ(audits[2]["result"], "OK");
  const auto changes = audits[2]["changes"].get<std::vector<std::string>>();
  EXPECT_THAT(changes, Contains("usd_per_1m_input: 0.15 -> 0.3"));
  EXPECT_THAT(changes, Contains("status: active -> paused"));
  EXPECT_EQ(audits[3]["changes"], json({"status: paused -> removed"}));
  EXPECT_EQ(audits[4]["result"], "NOT_FOUND");
  EXPECT_FALSE(audits[4].contains("changes"));
  EXPECT_EQ(audits[5]["target"], "monday");
  EXPECT_THAT(audits[5]["changes"][0].get<std::string>(), HasSubstr("files"));
  EXPECT_EQ(audits[6]["rpc"], "UndoImport");
  EXPECT_EQ(audits[6]["target"], "never");
  EXPECT_EQ(audits[7]["rpc"], "DeletePool");
  EXPECT_THAT(audits[7]["changes"][0].get<std::string>(),
              HasSubstr("deleted: 1 active and 0 paused arms"));
}

TEST_F(Audit, TellsOfAnImportWithWhatItTaught) {
  Start();
  ASSERT_TRUE(Call(&v1::Admin::Stub::PutPool, TwoArms()).ok());
  for (int times = 0; times < 2; ++times) {
    grpc::ClientContext context;
    v1::ImportOutcomesResponse response;
    const auto stream = server_->admin->ImportOutcomes(&context, &response);
    v1::ImportOutcomesRequest message;
    message.mutable_start()->set_import_id("bench");
    message.mutable_start()->set_queries(1);
    message.mutable_start()->set_strength(1);
    stream->Write(message);
    auto* query = message.mutable_chunk()->add_queries();
    query->set_query("a question");
    for (const char* arm : {"alpha", "beta"}) {
      auto* outcome = query->add_outcomes();
      outcome->set_arm(arm);
      outcome->set_quality(0.5);
    }
    stream->Write(message);
    stream->WritesDone();
    const grpc::Status status = stream->Finish();
    ASSERT_TRUE(status.ok()) << status.error_message();
  }
  const std::vector<json> audits = Audits();
  ASSERT_EQ(audits.size(), 3u);
  EXPECT_EQ(audits[1]["rpc"], "ImportOutcomes");
  EXPECT_EQ(audits[1]["target"], "bench");
  EXPECT_EQ(audits[1]["changes"], json({"learned: 2 outcomes of 1 queries; known before: 0"}));
  EXPECT_EQ(audits[2]["changes"], json({"learned: 0 outcomes of 0 queries; known before: 2"}));
}

TEST_F(Audit, NamesTheTokenAndTheAddressHereAndInTheEventLog) {
  AddToken("ops", {service::Scope::kAdmin}, "*");
  Start();
  ASSERT_TRUE(Call(&v1::Admin::Stub::PutPool, TwoArms(), "ops").ok());
  const std::vector<json> audits = Audits();
  ASSERT_EQ(audits.size(), 1u);
  EXPECT_EQ(audits[0]["who"], "ops@127.0.0.1");
  const auto log = storage::ReadRocksEventLog(folder_.path() + "/data");
  ASSERT_TRUE(log.ok()) << log.status();
  const PoolId pool = (*log)->ReadPools().value().front().id;
  int told = 0;
  const std::vector<Event> events = (*log)->ReadEvents(pool, 1, 100).value();
  for (const Event& event : events) {
    if (const auto* arm = std::get_if<ArmEvent>(&event.body)) told += arm->by == "ops@127.0.0.1";
    if (const auto* made = std::get_if<PoolEvent>(&event.body)) told += made->by == "ops@127.0.0.1";
  }
  EXPECT_EQ(told, 3);
}

TEST_F(Audit, TellsWhoWasRefusedAlsoWhoOnlyWantedToRead) {
  AddToken("ops", {service::Scope::kAdmin}, "*");
  AddToken("app", {service::Scope::kRoute}, "*");
  AddToken("other", {service::Scope::kAdmin}, "other");
  Start();
  v1::GetStatsRequest read;
  const auto code = [&](const std::string& token) {
    return Call(&v1::Admin::Stub::GetStats, read, token).error_code();
  };
  EXPECT_EQ(code(""), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(code("app"), grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_EQ(code("other"), grpc::StatusCode::PERMISSION_DENIED);
  secrets_["guess"] = "pm1.ops." + std::string(43, 'A');
  EXPECT_EQ(code("guess"), grpc::StatusCode::UNAUTHENTICATED);
  const std::vector<json> audits = Audits();
  ASSERT_EQ(audits.size(), 4u);
  EXPECT_EQ(audits[0]["who"], "no token");
  EXPECT_EQ(audits[0]["rpc"], "/pointsman.v1.Admin/GetStats");
  EXPECT_EQ(audits[0]["result"], "UNAUTHENTICATED");
  EXPECT_EQ(audits[1]["who"], "app@unknown");
  EXPECT_EQ(audits[1]["result"], "PERMISSION_DENIED");
  EXPECT_EQ(audits[2]["who"], "other@127.0.0.1");
  EXPECT_EQ(audits[2]["rpc"], "GetStats");
  EXPECT_EQ(audits[2]["pool"], "default");
  EXPECT_EQ(audits[3]["who"], "ops@unknown");  // the claimed name
  EXPECT_EQ(audits[3]["result"], "UNAUTHENTICATED");
  for (const auto& [name, secret] : secrets_) {
    EXPECT_EQ(server_->output().find(secret.substr(secret.rfind('.') + 1)), std::string::npos);
  }
}

TEST_F(Audit, LineIsOneLineWhateverIsNamed) {
  Start();
  ASSERT_TRUE(Call(&v1::Admin::Stub::PutPool, TwoArms()).ok());
  v1::PutArmRequest arm;
  arm.mutable_arm()->set_name("x\"}\n{\"audit\":{\"rpc\":\"DeletePool\"}}");
  EXPECT_FALSE(Call(&v1::Admin::Stub::PutArm, arm).ok());
  arm.mutable_arm()->set_name("alpha");
  arm.mutable_arm()->set_description("good\"]}\n{\"message\":\"audit\",\"audit\":{}}");
  Call(&v1::Admin::Stub::PutArm, arm);
  const std::vector<json> audits = Audits();  // each line of the log is JSON
  ASSERT_EQ(audits.size(), 3u);
  EXPECT_EQ(audits[1]["result"], "INVALID_ARGUMENT");
  EXPECT_THAT(audits[1]["target"].get<std::string>(), HasSubstr("\\x0a"));
}

}  // namespace
}  // namespace pointsman::tests
