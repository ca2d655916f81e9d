// `pointsman pool reembed`: creates a pool with another embedder, and teaches it what the old one learned.
#include <algorithm>
#include <cstdio>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "domain/outcome_fields.h"
#include "engine/learn/import.h"
#include "evaluation/data/json.h"
#include "service/api/convert.h"
#include "tools/command.h"
#include "tools/fit_projection.h"
#include "tools/grpc_router.h"
#include "tools/json_text.h"
#include "tools/output.h"
#include "tools/progress_bar.h"
#include "tools/reembed.h"
#include "tools/replay_options.h"

namespace pointsman::tools {
namespace {

struct Options {
  std::string from, to, prompts;
  EmbedderSettings embedder;
};

// The settings of the old pool, with the new embedder.
absl::StatusOr<v1::PutPoolRequest> NewPool(const Options& options, const v1::Pool& old) {
  if (!old.settings().store_query_text()) {
    return FailedPrecondition(
        "pool ", Quoted(options.from),
        " does not store query texts (store_query_text), so there is nothing to embed again; "
        "create a new pool, which starts without learned state");
  }
  v1::PutPoolRequest request;
  request.set_name(options.to);
  request.set_create_only(true);
  *request.mutable_settings() = old.settings();
  PoolSettings settings;
  settings.embedder = options.embedder;
  v1::EmbedderSettings& embedder = *request.mutable_settings()->mutable_embedder();
  embedder = service::ToProto(settings).embedder();
  if (!options.prompts.empty()) {
    ASSIGN_OR_RETURN(const uint64_t used, FitProjection(options.prompts, embedder));
    std::fputs(Cat("projection fitted to ", used, " prompts\n").c_str(), stderr);
  }
  return request;
}

// What the log of the old pool says was learned.
absl::StatusOr<Relearning> Gather(const v1::Pool& old, const std::set<std::string>& living,
                                  GrpcClient& client, ProgressBar& bar, uint64_t& log_begins_at) {
  const auto last = static_cast<double>(std::max<uint64_t>(1, old.snapshot_version()));
  OutcomeGatherer gatherer;
  v1::ListOutcomesRequest request;
  request.set_pool(old.name());
  while (true) {
    ASSIGN_OR_RETURN(const v1::ListOutcomesResponse page, client.ListOutcomes(request));
    log_begins_at = page.first_sequence();
    gatherer.Add(page);
    if (page.outcomes_size() > 0) {
      const auto at = static_cast<double>(page.outcomes(page.outcomes_size() - 1).sequence());
      bar.Show(std::min(1.0, at / last), "reading outcomes");
    }
    if (page.next_page_token().empty()) return gatherer.Finish(living);
    request.set_page_token(page.next_page_token());
  }
}

// The new pool begins with the living arms and, paused, with removed ones that a living one inherited from.
void AddArms(const v1::ListArmsResponse& all, const std::set<std::string>& removed_sources,
             v1::PutPoolRequest& pool) {
  for (const v1::Arm& arm : all.arms()) {
    const bool is_removed = arm.status() == v1::REMOVED;
    if (is_removed && !removed_sources.contains(arm.name())) continue;
    v1::Arm& added = *pool.add_arms();
    added = arm;
    if (!is_removed) continue;
    added.set_status(v1::PAUSED);
    added.clear_aliases();
  }
}

absl::Status StartFresh(const std::string& pool, const v1::LoggedReset& reset, GrpcClient& client) {
  v1::PutArmRequest request;
  request.set_pool(pool);
  request.mutable_arm()->set_name(reset.arm());
  request.set_change_only(true);
  request.set_reset(true);
  request.set_inherit_from(reset.inherit_from());
  request.set_inherit_strength(reset.inherit_strength());
  return client.PutArm(request).status();
}

class Relearner {
 public:
  Relearner(const Options& options, GrpcClient& client, GrpcRouter& router, ProgressBar& bar)
      : options_(options), client_(client), router_(router), bar_(bar) {}

  absl::Status Learn(const Relearning& relearning) {
    for (const RelearnStep& step : relearning.steps) {
      for (const v1::LoggedReset& reset : step.resets) {
        RETURN_IF_ERROR(StartFresh(options_.to, reset, client_));
      }
      for (const auto& [weight, queries] : step.by_weight) {
        RETURN_IF_ERROR(Import(weight, queries));
      }
    }
    for (const std::string& arm : relearning.removed_sources) {
      v1::RemoveArmRequest request;
      request.set_pool(options_.to);
      request.set_arm(arm);
      RETURN_IF_ERROR(client_.RemoveArm(request).status());
    }
    return absl::OkStatus();
  }
  const engine::ImportOutput& total() const { return total_.total(); }

