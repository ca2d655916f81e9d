// `pointsman arm`: the arms of a pool, while it serves.
#include <algorithm>
#include <memory>
#include <vector>

#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "service/engine/requests.h"
#include "tools/command.h"

namespace pointsman {
namespace {

struct Target {
  std::string pool = "default";
  std::string arm;
};

std::shared_ptr<Target> AddTarget(CLI::App* command) {
  auto target = std::make_shared<Target>();
  command->add_option("name", target->arm, "of the arm")->required();
  command->add_option("--pool", target->pool, "its pool")->capture_default_str();
  return target;
}

absl::StatusOr<v1::Arm> FindArm(GrpcClient& client, const Target& target) {
  v1::ListArmsRequest request;
  request.set_pool(target.pool);
  ASSIGN_OR_RETURN(const v1::ListArmsResponse response, client.ListArms(request));
  for (const v1::Arm& arm : response.arms()) {
    if (arm.name() == target.arm) return arm;
  }
  return WithReason(NotFound("pool ", Quoted(target.pool), " has no arm ", Quoted(target.arm)),
                    reason::kArmUnknown);
}

std::string Price(bool is_known, double usd) {
  return is_known ? absl::StrFormat("$%g", usd) : "-";
}

void AddPut(CLI::App& parent, Cli& cli) {
  CLI::App* command =
      AddCommand(parent, "put", "add an arm, or change the named fields of the one there is",
                 "  pointsman arm put gpt-4o-mini --description \"small, fast\" --tag chat "
                 "--usd-per-1m-input 0.15 --usd-per-1m-output 0.6");
  const auto target = AddTarget(command);
  // Each option edits the arm as it stands; those not given leave it as it is.
  auto edits = std::make_shared<std::vector<std::function<void(v1::Arm&)>>>();
  const auto number = [&](const char* flag, void (v1::Arm::*set)(double), const char* help) {
    command->add_option_function<double>(
        flag,
        [edits, set](double value) {
          edits->push_back([set, value](v1::Arm& arm) { (arm.*set)(value); });
        },
        help);
  };
  command->add_option_function<std::string>(
      "--description",
      [edits](const std::string& value) {
        edits->push_back([value](v1::Arm& arm) { arm.set_description(value); });
      },
      "what it is good at; large pools are searched by it");
  command
      ->add_option_function<std::vector<std::string>>(
          "--tag",
          [edits](const std::vector<std::string>& tags) {
            edits->push_back([tags](v1::Arm& arm) {
              arm.clear_tags();
              for (const auto& tag : tags) arm.add_tags(tag);
            });
          },
          "for --require-tag (repeat)")
      ->allow_extra_args(false);
  number("--usd-per-1m-input", &v1::Arm::set_usd_per_1m_input, "price in USD");
  number("--usd-per-1m-output", &v1::Arm::set_usd_per_1m_output, "price in USD");
  number("--prior-quality", &v1::Arm::set_prior_quality, "belief before any outcome, in [0, 1]");
  number("--prior-strength", &v1::Arm::set_prior_strength, "outcomes that belief counts as");
  number("--prior-latency-ms", &v1::Arm::set_prior_latency_ms, "belief before any outcome");
  number("--prior-output-tokens", &v1::Arm::set_prior_output_tokens, "belief before any outcome");
  command->add_option_function<int64_t>(
      "--context-tokens-max",
      [edits](int64_t value) {
        edits->push_back([value](v1::Arm& arm) { arm.set_context_tokens_max(value); });
      },
      "context window; 0: no limit known");
  OnChosen(command, cli, [target, edits, &cli](GrpcClient& client) -> absl::Status {
    v1::PutArmRequest request;
    request.set_pool(target->pool);
    const auto present = FindArm(client, *target);
    if (!present.ok() && ReasonOf(present.status()) != reason::kArmUnknown) {
      return present.status();
    }
    if (present.ok()) *request.mutable_arm() = *present;
    request.mutable_arm()->set_name(target->arm);
    for (const auto& edit : *edits) edit(*request.mutable_arm());
    ASSIGN_OR_RETURN(const v1::PutArmResponse response, client.PutArm(request));
    Print(cli.is_json ? JsonOf(response)
                      : Cat(response.created() ? "added " : "changed ", "arm ", target->arm,
                            " of pool ", target->pool, "\n"));
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
    ASSIGN_OR_RETURN(*request.mutable_arm(), FindArm(client, *target));
    request.mutable_arm()->set_status(status);
    ASSIGN_OR_RETURN(const v1::PutArmResponse response, client.PutArm(request));
    Print(cli.is_json ? JsonOf(response)
                      : Cat("arm ", target->arm, " of pool ", target->pool, " is ",
                            v1::ArmStatus_Name(status), "\n"));
    return absl::OkStatus();
  });
}

void AddRemove(CLI::App& parent, Cli& cli) {
  CLI::App* command = AddCommand(parent, "remove", "never choose it again; its history stays",
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

void AddList(CLI::App& parent, Cli& cli) {
  auto request = std::make_shared<v1::ListArmsRequest>();
  auto pool = std::make_shared<std::string>("default");
  auto is_all = std::make_shared<bool>(false);
  CLI::App* command = AddCommand(parent, "list", "show the arms of a pool",
                                 "  pointsman arm list --pool default --all");
  command->add_option("--pool", *pool, "the pool")->capture_default_str();
  command->add_flag("--all", *is_all, "removed arms too");
  OnChosen(command, cli, [request, pool, is_all, &cli](GrpcClient& client) -> absl::Status {
    request->set_pool(*pool);
    request->set_include_removed(*is_all);
    ASSIGN_OR_RETURN(const v1::ListArmsResponse response, client.ListArms(*request));
    TextTable table({"arm", "status", "USD/1M in", "USD/1M out", "tags"});
    for (const v1::Arm& arm : response.arms()) {
      std::string tags;
      for (const auto& tag : arm.tags()) tags += (tags.empty() ? "" : ",") + tag;
      const auto status = arm.status() == v1::ARM_STATUS_UNSPECIFIED ? v1::ACTIVE : arm.status();
      table.Add({arm.name(), v1::ArmStatus_Name(status),
                 Price(arm.has_usd_per_1m_input(), arm.usd_per_1m_input()),
                 Price(arm.has_usd_per_1m_output(), arm.usd_per_1m_output()), tags});
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
  AddPut(*arm, cli);
  AddList(*arm, cli);
  AddStatus(*arm, cli, "pause", "no candidate until it is resumed", v1::PAUSED);
  AddStatus(*arm, cli, "resume", "a candidate again", v1::ACTIVE);
  AddRemove(*arm, cli);
}

}  // namespace pointsman
