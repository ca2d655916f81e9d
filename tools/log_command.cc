// `pointsman log` and `pointsman verify`: print what a data folder or a backup contains, and check that it is
// sound. Both read only the folder, whether or not a server runs on it.
#include <algorithm>
#include <memory>
#include <optional>

#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "engine/inspect/verify.h"
#include "evaluation/data/json.h"
#include "learners/state/learned_state.h"
#include "storage/api/storage.h"
#include "storage/folder/backup.h"
#include "tools/command.h"
#include "tools/event_text.h"
#include "tools/json_text.h"
#include "tools/output.h"
#include "tools/progress_bar.h"

namespace pointsman::tools {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kEventsAtOnce = 1024;
constexpr Sequence kProgressFrom = 50000;  // events; fewer are read too fast for a progress bar

struct LogOptions {
  std::string folder;
  std::string pool;
  Sequence from = 0;
  uint64_t count = 0;
};

// Takes from a snapshot the names of arms whose events are no longer in the log.
absl::Status NoteOldArms(const storage::EventLog& log, PoolId pool, LogContext& context) {
  ASSIGN_OR_RETURN(const std::vector<Sequence> snapshots, log.ListSnapshots(pool));
  for (auto it = snapshots.rbegin(); it != snapshots.rend(); ++it) {
    const auto bytes = log.ReadSnapshot(pool, *it);
    if (!bytes.ok()) continue;
    const auto state = learners::LearnedState::Decode(*bytes);
    if (!state.ok()) continue;
    for (std::size_t i = 0; i < state->arm_count(); ++i) {
      context.NoteName(*state->arm(static_cast<ArmId>(i)));
    }
    return absl::OkStatus();
  }
  return absl::OkStatus();
}

absl::Status PrintPool(const storage::EventLog& log, const Pool& pool, const LogOptions& options,
                       bool is_json) {
  ASSIGN_OR_RETURN(const Sequence first, log.FirstSequence(pool.id));
  ASSIGN_OR_RETURN(const Sequence last, log.LastSequence(pool.id));
  if (!is_json) {
    Print(
        Cat("pool ", pool.name, " (id ", Index(pool.id), "): events ", first, " to ", last, "\n"));
  }
  if (last == 0) return absl::OkStatus();
  LogContext context(first == 1);
  RETURN_IF_ERROR(NoteOldArms(log, pool.id, context));
  Sequence next = first;  // from the start, to know arm names and previous values
  uint64_t printed = 0;
  while (next <= last) {
    ASSIGN_OR_RETURN(const std::vector<Event> events, log.ReadEvents(pool.id, next, kEventsAtOnce));
    if (events.empty()) break;
    for (const Event& event : events) {
      if (event.sequence >= options.from) {
        if (options.count > 0 && printed++ == options.count) return absl::OkStatus();
        Print((is_json ? EventJson(pool.name, event, context) : EventText(event, context)) + "\n");
      }
      context.Note(event);
    }
    next = events.back().sequence + 1;
  }
  return absl::OkStatus();
}

absl::Status PrintLog(const LogOptions& options, bool is_json) {
  ASSIGN_OR_RETURN(const std::unique_ptr<storage::EventLog> log,
                   storage::ReadRocksEventLog(options.folder));
  ASSIGN_OR_RETURN(const std::vector<Pool> pools, log->ReadPools());
  bool is_found = options.pool.empty();
  for (const Pool& pool : pools) {
    if (!options.pool.empty() && pool.name != options.pool) continue;
    is_found = true;
    RETURN_IF_ERROR(PrintPool(*log, pool, options, is_json));
  }
  if (!is_found) {
    return NotFound("there is no pool ", Quoted(options.pool), " in ", options.folder);
  }
  return absl::OkStatus();
}

std::string CheckText(const engine::PoolCheck& check) {
  std::string text = Cat("pool ", check.pool, ": events ", check.first, " to ", check.last);
  text += check.replayed_from == 0 ? ", replayed from the start"
                                   : Cat(", replayed from snapshot ", check.replayed_from);
  text += "\n";
  for (const engine::SnapshotCheck& snapshot : check.snapshots) {
    text += absl::StrFormat("  snapshot %-12d %s\n", snapshot.sequence,
                            !snapshot.fault.empty() ? Cat("WRONG: ", snapshot.fault)
                            : snapshot.is_base      ? "readable; the replay started from it"
                                                    : "matches the log, byte for byte");
  }
  if (!check.fault.empty()) text += Cat("  log                   WRONG: ", check.fault, "\n");
  return text +
         absl::StrFormat("  state at %d: checksum %016x\n", check.replayed_to, check.checksum) +
         (check.records_compared == 0 || !check.is_sound()
              ? ""
              : Cat("  ", check.records_compared,
                    " feedback records rebuilt from the log match the stored ones\n"));
}

Json CheckJson(const engine::PoolCheck& check) {
  Json json = {{"pool", check.pool},
               {"first", check.first},
               {"last", check.last},
               {"replayed_from", check.replayed_from},
               {"replayed_to", check.replayed_to},
               {"records_compared", check.records_compared},
               {"state_checksum", Cat(check.checksum)},
               {"is_sound", check.is_sound()},
               {"fault", check.fault},
               {"snapshots", Json::array()}};
  for (const engine::SnapshotCheck& snapshot : check.snapshots) {
    json["snapshots"].push_back({{"sequence", snapshot.sequence}, {"fault", snapshot.fault}});
  }
  return json;
}

absl::Status Verify(const std::string& folder, bool from_start, bool is_json) {
  if (storage::IsBackup(folder)) RETURN_IF_ERROR(storage::CheckBackup(folder).status());
  ASSIGN_OR_RETURN(const std::unique_ptr<storage::EventLog> log,
                   storage::ReadRocksEventLog(folder));
  ProgressBar bar(is_json);
  const auto show = [&bar](const std::string& pool, Sequence done, Sequence last) {
    if (last < kProgressFrom) return;
    bar.Show(static_cast<double>(done) / static_cast<double>(last), Cat("pool ", pool));
  };
  const auto checks = engine::VerifyLog(*log, {from_start, show});
  if (!checks.ok()) {
    bar.Leave();
    return checks.status();
  }
  bool is_sound = true;
  Json json = Json::array();
  for (const engine::PoolCheck& check : *checks) {
    is_sound = is_sound && check.is_sound();
    if (is_json) json.push_back(CheckJson(check));
    if (!is_json) Print(CheckText(check));
  }
  if (is_json) Print(Dumped(json));
  if (!is_sound) {
    return DataLoss("the data in ", Quoted(folder, 1024),
                    " do not match the log, see above; a snapshot that cannot be read is skipped "
                    "at the next start; if the log itself is wrong, restore a backup");
  }
  if (!is_json) Print(Cat("sound: ", checks->size(), checks->size() == 1 ? " pool\n" : " pools\n"));
  return absl::OkStatus();
}

void OnChosenLocally(CLI::App* command, Cli& cli, std::function<absl::Status()> run) {
  command->callback([command, &cli, run = std::move(run)] {
    cli.what = command->get_name();
    cli.run = run;
  });
}

}  // namespace

