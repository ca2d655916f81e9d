#include "service/observe/log.h"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <string>
#include <string_view>

#include "base/strings.h"

namespace pointsman::service {
namespace {

void Append(std::string_view text, spdlog::memory_buf_t& line) {
  line.append(text.data(), text.data() + text.size());
}

bool IsAudit(const spdlog::details::log_msg& message) {
  return std::string_view(message.logger_name.data(), message.logger_name.size()) == kAuditLogger;
}

// The message as a JSON string; an audit line adds a member of its own. Pattern flag %*.
class JsonMessage : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm& /*time*/,
              spdlog::memory_buf_t& line) override {
    const std::string_view text(message.payload.data(), message.payload.size());
    if (IsAudit(message)) {
      Append(R"("audit","audit":)", line);
      return Append(text, line);
    }
    line.push_back('"');
    Append(JsonEscaped(text), line);
    line.push_back('"');
  }
  std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<JsonMessage>();
  }
};

// The message as one line of text, whatever it quotes. Pattern flag %*.
class TextMessage : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm& /*time*/,
              spdlog::memory_buf_t& line) override {
    if (IsAudit(message)) Append("audit ", line);
    Append(OneLine({message.payload.data(), message.payload.size()}), line);
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

std::string JsonEscaped(std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  // JSON cannot represent text that is not UTF-8.
  const std::string shown = IsUtf8(text) ? std::string(text) : OneLine(text);
  std::string out;
  for (const char c : shown) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (byte < 0x20) {
      out += "\\u00";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    } else {
      out += c;
    }
  }
  return out;
}

std::unique_ptr<spdlog::formatter> JsonLines() {
  return Lines<JsonMessage>(R"({"time":"%Y-%m-%dT%H:%M:%S.%e%z","level":"%l","message":%*})");
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

}  // namespace pointsman::service
