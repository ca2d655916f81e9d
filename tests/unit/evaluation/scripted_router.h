// A router that chooses by a script and records the calls it gets.
// Threads: one caller.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "evaluation/replay/router_client.h"

namespace pointsman::evaluation {

// The calls of all clients of a test, in order.
struct Transcript {
  std::vector<std::string> calls;  // "route <decision> <query>", "feedback <decision>", ...
  std::vector<engine::FeedbackInput> feedback;
  std::vector<engine::RouteInput> routes;
  std::vector<std::pair<PoolSettings, std::vector<Arm>>> pools;
  std::vector<std::pair<engine::ImportPlan, std::vector<engine::ImportedQuery>>> imports;
};

class ScriptedRouter final : public RouterClient {
 public:
  // Round t of a seed is answered with script[t % size].
  ScriptedRouter(std::vector<std::string> script, Transcript& transcript)
      : script_(std::move(script)), transcript_(transcript) {}

  absl::Status PutPool(const std::string& name, const PoolSettings& settings,
                       const std::vector<Arm>& arms) override {
    transcript_.calls.push_back("put " + name);
    transcript_.pools.push_back({settings, arms});
    if (!pools_.insert(name).second) return absl::AlreadyExistsError("there is one");
    return absl::OkStatus();
  }
  absl::StatusOr<engine::RouteOutput> Route(const engine::RouteInput& input) override {
    transcript_.calls.push_back("route " + input.decision_id);
    transcript_.routes.push_back(input);
    if (fail_at == transcript_.routes.size()) return absl::UnavailableError("gone");
    engine::RouteOutput output;
    output.decision_id = input.decision_id;
    output.arm = script_[next_++ % script_.size()];
    output.propensity = 1;
    return output;
  }
  absl::StatusOr<engine::FeedbackOutput> Feedback(const engine::FeedbackInput& input) override {
    transcript_.calls.push_back("feedback " + input.decision_id);
    transcript_.feedback.push_back(input);
    return engine::FeedbackOutput{};
  }
  absl::Status PutArm(const std::string& pool, const Arm& arm) override {
    transcript_.calls.push_back("arm " + pool + " " + arm.name);
    return absl::OkStatus();
  }
  absl::StatusOr<engine::ImportOutput> Import(const engine::ImportPlan& plan,
                                              std::span<const engine::ImportedQuery> queries,
                                              const std::function<void(std::size_t)>&) override {
    transcript_.calls.push_back("import " + plan.pool);
    transcript_.imports.push_back({plan, {queries.begin(), queries.end()}});
    return engine::ImportOutput{};
  }
  absl::Status DeletePool(const std::string& name) override {
    transcript_.calls.push_back("delete " + name);
    return pools_.erase(name) > 0 ? absl::OkStatus() : absl::NotFoundError("no such pool");
  }
  absl::Status EndRound(Micros length) override {
    time += length;
    return absl::OkStatus();
  }

  std::size_t fail_at = 0;  // this call of Route fails, counted from 1
  Micros time = 0;

 private:
  const std::vector<std::string> script_;
  Transcript& transcript_;
  std::set<std::string> pools_;
  std::size_t next_ = 0;
};

}  // namespace pointsman::evaluation
