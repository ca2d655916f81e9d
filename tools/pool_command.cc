// `pointsman pool`: creates, changes, shows and deletes pools.
#include <iterator>
#include <memory>

#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "domain/arm.h"
#include "evaluation/data/lines.h"
#include "tools/command.h"
#include "tools/fit_projection.h"
#include "tools/output.h"
#include "tools/pool_file.h"
#include "tools/price_table.h"

namespace pointsman::tools {
namespace {

constexpr std::size_t kListedMax = 500;  // arms of a price table, unless it is said which

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
    text += absl::StrFormat("  client weight  at most %g observations per client, arm and hour\n",
                            settings.client_weight_per_hour());
  }
  text += absl::StrFormat("  snapshot    %d\n", pool.snapshot_version());
  return text;
}

// Typical queries, to measure a remote embedder with.
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
  if (trial.tokens_each() == 0) return text + "  it does not report a token count\n";
  text +=
      absl::StrFormat("  %.0f tokens a query in this trial; a million such queries: %.1f M tokens",
                      trial.tokens_each(), trial.tokens_each());
  if (trial.usd_per_1m_tokens() == 0) {
    return text + " (for their cost, give usd_per_1m_tokens in the config)\n";
  }
  return text + absl::StrFormat(", $%.2f\n", trial.usd_per_1m_queries());
}

// Calls the new pool's embedder, if it is a remote one, and prints its figures.
absl::Status TryRemote(GrpcClient& client, const v1::EmbedderSettings& embedder, bool is_json) {
  if (embedder.name() != kRemoteEmbedder || embedder.endpoint().empty()) return absl::OkStatus();
  v1::TryEmbedderRequest request;
  request.set_endpoint(embedder.endpoint());
  for (const char* text : kTrialTexts) request.add_texts(text);
  ASSIGN_OR_RETURN(const v1::TryEmbedderResponse trial, client.TryEmbedder(request));
  if (!is_json) Print(Shown(trial));
  return absl::OkStatus();
}

// A pool whose arms come from a price table or the config of a proxy (tools/price_table.h).
struct FromOptions {
  std::string file;
  std::string prices;
  std::vector<std::string> models;
  std::string qualities;
  double prior_strength = 20;
};

struct PutOptions {
  std::string file;
  FromOptions from;
  std::string name;
  std::string prompts;
  uint32_t projected = 0;
  bool is_pruning = false;
  bool is_dry_run = false;
};

std::string Shown(const v1::PutPoolResponse& response, const PutOptions& options, bool is_put) {
  std::string text;
  if (options.is_dry_run) {
    text = "dry run: nothing is written\n";
  } else {
    const bool is_same = is_put && response.changes().empty();
    text = Cat(response.created() ? "created "
               : is_same          ? "unchanged "
                                  : "changed ",
               Shown(response.pool()));
  }
  // Everything in a new pool is new, so no changes are listed.
  if (is_put && (options.is_dry_run || !response.created())) {
    if (options.is_dry_run && response.changes().empty()) text += "nothing would change\n";
    if (!response.changes().empty()) text += "changes:\n";
    for (const auto& change : response.changes()) text += Cat("  ", change, "\n");
  }
  if (!response.arms_not_named().empty()) {
    text += Cat("arms that are not in the file, ",
                options.is_pruning ? "paused if they were active:" : "not changed:", "\n");
    for (const auto& arm : response.arms_not_named()) text += Cat("  ", OneLine(arm), "\n");
    if (!options.is_pruning) text += "  (--prune pauses them)\n";
  }
  for (const auto& note : response.notes()) text += Cat("note: ", note, "\n");
  return text;
}

absl::StatusOr<v1::PutPoolRequest> RequestFrom(const FromOptions& from, const Cli& cli) {
  ASSIGN_OR_RETURN(const std::string text, evaluation::ReadWholeFile(from.file));
  const bool is_table = from.file.ends_with(".json") || from.file.ends_with(".json.gz");
  std::string prices;
  if (!from.prices.empty()) {
    if (is_table)
      return InvalidArgument("--prices is for the config of a proxy; --from already names a table");
    ASSIGN_OR_RETURN(prices, evaluation::ReadWholeFile(from.prices));
  }
  ListedArms listed;
  ASSIGN_OR_RETURN(listed,
                   is_table ? ArmsOfPriceTable(text, from.file, from.models)
                            : ArmsOfProxyConfig(text, from.file, from.models, prices, from.prices));
  if (from.models.empty() && listed.arms.size() > kListedMax) {
    return InvalidArgument(from.file, " has ", listed.arms.size(),
                           " models; say which of them may be called, for example --models "
                           "gpt-4o,gpt-4o-mini or --models 'openrouter/*'");
  }
  if (!from.qualities.empty()) {
    ASSIGN_OR_RETURN(const std::string csv, evaluation::ReadWholeFile(from.qualities));
    ASSIGN_OR_RETURN(const std::vector<std::string> notes,
                     SetPriorQualities(csv, from.qualities, from.prior_strength, listed.arms));
    listed.notes.insert(listed.notes.end(), notes.begin(), notes.end());
  }
  if (!cli.is_json) {
    for (const std::string& note : listed.notes) Print(Cat("note: ", note, "\n"));
  }
  v1::PutPoolRequest request;
  request.set_name("default");
  for (v1::Arm& arm : listed.arms) *request.add_arms() = std::move(arm);
  return request;
}