 private:
  absl::Status Import(double weight, const std::vector<engine::ImportedQuery>& queries) {
    const auto count = static_cast<double>(queries.size());
    const engine::ImportPlan plan{options_.to,
                                  Cat("reembed/", options_.from, "/", ++imports_),
                                  queries.size(),
                                  weight * count,
                                  {}};
    ASSIGN_OR_RETURN(const engine::ImportOutput output,
                     router_.Import(plan, queries, [&](std::size_t gone) {
                       bar_.Show(static_cast<double>(gone) / count,
                                 absl::StrFormat("learning query %d of %d", gone, queries.size()));
                     }));
    total_.Add(output);
    return absl::OkStatus();
  }

  const Options& options_;
  GrpcClient& client_;
  GrpcRouter& router_;
  ProgressBar& bar_;
  engine::ImportTally total_{engine::ImportPlan{}};
  std::size_t imports_ = 0;
};

std::string Report(const Options& options, const engine::ImportOutput& total,
                   const Relearning& relearning, uint64_t log_begins_at) {
  std::string text = Cat("created pool ", options.to, "; ", total.outcomes_learned, " outcomes of ",
                         total.queries_learned, " queries learned\n");
  if (relearning.without_text > 0) {
    text += Cat(relearning.without_text, " outcomes have no stored text and were left out\n");
  }
  if (relearning.of_other_arms > 0) {
    text += Cat(relearning.of_other_arms, " outcomes of removed arms were left out\n");
  }
  if (log_begins_at > 1) {
    text += Cat("the log of ", options.from, " begins at event ", log_begins_at,
                "; earlier events were compacted (limits.events_kept)\n");
  }
  return text +
         "point your applications at the new pool, then delete the old one with `pointsman pool "
         "delete`\n";
}

std::string JsonReport(const engine::ImportOutput& total, const Relearning& relearning,
                       uint64_t log_begins_at) {
  nlohmann::ordered_json json = ToJson(service::ToProto(total, engine::ImportPlan{}));
  json["outcomes_without_text"] = relearning.without_text;
  json["outcomes_of_removed_arms"] = relearning.of_other_arms;
  json["log_begins_at"] = log_begins_at;
  return Dumped(json);
}

absl::Status Run(const Options& options, GrpcClient& client, const Cli& cli) {
  v1::GetPoolRequest get;
  get.set_name(options.from);
  ASSIGN_OR_RETURN(const v1::GetPoolResponse old, client.GetPool(get));
  ASSIGN_OR_RETURN(v1::PutPoolRequest pool, NewPool(options, old.pool()));
  v1::ListArmsRequest list;
  list.set_pool(options.from);
  list.set_include_removed(true);
  ASSIGN_OR_RETURN(const v1::ListArmsResponse arms, client.ListArms(list));
  std::set<std::string> living;
  for (const v1::Arm& arm : arms.arms()) {
    if (arm.status() != v1::REMOVED) living.insert(arm.name());
  }
  ProgressBar bar(cli.is_json);
  uint64_t log_begins_at = 0;
  const auto gathered = Gather(old.pool(), living, client, bar, log_begins_at);
  if (!gathered.ok()) {
    bar.Leave();
    return gathered.status();
  }
  AddArms(arms, gathered->removed_sources, pool);
  RETURN_IF_ERROR(client.PutPool(pool).status());
  ASSIGN_OR_RETURN(const GrpcOptions client_options, ClientOptions(cli));
  GrpcRouter router(client_options);
  Relearner relearner(options, client, router, bar);
  if (const absl::Status status = relearner.Learn(*gathered); !status.ok()) {
    bar.Leave();
    return Located(
        status,
        Cat("pool ", Quoted(options.to),
            " was created and has learned only a part; delete it and run the command again"));
  }
  Print(cli.is_json ? JsonReport(relearner.total(), *gathered, log_begins_at)
                    : Report(options, relearner.total(), *gathered, log_begins_at));
  return absl::OkStatus();
}

}  // namespace

void AddReembed(CLI::App& pool, Cli& cli) {
  auto options = std::make_shared<Options>();
  CLI::App* command = AddCommand(
      pool, "reembed", "create a pool with another embedder, and teach it what the old one learned",
      "  pointsman pool reembed default default-2 --lexicon /srv/lexicons/ours.lexicon\n"
      "\n"
      "For pools that store query text. The new pool gets the settings and arms of the old one; "
      "the\n"
      "outcomes in the log are embedded again and learned in order. The old pool is not changed.");
  command->add_option("from", options->from, "name of the existing pool")->required();
  command->add_option("to", options->to, "name of the new pool")->required();
  AddEmbedderOptions(command, options->embedder);
  command->add_option("--fit-projection", options->prompts,
                      "project to the principal components of the prompts in this file");
  OnChosen(command, cli, [options, &cli](GrpcClient& client) {
    options->embedder.lexicon_file = LexiconArgument(options->embedder.lexicon_file);
    return Run(*options, client, cli);
  });
}

}  // namespace pointsman::tools
