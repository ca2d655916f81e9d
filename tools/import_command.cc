// `pointsman import`: teaches a pool recorded outcomes of its arms, or undoes an import.
#include <algorithm>
#include <cstdio>
#include <memory>
#include <utility>

#include "absl/strings/str_format.h"
#include "base/bytes.h"
#include "base/siphash.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "domain/names.h"
#include "domain/outcome_fields.h"
#include "evaluation/data/dataset_folder.h"
#include "evaluation/data/shuffled.h"
#include "evaluation/replay/warm_start.h"
#include "service/api/convert.h"
#include "tools/command.h"
#include "tools/grpc_router.h"
#include "tools/import_report.h"
#include "tools/output.h"
#include "tools/progress_bar.h"

namespace pointsman::tools {
namespace {

constexpr double kStrength = 50;  // observations, unless the file has fewer outcomes of each arm

struct Options {
  std::string pool = "default";
  std::string file, data;  // the same; one of them
  std::string data_pool;
  evaluation::TableOptions table;
  std::vector<std::string> arms;  // NAME=ARM
  std::size_t queries = 0;
  double strength = 0;  // 0: the default
  uint64_t seed = 1;
  std::string import_id;
  bool is_dry_run = false;
  std::string undo;
};

// The pool's arms by each of their names.
using ArmsByName = std::map<std::string, std::string>;

absl::StatusOr<ArmsByName> ReadArms(const std::string& pool, GrpcClient& client) {
  v1::ListArmsRequest request;
  request.set_pool(pool);
  ASSIGN_OR_RETURN(const v1::ListArmsResponse response, client.ListArms(request));
  ArmsByName arms;
  for (const v1::Arm& arm : response.arms()) {
    for (const std::string& alias : arm.aliases()) arms.try_emplace(NormalName(alias), arm.name());
  }
  for (const v1::Arm& arm : response.arms()) arms[NormalName(arm.name())] = arm.name();
  return arms;
}

std::vector<std::string> NamesOf(const ArmsByName& arms) {
  std::vector<std::string> names;
  for (const auto& [name, arm] : arms) names.push_back(name);
  return names;
}

// --arm NAME=ARM: the file's name for an arm of the pool.
absl::Status AddRenamed(const std::vector<std::string>& renamed, const std::string& pool,
                        ArmsByName& arms) {
  for (const std::string& text : renamed) {
    const std::size_t equals = text.rfind('=');
    if (equals == std::string::npos || equals == 0) {
      return InvalidArgument("--arm is ", Quoted(text), "; expected NAME=ARM");
    }
    const std::string wanted = text.substr(equals + 1);
    const auto arm = arms.find(NormalName(wanted));
    if (arm == arms.end()) {
      const std::string near = NearestName(wanted, NamesOf(arms));
      return WithReason(NotFound("--arm: pool ", Quoted(pool), " has no arm ", Quoted(wanted),
                                 near.empty() ? "" : Cat("; did you mean ", Quoted(near), "?")),
                        reason::kArmUnknown, "arm");
    }
    arms[NormalName(text.substr(0, equals))] = arm->second;
  }
  return absl::OkStatus();
}

absl::StatusOr<evaluation::OutcomeSet> ReadSet(const Options& options, const ArmsByName& arms) {
  evaluation::TableOptions table = options.table;
  for (const auto& [name, arm] : arms) table.known_arms.insert(name);
  return evaluation::ReadOutcomes(options.file.empty() ? options.data : options.file,
                                  options.data_pool, table);
}

// The default import id: it is the same for the same data, chosen and weighed in the same way.
std::string MakeImportId(const Options& options, const evaluation::OutcomeSet& set,
                         const ImportReport& report) {
  std::string id = absl::StrFormat("%s/%s/%d/%g/%d", set.name, set.pool, report.queries_chosen,
                                   report.strength, options.seed);
  if (set.columns.empty()) return id;  // the name of a data folder identifies its content
  ByteWriter bytes;
  for (const evaluation::DatasetQuery& query : set.queries) bytes.PutString(query.text);
  for (const evaluation::SparseOutcome& known : set.outcomes) {
    v1::ImportedOutcome outcome;
    outcome.set_arm(set.arms[known.arm].name);
    FillOutcome(known.outcome, outcome);
    bytes.Put(uint64_t{known.query});
    bytes.PutString(outcome.SerializeAsString());
  }
  return absl::StrFormat("%s/%016x", id, Checksum(bytes.bytes()));
}

void AddHints(const evaluation::OutcomeSet& set, const ArmsByName& arms,
              const std::vector<std::string>& arm_names, ImportReport& report) {
  const std::vector<std::string> names = NamesOf(arms);
  for (std::size_t a = 0; a < set.arms.size(); ++a) {
    if (!arm_names[a].empty()) continue;
    const std::string& model = set.arms[a].name;
    const std::string near = NearestName(NormalName(model), names);
    if (near.empty()) continue;
    report.hints.push_back(Cat("did you mean ", OneLine(near), " by ", OneLine(model), "? `--arm '",
                               OneLine(model), "=", OneLine(near), "'` says so"));
  }
  std::set<std::string> without;
  for (const auto& [name, arm] : arms) without.insert(arm);
  for (const std::string& arm : arm_names) without.erase(arm);
  report.arms_without.assign(without.begin(), without.end());
}

absl::StatusOr<engine::ImportOutput> Send(const engine::ImportPlan& plan,
                                          const evaluation::SparseImport& import, const Cli& cli) {
  ASSIGN_OR_RETURN(const GrpcOptions client_options, ClientOptions(cli));
  GrpcRouter router(client_options);
  ProgressBar bar(cli.is_json);
  const std::size_t total = import.queries.size();
  auto output = router.Import(plan, import.queries, [&](std::size_t gone) {
    bar.Show(static_cast<double>(gone) / static_cast<double>(total),
             absl::StrFormat("query %d of %d", gone, total));
  });
  if (!output.ok()) bar.Leave();
  return output;
}

uint64_t Sum(const std::map<std::string, uint64_t>& counts) {
  uint64_t sum = 0;
  for (const auto& [what, count] : counts) sum += count;
  return sum;
}

// The pool's name for each arm of the set; empty: the pool has no such arm.
std::vector<std::string> JoinArms(const evaluation::OutcomeSet& set, const ArmsByName& arms) {
  std::vector<std::string> names;
  for (const Arm& arm : set.arms) {
    const auto known = arms.find(NormalName(arm.name));
    names.push_back(known == arms.end() ? "" : known->second);
  }
  return names;
}

// What will be learned and what will be left out, before anything is sent.
struct Prepared {
  evaluation::OutcomeSet set;
  evaluation::SparseImport import;
  ImportReport report;
};

absl::StatusOr<Prepared> Prepare(const Options& options, GrpcClient& client) {
  ASSIGN_OR_RETURN(ArmsByName arms, ReadArms(options.pool, client));
  RETURN_IF_ERROR(AddRenamed(options.arms, options.pool, arms));
  Prepared prepared;
  ASSIGN_OR_RETURN(prepared.set, ReadSet(options, arms));
  const evaluation::OutcomeSet& set = prepared.set;
  if (options.queries > set.queries.size()) {
    return InvalidArgument("--queries: ", set.name, " has ", set.queries.size(), " queries, but ",
                           options.queries, " were asked for");
  }
  ImportReport& report = prepared.report;
  report.pool = options.pool;
  report.is_dry_run = options.is_dry_run;
  report.queries_read = set.queries.size();
  report.queries_chosen = options.queries == 0 ? set.queries.size() : options.queries;
  const std::vector<std::string> arm_names = JoinArms(set, arms);
  prepared.import = evaluation::MakeSparseImport(
      set, evaluation::Shuffled(set.queries.size(), report.queries_chosen, options.seed),
      arm_names);
  uint64_t most = 0;
  for (const auto& [arm, count] : prepared.import.outcomes) most = std::max(most, count);
  report.strength =
      options.strength > 0 ? options.strength : std::min(kStrength, static_cast<double>(most));
  report.announced = evaluation::AnnouncedOutcomes(prepared.import.outcomes, report.strength);
  report.import_id =
      options.import_id.empty() ? MakeImportId(options, set, report) : options.import_id;
  report.left_out = set.left_out;
  for (const auto& [why, count] : prepared.import.left_out) report.left_out[why] += count;
  AddHints(set, arms, arm_names, report);
  return prepared;
}

absl::Status Learn(Prepared& prepared, const Cli& cli) {
  ImportReport& report = prepared.report;
  const engine::ImportPlan plan{report.pool, report.import_id, report.queries_chosen,
                                report.strength, report.announced};
  ASSIGN_OR_RETURN(const engine::ImportOutput output, Send(plan, prepared.import, cli));
  report.learned = service::ToProto(output, plan);
  report.learned->set_queries_missing(prepared.import.queries.size() - output.queries_learned -
                                      output.queries_known);
  const uint64_t taken = output.outcomes_learned + output.outcomes_known;
  const uint64_t sent = Sum(prepared.import.outcomes);
  if (taken == sent) return absl::OkStatus();
  return DataLoss("the server accepted only ", taken, " of the ", sent,
                  " outcomes that were sent; run the same command again to send the rest");
}

absl::Status Run(const Options& options, GrpcClient& client, const Cli& cli) {
  ASSIGN_OR_RETURN(Prepared prepared, Prepare(options, client));
  absl::Status status;
  if (prepared.import.queries.empty()) {
    status = FailedPrecondition(
        "nothing in ", Quoted(prepared.set.name, 400), " can be learned by pool ",
        Quoted(options.pool),
        "; outcomes are matched to its arms by name (use `--arm NAME=ARM` for other ",
        "names): ", Sum(prepared.report.left_out), " outcomes were left out, see above");
  } else if (!options.is_dry_run) {
    status = Learn(prepared, cli);
    if (!prepared.report.learned) return status;
  }
  const auto text = cli.is_json ? ImportJson : ImportText;
  Print(text(prepared.set, prepared.import, prepared.report));
  return status;
}

absl::Status Undo(const Options& options, GrpcClient& client, const Cli& cli) {
  v1::UndoImportRequest request;
  request.set_pool(options.pool);
  request.set_import_id(options.undo);
  ASSIGN_OR_RETURN(const v1::UndoImportResponse response, client.UndoImport(request));
  Print(cli.is_json ? JsonOf(response)
                    : Cat("undid import ", OneLine(options.undo), ": ", response.outcomes(),
                          " outcomes of ", response.queries(), " queries are withdrawn from pool ",
                          OneLine(options.pool), "\n"));
  return absl::OkStatus();
}

}  // namespace

void AddImport(CLI::App& app, Cli& cli) {
  auto options = std::make_shared<Options>();
  CLI::App* command = AddCommand(
      app, "import", "teach a pool recorded outcomes of its arms, or undo such an import",
      "  pointsman import deploy/sample/ratings.csv --map score=quality --scale 1..5 --dry-run\n"
      "  pointsman import --pool default --data deploy/sample --queries 200 --strength 50\n"
      "  pointsman import --undo ID\n"
      "\n"
      "A table (CSV, TSV, JSON lines, a JSON list; plain or .gz) has one row per outcome, with "
      "columns\n"
      "  id (or query_id), text (or query, prompt, question), arm (or model), quality, "
      "latency_ms,\n"
      "  cost_usd, input_tokens, output_tokens, first_token_ms, cached_input_tokens, error, "
      "error_kind,\n"
      "  retry_after_ms;\n"
      "or one row per query with a column per arm, named after the arm, that holds its qualities;\n"
      "MODEL.cost_usd, MODEL|cost_usd and the like are its other figures. Empty cells and NaN "
      "mean\n"
      "\"not recorded\"; not every arm needs an outcome for every query. A data folder is as for "
      "`replay`.\n"
      "All outcomes of an arm together count as --strength observations, each one as at most one\n"
      "observation. If the file resembles your traffic, use the number of its queries; otherwise "
      "less.\n"
      "Running the same command again learns nothing twice, and continues an interrupted import\n"
      "(within decision_ttl_s).\n"
      "Exit code 5: nothing in the file could be learned.");
  auto* file = command->add_option("file", options->file, "table or data folder");
  auto* data = command->add_option("--data", options->data, "table or data folder");
  command->add_option("--pool", options->pool, "pool to teach")->capture_default_str();
  command->add_option("--data-pool", options->data_pool,
                      "subset of a data folder's models, named in its pools.json");
  command
      ->add_option("--map", options->table.maps,
                   "COLUMN=FIELD: meaning of a column (repeat); FIELD*NUMBER converts its unit, "
                   "`ignore` skips it")
      ->allow_extra_args(false);
  command->add_option("--scale", options->table.scale,
                      "scale of the qualities: 0..100, 1..5, true/false, thumbs [0..1]");
  command->add_option("--arm", options->arms, "NAME=ARM: the file's name for an arm (repeat)")
      ->allow_extra_args(false);
  command->add_flag("--skip-bad-rows", options->table.skips_bad_rows,
                    "skip and count outcomes with an invalid value");
  command
      ->add_option("--queries", options->queries,
                   "import this many queries, chosen at random; 0: all")
      ->capture_default_str();
  command
      ->add_option("--strength", options->strength,
                   "observations that all imported outcomes of an arm count as [50, or the number "
                   "of outcomes]")
      ->check(CLI::PositiveNumber);
  command->add_option("--seed", options->seed, "seed for the choice and order of queries")
      ->capture_default_str();
  command->add_option("--import-id", options->import_id,
                      "id of the import [derived from the options and the content]");
  command->add_flag("--dry-run", options->is_dry_run,
                    "show what would be learned and left out, and the first rows; learn nothing");
  auto* undo = command->add_option("--undo", options->undo, "undo the import with this id");
  file->excludes(data);
  undo->excludes(file)->excludes(data);
  OnChosen(command, cli, [options, &cli](GrpcClient& client) -> absl::Status {
    if (!options->undo.empty()) return Undo(*options, client, cli);
    if (options->file.empty() && options->data.empty()) {
      return InvalidArgument("give a table or a data folder to import, or --undo ID");
    }
    return Run(*options, client, cli);
  });
}

}  // namespace pointsman::tools
