// `pointsman arm`: changes the arms of a pool while it serves.
#include <memory>
#include <string>

#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "tools/arm_options.h"
#include "tools/command.h"
#include "tools/output.h"

namespace pointsman::tools {
namespace {

struct Target {
  std::string pool = "default";
  std::string arm;
};

std::shared_ptr<Target> AddTarget(CLI::App* command) {
  auto target = std::make_shared<Target>();
  command->add_option("name", target->arm, "name of the arm")->required();
  command->add_option("--pool", target->pool, "pool of the arm")->capture_default_str();
  return target;
}

std::string Price(bool is_known, double usd) {
  return is_known ? absl::StrFormat("$%g", usd) : "unknown";
}

std::string Shown(const v1::PutArmResponse& response, const std::string& pool) {
  std::string text = Cat("arm ", OneLine(response.arm().name()), " of pool ", OneLine(pool), ": ");
  text += response.created() ? "added" : response.changes().empty() ? "unchanged" : "changed";
  text += "\n";
  for (const auto& change : response.changes()) text += Cat("  ", change, "\n");
  for (const auto& note : response.notes()) text += Cat("note: ", note, "\n");
  return text;
}

enum class PutKind { kAdd, kSet, kPut };

void AddPut(CLI::App& parent, Cli& cli, const std::string& name, const std::string& description,
            const std::string& example, PutKind kind) {
  CLI::App* command = AddCommand(parent, name, description, example);
  auto request = std::make_shared<v1::PutArmRequest>();
  request->set_create_only(kind == PutKind::kAdd);
  request->set_change_only(kind == PutKind::kSet);
  const auto target = AddTarget(command);
  AddArmOptions(command, request, /*can_change=*/kind != PutKind::kAdd);
  OnChosen(command, cli, [target, request, &cli](GrpcClient& client) -> absl::Status {
    request->set_pool(target->pool);
    request->mutable_arm()->set_name(target->arm);
    ASSIGN_OR_RETURN(const v1::PutArmResponse response, client.PutArm(*request));
    Print(cli.is_json ? JsonOf(response) : Shown(response, target->pool));
    return absl::OkStatus();
  });
}

void AddStatus(CLI::App& parent, Cli& cli, const std::string& name, const std::string& description,
               v1::ArmStatus status) {
  CLI::App* command =
      AddCommand(parent, name, description, "  pointsman arm " + name + " gpt-4o-mini");
  const auto target = AddTarget(command);
  OnChosen(command, cli, [target, status, &cli](GrpcClient& client) -> absl::Status {
    v1::PutArmRequest request;
    request.set_pool(target->pool);
    request.set_change_only(true);
    request.mutable_arm()->set_name(target->arm);
    request.mutable_arm()->set_status(status);
    ASSIGN_OR_RETURN(const v1::PutArmResponse response, client.PutArm(request));
    if (cli.is_json) {
      Print(JsonOf(response));
      return absl::OkStatus();
    }
    Print(Cat("arm ", OneLine(response.arm().name()), " of pool ", OneLine(target->pool), " is ",
              response.changes().empty() ? "already " : "", v1::ArmStatus_Name(status), "\n"));
    return absl::OkStatus();
  });
}

void AddRemove(CLI::App& parent, Cli& cli) {
  CLI::App* command =
      AddCommand(parent, "remove", "remove an arm: it is never chosen again; its history stays",
                 "  pointsman arm remove gpt-4o-mini --pool default");
  const auto target = AddTarget(command);
  OnChosen(command, cli, [target, &cli](GrpcClient& client) -> absl::Status {
    v1::RemoveArmRequest request;
    request.set_pool(target->pool);
    request.set_arm(target->arm);
    ASSIGN_OR_RETURN(const v1::RemoveArmResponse response, client.RemoveArm(request));
    Print(cli.is_json ? JsonOf(response)
                      : Cat("removed arm ", target->arm, " of pool ", target->pool, "\n"));
    return absl::OkStatus();
  });
}

template <class List>
std::string Joined(const List& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : ",") + OneLine(word);
  return text;
}

void AddList(CLI::App& parent, Cli& cli) {
  auto request = std::make_shared<v1::ListArmsRequest>();
  auto pool = std::make_shared<std::string>("default");
  auto is_all = std::make_shared<bool>(false);
  CLI::App* command = AddCommand(parent, "list", "show the arms of a pool",
                                 "  pointsman arm list --pool default --all");
  command->add_option("--pool", *pool, "name of the pool")->capture_default_str();
  command->add_flag("--all", *is_all, "include removed arms");
  OnChosen(command, cli, [request, pool, is_all, &cli](GrpcClient& client) -> absl::Status {
    request->set_pool(*pool);
    request->set_include_removed(*is_all);
    ASSIGN_OR_RETURN(const v1::ListArmsResponse response, client.ListArms(*request));
    TextTable table({"arm", "status", "USD/1M in", "USD/1M out", "USD/call", "version", "tags"});
    for (const v1::Arm& arm : response.arms()) {
      const auto status = arm.status() == v1::ARM_STATUS_UNSPECIFIED ? v1::ACTIVE : arm.status();
      table.Add({OneLine(arm.name()), v1::ArmStatus_Name(status),
                 Price(arm.has_usd_per_1m_input(), arm.usd_per_1m_input()),
                 Price(arm.has_usd_per_1m_output(), arm.usd_per_1m_output()),
                 arm.has_usd_per_request() ? Price(true, arm.usd_per_request()) : "-",
                 arm.version().empty() ? "-" : OneLine(arm.version()), Joined(arm.tags())});
    }
    Print(cli.is_json ? JsonOf(response) : table.Text());
    return absl::OkStatus();
  });
}

}  // namespace

void AddArm(CLI::App& app, Cli& cli) {
  CLI::App* arm = AddCommand(app, "arm", "add, change, pause and remove the arms of a pool",
                             "  pointsman arm pause gpt-4o-mini");
  arm->require_subcommand(1);
  AddPut(*arm, cli, "add", "add a new arm",
         "  pointsman arm add gpt-4o-mini --description \"small, fast\" --tag chat "
         "--usd-per-1m-input 0.15 --usd-per-1m-output 0.6",
         PutKind::kAdd);
  AddPut(*arm, cli, "set", "change the given fields of an arm; the others stay as they are",
         "  pointsman arm set gpt-4o-mini --usd-per-1m-input 0.1\n"
         "  pointsman arm set gpt-4o-mini --model-version 2024-07-18 --inherit-from gpt-4o-mini",
         PutKind::kSet);
  AddPut(*arm, cli, "put", "add an arm, or change the given fields of an existing one",
         "  pointsman arm put gpt-4o-mini --usd-per-1m-input 0.15 --usd-per-1m-output 0.6",
         PutKind::kPut);
  AddList(*arm, cli);
  AddStatus(*arm, cli, "pause", "stop choosing an arm until it is resumed", v1::PAUSED);
  AddStatus(*arm, cli, "resume", "let a paused arm be chosen again", v1::ACTIVE);
  AddRemove(*arm, cli);
}

}  // namespace pointsman::tools
