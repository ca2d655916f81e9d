// What the subcommands share. Each one adds itself to the parser. Parsing sets `run` to the chosen command,
// and main calls it.
// Threads: one.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "domain/types.h"
#include "tools/grpc_client.h"

namespace google::protobuf {
class Message;
}

namespace pointsman::tools {

struct Cli {
  std::string server = "127.0.0.1:7717";
  std::string token, token_file;  // one of them, or none
  bool is_tls = false;
  std::string ca_file, certificate_file, key_file;
  int64_t timeout_ms = 10000;
  bool is_json = false;

  std::string what;                   // "pool create"; for error messages
  std::string called;                 // the server that was called; empty: none
  std::function<absl::Status()> run;  // empty: no command was chosen
};

// The connection options that the command line asks for. Errors: kNotFound for a file that cannot be read,
// kInvalidArgument for flags that contradict each other.
absl::StatusOr<GrpcOptions> ClientOptions(const Cli& cli);

void AddRoute(CLI::App& app, Cli& cli);
void AddFeedback(CLI::App& app, Cli& cli);
void AddPool(CLI::App& app, Cli& cli);
void AddReembed(CLI::App& pool, Cli& cli);  // `pool reembed`
void AddArm(CLI::App& app, Cli& cli);
void AddStats(CLI::App& app, Cli& cli);
void AddExplain(CLI::App& app, Cli& cli);
void AddProbe(CLI::App& app, Cli& cli);
void AddImport(CLI::App& app, Cli& cli);
void AddToken(CLI::App& app, Cli& cli);
void AddBackup(CLI::App& app, Cli& cli);
void AddRestore(CLI::App& app, Cli& cli);
void AddLog(CLI::App& app, Cli& cli);
void AddVerify(CLI::App& app, Cli& cli);
void AddReplay(CLI::App& app, Cli& cli);
void AddEvaluate(CLI::App& app, Cli& cli);
void AddTrainLexicon(CLI::App& app, Cli& cli);
void AddCompletion(CLI::App& app, Cli& cli);

// A subcommand with its example, run with a client of the server.
CLI::App* AddCommand(CLI::App& parent, const std::string& name, const std::string& description,
                     const std::string& example);
void OnChosen(CLI::App* command, Cli& cli, std::function<absl::Status(GrpcClient&)> run);

// After a failed parse: `there is no command "x"; ...` if a word is in the place of a subcommand, else empty.
// (CLI11 reports only that a subcommand is required.)
std::string UnknownCommand(const CLI::App& app);

// "Q,C,L" as three weights. Errors: kInvalidArgument.
absl::StatusOr<Preference> ParsePreference(const std::string& text);

// The message as JSON (tools/json_text.h), over several lines.
std::string JsonOf(const google::protobuf::Message& message);

// A lexicon named on the command line: the absolute path if such a file exists, else the name of a bundled
// one.
std::string LexiconArgument(const std::string& name);

}  // namespace pointsman::tools
