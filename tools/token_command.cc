// `pointsman token create`, `list` and `revoke`: edit the file of tokens that a server reads.
#include <algorithm>
#include <ctime>
#include <filesystem>
#include <memory>

#include "absl/strings/str_split.h"
#include "base/clock.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "evaluation/data/json.h"
#include "service/access/tokens_file.h"
#include "tools/command.h"
#include "tools/json_text.h"
#include "tools/output.h"

namespace pointsman::tools {
namespace {

using Json = nlohmann::ordered_json;

constexpr char kFile[] = "tokens.yaml";
constexpr Micros kDay = 86400 * kMicrosPerSecond;

struct NewTokenOptions {
  std::string name;
  std::string scopes;
  std::string pools = "default";
  std::string file = kFile;
  int64_t expires_days = 0;
};

// A list as a flag's value: "a,b".
std::vector<std::string> Split(const std::string& list) {
  return absl::StrSplit(list, ',', absl::SkipEmpty());
}

absl::Status Fill(const NewTokenOptions& options, service::TokenEntry& entry) {
  for (const std::string& name : Split(options.scopes)) {
    const auto scope = service::ScopeOf(name);
    if (!scope) {
      return InvalidArgument("--scopes: expected route, feedback, read, admin or metrics, got ",
                             Quoted(name));
    }
    entry.scopes = static_cast<uint8_t>(entry.scopes | static_cast<uint8_t>(*scope));
  }
  if (entry.scopes == 0) return InvalidArgument("--scopes must name at least one scope");
  entry.pools = Split(options.pools);
  if (options.expires_days > 0) {
    // The file has whole days in UTC; the last day counts in full.
    entry.expires = (SystemClock().Now() / kDay + options.expires_days + 1) * kDay;
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<service::TokenEntry>> Present(const std::string& file) {
  std::error_code error;
  if (!std::filesystem::exists(file, error)) return std::vector<service::TokenEntry>();
  return service::LoadTokens(file);
}

std::vector<std::string> ScopesOf(const service::TokenEntry& token) {
  std::vector<std::string> scopes;
  for (const service::Scope scope : service::kAllScopes) {
    if (token.Has(scope)) scopes.emplace_back(service::ScopeName(scope));
  }
  return scopes;
}

// `expires_unix_ms`: 0, never.
Json EntryJson(const service::TokenEntry& token) {
  return {{"name", token.name},
          {"scopes", ScopesOf(token)},
          {"pools", token.pools},
          {"expires_unix_ms", token.expires ? *token.expires / kMicrosPerMs : 0}};
}

absl::Status Create(const NewTokenOptions& options, bool is_json) {
  ASSIGN_OR_RETURN(service::NewToken made, service::MakeToken(options.name));
  RETURN_IF_ERROR(Fill(options, made.entry));
  ASSIGN_OR_RETURN(std::vector<service::TokenEntry> tokens, Present(options.file));
  for (const service::TokenEntry& token : tokens) {
    if (token.name != options.name) continue;
    return absl::AlreadyExistsError(
        Cat(options.file, " has a token named ", options.name,
            "; choose another name, and revoke the old token when it is no longer in use"));
  }
  tokens.push_back(made.entry);
  RETURN_IF_ERROR(service::SaveTokens(options.file, tokens));
  if (is_json) {
    Json json = EntryJson(made.entry);
    json["token"] = made.token;
    json["file"] = options.file;
    Print(Dumped(json));
    return absl::OkStatus();
  }
  Print(Cat(made.token, "\n"));
  std::fflush(stdout);
  // On stderr, so that `TOKEN=$(pointsman token create ...)` captures only the token.
  std::fputs(Cat("This token is shown only once. ", options.file,
                 " contains its hash; a server whose config names that file (tokens_file) accepts "
                 "the token within a second.\n")
                 .c_str(),
             stderr);
  return absl::OkStatus();
}

absl::Status List(const std::string& file, bool is_json) {
  ASSIGN_OR_RETURN(const std::vector<service::TokenEntry> tokens, service::LoadTokens(file));
  const Micros now = SystemClock().Now();
  if (is_json) {
    Json json = {{"tokens", Json::array()}};
    for (const service::TokenEntry& token : tokens) json["tokens"].push_back(EntryJson(token));
    Print(Dumped(json));
    return absl::OkStatus();
  }
  TextTable table({"name", "scopes", "pools", "expires"});
  for (const service::TokenEntry& token : tokens) {
    std::string scopes, pools;
    for (const std::string& scope : ScopesOf(token)) {
      scopes += Cat(scopes.empty() ? "" : ",", scope);
    }
    for (const std::string& pool : token.pools) pools += Cat(pools.empty() ? "" : ",", pool);
    std::string expires = token.expires ? service::DayText(*token.expires) : "never";
    if (token.expires && now >= *token.expires) expires += " (expired)";
    table.Add({token.name, scopes, pools, expires});
  }
  Print(table.Text());
  return absl::OkStatus();
}

absl::Status Revoke(const std::string& file, const std::string& name, bool is_json) {
  ASSIGN_OR_RETURN(std::vector<service::TokenEntry> tokens, service::LoadTokens(file));
  const auto removed =
      std::erase_if(tokens, [&](const service::TokenEntry& t) { return t.name == name; });
  if (removed == 0) return NotFound(file, " has no token named ", Quoted(name));
  RETURN_IF_ERROR(service::SaveTokens(file, tokens));
  if (is_json) {
    Print(Dumped(Json{{"revoked", name}, {"file", file}}));
    return absl::OkStatus();
  }
  Print(Cat("revoked ", name, ": a server that reads ", file, " refuses it within a second\n"));
  return absl::OkStatus();
}

}  // namespace

void AddToken(CLI::App& app, Cli& cli) {
  CLI::App* token = app.add_subcommand("token", "manage the access tokens of clients");
  token->require_subcommand(1);

  auto options = std::make_shared<NewTokenOptions>();
  CLI::App* create = AddCommand(
      *token, "create", "make a token, print it once, and add its hash to a file",
      "  pointsman token create app --scopes route,feedback --pools default --file tokens.yaml\n"
      "Scopes: route (Route, RouteBatch), feedback (Feedback, FeedbackBatch), admin (all calls "
      "about\n"
      "pools and arms; with --pools '*', also those about the whole server), metrics (/metrics of "
      "the admin port).");
  create
      ->add_option("name", options->name, "name of the token, shown in errors and by `token list`")
      ->required();
  create
      ->add_option("--scopes", options->scopes,
                   "scopes, separated by commas: route, feedback, read, admin, metrics")
      ->required();
  create
      ->add_option("--pools", options->pools,
                   "names of pools, separated by commas, or '*' for every pool")
      ->capture_default_str();
  create
      ->add_option("--expires-days", options->expires_days, "days until the token expires [never]")
      ->check(CLI::PositiveNumber);
  create->add_option("--file", options->file, "tokens file; created if it is missing")
      ->capture_default_str();
  OnChosen(create, cli, [options, &cli](GrpcClient&) { return Create(*options, cli.is_json); });

  auto file = std::make_shared<std::string>(kFile);
  CLI::App* list = AddCommand(*token, "list", "list the tokens in a file, without their secrets",
                              "  pointsman token list --file tokens.yaml");
  list->add_option("--file", *file, "tokens file")->capture_default_str();
  OnChosen(list, cli, [file, &cli](GrpcClient&) { return List(*file, cli.is_json); });

  auto name = std::make_shared<std::string>();
  CLI::App* revoke = AddCommand(*token, "revoke", "revoke a token",
                                "  pointsman token revoke app --file tokens.yaml");
  revoke->add_option("name", *name, "name of the token")->required();
  revoke->add_option("--file", *file, "tokens file")->capture_default_str();
  OnChosen(revoke, cli,
           [file, name, &cli](GrpcClient&) { return Revoke(*file, *name, cli.is_json); });
}

}  // namespace pointsman::tools
