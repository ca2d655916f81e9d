// `pointsman import`: teaches a pool what a benchmark knows of its arms.
#include <algorithm>
#include <cstdio>
#include <memory>
#include <set>

#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "evaluation/dataset.h"
#include "evaluation/warm_start.h"
#include "service/convert.h"
#include "tools/command.h"
#include "tools/grpc_router.h"
#include "tools/progress_bar.h"

namespace pointsman {
namespace {

struct Options {
  std::string pool = "default";
  std::string data;
  std::string data_pool;
  std::size_t queries = 0;
  double strength = 0;
  uint64_t seed = 1;
  std::string import_id;
};

// Which arms of the set the pool has; says which it has not.
absl::StatusOr<std::vector<bool>> Wanted(const Dataset& dataset, const std::string& pool,
                                         GrpcClient& client) {
  v1::ListArmsRequest request;
  request.set_pool(pool);
  ASSIGN_OR_RETURN(const v1::ListArmsResponse response, client.ListArms(request));
  std::set<std::string> names;
  for (const v1::Arm& arm : response.arms()) names.insert(arm.name());
  std::vector<bool> is_wanted;
  std::string missing;
  for (const Arm& arm : dataset.arms) {
    is_wanted.push_back(names.count(arm.name) > 0);
    if (!is_wanted.back()) missing += Cat(missing.empty() ? "" : ", ", arm.name);
  }
  if (std::count(is_wanted.begin(), is_wanted.end(), true) == 0) {
    return FailedPrecondition("pool ", Quoted(pool), " has none of the arms of ", dataset.name,
                              " (", Quoted(missing, 400), "); outcomes are joined to arms by name");
  }
  if (!missing.empty()) {
    std::fputs(Cat("left out, since the pool has no such arm: ", missing, "\n").c_str(), stderr);
  }
  return is_wanted;
}

std::string Text(const ImportOutput& output) {
  std::string text = absl::StrFormat(
      "%d queries learned, %d known before; %d outcomes learned, %d known before\n",
      output.queries_learned, output.queries_known, output.outcomes_learned, output.outcomes_known);
  TextTable table({"arm", "learned", "known", "weight of each"});
  for (const auto& [name, arm] : output.arms) {
    table.Add({name, Cat(arm.learned), Cat(arm.known), absl::StrFormat("%.4g", arm.weight)});
  }
  return text + table.Text();
}

absl::Status Run(Options options, GrpcClient& client, const Cli& cli) {
  ASSIGN_OR_RETURN(const Dataset dataset, LoadDataset(options.data, options.data_pool));
  if (options.queries == 0) options.queries = dataset.queries.size();
  if (options.queries > dataset.queries.size()) {
    return InvalidArgument("--queries: ", dataset.name, " has ", dataset.queries.size(),
                           " queries with an outcome of every arm, ", options.queries,
                           " were asked");
  }
  if (options.import_id.empty()) {
    options.import_id = absl::StrFormat("%s/%s/%d/%g/%d", dataset.name, dataset.pool,
                                        options.queries, options.strength, options.seed);
  }
  ASSIGN_OR_RETURN(const std::vector<bool> is_wanted, Wanted(dataset, options.pool, client));
  const auto order = ShuffledQueries(dataset.queries.size(), options.queries, options.seed);
  const std::vector<ImportedQuery> queries = MakeImport(dataset, order, is_wanted);
  const ImportPlan plan{options.pool, options.import_id, queries.size(), options.strength, {}};

  ASSIGN_OR_RETURN(const GrpcOptions client_options, ClientOptions(cli));
  GrpcRouter router(client_options);
  ProgressBar bar;
  const auto output = router.Import(plan, queries, [&](std::size_t gone) {
    bar.Show(static_cast<double>(gone) / static_cast<double>(queries.size()),
             absl::StrFormat("query %d of %d", gone, queries.size()));
  });
  if (!output.ok()) {
    bar.Leave();
    return output.status();
  }
  Print(cli.is_json ? JsonOf(ToProto(*output, plan)) : Text(*output));
  return absl::OkStatus();
}

}  // namespace

void AddImport(CLI::App& app, Cli& cli) {
  auto options = std::make_shared<Options>();
  CLI::App* command = AddCommand(
      app, "import", "teach a pool what a benchmark knows of its arms",
      "  pointsman import --pool default --data deploy/sample --queries 200 --strength 50\n"
      "\nA data folder is as for `replay`; its models are joined to the pool's arms by name. "
      "Every\n"
      "arm's imported outcomes count as --strength observations together: as many as there are\n"
      "queries if the benchmark is like your traffic, fewer if it is not. The same command again\n"
      "learns nothing twice, and goes on where a broken one ended (within decision_ttl_s).");
  command->add_option("--pool", options->pool, "the pool to teach")->capture_default_str();
  command->add_option("--data", options->data, "the data folder")->required();
  command->add_option("--data-pool", options->data_pool,
                      "a subset of its models, named in its pools.json");
  command->add_option("--queries", options->queries, "a random so many of its queries; 0: all")
      ->capture_default_str();
  command
      ->add_option("--strength", options->strength,
                   "observations that an arm's imported outcomes count as together")
      ->required()
      ->check(CLI::PositiveNumber);
  command->add_option("--seed", options->seed, "of the choice of queries")->capture_default_str();
  command->add_option("--import-id", options->import_id,
                      "names the import; empty: made of the other options");
  OnChosen(command, cli,
           [options, &cli](GrpcClient& client) { return Run(*options, client, cli); });
}

}  // namespace pointsman
