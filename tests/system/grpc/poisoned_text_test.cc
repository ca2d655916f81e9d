// Poisoned texts over real gRPC: each text field of each request, with texts that are not UTF-8, forge lines
// or names of files and metrics, or are very long. They are refused, or accepted and harmless.
#include <filesystem>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include "http_get.h"
#include "poison.h"

namespace pointsman::tests {
namespace {

// "e" with a thousand accents, repeated.
std::string Combining(std::size_t bytes) {
  std::string text;
  text.reserve(bytes + 2);
  while (text.size() < bytes) text += text.size() % 2001 == 0 ? "e" : "\xcc\x80";
  return text;
}

struct Poison {
  const char* name;
  std::string text;
  bool is_name;  // whether a pool or an arm may have this name
  bool is_text;  // whether it is valid as a query or a description
};
const Poison kPoisons[] = {
    {"a NUL", std::string("a\0b", 3), false, true},
    {"a line feed", "a\n2026-01-01 00:00:00.000 info all is well", false, true},
    {"an escape sequence", "\x1b[31mred", false, true},
    {"an escape sequence in C1",
     "\xc2\x9b"
     "31mred",
     false, true},
    {"a right-to-left override", "\xe2\x80\xaetxt.exe", false, true},
    {"a line separator",
     "a\xe2\x80\xa8"
     "b",
     false, true},
    {"a metric on its own line", "x\"} 1\npointsman_fake 1", false, true},
    {"the end of a label", "x\"} 1 pointsman_fake{a=\"\\", true, true},
    {"a way up", "../../etc/passwd", true, true},
    {"an absolute path", "/etc/passwd", true, true},
    {"a shell command", "$(touch /tmp/x); `id` | %n%s {} %v", true, true},
    {"accents", Combining(100), true, true},
    {"a million bytes", std::string(1000000, 'n'), false, false},
};

// The kinds of text fields: a new name, a stored text, a query (of which only a part may be used), an id of
// the caller's, the name of something that must exist, or a name that is ignored if nothing has it.
enum class Kind { kName, kText, kQuery, kId, kLookUp, kPassedOver };
const std::map<std::string, Kind> kKinds = {
    {"RouteRequest.pool", Kind::kLookUp},
    {"RouteRequest.query", Kind::kQuery},
    {"RouteRequest.FeaturesEntry.key", Kind::kPassedOver},
    {"Constraints.require_tags", Kind::kLookUp},
    {"Constraints.allow_arms", Kind::kLookUp},
    {"Constraints.deny_arms", Kind::kPassedOver},
    {"RouteRequest.decision_id", Kind::kId},
    {"FeedbackRequest.pool", Kind::kLookUp},
    {"FeedbackRequest.decision_id", Kind::kLookUp},
    {"FeedbackRequest.feedback_id", Kind::kId},
    {"FeedbackRequest.served_arm", Kind::kLookUp},
    {"Attempt.arm", Kind::kId},
    {"PutArmRequest.pool", Kind::kLookUp},
    {"PutArmRequest.clear", Kind::kLookUp},
    {"PutArmRequest.inherit_from", Kind::kLookUp},
    {"Arm.version", Kind::kName},
    {"Arm.aliases", Kind::kName},
    {"Arm.name", Kind::kName},
    {"Arm.description", Kind::kText},
    {"Arm.tags", Kind::kName},
    {"PutPoolRequest.name", Kind::kName},
    {"PoolSettings.holdout_arm", Kind::kName},
    {"EmbedderSettings.name", Kind::kLookUp},
    {"EmbedderSettings.lexicon_file", Kind::kLookUp},
    {"EmbedderSettings.endpoint", Kind::kLookUp},
    {"EmbedderSettings.model", Kind::kLookUp},
    {"FeatureSpec.name", Kind::kName},
    {"LearnerSettings.quality_model", Kind::kLookUp},
    {"LearnerSettings.exploration", Kind::kLookUp},
    {"ImportStart.pool", Kind::kLookUp},
    {"ImportStart.import_id", Kind::kId},
    {"ImportStart.ArmOutcomesEntry.key", Kind::kLookUp},
    {"ImportedQuery.query", Kind::kQuery},
    {"ImportedQuery.FeaturesEntry.key", Kind::kPassedOver},
    {"ImportedOutcome.arm", Kind::kLookUp},
};

bool IsText(const FieldDescriptor& field) {
  return field.cpp_type() == FieldDescriptor::CPPTYPE_STRING;
}

bool IsAccepted(Kind kind, const Poison& poison) {
  if (kind == Kind::kName) return poison.is_name;
  if (kind == Kind::kQuery || kind == Kind::kPassedOver) return true;
  return kind != Kind::kLookUp && poison.is_text;
}

void Put(Message& message, const FieldDescriptor& field, const std::string& text) {
  const auto* reflection = message.GetReflection();
  if (!field.is_repeated()) {
    reflection->SetString(&message, &field, text);
  } else if (reflection->FieldSize(message, &field) == 0) {
    reflection->AddString(&message, &field, text);
  } else {
    reflection->SetRepeatedString(&message, &field, 0, text);
  }
}

class PoisonedTexts : public PoisonFixture {
 protected:
  void Configure(service::ServerConfig& config) override { config.admin_listen = "127.0.0.1:0"; }

