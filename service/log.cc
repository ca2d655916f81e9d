#include "service/log.h"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <string>
#include <string_view>

#include "base/strings.h"

namespace pointsman {
namespace {

// The message as the inside of a JSON string: pattern flag %*.
class JsonMessage : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm& /*time*/,
              spdlog::memory_buf_t& line) override {
    constexpr std::string_view kHex = "0123456789abcdef";
    const auto add = [&](std::string_view text) {
      line.append(text.data(), text.data() + text.size());
    };
    std::string text(message.payload.data(), message.payload.size());
    if (!IsUtf8(text)) text = OneLine(text);  // JSON has no way to say what it is
    for (const char c : text) {
      const auto byte = static_cast<unsigned char>(c);
      if (c == '"' || c == '\\') {
        line.push_back('\\');
        line.push_back(c);
      } else if (c == '\n') {
        add("\\n");
      } else if (c == '\t') {
        add("\\t");
      } else if (byte < 0x20) {
        add("\\u00");
        line.push_back(kHex[byte >> 4]);
        line.push_back(kHex[byte & 15]);
      } else {
        line.push_back(c);
      }
    }
  }
  std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<JsonMessage>();
  }
};

// The message as one line of text, whatever it quotes: pattern flag %*.
class TextMessage : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm& /*time*/,
              spdlog::memory_buf_t& line) override {
    const std::string text = OneLine({message.payload.data(), message.payload.size()});
    line.append(text.data(), text.data() + text.size());
  }
  std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<TextMessage>();
  }
};

template <class Message>
std::unique_ptr<spdlog::formatter> Lines(const char* pattern) {
  auto formatter = std::make_unique<spdlog::pattern_formatter>();
  formatter->add_flag<Message>('*');
  formatter->set_pattern(pattern);
  return formatter;
}

}  // namespace

std::unique_ptr<spdlog::formatter> JsonLines() {
  return Lines<JsonMessage>(R"({"time":"%Y-%m-%dT%H:%M:%S.%e%z","level":"%l","message":"%*"})");
}

std::unique_ptr<spdlog::formatter> TextLines() {
  return Lines<TextMessage>("%Y-%m-%d %H:%M:%S.%e %l %*");
}

std::shared_ptr<spdlog::logger> MakeLogger(const ServerConfig& config) {
  auto log = std::make_shared<spdlog::logger>(
      "pointsmand", std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
  log->set_level(spdlog::level::from_str(config.log_level));
  log->set_formatter(config.log_format == "json" ? JsonLines() : TextLines());
  return log;
}

}  // namespace pointsman
