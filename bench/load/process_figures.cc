#include "bench/load/process_figures.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/strings.h"

namespace pointsman::bench {
namespace {

// The number after `key` in a file of lines "key: number"; 0 if it has none.
uint64_t FieldOf(const std::string& path, const std::string& key) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(key)) return std::strtoull(line.c_str() + key.size(), nullptr, 10);
  }
  return 0;
}

}  // namespace

absl::StatusOr<ProcessFigures> ReadProcess(int64_t pid) {
  const std::string folder = "/proc/" + std::to_string(pid);
  std::ifstream file(folder + "/stat");
  std::string stat;
  if (!std::getline(file, stat)) return NotFound("there is no process ", pid, " (--pid)");
  // The name, in parentheses, may contain spaces; user and system time are fields 14 and 15.
  std::istringstream fields(stat.substr(stat.rfind(')') + 1));
  std::string skipped;
  for (int field = 3; field < 14; ++field) fields >> skipped;
  double user = 0, system = 0;
  fields >> user >> system;
  ProcessFigures figures;
  figures.cpu_s = (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
  figures.rss_bytes = FieldOf(folder + "/status", "VmRSS:") << 10;
  std::error_code ignored;  // threads come and go while they are listed
  for (const auto& thread : std::filesystem::directory_iterator(folder + "/task", ignored)) {
    const std::string status = thread.path().string() + "/status";
    figures.switches += FieldOf(status, "voluntary_ctxt_switches:") +
                        FieldOf(status, "nonvoluntary_ctxt_switches:");
    ++figures.threads;
  }
  return figures;
}

}  // namespace pointsman::bench