  void SetUp() override {
    // Client and server are one process here, which would log complaints about the client's intentional
    // faults.
    google::protobuf::SetLogHandler(nullptr);
    PoisonFixture::SetUp();
  }

  // Calls `then` for each text field, with a valid message to put the poison into.
  void ForEachText(const std::function<void(Message&, const Place&)>& then) {
    for (const auto& valid : Templates()) {
      for (const Place& place : PlacesOf(*valid->GetDescriptor(), IsText)) {
        const std::unique_ptr<Message> message(valid->New());
        message->CopyFrom(*valid);
        // An embedder's texts are checked only by the embedder that uses them.
        const std::string name = NameOf(place);
        if (name == "EmbedderSettings.lexicon_file") {
          auto& embedder = HolderOf(*message, place);
          embedder.Clear();
          Put(embedder, *embedder.GetDescriptor()->FindFieldByName("name"), "lexicon");
        }
        then(*message, place);
      }
    }
  }

  void ExpectRefused(const grpc::Status& status) {
    EXPECT_FALSE(status.ok());
    const Refusal refusal = RefusalOf(status);
    EXPECT_FALSE(refusal.reason.empty()) << status.error_code() << " " << status.error_message();
    EXPECT_FALSE(HoldsControls(status.error_message())) << Quoted(status.error_message());
    EXPECT_LT(refusal.message_bytes_on_wire, 4096u);
    EXPECT_LT(refusal.details_bytes, 4096u);
  }

