#include "service/observe/audit_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "base/strings.h"
#include "service/observe/log.h"

namespace pointsman::service {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

class AuditLogTest : public ::testing::Test {
 protected:
  AuditLogTest() : log_("test", std::make_shared<spdlog::sinks::ostream_sink_mt>(out_)) {
    log_.set_formatter(JsonLines());
  }

  // The log after `write`.
  template <class Write>
  std::vector<std::string> Lines(const Write& write) {
    out_.str("");
    AuditLog audit(log_, clock_);
    write(audit);
    audit.Stop();
    std::istringstream text(out_.str());
    std::vector<std::string> lines;
    for (std::string line; std::getline(text, line);) lines.push_back(line);
    return lines;
  }

  ManualClock clock_{1'000'000'000};
  std::ostringstream out_;
  spdlog::logger log_;
};

const AuditEntry kEntry = {"PutArm", true, "default", "gpt", "ops@10.0.0.7", {"tags: a -> b"}};

TEST_F(AuditLogTest, LineIsAnObjectThatSaysWhoDidWhatToWhatAndHowItEnded) {
  const auto lines = Lines([](AuditLog& audit) {
    audit.Write(kEntry, absl::OkStatus());
    audit.Write(kEntry, NotFound("there is no pool \"x\""));
  });
  ASSERT_EQ(lines.size(), 2u);
  const json done = json::parse(lines[0]);
  EXPECT_EQ(done["level"], "info");
  EXPECT_EQ(done["message"], "audit");
  EXPECT_EQ(done["audit"],
            json::parse(R"({"rpc": "PutArm", "who": "ops@10.0.0.7", "pool": "default",
      "target": "gpt", "result": "OK", "changes": ["tags: a -> b"]})"));
  const json failed = json::parse(lines[1])["audit"];
  EXPECT_EQ(failed["result"], "NOT_FOUND");
  EXPECT_EQ(failed["error"], "there is no pool \"x\"");
}

TEST_F(AuditLogTest, LineOfTheTextFormatIsTheSameObject) {
  log_.set_formatter(TextLines());
  const auto lines = Lines([](AuditLog& audit) { audit.Write(kEntry, absl::OkStatus()); });
  ASSERT_EQ(lines.size(), 1u);
  const auto at = lines[0].find(" info audit {");
  ASSERT_NE(at, std::string::npos) << lines[0];
  EXPECT_EQ(json::parse(lines[0].substr(at + 12))["target"], "gpt");
}

TEST_F(AuditLogTest, LineCannotBeForgedByWhatAClientNames) {
  for (const bool is_json : {true, false}) {
    log_.set_formatter(is_json ? JsonLines() : TextLines());
    const std::string evil =
        "x\"}\n2026-01-01 00:00:00.000 info audit "
        "{\"rpc\":\"PutArm\",\"who\":\"boss\"\xff\xe2\x80\xae";
    AuditEntry entry = kEntry;
    entry.pool = entry.target = entry.who = evil;
    entry.changes = {evil};
    const auto lines = Lines([&](AuditLog& audit) { audit.Write(entry, NotFound(evil)); });
    ASSERT_EQ(lines.size(), 1u);
    const json line = json::parse(lines[0].substr(lines[0].find("{\"rpc\"")), nullptr, false);
    const json object = is_json ? json::parse(lines[0])["audit"] : line;
    ASSERT_TRUE(object.is_object()) << lines[0];
    EXPECT_EQ(object["rpc"], "PutArm");
    EXPECT_EQ(object["pool"], object["target"]);
    EXPECT_THAT(object["who"].get<std::string>(), HasSubstr("x\"}\\x0a2026-01-01"));
  }
}

TEST_F(AuditLogTest, OnlyAnAuditEntryMakesAnAuditLine) {
  const auto lines = Lines([&](AuditLog&) { log_.info("audit {}", R"({"rpc":"PutArm"})"); });
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_FALSE(json::parse(lines[0]).contains("audit"));
}

TEST_F(AuditLogTest, CallThatOnlyReadsIsOfLevelDebugUnlessItWasForbidden) {
  AuditEntry read = kEntry;
  read.is_change = false;
  const auto write = [&](AuditLog& audit) {
    audit.Write(read, absl::OkStatus());
    audit.Write(read, NotFound("nothing"));
    audit.Write(read, absl::PermissionDeniedError("no"));
  };
  const auto at_info = Lines(write);
  ASSERT_EQ(at_info.size(), 1u);
  EXPECT_EQ(json::parse(at_info[0])["audit"]["result"], "PERMISSION_DENIED");
  log_.set_level(spdlog::level::debug);
  const auto at_debug = Lines(write);
  ASSERT_EQ(at_debug.size(), 3u);
  EXPECT_EQ(json::parse(at_debug[0])["level"], "debug");
}

TEST_F(AuditLogTest, RefusalsAreToldNoFasterThanADiskCanBear) {
  const auto refuse = [&](AuditLog& audit) {
    for (int i = 0; i < 1000; ++i) audit.Write(kEntry, absl::UnauthenticatedError("no token"));
    audit.Write(kEntry, absl::OkStatus());  // admitted calls are always logged
  };
  const auto lines = Lines([&](AuditLog& audit) {
    refuse(audit);
    clock_.Advance(kMicrosPerSecond);
    refuse(audit);
  });
  int audits = 0, done = 0;
  uint64_t lost = 0;
  for (const std::string& line : lines) {
    const json parsed = json::parse(line);
    if (!parsed.contains("audit")) {
      EXPECT_EQ(parsed["level"], "warning");
      lost += std::stoull(parsed["message"].get<std::string>());
    } else if (parsed["audit"]["result"] == "OK") {
      ++done;
    } else {
      ++audits;
    }
  }
  EXPECT_EQ(audits, 2 * AuditLog::kRefusalsPerSecond);
  EXPECT_EQ(done, 2);
  EXPECT_EQ(lost, 2000u - 2 * AuditLog::kRefusalsPerSecond);
}

TEST_F(AuditLogTest, ManyChangesAreCutAndCounted) {
  AuditEntry entry = kEntry;
  entry.changes.assign(1000, std::string(5000, 'x'));
  const auto lines = Lines([&](AuditLog& audit) { audit.Write(entry, absl::OkStatus()); });
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_LT(lines[0].size(), 20000u);
  EXPECT_EQ(json::parse(lines[0])["audit"]["changes_not_shown"], 950);
}

}  // namespace
}  // namespace pointsman::service
