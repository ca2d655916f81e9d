#include "service/observe/log.h"

#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

namespace pointsman::service {
namespace {

TEST(JsonLog, IsOneObjectALineWhateverTheMessage) {
  std::ostringstream out;
  spdlog::logger log("test", std::make_shared<spdlog::sinks::ostream_sink_mt>(out));
  log.set_formatter(JsonLines());
  const std::string message = "pool \"a\\b\"\n\tis \x01 \x1f gone; \u00fcber {}%v";
  log.warn("{}", message);
  log.info("next");

  std::istringstream lines(out.str());
  std::string line;
  ASSERT_TRUE(std::getline(lines, line));
  const auto first = nlohmann::json::parse(line, nullptr, false);
  ASSERT_TRUE(first.is_object()) << line;
  EXPECT_EQ(first["message"], message);
  EXPECT_EQ(first["level"], "warning");
  ASSERT_TRUE(std::getline(lines, line));
  EXPECT_EQ(nlohmann::json::parse(line, nullptr, false)["message"], "next") << line;
  EXPECT_FALSE(std::getline(lines, line));
}

// The formatted `message`, without the time at its start.
std::string Logged(std::unique_ptr<spdlog::formatter> formatter, const std::string& message) {
  std::ostringstream out;
  spdlog::logger log("test", std::make_shared<spdlog::sinks::ostream_sink_mt>(out));
  log.set_formatter(std::move(formatter));
  log.warn("{}", message);
  return out.str();
}

TEST(JsonLog, IsJsonEvenIfTheMessageIsNoUtf8) {
  const auto line = nlohmann::json::parse(Logged(JsonLines(), "a\xff\n\"b\" \xc3"), nullptr, false);
  ASSERT_TRUE(line.is_object());
  EXPECT_EQ(line["message"], "a\\xff\\x0a\"b\" \\xc3");
}

TEST(TextLog, IsOneLineWhateverTheMessage) {
  const std::string line = Logged(
      TextLines(), "pool a\n2026-01-01 00:00:00.000 info all is well\r\x1b[2K \xc2\x85 \xff");
  EXPECT_EQ(line.substr(line.find("warning")),
            "warning pool a\\x0a2026-01-01 00:00:00.000 info all is well\\x0d\\x1b[2K \\xc2\\x85 "
            "\\xff\n");
}

}  // namespace
}  // namespace pointsman::service
