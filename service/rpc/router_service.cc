#include "service/rpc/router_service.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/strings.h"
#include "service/convert.h"
#include "service/engine/validate.h"
#include "service/rpc/call.h"

namespace pointsman {
namespace {

absl::Status CheckBatch(int count, const Limits& limits) {
  if (count > limits.batch_items_max) {
    return WithReason(InvalidArgument("requests: ", count, " items are over the limit of ",
                                      limits.batch_items_max, " (batch_items_max)"),
                      reason::kLimit, "requests");
  }
  return absl::OkStatus();
}

}  // namespace

grpc::ServerUnaryReactor* RouterService::Route(grpc::CallbackServerContext* context,
                                               const v1::RouteRequest* request,
                                               v1::RouteResponse* response) {
  auto call = std::make_unique<Call>(context, door_, RpcName::kRoute, *request);
  auto* reactor = call->reactor();
  if (call->Refused()) return reactor;
  auto input = FromProto(*request);
  if (!input.ok()) {
    call->Finish(input.status());
  } else if (engine_->WantsEmbedding(*input)) {
    std::vector<RouteInput> one;
    one.push_back(*std::move(input));
    // In a shared_ptr, since what std::function holds has to be copyable.
    const auto shared = std::make_shared<std::unique_ptr<Call>>(std::move(call));
    engine_->Embed(std::move(one), [this, shared, response](std::vector<RouteInput> embedded) {
      queue_.AddAside(std::move(*shared), std::move(embedded.front()), *response);
    });
  } else {
    queue_.Add(std::move(call), *std::move(input), *response);
  }
  return reactor;
}

grpc::ServerUnaryReactor* RouterService::RouteBatch(grpc::CallbackServerContext* context,
                                                    const v1::RouteBatchRequest* request,
                                                    v1::RouteBatchResponse* response) {
  auto call = std::make_shared<Call>(context, door_, RpcName::kRouteBatch, *request);
  auto* reactor = call->reactor();
  if (call->Refused()) return reactor;
  if (auto status = CheckBatch(request->requests_size(), engine_->limits()); !status.ok()) {
    call->Finish(status);
    return reactor;
  }
  std::vector<RouteInput> inputs;
  std::vector<v1::RouteBatchResponse::Item*> answers;  // by input
  for (const auto& item : request->requests()) {
    auto* answer = response->add_items();
    auto input = FromProto(item);
    if (!input.ok()) {
      *answer->mutable_error() = ToItem(input.status());
      continue;
    }
    if (input->pool.empty()) input->pool = request->pool();
    inputs.push_back(*std::move(input));
    answers.push_back(answer);
  }
  const auto decide = [this, call,
                       answers = std::move(answers)](const std::vector<RouteInput>& embedded) {
    call->Finish(Guarded([&] {
      AnswerBatch(embedded, answers);
      return absl::OkStatus();
    }));
  };
  const auto wants = [this](const RouteInput& input) { return engine_->WantsEmbedding(input); };
  if (std::none_of(inputs.begin(), inputs.end(), wants)) {
    decide(inputs);
  } else {
    engine_->Embed(std::move(inputs), [this, decide](std::vector<RouteInput> embedded) {
      queue_.Run([decide, embedded = std::move(embedded)] { decide(embedded); });
    });
  }
  return reactor;
}

void RouterService::AnswerBatch(const std::vector<RouteInput>& inputs,
                                const std::vector<v1::RouteBatchResponse::Item*>& answers) {
  const auto outputs = engine_->RouteBatch(inputs);
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    if (outputs[i].ok()) {
      if (inputs[i].mode != Mode::kPreview) metrics_.CountDecision(outputs[i]->logged);
      FillProto(*outputs[i], *answers[i]->mutable_response());
    } else {
      *answers[i]->mutable_error() = ToItem(outputs[i].status());
    }
  }
}

grpc::ServerUnaryReactor* RouterService::Feedback(grpc::CallbackServerContext* context,
                                                  const v1::FeedbackRequest* request,
                                                  v1::FeedbackResponse* response) {
  auto call = std::make_shared<Call>(context, door_, RpcName::kFeedback, *request);
  auto* reactor = call->reactor();
  if (call->Refused()) return reactor;
  auto input = FromProto(*request);
  if (!input.ok()) {
    call->Finish(input.status());
    return reactor;
  }
  input->client = call->client_name();
  engine_->Feedback(*std::move(input),
                   [this, call, response](const absl::StatusOr<FeedbackOutput>& output) {
                     if (output.ok()) {
                       metrics_.CountFeedback(output->result);
                       *response = ToProto(*output);
                     }
                     call->Finish(output.status());
                   });
  return reactor;
}

grpc::ServerUnaryReactor* RouterService::FeedbackBatch(grpc::CallbackServerContext* context,
                                                       const v1::FeedbackBatchRequest* request,
                                                       v1::FeedbackBatchResponse* response) {
  auto call = std::make_shared<Call>(context, door_, RpcName::kFeedbackBatch, *request);
  auto* reactor = call->reactor();
  if (call->Refused()) return reactor;
  if (auto status = CheckBatch(request->requests_size(), engine_->limits());
      !status.ok() || request->requests_size() == 0) {
    call->Finish(status);
    return reactor;
  }
  // Every item has its own slot; whoever completes last finishes the call.
  for (int i = 0; i < request->requests_size(); ++i) response->add_items();
  auto waiting = std::make_shared<std::atomic<int>>(request->requests_size());
  const int count = request->requests_size();
  const std::string client = call->client_name();
  for (int i = 0; i < count; ++i) {
    auto* item = response->mutable_items(i);
    auto input = FromProto(request->requests(i));
    if (!input.ok()) {
      *item->mutable_error() = ToItem(input.status());
      if (waiting->fetch_sub(1) == 1) call->Finish(absl::OkStatus());
      continue;
    }
    input->client = client;
    if (input->pool.empty()) input->pool = request->pool();
    engine_->Feedback(*std::move(input),
                     [this, call, item, waiting](const absl::StatusOr<FeedbackOutput>& output) {
                       if (output.ok()) {
                         metrics_.CountFeedback(output->result);
                         *item->mutable_response() = ToProto(*output);
                       } else {
                         *item->mutable_error() = ToItem(output.status());
                       }
                       if (waiting->fetch_sub(1) == 1) call->Finish(absl::OkStatus());
                     });
  }
  return reactor;
}

}  // namespace pointsman
