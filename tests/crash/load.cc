#include "load.h"

#include <grpcpp/grpcpp.h>

#include <chrono>

namespace pointsman::tests {
namespace {

constexpr std::chrono::seconds kPatience{20};

// A call that a killed server never answered; any other failure is the server's fault.
bool IsGone(const grpc::Status& status) {
  return status.error_code() == grpc::StatusCode::UNAVAILABLE ||
         status.error_code() == grpc::StatusCode::CANCELLED;
}

void SetDeadline(grpc::ClientContext& context) {
  context.set_deadline(std::chrono::system_clock::now() + kPatience);
}

}  // namespace

v1::FeedbackRequest Client::About(const v1::RouteResponse& decision) {
  v1::FeedbackRequest request;
  request.set_decision_id(decision.decision_id());
  request.set_feedback_id(std::to_string(number_) + "/" + std::to_string(++count_));
  return request;
}

bool Client::Route(ServerProcess& server, v1::RouteResponse& response) {
  v1::RouteRequest request;
  request.set_query("question about topic " + std::to_string(rng_.Below(13)));
  if (rng_.Below(4) == 0) {
    request.set_decision_id("own-" + std::to_string(number_) + "-" + std::to_string(++count_));
  }
  grpc::ClientContext context;
  SetDeadline(context);
  const grpc::Status status = server.router->Route(&context, request, &response);
  if (!status.ok() && !IsGone(status)) faults_.push_back("Route: " + status.error_message());
  return status.ok();
}

bool Client::Tell(ServerProcess& server, const v1::FeedbackRequest& request) {
  v1::FeedbackResponse response;
  grpc::ClientContext context;
  SetDeadline(context);
  const grpc::Status status = server.router->Feedback(&context, request, &response);
  if (status.ok()) {
    acknowledged_.push_back({request, response.result(), response.sequence()});
    return true;
  }
  if (!IsGone(status)) {
    faults_.push_back("Feedback: " + status.error_message());
    return true;
  }
  unsure_.push_back(request);
  return false;
}

bool Client::TellBatch(ServerProcess& server, const std::vector<v1::FeedbackRequest>& requests) {
  v1::FeedbackBatchRequest batch;
  for (const auto& request : requests) *batch.add_requests() = request;
  v1::FeedbackBatchResponse response;
  grpc::ClientContext context;
  SetDeadline(context);
  const grpc::Status status = server.router->FeedbackBatch(&context, batch, &response);
  if (!status.ok()) {
    if (!IsGone(status)) faults_.push_back("FeedbackBatch: " + status.error_message());
    unsure_.insert(unsure_.end(), requests.begin(), requests.end());
    return false;
  }
  for (int i = 0; i < response.items_size(); ++i) {
    const auto& item = response.items(i);
    const auto& request = requests[static_cast<std::size_t>(i)];
    if (item.has_response()) {
      acknowledged_.push_back({request, item.response().result(), item.response().sequence()});
    } else {
      faults_.push_back("FeedbackBatch: " + item.error().message());
    }
  }
  return true;
}

// A change of arms, a pool that is made and dropped, a request for figures.
bool Client::Administer(ServerProcess& server) {
  grpc::ClientContext context;
  SetDeadline(context);
  grpc::Status status;
  switch (rng_.Below(4)) {
    case 0: {
      v1::PutArmRequest request;
      request.mutable_arm()->set_name("arm-" + std::to_string(rng_.Below(3)));
      request.mutable_arm()->set_description("description " + std::to_string(rng_.Below(1000)));
      v1::PutArmResponse response;
      status = server.admin->PutArm(&context, request, &response);
      break;
    }
    case 1: {
      v1::PutPoolRequest request;
      request.set_name("side-" + std::to_string(number_));
      request.add_arms()->set_name("only");
      v1::PutPoolResponse response;
      status = server.admin->PutPool(&context, request, &response);
      break;
    }
    case 2: {
      v1::DeletePoolRequest request;
      request.set_name("side-" + std::to_string(number_));
      v1::DeletePoolResponse response;
      status = server.admin->DeletePool(&context, request, &response);
      if (status.error_code() == grpc::StatusCode::NOT_FOUND) return true;
      break;
    }
    default: {
      v1::GetStatsResponse response;
      status = server.admin->GetStats(&context, {}, &response);
    }
  }
  if (!status.ok() && !IsGone(status)) faults_.push_back("Admin: " + status.error_message());
  return status.ok();
}

bool Client::Round(ServerProcess& server) {
  const uint64_t dice = rng_.Below(100);
  if (dice < 2) return Administer(server);
  v1::RouteResponse decision;
  if (!Route(server, decision)) return false;
  v1::FeedbackRequest first = About(decision);
  const double quality = decision.arm() == "beta" ? 0.9 : 0.3;
  if (dice < 60) {
    first.set_quality(quality);
    first.set_latency_ms(100 + static_cast<double>(dice));
    return Tell(server, first);
  }
  if (dice < 65) {
    first.set_error(true);
    return Tell(server, first);
  }
  if (dice < 70) return true;  // never reported
  if (dice < 75) {
    first.set_served_arm("gamma");
    first.set_quality(quality);
    return Tell(server, first);
  }
  v1::FeedbackRequest second = About(decision);
  first.set_latency_ms(500);
  second.set_quality(quality);
  if (dice < 82) return Tell(server, first) && Tell(server, second);   // in two parts
  if (dice < 88) return Tell(server, second) && Tell(server, second);  // the same twice
  if (dice < 94) {                                                     // corrected
    first.set_quality(1 - quality);
    return Tell(server, second) && Tell(server, first);
  }
  return TellBatch(server, {first, second});
}

void Client::Work(ServerProcess& server) {
  while (Round(server)) {
  }
}

bool Client::SendUnsureAgain(ServerProcess& server) {
  const std::vector<v1::FeedbackRequest> again = std::move(unsure_);
  unsure_.clear();
  bool is_alive = true;
  for (const auto& request : again) {
    if (is_alive) {
      is_alive = Tell(server, request);
    } else {
      unsure_.push_back(request);
    }
  }
  return is_alive;
}

}  // namespace pointsman::tests