void AddLog(CLI::App& app, Cli& cli) {
  auto options = std::make_shared<LogOptions>();
  CLI::App* command = AddCommand(app, "log", "print the events of a data folder or a backup",
                                 "  pointsman log ./data --pool default --from 1000 --count 20\n"
                                 "The server may be running. With --json: one object per line.");
  command->add_option("folder", options->folder, "data folder or backup")->required();
  command->add_option("--pool", options->pool, "only events of this pool");
  command->add_option("--from", options->from, "number of the first event");
  command->add_option("--count", options->count, "most events per pool; 0: all");
  OnChosenLocally(command, cli, [options, &cli] { return PrintLog(*options, cli.is_json); });
}

void AddVerify(CLI::App& app, Cli& cli) {
  auto folder = std::make_shared<std::string>();
  auto from_start = std::make_shared<bool>(false);
  CLI::App* command = AddCommand(
      app, "verify",
      "replay the log of a data folder or a backup and compare it with its snapshots",
      "  pointsman verify ./data\n"
      "The server may be running. The replay starts from the oldest readable snapshot.\n"
      "Exit codes: 0 sound, 7 the data differ from the log, 3 no such folder, 5 another format.");
  command->add_option("folder", *folder, "data folder or backup")->required();
  command->add_flag("--from-start", *from_start,
                    "start from an empty state, which also checks the oldest snapshot; the log "
                    "must begin with event 1");
  OnChosenLocally(command, cli,
                  [folder, from_start, &cli] { return Verify(*folder, *from_start, cli.is_json); });
}

}  // namespace pointsman::tools