absl::Status Put(const PutOptions& options, bool is_create, GrpcClient& client, const Cli& cli) {
  if (options.file.empty() == options.from.file.empty()) {
    return InvalidArgument(
        "give a pool file, or --from with a price table or the config of a proxy");
  }
  v1::PutPoolRequest request;
  ASSIGN_OR_RETURN(
      request, options.file.empty() ? RequestFrom(options.from, cli) : ReadPoolFile(options.file));
  if (options.projected > 0) {
    request.mutable_settings()->mutable_embedder()->set_projected(options.projected);
  }
  if (!options.prompts.empty()) {
    ASSIGN_OR_RETURN(
        const uint64_t used,
        FitProjection(options.prompts, *request.mutable_settings()->mutable_embedder()));
    if (!cli.is_json) Print(Cat("projection fitted to ", used, " prompts\n"));
  }
  if (!options.name.empty()) request.set_name(options.name);
  request.set_create_only(is_create);
  request.set_prune(options.is_pruning);
  request.set_dry_run(options.is_dry_run);
  if (is_create) RETURN_IF_ERROR(TryRemote(client, request.settings().embedder(), cli.is_json));
  ASSIGN_OR_RETURN(const v1::PutPoolResponse response, client.PutPool(request));
  Print(cli.is_json ? JsonOf(response) : Shown(response, options, !is_create));
  return absl::OkStatus();
}

void AddPut(CLI::App& pool, Cli& cli, bool is_create) {
  auto options = std::make_shared<PutOptions>();
  CLI::App* command =
      is_create
          ? AddCommand(pool, "create", "create a pool from a YAML file; fails if the pool exists",
                       "  pointsman pool create deploy/pool.example.yaml\n"
                       "  pointsman pool create --from model_prices_and_context_window.json "
                       "--models gpt-4o,gpt-4o-mini")
          : AddCommand(
                pool, "put",
                "create a pool from a YAML file, or change the existing one as the file says",
                "  pointsman pool put deploy/pool.example.yaml --name staging --dry-run\n"
                "What the file does not mention stays as it is: a paused arm stays paused, and "
                "arms\n"
                "that the file does not name are kept.");
  command->add_option("file", options->file,
                      "name, settings and arms; see deploy/pool.example.yaml");
  FromOptions& from = options->from;
  auto* source = command->add_option(
      "--from", from.file,
      "make arms of LiteLLM's price table (.json) or of a LiteLLM proxy's config (.yaml)");
  command->add_option("--models", from.models, "with --from: names or patterns (*), by commas")
      ->delimiter(',')
      ->needs(source);
  command->add_option("--prices", from.prices, "with --from CONFIG: a price table")->needs(source);
  auto* qualities = command
                        ->add_option("--qualities", from.qualities,
                                     "with --from: a CSV of arm,quality, for example a "
                                     "benchmark's means; they become prior_quality")
                        ->needs(source);
  command
      ->add_option("--prior-strength", from.prior_strength, "outcomes that each quality counts as")
      ->capture_default_str()
      ->needs(qualities);
  command->add_option("--name", options->name, "name of the pool [the file's, or default]");
  command->add_flag("--dry-run", options->is_dry_run, "show what would change, and write nothing");
  if (is_create) {
    command->add_option("--fit-projection", options->prompts,
                        "project to the principal components of the prompts in this file (one per "
                        "line, or .jsonl with `text` or `query`)");
    command->add_option("--projected", options->projected,
                        "dimensions that the learner sees [the file's]");
  } else {
    command->add_flag("--prune", options->is_pruning,
                      "pause active arms that the file does not name");
  }
  OnChosen(command, cli,
           [=, &cli](GrpcClient& client) { return Put(*options, is_create, client, cli); });
}

void AddGet(CLI::App& pool, Cli& cli) {
  auto name = std::make_shared<std::string>("default");
  auto is_yaml = std::make_shared<bool>(false);
  CLI::App* command = AddCommand(pool, "get", "show a pool's settings",
                                 "  pointsman pool get default --json\n"
                                 "  pointsman pool get default --yaml > pool.yaml");
  command->add_option("name", *name, "name of the pool")->capture_default_str();
  command->add_flag("--yaml", *is_yaml, "print settings and arms as a file for `pool put`");
  OnChosen(command, cli, [name, is_yaml, &cli](GrpcClient& client) -> absl::Status {
    if (*is_yaml && cli.is_json) return InvalidArgument("--yaml and --json: choose one");
    v1::GetPoolRequest request;
    request.set_name(*name);
    ASSIGN_OR_RETURN(const v1::GetPoolResponse response, client.GetPool(request));
    if (!*is_yaml) {
      Print(cli.is_json ? JsonOf(response) : Shown(response.pool()));
      return absl::OkStatus();
    }
    v1::ListArmsRequest arms;
    arms.set_pool(*name);
    ASSIGN_OR_RETURN(const v1::ListArmsResponse listed, client.ListArms(arms));
    Print(PoolYaml(response.pool(), {listed.arms().begin(), listed.arms().end()}));
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
  CLI::App* command =
      AddCommand(pool, "delete", "delete a pool and all it has learned, permanently",
                 "  pointsman pool delete staging --yes");
  command->add_option("name", *name, "name of the pool")->required();
  command->add_flag("--yes", *is_sure, "confirm");
  OnChosen(command, cli, [name, is_sure, &cli](GrpcClient& client) -> absl::Status {
    if (!*is_sure) {
      return InvalidArgument("this permanently deletes pool ", Quoted(*name),
                             " and all it has learned; add --yes to confirm");
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
  CLI::App* pool = AddCommand(app, "pool", "create, change, show and delete pools",
                              "  pointsman pool create deploy/pool.example.yaml");
  pool->require_subcommand(1);
  AddPut(*pool, cli, /*is_create=*/true);
  AddPut(*pool, cli, /*is_create=*/false);
  AddGet(*pool, cli);
  AddList(*pool, cli);
  AddDelete(*pool, cli);
  AddReembed(*pool, cli);
}

}  // namespace pointsman::tools
