// A real server in this process on a free port, with a stub.
#pragma once

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <spdlog/sinks/null_sink.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <memory>
#include <string>

#include "base/clock.h"
#include "pointsman/v1/admin.grpc.pb.h"
#include "pointsman/v1/router.grpc.pb.h"
#include "service/app/server.h"
#include "tests/support/test_folder.h"

namespace pointsman::tests {

class RpcFixture : public ::testing::Test {
 protected:
  RpcFixture() : log_("test", std::make_shared<spdlog::sinks::null_sink_mt>()) {}

  virtual void Configure(service::ServerConfig&) {}

  void SetUp() override {
    Start();
    v1::PutPoolRequest request;
    request.set_name("default");
    for (const char* name : {"alpha", "beta", "gamma"}) request.add_arms()->set_name(name);
    v1::PutPoolResponse response;
    grpc::ClientContext context;
    const grpc::Status status = admin_->PutPool(&context, request, &response);
    ASSERT_TRUE(status.ok()) << status.error_message();
    ASSERT_TRUE(response.created());
  }

  void Start() {
    server_.reset();
    service::ServerConfig config;
    config.data_dir = folder_.path() + "/data";
    config.listen = "127.0.0.1:0";
    config.admin_listen = "";
    Configure(config);
    auto server = service::Server::Start(config, clock_, log_);
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    channel_ = grpc::CreateChannel("127.0.0.1:" + std::to_string(server_->port()),
                                   grpc::InsecureChannelCredentials());
    router_ = v1::Router::NewStub(channel_);
    admin_ = v1::Admin::NewStub(channel_);
  }

  grpc::Status Route(const v1::RouteRequest& request, v1::RouteResponse* response) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
    return router_->Route(&context, request, response);
  }
  grpc::Status Feedback(const v1::FeedbackRequest& request, v1::FeedbackResponse* response) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
    return router_->Feedback(&context, request, response);
  }
  v1::GetStatsResponse Stats(const std::string& pool = "default", bool with_checksum = false) {
    v1::GetStatsRequest request;
    request.set_pool(pool);
    request.set_with_checksum(with_checksum);
    v1::GetStatsResponse response;
    grpc::ClientContext context;
    EXPECT_TRUE(admin_->GetStats(&context, request, &response).ok());
    return response;
  }

  TestFolder folder_;
  SystemClock clock_;
  spdlog::logger log_;
  std::unique_ptr<service::Server> server_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::Router::Stub> router_;
  std::unique_ptr<v1::Admin::Stub> admin_;
};

}  // namespace pointsman::tests
