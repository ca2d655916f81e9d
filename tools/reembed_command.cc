// `pointsman pool reembed`: creates a pool with another embedder, and teaches it what the old one learned.
#include <algorithm>
#include <cstdio>
#include <map>
#include <memory>
#include <set>
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
#include "tools/progress_bar.h"
#include "tools/reembed.h"
#include "tools/replay_options.h"

namespace pointsman {
namespace {

struct Options {
  std::string from, to, prompts;
  EmbedderSettings embedder;
};

// Settings and arms of the old pool, with the new embedder.
absl::StatusOr<v1::PutPoolRequest> NewPool(const Options& options, const v1::Pool& old,
                                           GrpcClient& client) {
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
  embedder = ToProto(settings).embedder();
  if (!options.prompts.empty()) {
    ASSIGN_OR_RETURN(const uint64_t used, FitProjection(options.prompts, embedder));
    std::fputs(Cat("projection fitted to ", used, " prompts\n").c_str(), stderr);
  }
  v1::ListArmsRequest list;
  list.set_pool(options.from);
  ASSIGN_OR_RETURN(const v1::ListArmsResponse arms, client.ListArms(list));
  *request.mutable_arms() = arms.arms();
  return request;
}

// What the old pool learned about the new pool's arms.
absl::StatusOr<OutcomeGatherer> Gather(const v1::Pool& old, const v1::PutPoolRequest& pool,
                                       GrpcClient& client, ProgressBar& bar) {
  const auto last = static_cast<double>(std::max<uint64_t>(1, old.snapshot_version()));
  std::set<std::string> arms;
  for (const v1::Arm& arm : pool.arms()) arms.insert(arm.name());
  OutcomeGatherer gatherer(std::move(arms));
  v1::ListOutcomesRequest request;
  request.set_pool(old.name());
  while (true) {
    ASSIGN_OR_RETURN(const v1::ListOutcomesResponse page, client.ListOutcomes(request));
    gatherer.log_begins_at = page.first_sequence();
    for (const v1::LoggedOutcome& outcome : page.outcomes()) {
      gatherer.Add(outcome);
      bar.Show(std::min(1.0, static_cast<double>(outcome.sequence()) / last), "reading outcomes");
    }
    if (page.next_page_token().empty()) {
      gatherer.LeaveOutWithdrawn();
      return gatherer;
    }
    request.set_page_token(page.next_page_token());
  }
}

absl::Status Run(const Options& options, GrpcClient& client, const Cli& cli) {
  v1::GetPoolRequest get;
  get.set_name(options.from);
  ASSIGN_OR_RETURN(const v1::GetPoolResponse old, client.GetPool(get));
  ASSIGN_OR_RETURN(const v1::PutPoolRequest pool, NewPool(options, old.pool(), client));
  ProgressBar bar(cli.is_json);
  const auto gathered = Gather(old.pool(), pool, client, bar);
  if (!gathered.ok()) {
    bar.Leave();
    return gathered.status();
  }
  RETURN_IF_ERROR(client.PutPool(pool).status());
  ASSIGN_OR_RETURN(const GrpcOptions client_options, ClientOptions(cli));
  GrpcRouter router(client_options);
  ImportTally total{ImportPlan{}};
  std::size_t part = 0;
  for (const auto& [weight, of_weight] : gathered->by_weight()) {
    const std::vector<ImportedQuery>& queries =
        of_weight;  // clang cannot capture a structured binding
    const auto count = static_cast<double>(queries.size());
    const ImportPlan plan{
        options.to, Cat("reembed/", options.from, "/", ++part), queries.size(), weight * count, {}};
    const auto output = router.Import(plan, queries, [&](std::size_t gone) {
      bar.Show(static_cast<double>(gone) / count,
               absl::StrFormat("learning query %d of %d", gone, queries.size()));
    });
    if (!output.ok()) {
      bar.Leave();
      return Located(
          output.status(),
          Cat("pool ", Quoted(options.to),
              " was created and has learned only a part; delete it and run the command again"));
    }
    total.Add(*output);
  }
  if (cli.is_json) {
    nlohmann::ordered_json json = ToJson(ToProto(total.total(), ImportPlan{}));
    json["outcomes_without_text"] = gathered->without_text();
    json["outcomes_of_removed_arms"] = gathered->of_other_arms();
    json["log_begins_at"] = gathered->log_begins_at;
    Print(Dumped(json));
    return absl::OkStatus();
  }
  std::string text = Cat("created pool ", options.to, "; ", total.total().outcomes_learned,
                         " outcomes of ", total.total().queries_learned, " queries learned\n");
  if (gathered->without_text() > 0) {
    text += Cat(gathered->without_text(), " outcomes have no stored text and were left out\n");
  }
  if (gathered->of_other_arms() > 0) {
    text += Cat(gathered->of_other_arms(), " outcomes of removed arms were left out\n");
  }
  if (gathered->log_begins_at > 1) {
    text += Cat("the log of ", options.from, " begins at event ", gathered->log_begins_at,
                "; earlier events were compacted (limits.events_kept)\n");
  }
  Print(text +
        "point your applications at the new pool, then delete the old one with `pointsman pool "
        "delete`\n");
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

}  // namespace pointsman
