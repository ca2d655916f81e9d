#include "bench/load/fill.h"

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "base/status_macros.h"
#include "base/strings.h"

namespace pointsman::bench {
namespace {

constexpr std::size_t kArmsAtOnce = 2000;
constexpr std::size_t kBatch = 64;
constexpr std::chrono::seconds kDeadline{60};

template <class Stub, class Method, class Request, class Response>
absl::Status Ask(Stub& stub, Method method, const Request& request, Response& response) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kDeadline);
  const grpc::Status status = (stub.*method)(&context, request, &response);
  if (status.ok()) return absl::OkStatus();
  return absl::Status(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
}

absl::Status MakePool(Connection& connection, const Workload& workload, const FillPlan& plan,
                      const std::function<void(double, const std::string&)>& on_progress) {
  for (std::size_t first = 0; first < plan.arms; first += kArmsAtOnce) {
    v1::PutPoolRequest request;
    request.set_name(plan.pool);
    if (first == 0) {
      auto* embedder = request.mutable_settings()->mutable_embedder();
      embedder->set_name(plan.embedder);
      // With another embedder than the default, use all its dimensions; those of the lexicon are cut.
      if (!plan.embedder.empty()) embedder->set_dimension(plan.dimension);
      embedder->set_projected(plan.dimension);
      request.mutable_settings()->mutable_learner()->set_quality_model(plan.learner);
      if (plan.experience_max > 0) {
        request.mutable_settings()->set_experience_max(plan.experience_max);
      }
    }
    const std::size_t end = std::min(plan.arms, first + kArmsAtOnce);
    for (std::size_t arm = first; arm < end; ++arm) *request.add_arms() = workload.MakeArm(arm);
    v1::PutPoolResponse response;
    RETURN_IF_ERROR(Ask(*connection.admin, &v1::Admin::Stub::PutPool, request, response));
    on_progress(static_cast<double>(end) / static_cast<double>(plan.arms),
                Cat("arm ", end, " of ", plan.arms));
  }
  return absl::OkStatus();
}

// Routes the texts first .. first + count - 1, and reports an outcome for each.
absl::Status Learn(Connection& connection, const Workload& workload, const std::string& pool,
                   std::size_t first, std::size_t count) {
  v1::RouteBatchRequest routes;
  routes.set_pool(pool);
  for (std::size_t i = 0; i < count; ++i)
    routes.add_requests()->set_query(workload.Text(first + i));
  v1::RouteBatchResponse routed;
  RETURN_IF_ERROR(Ask(*connection.router, &v1::Router::Stub::RouteBatch, routes, routed));
  v1::FeedbackBatchRequest feedback;
  feedback.set_pool(pool);
  for (int i = 0; i < routed.items_size(); ++i) {
    const auto& item = routed.items(i);
    if (item.has_error()) return absl::InternalError(item.error().message());
    auto* one = feedback.add_requests();
    one->set_decision_id(item.response().decision_id());
    workload.FillFeedback(first + static_cast<std::size_t>(i), item.response().arm(), *one);
  }
  v1::FeedbackBatchResponse told;
  RETURN_IF_ERROR(Ask(*connection.router, &v1::Router::Stub::FeedbackBatch, feedback, told));
  for (const auto& item : told.items()) {
    if (item.has_error()) return absl::InternalError(item.error().message());
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status Fill(Connections& connections, const Workload& workload, const FillPlan& plan,
                  const std::function<void(double, const std::string&)>& on_progress) {
  RETURN_IF_ERROR(MakePool(connections.first(), workload, plan, on_progress));
  std::atomic<std::size_t> next = 0, learned = 0;
  Mutex mutex;
  absl::Status failed;
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < plan.in_flight; ++t) {
    threads.emplace_back([&] {
      while (true) {
        const std::size_t first = next.fetch_add(kBatch);
        if (first >= plan.outcomes) return;
        const std::size_t count = std::min(kBatch, plan.outcomes - first);
        const absl::Status status = Learn(connections.first(), workload, plan.pool, first, count);
        MutexLock lock(mutex);
        if (!status.ok()) {
          failed = status;
          next = plan.outcomes;
          return;
        }
        learned += count;
        on_progress(static_cast<double>(learned) / static_cast<double>(plan.outcomes),
                    Cat("outcome ", learned.load(), " of ", plan.outcomes));
      }
    });
  }
  for (auto& thread : threads) thread.join();
  return failed;
}

}  // namespace pointsman::bench
