#include "service/api/router_calls.h"

#include <atomic>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/strings.h"
#include "engine/request/validate.h"
#include "service/api/convert.h"
#include "service/api/status.h"

namespace pointsman::service {
namespace {

// Where the result of a decision goes.
struct Answer {
  CallPtr call;
  v1::RouteResponse* response = nullptr;
  bool is_decision = false;
};

absl::Status CheckBatch(int count, const Limits& limits) {
  if (count > limits.batch_items_max) {
    return WithReason(InvalidArgument("requests: ", count, " items exceed the limit of ",
                                      limits.batch_items_max, " (batch_items_max)"),
                      reason::kLimit, "requests");
  }
  return absl::OkStatus();
}

}  // namespace

void RouterCalls::Route(const CallPtr& call, const v1::RouteRequest& request,
                        v1::RouteResponse& response) {
  auto input = FromProto(request);
  if (!input.ok()) {
    call->Finish(input.status());
    return;
  }
  const bool is_decision = input->mode != Mode::kPreview;
  engine_.data().Route(*std::move(input), [this, call, &response, is_decision](
                                              const absl::StatusOr<engine::RouteOutput>& output) {
    if (output.ok()) Fill(*output, is_decision, response);
    call->Finish(output.status());
  });
}

void RouterCalls::Fill(const engine::RouteOutput& output, bool is_decision,
                       v1::RouteResponse& response) {
  if (is_decision) metrics_.CountDecision(output.logged);
  FillProto(output, response);
}

void RouterCalls::RouteEach(std::vector<CallItem<v1::RouteRequest, v1::RouteResponse>> calls) {
  if (calls.size() == 1) {  // it is gathered with those of others
    Route(calls.front().call, calls.front().request, calls.front().response);
    return;
  }
  std::vector<engine::RouteInput> inputs;
  std::vector<Answer> answers;  // by input
  for (auto& [call, request, response] : calls) {
    auto input = FromProto(request);
    if (!input.ok()) {
      call->Finish(input.status());
      continue;
    }
    answers.push_back({std::move(call), &response, input->mode != Mode::kPreview});
    inputs.push_back(*std::move(input));
  }
  engine_.data().RouteBatch(std::move(inputs),
                            [this, answers = std::move(answers)](
                                const std::vector<absl::StatusOr<engine::RouteOutput>>& outputs) {
                              for (std::size_t i = 0; i < outputs.size(); ++i) {
                                const Answer& answer = answers[i];
                                if (outputs[i].ok())
                                  Fill(*outputs[i], answer.is_decision, *answer.response);
                                answer.call->Finish(outputs[i].status());
                              }
                            });
}

void RouterCalls::FeedbackEach(
    const std::vector<CallItem<v1::FeedbackRequest, v1::FeedbackResponse>>& calls) {
  for (const auto& [call, request, response] : calls) Feedback(call, request, response);
}

void RouterCalls::RouteBatch(const CallPtr& call, const v1::RouteBatchRequest& request,
                             v1::RouteBatchResponse& response) {
  if (auto status = CheckBatch(request.requests_size(), engine_.data().limits()); !status.ok()) {
    call->Finish(status);
    return;
  }
  std::vector<engine::RouteInput> inputs;
  std::vector<v1::RouteBatchResponse::Item*> answers;  // by input
  for (const auto& item : request.requests()) {
    auto* answer = response.add_items();
    auto input = FromProto(item);
    if (!input.ok()) {
      *answer->mutable_error() = ToItem(input.status());
      continue;
    }
    input->pool = PoolOrDefault(item.pool().empty() ? request.pool() : item.pool());
    inputs.push_back(*std::move(input));
    answers.push_back(answer);
  }
  std::vector<bool> are_decisions;
  for (const engine::RouteInput& input : inputs)
    are_decisions.push_back(input.mode != Mode::kPreview);
  engine_.data().RouteBatch(
      std::move(inputs),
      [this, call, answers = std::move(answers), are_decisions = std::move(are_decisions)](
          const std::vector<absl::StatusOr<engine::RouteOutput>>& outputs) {
        for (std::size_t i = 0; i < outputs.size(); ++i) {
          if (outputs[i].ok()) {
            Fill(*outputs[i], are_decisions[i], *answers[i]->mutable_response());
          } else {
            *answers[i]->mutable_error() = ToItem(outputs[i].status());
          }
        }
        call->Finish(absl::OkStatus());
      });
}

void RouterCalls::Feedback(const CallPtr& call, const v1::FeedbackRequest& request,
                           v1::FeedbackResponse& response) {
  auto input = FromProto(request);
  if (!input.ok()) {
    call->Finish(input.status());
    return;
  }
  input->client = call->client_name();
  engine_.data().Feedback(
      *std::move(input),
      [this, call, &response](const absl::StatusOr<engine::FeedbackOutput>& output) {
        if (output.ok()) {
          metrics_.CountFeedback(output->result);
          response = ToProto(*output);
        }
        call->Finish(output.status());
      });
}

void RouterCalls::FeedbackBatch(const CallPtr& call, const v1::FeedbackBatchRequest& request,
                                v1::FeedbackBatchResponse& response) {
  if (auto status = CheckBatch(request.requests_size(), engine_.data().limits());
      !status.ok() || request.requests_size() == 0) {
    call->Finish(status);
    return;
  }
  // Each item has its own slot. The last one to complete finishes the call.
  for (int i = 0; i < request.requests_size(); ++i) response.add_items();
  auto waiting = std::make_shared<std::atomic<int>>(request.requests_size());
  const int count = request.requests_size();
  const std::string client = call->client_name();
  for (int i = 0; i < count; ++i) {
    auto* item = response.mutable_items(i);
    auto input = FromProto(request.requests(i));
    if (!input.ok()) {
      *item->mutable_error() = ToItem(input.status());
      if (waiting->fetch_sub(1) == 1) call->Finish(absl::OkStatus());
      continue;
    }
    input->client = client;
    input->pool = PoolOrDefault(request.requests(i).pool().empty() ? request.pool()
                                                                   : request.requests(i).pool());
    engine_.data().Feedback(
        *std::move(input),
        [this, call, item, waiting](const absl::StatusOr<engine::FeedbackOutput>& output) {
          if (output.ok()) {
            metrics_.CountFeedback(output->result);
            *item->mutable_response() = ToProto(*output);
          } else {
            *item->mutable_error() = ToItem(output.status());
          }
          if (waiting->fetch_sub(1) == 1) call->Finish(absl::OkStatus());
        });
  }
}

}  // namespace pointsman::service