  std::set<std::string> FilesBelow(const std::string& folder) {
    std::set<std::string> files;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
      files.insert(std::filesystem::relative(entry.path(), folder));
    }
    return files;
  }
};

TEST_F(PoisonedTexts, AreRefusedOrHarmlessInEveryFieldThereIs) {
  std::set<std::string> met;
  ForEachText([&](Message& message, const Place& place) {
    const std::string name = NameOf(place);
    const auto kind = kKinds.find(name);
    ASSERT_NE(kind, kKinds.end()) << name << " is new: say in the table what kind of text it is";
    met.insert(name);
    for (const Poison& poison : kPoisons) {
      SCOPED_TRACE(message.GetTypeName() + " with " + name + " of " + poison.name);
      // A look-up would find something that was given this name before.
      const bool is_looked_up = kind->second == Kind::kLookUp || kind->second == Kind::kPassedOver;
      const char* tail = is_looked_up            ? "-that-nobody-made"
                         : name == "Arm.aliases" ? "-as-alias"
                                                 : "";
      Put(HolderOf(message, place), *place.back(), poison.text + tail);
      const grpc::Status status = Send(message);
      if (IsAccepted(kind->second, poison)) {
        EXPECT_TRUE(status.ok()) << status.error_message();
      } else {
        ExpectRefused(status);
      }
    }
    v1::RouteRequest normal;
    normal.set_query("a question");
    normal.set_explain(true);
    ExpectSoundDecision("default", normal);
  });
  for (const auto& [name, kind] : kKinds) EXPECT_TRUE(met.contains(name)) << name;
  ExpectItDecides();
}

// Protobuf rejects such texts when it parses, so no handler sees them. gRPC's callback API then answers
// UNIMPLEMENTED. For an import, a message that does not parse ends the stream, and the rest of what it
// announced is missing.
TEST_F(PoisonedTexts, ThatAreNoUtf8AreRefusedBeforeAnyHandler) {
  const std::map<std::string, grpc::StatusCode> codes = {
      {"pointsman.v1.ImportStart", grpc::StatusCode::INVALID_ARGUMENT},
      {"pointsman.v1.ImportChunk", grpc::StatusCode::OK},
  };
  const uint64_t outcomes = Stats("poisoned").outcomes();
  for (const char* text : {"\xff", "\xc3(", "\xed\xa0\x80", "ab\x80"}) {
    ForEachText([&](Message& message, const Place& place) {
      SCOPED_TRACE(NameOf(place) + " " + Quoted(text));
      Put(HolderOf(message, place), *place.back(), text);
      const auto code = codes.find(message.GetTypeName());
      EXPECT_EQ(Send(message).error_code(),
                code == codes.end() ? grpc::StatusCode::UNIMPLEMENTED : code->second);
    });
  }
  EXPECT_EQ(Stats("poisoned").outcomes(), outcomes);
  ExpectItDecides();
}

TEST_F(PoisonedTexts, OfTenMegabytesOfAccentsAreEmbeddedInPartAsAQuery) {
  v1::RouteRequest route;
  route.set_query(Combining(10 << 20));
  route.set_explain(true);
  ExpectSoundDecision("default", route);
  v1::RouteResponse routed;
  ASSERT_TRUE(Route(route, &routed).ok());
  ASSERT_EQ(routed.notes_size(), 1);
  EXPECT_LT(routed.notes(0).size(), 300u);
  ExpectItDecides();
}

TEST_F(PoisonedTexts, OfTenMegabytesOfAccentsAreNoNameWhereverOneIsLookedUp) {
  const std::string name = Combining(10 << 20);
  v1::RouteRequest route;
  route.set_query("a question");
  v1::RouteResponse routed;
  route.mutable_constraints()->add_deny_arms(name);
  ASSERT_TRUE(Route(route, &routed).ok());
  ASSERT_EQ(routed.notes_size(), 1);
  EXPECT_LT(routed.notes(0).size(), 300u);
  route.clear_constraints();
  (*route.mutable_features())[name] = 1;
  EXPECT_TRUE(Route(route, &routed).ok());
  route.clear_features();
  route.mutable_constraints()->add_require_tags(name);
  ExpectRefused(Route(route, &routed));
  route.clear_constraints();
  route.set_pool(name);
  ExpectRefused(Route(route, &routed));
  ExpectItDecides();
}

class LongTexts : public PoisonFixture {
 protected:
  void Configure(service::ServerConfig& config) override {
    config.limits.query_bytes_max = 1 << 24;
  }
};

TEST_F(LongTexts, OfTenMegabytesOfAccentsAreEmbeddedWhereTheLimitAllowsThem) {
  v1::RouteRequest route;
  route.set_query(Combining(10 << 20));
  route.set_explain(true);
  ExpectSoundDecision("default", route);
  ExpectItDecides();
}

// Other calls with names.
TEST_F(PoisonedTexts, AreRefusedByCallsThatLookAName) {
  const std::map<std::string, std::function<grpc::Status(const std::string&)>> calls = {
      {"GetPool",
       [&](const std::string& text) {
         grpc::ClientContext context;
         v1::GetPoolRequest request;
         request.set_name(text);
         v1::GetPoolResponse response;
         return admin_->GetPool(&context, request, &response);
       }},
      {"RemoveArm",
       [&](const std::string& text) {
         grpc::ClientContext context;
         v1::RemoveArmRequest request;
         request.set_arm(text);
         v1::RemoveArmResponse response;
         return admin_->RemoveArm(&context, request, &response);
       }},
      {"ListOutcomes",
       [&](const std::string& text) {
         grpc::ClientContext context;
         v1::ListOutcomesRequest request;
         request.set_page_token(text);
         v1::ListOutcomesResponse response;
         return admin_->ListOutcomes(&context, request, &response);
       }},
      {"Explain",
       [&](const std::string& text) {
         grpc::ClientContext context;
         v1::ExplainRequest request;
         request.set_decision_id(text);
         v1::ExplainResponse response;
         return admin_->Explain(&context, request, &response);
       }},
      {"TryEmbedder",
       [&](const std::string& text) {
         grpc::ClientContext context;
         v1::TryEmbedderRequest request;
         request.set_endpoint(text);
         request.add_texts("a text");
         v1::TryEmbedderResponse response;
         return admin_->TryEmbedder(&context, request, &response);
       }},
      {"Backup",
       [&](const std::string& text) {
         grpc::ClientContext context;
         v1::BackupRequest request;
         request.set_name(text);
         v1::BackupResponse response;
         return admin_->Backup(&context, request, &response);
       }},
  };
  for (const auto& [name, call] : calls) {
    for (const Poison& poison : kPoisons) {
      SCOPED_TRACE(name + " of " + poison.name);
      ExpectRefused(call(poison.text));
    }
  }
  ExpectItDecides();
}

TEST_F(PoisonedTexts, AsNamesMakeNoFilesAndForgeNoMetrics) {
  const auto files = FilesBelow(folder_.path());
  for (const Poison& poison : kPoisons) {
    if (!poison.is_name || poison.text.size() > 128) continue;
    v1::PutPoolRequest pool;
    pool.set_name(poison.text);
    for (const std::string& arm : {poison.text, std::string("other")}) {
      pool.add_arms()->set_name(arm);
      pool.mutable_arms()->rbegin()->add_tags(poison.text);
    }
    ASSERT_TRUE(SendPool(pool).ok()) << poison.name;
  }
  ExpectItDecides();
  const std::string metrics = Get(server_->admin_port(), "/metrics");
  Start();  // writes and reads snapshots, too
  ExpectItDecides();

  for (const std::string& file : FilesBelow(folder_.path())) {
    EXPECT_TRUE(file == "data" || file.starts_with("data/")) << file;
    for (const char* part : {"passwd", "fake", "touch", "\xcc"}) {
      EXPECT_EQ(file.find(part), std::string::npos) << file;
    }
  }
  EXPECT_TRUE(files.contains("data"));

  const std::regex sample(
      R"rx([a-zA-Z_:][a-zA-Z0-9_:]*(\{([a-zA-Z_][a-zA-Z0-9_]*="([^"\\]|\\["\\n])*",?)*\})? (NaN|[+-]Inf|[-+0-9.e]+))rx");
  std::istringstream lines(metrics.substr(metrics.find("\r\n\r\n") + 4));
  int samples = 0;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("# HELP ") || line.starts_with("# TYPE ")) continue;
    EXPECT_TRUE(std::regex_match(line, sample)) << line;
    EXPECT_FALSE(line.starts_with("pointsman_fake")) << line;
    ++samples;
  }
  EXPECT_GT(samples, 100);
  EXPECT_NE(metrics.find(R"(pool="x\"} 1 pointsman_fake{a=\"\\")"), std::string::npos);
}

}  // namespace
}  // namespace pointsman::tests
