#include "tools/command.h"

#include <array>
#include <charconv>
#include <filesystem>
#include <optional>
#include <utility>

#include "base/files.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "evaluation/data/json.h"
#include "tools/json_text.h"

namespace pointsman::tools {
namespace {

absl::StatusOr<std::string> ReadFile(const char* flag, const std::string& path) {
  if (path.empty()) return std::string();
  std::optional<std::string> text = ReadText(path);
  if (!text || text->empty()) return NotFound(flag, ": ", path, " cannot be read, or is empty");
  return *std::move(text);
}

}  // namespace

absl::StatusOr<GrpcOptions> ClientOptions(const Cli& cli) {
  GrpcOptions options;
  options.server = cli.server;
  options.deadline_ms = cli.timeout_ms;
  options.token = cli.token;
  if (!cli.token_file.empty()) {
    ASSIGN_OR_RETURN(options.token, ReadFile("--token-file", cli.token_file));
    options.token.erase(options.token.find_last_not_of(" \r\n") + 1);
  }
  if (options.token.find_first_of(" \r\n") != std::string::npos) {
    return InvalidArgument(
        "the token must be one word without spaces, exactly as `pointsman token create` printed "
        "it");
  }
  ASSIGN_OR_RETURN(options.ca_pem, ReadFile("--tls-ca", cli.ca_file));
  ASSIGN_OR_RETURN(options.certificate_pem, ReadFile("--tls-cert", cli.certificate_file));
  ASSIGN_OR_RETURN(options.key_pem, ReadFile("--tls-key", cli.key_file));
  if (options.certificate_pem.empty() != options.key_pem.empty()) {
    return InvalidArgument("--tls-cert and --tls-key must be given together");
  }
  options.is_tls = cli.is_tls || !options.ca_pem.empty() || !options.certificate_pem.empty();
  return options;
}

CLI::App* AddCommand(CLI::App& parent, const std::string& name, const std::string& description,
                     const std::string& example) {
  CLI::App* command = parent.add_subcommand(name, description);
  command->footer("Example:\n" + example);
  return command;
}

void OnChosen(CLI::App* command, Cli& cli, std::function<absl::Status(GrpcClient&)> run) {
  std::string what = command->get_name();
  for (const CLI::App* parent = command->get_parent();
       parent != nullptr && parent->get_parent() != nullptr; parent = parent->get_parent()) {
    what = Cat(parent->get_name(), " ", what);
  }
  command->callback([&cli, what, run = std::move(run)] {
    cli.what = what;
    cli.run = [&cli, run]() -> absl::Status {
      ASSIGN_OR_RETURN(const GrpcOptions options, ClientOptions(cli));
      GrpcClient client(options);
      absl::Status status = run(client);
      if (client.is_called()) cli.called = cli.server;
      return status;
    };
  });
}

std::string UnknownCommand(const CLI::App& app) {
  const CLI::App* at = &app;
  std::string path = app.get_name();
  while (!at->get_subcommands().empty()) {
    at = at->get_subcommands().front();
    path += " " + at->get_name();
  }
  const std::vector<std::string> words = app.remaining(/*recurse=*/true);
  const auto commands = at->get_subcommands([](const CLI::App*) { return true; });
  if (words.empty() || commands.empty()) return "";
  std::string text = Cat("there is no command ", Quoted(words.front()), "; `", path, "` takes ");
  for (const CLI::App* command : commands) {
    text += Cat(command == commands.front() ? "" : ", ", command->get_name());
  }
  return text;
}

absl::StatusOr<Preference> ParsePreference(const std::string& text) {
  std::array<double, 3> weights{};
  const char* at = text.data();
  const char* const end = at + text.size();
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const auto [next, error] = std::from_chars(at, end, weights[i]);
    const bool is_last = i + 1 == weights.size();
    const bool is_followed = is_last ? next == end : (next != end && *next == ',');
    if (error != std::errc() || !is_followed) {
      return InvalidArgument("--prefer is ", Quoted(text),
                             "; expected three weights QUALITY,COST,LATENCY such as 0.8,0.2,0");
    }
    at = next + 1;
  }
  const Preference preference{weights[0], weights[1], weights[2]};
  RETURN_IF_ERROR(ValidatePreference(preference));
  return preference;
}

std::string JsonOf(const google::protobuf::Message& message) { return Dumped(ToJson(message)); }

std::string LexiconArgument(const std::string& name) {
  std::error_code error;
  const bool is_file = std::filesystem::is_regular_file(name, error);
  return is_file ? std::filesystem::absolute(name, error).string() : name;
}

}  // namespace pointsman::tools
