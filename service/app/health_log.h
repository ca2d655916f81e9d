// Logs what becomes better or worse while a server runs: faults, remote embedders, snapshots.
// Threads: one at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>

#include "engine/inspection_path.h"
#include "service/observe/metrics.h"

namespace spdlog {
class logger;
}

namespace pointsman::service {

class HealthLog {
 public:
  // Both outlive it.
  HealthLog(spdlog::logger& log, const Metrics& metrics) : log_(log), metrics_(metrics) {}

  void LogFaults();
  void LogEngine(const engine::InspectionPath& engine);

 private:
  void LogEmbedders(const engine::InspectionPath& engine);
  void LogSnapshots(const engine::InspectionPath& engine);
  void LogReplica(const engine::InspectionPath& engine);

  spdlog::logger& log_;
  const Metrics& metrics_;
  uint64_t faults_told_ = 0;
  std::chrono::steady_clock::time_point faults_not_before_;
  bool are_snapshots_well_ = true;
  bool follows_ = true;                         // the log that it shares with other replicas
  std::map<std::string, bool> embedders_told_;  // whether each was well
};

}  // namespace pointsman::service
