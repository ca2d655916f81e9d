#include "service/log.h"

#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

namespace pointsman {
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

}  // namespace
}  // namespace pointsman
