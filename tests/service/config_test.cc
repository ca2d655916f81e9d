#include "service/config.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>

#include "base/strings.h"
#include "tests/paths.h"

namespace pointsman {
namespace {

TEST(Config, OfNothingIsTheDefaults) {
  const auto config = ParseConfig("", "c.yaml");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->limits, Limits{});
  EXPECT_EQ(config->listen, "127.0.0.1:7717");
}

TEST(Config, TakesEveryKey) {
  const auto config = ParseConfig(
      "data_dir: /var/lib/pointsman\n"
      "listen: 0.0.0.0:80\n"
      "admin_listen: ''\n"
      "log: {level: warn, format: json}\n"
      "limits:\n"
      "  query_bytes_max: 100\n",
      "c.yaml");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->data_dir, "/var/lib/pointsman");
  EXPECT_EQ(config->listen, "0.0.0.0:80");
  EXPECT_EQ(config->admin_listen, "");
  EXPECT_EQ(config->log_level, "warn");
  EXPECT_EQ(config->log_format, "json");
  EXPECT_EQ(config->limits.query_bytes_max, 100);
}

TEST(Config, IsRefusedWithTheLine) {
  struct Bad {
    const char* text;
    const char* says;
  };
  const Bad bad[] = {
      {"listen: 127.0.0.1:1\nlissten: x\n", "c.yaml:2: unknown key \"lissten\""},
      {"limits:\n  query_bytes_max: -5\n", "c.yaml:2: limits.query_bytes_max"},
      {"limits:\n  query_bytes_max: 1e3\n", "c.yaml:2: limits.query_bytes_max"},
      {"limits:\n  query_bytes_max: [1]\n", "c.yaml:2: limits.query_bytes_max"},
      {"limits:\n\n  nothing_max: 5\n", "c.yaml:3: unknown key \"limits.nothing_max\""},
      {"limits: 5\n", "c.yaml:1: limits must be a mapping"},
      {"listen: localhost\n", "c.yaml:1: listen must be HOST:PORT"},
      {"listen: localhost:99999\n", "c.yaml:1: listen must be HOST:PORT"},
      {"log: {level: loud}\n", "c.yaml:1: log.level must be one of"},
      {"listen: a:1\nlisten: a:2\n", "c.yaml:2: key \"listen\" stands twice"},
      {"a: [\n", "not YAML"},
      {"- 1\n", "c.yaml:1: the file must be a mapping"},
  };
  for (const Bad& row : bad) {
    const auto config = ParseConfig(row.text, "c.yaml");
    ASSERT_FALSE(config.ok()) << row.text;
    EXPECT_EQ(config.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_NE(ToStd(config.status().message()).find(row.says), std::string_view::npos)
        << config.status() << " should say " << row.says;
  }
}

TEST(Config, OfAFileThatIsNotThereSaysSo) {
  EXPECT_EQ(LoadConfig("/nonexistent/c.yaml").status().code(), absl::StatusCode::kNotFound);
}

TEST(OperationsPage, HoldsEveryLimitAsItIs) {
  std::ifstream file(std::string(POINTSMAN_SOURCE_DIR) + "/docs/operations.md");
  std::stringstream text;
  text << file.rdbuf();
  const Limits defaults;
  for (const LimitRow& row : LimitTable()) {
    const std::string line = Cat("| `", row.name, "` | ", defaults.*row.field, " | ", row.least,
                                 " | ", row.most, " | ", row.meaning, " |");
    EXPECT_NE(text.str().find(line), std::string::npos) << "docs/operations.md lacks: " << line;
  }
}

}  // namespace
}  // namespace pointsman
