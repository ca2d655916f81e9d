// `pointsman backup` and `pointsman restore`.
#include <memory>

#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "evaluation/data/json.h"
#include "storage/api/storage.h"
#include "storage/folder/backup.h"
#include "tools/command.h"
#include "tools/json_text.h"
#include "tools/output.h"
#include "tools/progress_bar.h"

namespace pointsman::tools {
namespace {

using Json = nlohmann::ordered_json;

constexpr int64_t kProgressFrom = 256 << 20;  // bytes
constexpr int64_t kBackupTimeoutMs = 600000;

std::string Megabytes(int64_t bytes) {
  return absl::StrFormat("%.1f MB", static_cast<double>(bytes) / 1e6);
}

absl::Status Restore(const std::string& backup, const std::string& folder, bool is_json) {
  ASSIGN_OR_RETURN(const storage::BackupInfo wanted, storage::CheckBackup(backup));
  ProgressBar bar(is_json);
  const auto restored = storage::RestoreBackup(backup, folder, [&](int64_t bytes) {
    if (wanted.bytes < kProgressFrom) return;
    bar.Show(static_cast<double>(bytes) / static_cast<double>(wanted.bytes), "copying");
  });
  if (!restored.ok()) {
    bar.Leave();
    return restored.status();
  }
  // Opening the log reads back the end of each pool's log.
  ASSIGN_OR_RETURN(const std::unique_ptr<storage::EventLog> log,
                   storage::ReadRocksEventLog(folder));
  ASSIGN_OR_RETURN(const std::vector<Pool> pools, log->ReadPools());
  if (is_json) {
    Json json = {{"folder", folder},
                 {"files", restored->files},
                 {"bytes", restored->bytes},
                 {"pools", Json::array()}};
    for (const Pool& pool : pools) {
      ASSIGN_OR_RETURN(const Sequence last, log->LastSequence(pool.id));
      json["pools"].push_back({{"name", pool.name}, {"last", last}});
    }
    Print(Dumped(json));
    return absl::OkStatus();
  }
  Print(Cat("restored ", restored->files, " files, ", Megabytes(restored->bytes), ", to ", folder,
            "\n"));
  for (const Pool& pool : pools) {
    ASSIGN_OR_RETURN(const Sequence last, log->LastSequence(pool.id));
    Print(Cat("  pool ", pool.name, ": to event ", last, "\n"));
  }
  Print(Cat("start it with: pointsmand --data-dir ", folder, "\n"));
  return absl::OkStatus();
}

}  // namespace

void AddBackup(CLI::App& app, Cli& cli) {
  auto request = std::make_shared<v1::BackupRequest>();
  CLI::App* command = AddCommand(app, "backup", "back up the data folder of a running server",
                                 "  pointsman backup --name before-upgrade\n"
                                 "The server makes the backup in its backup_dir (by default "
                                 "`backups` in the data folder), mostly\n"
                                 "of hard links. Copy it to another machine from there:\n"
                                 "  rsync -a ./data/backups/before-upgrade elsewhere:/backups/");
  command->add_option("--name", *request->mutable_name(),
                      "name of the new folder [the current time]");
  OnChosen(command, cli, [request, &cli](GrpcClient&) -> absl::Status {
    // A backup may take longer than other calls.
    ASSIGN_OR_RETURN(GrpcOptions options, ClientOptions(cli));
    options.deadline_ms = std::max(cli.timeout_ms, kBackupTimeoutMs);
    GrpcClient patient(options);
    cli.called = cli.server;
    ASSIGN_OR_RETURN(const v1::BackupResponse response, patient.Backup(*request));
    Print(cli.is_json ? JsonOf(response)
                      : Cat("backed up ", response.files(), " files, ", Megabytes(response.bytes()),
                            ", to ", response.folder(), "\n"));
    return absl::OkStatus();
  });
}

void AddRestore(CLI::App& app, Cli& cli) {
  auto backup = std::make_shared<std::string>();
  auto folder = std::make_shared<std::string>();
  CLI::App* command =
      AddCommand(app, "restore", "restore a backup into a new data folder",
                 "  pointsman restore ./data/backups/before-upgrade ./data-restored\n"
                 "  pointsmand --data-dir ./data-restored\n"
                 "Exit codes: 0 restored, 3 no such backup, 4 a disk error, 5 the folder is not "
                 "empty, 7 the backup is damaged.");
  command->add_option("backup", *backup, "folder made by `pointsman backup`")->required();
  command->add_option("folder", *folder, "new or empty data folder")->required();
  command->callback([&cli, backup, folder] {
    cli.what = "restore";
    cli.run = [&cli, backup, folder] { return Restore(*backup, *folder, cli.is_json); };
  });
}

}  // namespace pointsman::tools
