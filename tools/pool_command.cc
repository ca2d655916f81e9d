// `pointsman pool`: make, change, show and forget pools.
#include <iterator>
#include <memory>

#include "absl/strings/str_format.h"
#include "base/arm.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "tools/command.h"
#include "tools/fit_projection.h"
#include "tools/pool_file.h"

namespace pointsman {
namespace {

std::string Shown(const v1::Pool& pool) {
  const auto& settings = pool.settings();
  const auto& w = settings.default_preference();
  std::string text = Cat("pool ", pool.name(), "\n");
  text += absl::StrFormat("  arms        %d active, %d paused\n", pool.arms_active(),
                          pool.arms_paused());
  text += absl::StrFormat("  learner     %s, exploration %s, floor %g\n",
                          settings.learner().quality_model(), settings.learner().exploration(),
                          settings.learner().exploration_floor());
  const auto& embedder = settings.embedder();
  text += Cat("  embedder    ", embedder.name());
  if (!embedder.lexicon_file().empty()) text += Cat(" ", embedder.lexicon_file());
  if (!embedder.endpoint().empty()) text += Cat(" ", embedder.endpoint(), ", ", embedder.model());
  text += absl::StrFormat(", %d dimensions", embedder.dimension());
  if (embedder.sketch_weight() > 0) {
    text += absl::StrFormat(" and a sketch of weight %g", embedder.sketch_weight());
  }
  text +=
      absl::StrFormat(", %s %d\n", embedder.projection_is_fitted() ? "fitted to" : "projected to",
                      embedder.projected());
  if (!pool.problem().empty()) text += Cat("  problem     ", pool.problem(), "\n");
  text += absl::StrFormat("  preference  quality %g, cost %g, latency %g (default)\n", w.quality(),
                          w.cost(), w.latency());
  text += absl::StrFormat("  scales      $%g, %g ms\n", settings.cost_scale_usd(),
                          settings.latency_scale_ms());
  if (settings.client_weight_per_hour() > 0) {
    text +=
        absl::StrFormat("  feedback    of one client: %g observations an arm and hour, at most\n",
                        settings.client_weight_per_hour());
  }
  text += absl::StrFormat("  snapshot    %d\n", pool.snapshot_version());
  return text;
}

// Queries as people ask them, to see what a remote embedder makes of their like.
constexpr const char* kTrialTexts[] = {
    "What is the capital of Australia, and why is it not Sydney?",
    "Fix the off-by-one error in this loop: for (int i = 0; i <= n; ++i) total += prices[i];",
    "Our checkout page shows 502 since this morning. The load balancer's log says that the "
    "upstream closed the connection before the response header was complete. Where do I look "
    "first?",
    "Summarise the following minutes in five sentences, name who has to do what, and keep the "
    "dates.",
    "A tank is filled by two pipes in 3 and 5 hours, and emptied by a third in 4. How long does it "
    "take to fill it with all three open? Show each step, and check the result at the end.",
    "Translate into German, informal: see you at the station at half past nine, bring an umbrella!",
    "Write a SQL query that lists each customer's most expensive order of the last quarter.",
    "Is it safe to take ibuprofen together with a blood pressure tablet? I am 67.",
};

std::string Shown(const v1::TryEmbedderResponse& trial) {
  std::string text = absl::StrFormat(
      "embedder %s (%s): %d dimensions; %.1f ms for one text, %.1f ms each for %d together\n",
      trial.endpoint(), trial.model(), trial.dimension(), trial.latency_ms(), trial.batch_ms_each(),
      std::size(kTrialTexts));
  if (trial.tokens_each() == 0) return text + "  it does not say how many tokens it counts\n";
  text +=
      absl::StrFormat("  %.0f tokens a query in this trial; a million such queries: %.1f M tokens",
                      trial.tokens_each(), trial.tokens_each());
  if (trial.usd_per_1m_tokens() == 0) {
    return text + " (for their cost, give usd_per_1m_tokens in the config)\n";
  }
  return text + absl::StrFormat(", $%.2f\n", trial.usd_per_1m_queries());
}

// Calls the embedder that a new pool wants, if it is a remote one, and says how it did.
absl::Status TryRemote(GrpcClient& client, const v1::EmbedderSettings& embedder, bool is_json) {
  if (embedder.name() != kRemoteEmbedder || embedder.endpoint().empty()) return absl::OkStatus();
  v1::TryEmbedderRequest request;
  request.set_endpoint(embedder.endpoint());
  for (const char* text : kTrialTexts) request.add_texts(text);
  ASSIGN_OR_RETURN(const v1::TryEmbedderResponse trial, client.TryEmbedder(request));
  if (!is_json) Print(Shown(trial));
  return absl::OkStatus();
}

void AddPut(CLI::App& pool, Cli& cli, bool is_create) {
  auto file = std::make_shared<std::string>();
  auto name = std::make_shared<std::string>();
  CLI::App* command =
      is_create
          ? AddCommand(pool, "create", "make a pool from a YAML file; it must be new",
                       "  pointsman pool create deploy/pool.example.yaml")
          : AddCommand(pool, "put", "make a pool from a YAML file, or change the one there is",
                       "  pointsman pool put deploy/pool.example.yaml --name staging");
  command->add_option("file", *file, "name, settings and arms; see deploy/pool.example.yaml")
      ->required();
  command->add_option("--name", *name, "another name than the file's");
  auto prompts = std::make_shared<std::string>();
  auto projected = std::make_shared<uint32_t>(0);
  if (is_create) {
    command->add_option("--fit-projection", *prompts,
                        "project to the principal components of the prompts in this file (a line "
                        "each, or .jsonl with `text` or `query`)");
    command->add_option("--projected", *projected,
                        "dimensions that the learner sees, over the file's");
  }
  OnChosen(command, cli, [=, &cli](GrpcClient& client) -> absl::Status {
    ASSIGN_OR_RETURN(v1::PutPoolRequest request, ReadPoolFile(*file));
    v1::EmbedderSettings& embedder = *request.mutable_settings()->mutable_embedder();
    if (*projected > 0) embedder.set_projected(*projected);
    if (!prompts->empty()) {
      ASSIGN_OR_RETURN(const uint64_t used, FitProjection(*prompts, embedder));
      if (!cli.is_json) Print(Cat("projection fitted to ", used, " prompts\n"));
    }
    if (!name->empty()) request.set_name(*name);
    request.set_create_only(is_create);
    if (is_create) RETURN_IF_ERROR(TryRemote(client, request.settings().embedder(), cli.is_json));
    ASSIGN_OR_RETURN(const v1::PutPoolResponse response, client.PutPool(request));
    if (cli.is_json) {
      Print(JsonOf(response));
      return absl::OkStatus();
    }
    Print(Cat(response.created() ? "created " : "changed ", Shown(response.pool())));
    return absl::OkStatus();
  });
}

void AddGet(CLI::App& pool, Cli& cli) {
  auto name = std::make_shared<std::string>("default");
  CLI::App* command =
      AddCommand(pool, "get", "show a pool's settings", "  pointsman pool get default --json");
  command->add_option("name", *name, "of the pool")->capture_default_str();
  OnChosen(command, cli, [name, &cli](GrpcClient& client) -> absl::Status {
    v1::GetPoolRequest request;
    request.set_name(*name);
    ASSIGN_OR_RETURN(const v1::GetPoolResponse response, client.GetPool(request));
    Print(cli.is_json ? JsonOf(response) : Shown(response.pool()));
    return absl::OkStatus();
  });
}

void AddList(CLI::App& pool, Cli& cli) {
  CLI::App* command = AddCommand(pool, "list", "show all pools", "  pointsman pool list");
  OnChosen(command, cli, [&cli](GrpcClient& client) -> absl::Status {
    ASSIGN_OR_RETURN(const v1::ListPoolsResponse response, client.ListPools({}));
    TextTable table({"pool", "active", "paused", "learner", "exploration", "snapshot"});
    for (const auto& item : response.pools()) {
      table.Add({item.name(), Cat(item.arms_active()), Cat(item.arms_paused()),
                 item.settings().learner().quality_model(), item.settings().learner().exploration(),
                 Cat(item.snapshot_version())});
    }
    Print(cli.is_json ? JsonOf(response) : table.Text());
    return absl::OkStatus();
  });
}

void AddDelete(CLI::App& pool, Cli& cli) {
  auto name = std::make_shared<std::string>();
  auto is_sure = std::make_shared<bool>(false);
  CLI::App* command = AddCommand(pool, "delete", "forget a pool and all it learned, for good",
                                 "  pointsman pool delete staging --yes");
  command->add_option("name", *name, "of the pool")->required();
  command->add_flag("--yes", *is_sure, "really");
  OnChosen(command, cli, [name, is_sure, &cli](GrpcClient& client) -> absl::Status {
    if (!*is_sure) {
      return InvalidArgument("this forgets pool ", Quoted(*name),
                             " and all it learned, for good; add --yes if you mean it");
    }
    v1::DeletePoolRequest request;
    request.set_name(*name);
    ASSIGN_OR_RETURN(const v1::DeletePoolResponse response, client.DeletePool(request));
    Print(cli.is_json ? JsonOf(response) : Cat("deleted pool ", *name, "\n"));
    return absl::OkStatus();
  });
}

}  // namespace

void AddPool(CLI::App& app, Cli& cli) {
  CLI::App* pool = AddCommand(app, "pool", "make, change, show and forget pools",
                              "  pointsman pool create deploy/pool.example.yaml");
  pool->require_subcommand(1);
  AddPut(*pool, cli, /*is_create=*/true);
  AddPut(*pool, cli, /*is_create=*/false);
  AddGet(*pool, cli);
  AddList(*pool, cli);
  AddDelete(*pool, cli);
  AddReembed(*pool, cli);
}

}  // namespace pointsman
