#include "service/app/server.h"

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <string>
#include <thread>
#include <utility>

#include "base/mutex.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "base/version.h"
#include "service/access/access.h"
#include "service/access/address.h"
#include "service/access/admission.h"
#include "service/api/admin_calls.h"
#include "service/api/insight_calls.h"
#include "service/api/router_calls.h"
#include "service/app/engine_host.h"
#include "service/app/health_log.h"
#include "service/app/reload.h"
#include "service/app/secrets.h"
#include "service/grpc/admin_service.h"
#include "service/grpc/connection_limits.h"
#include "service/grpc/credentials.h"
#include "service/grpc/insight_service.h"
#include "service/grpc/pollers.h"
#include "service/grpc/router_service.h"
#include "service/http/connect_door.h"
#include "service/http/http_door.h"
#include "service/http/http_server.h"
#include "service/http/openai_door.h"
#include "service/http/pages.h"
#include "service/observe/audit_log.h"
#include "service/observe/engine_metrics.h"
#include "service/observe/metrics.h"

namespace pointsman::service {
namespace {

constexpr char kWriteHealth[] = "pointsman.write";
constexpr char kRouterHealth[] = "pointsman.v1.Router";
// How long to answer "the server is stopping" to calls that were under way when the gate closed. (Once gRPC
// itself shuts down, it answers CANCELLED to new calls.)
constexpr std::chrono::milliseconds kRefuseFor{50};
// How long gRPC waits for streams (a health Watch, reflection) to end and for the last answers to be sent.
constexpr std::chrono::milliseconds kStreamsWait{200};
constexpr std::chrono::milliseconds kHealthEvery{250};
constexpr std::size_t kPollers = 4;

absl::Status CannotListen(const std::string& address) {
  return absl::UnavailableError(
      Cat("cannot listen on ", address,
          ": it may be in use, or not an address of this machine; choose another with --listen"));
}

}  // namespace

class Server::Impl {
 public:
  Impl(const ServerConfig& config, const Clock& clock, spdlog::logger& log)
      : config_(config),
        log_(log),
        access_(IsLoopbackAddress(config.listen) &&
                (config.http_address().empty() || IsLoopbackAddress(config.http_address()))),
        secrets_(config_, log, access_, metrics_),
        health_log_(log, metrics_),
        host_(config_, clock, log) {}

  absl::Status Start(const Clock& clock) {
    RETURN_IF_ERROR(ValidateServing(config_));
    RETURN_IF_ERROR(secrets_.Read());
    RETURN_IF_ERROR(host_.Open());
    RETURN_IF_ERROR(Listen(clock));
    RETURN_IF_ERROR(ListenForPages(clock));
    health_thread_ = std::thread([this] { WatchHealth(); });
    return absl::OkStatus();
  }

  void Stop() {
    if (server_ == nullptr) return;
    server_->GetHealthCheckService()->SetServingStatus(false);
    if (http_ != nullptr) http_->CloseListener();
    admission_->Close();
    {
      MutexLock lock(mutex_);
      is_stopping_ = true;
      wake_.NotifyAll();
    }
    if (health_thread_.joinable()) health_thread_.join();
    std::this_thread::sleep_for(kRefuseFor);
    if (!host_.slot().is_empty() && !host_.WaitForCalls(*admission_)) {
      log_.warn("stopping while some calls are still running");
    }
    server_->Shutdown(std::chrono::system_clock::now() + kStreamsWait);
    server_->Wait();
    if (!host_.slot().is_empty()) host_.slot()->Stop();
    audit_->Stop();
    LogCounts();
    if (http_door_ != nullptr) http_door_->Finish();
    if (admin_door_ != nullptr) admin_door_->Finish();
    if (http_ != nullptr) http_->Stop();
    if (admin_ != nullptr) admin_->Stop();
    pollers_.reset();
    server_.reset();
    host_.Close();
    // Last, since the engine's end drops callbacks that hold requests.
    http_.reset();
    admin_.reset();
  }

  absl::Status Reload(const ServerConfig& wanted) {
    std::vector<std::string> refused = FixedSettings(config_, wanted);
    for (const std::string& name : host_.ChangeLimits(wanted.limits)) {
      refused.push_back("limits." + name);
    }
    log_.set_level(spdlog::level::from_str(wanted.log_level));
    return NotInForce(refused);
  }

  int port() const { return port_; }
  int admin_port() const { return admin_ == nullptr ? 0 : admin_->port(); }
  int http_port() const { return http_ == nullptr ? 0 : http_->port(); }

 private:
  absl::Status Listen(const Clock& clock) {
    audit_ = std::make_unique<AuditLog>(log_, clock);
    admission_ = std::make_unique<Admission>(host_.limits(), access_, clock, metrics_, *audit_);
    router_calls_ = std::make_unique<RouterCalls>(host_.slot(), metrics_);
    admin_calls_ = std::make_unique<AdminCalls>(
        host_.slot(),
        config_.backup_dir.empty() ? config_.data_dir + "/backups" : config_.backup_dir, clock);
    insight_calls_ = std::make_unique<InsightCalls>(
        host_.slot(), ServerFacts{Version(), config_.data_dir, clock.Now()}, clock);
    router_ = std::make_unique<RouterService>(*router_calls_, *admission_);
    admin_service_ = std::make_unique<AdminService>(*admin_calls_, host_.slot(), *admission_);
    insight_service_ = std::make_unique<InsightService>(*insight_calls_, *admission_);
    grpc::EnableDefaultHealthCheckService(true);
    // Without tokens, admission does not know the client before it reads the message, so reflection would
    // answer everybody.
    if (access_.asks_for_tokens() || IsLoopbackAddress(config_.listen)) {
      grpc::reflection::InitProtoReflectionServerBuilderPlugin();
    }
    grpc::ServerBuilder builder;
    // Without this, a second server on the same port would silently receive half of the calls.
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
    // Sends answers that are ready together in one packet. That halves the cost at high rates, and delays
    // nothing at low rates.
    builder.AddChannelArgument(GRPC_ARG_OPTIMIZATION_TARGET, "throughput");
    SetConnectionLimits(config_.limits, builder);
    pollers_ = std::make_unique<Pollers>(builder, kPollers);
    builder.AddListeningPort(config_.listen, MakeCredentials(config_.tls, *admission_), &port_);
    builder.RegisterService(router_.get());
    builder.RegisterService(admin_service_.get());
    builder.RegisterService(insight_service_.get());
    server_ = builder.BuildAndStart();
    if (server_ == nullptr || port_ == 0) return CannotListen(config_.listen);
    pollers_->Start();
    auto* health = server_->GetHealthCheckService();
    health->SetServingStatus(kRouterHealth, true);
    health->SetServingStatus(kWriteHealth, true);
    return absl::OkStatus();
  }

  // The HTTP ports: the one of everything, and the one of pages alone.
  absl::Status ListenForPages(const Clock& clock) {
    if (const std::string address = config_.http_address(); !address.empty()) {
      connect_ = std::make_unique<ConnectDoor>(host_.slot(), *router_calls_, *admin_calls_,
                                               *insight_calls_, *admission_, host_.limits());
      openai_ = std::make_unique<OpenAiDoor>(*router_calls_, *admission_, host_.limits());
      http_door_ = std::make_unique<HttpDoor>(
          HttpDoorOptions{config_.http_origins,
                          access_.is_loopback() && !access_.asks_for_tokens()},
          PagesAt(address, true, clock), connect_.get(), openai_.get());
      ASSIGN_OR_RETURN(http_, HttpServer::Start(HttpOptions(address, config_.tls), *http_door_));
    }
    if (const std::string address = config_.admin_address(); !address.empty()) {
      admin_door_ = std::make_unique<HttpDoor>(HttpDoorOptions{}, PagesAt(address, false, clock),
                                               nullptr, nullptr);
      ASSIGN_OR_RETURN(admin_, HttpServer::Start(HttpOptions(address, {}), *admin_door_));
    }
    return absl::OkStatus();
  }

  HttpServerOptions HttpOptions(const std::string& address, const TlsSettings& tls) const {
    return {.address = address,
            .tls = tls,
            .connections_max = static_cast<std::size_t>(config_.limits.http_connections_max),
            .header_bytes_max = static_cast<std::size_t>(config_.limits.metadata_bytes_max)};
  }

  PageSources PagesAt(const std::string& address, bool has_api, const Clock& clock) {
    return {[this] { return MetricsText(); }, [this] { return host_.not_alive(); },
            [this] { return NotReady(); },
            [this, address, &clock](std::string_view authorization) {
              return MayReadMetrics(address, authorization, clock.Now());
            },
            has_api};
  }

  // The counts since the start, to compare the log with metrics and GetStats.
  void LogCounts() {
    uint64_t decisions = 0, outcomes = 0;
    host_.With([&](const engine::Engine& engine) {
      for (const engine::PoolInfo& pool : engine.ListPools()) {
        const auto statistics = engine.GetStats(pool.pool.name);
        if (!statistics.ok()) continue;
        decisions += statistics->decisions;
        outcomes += statistics->feedback.applied;
      }
    });
    log_.info("stopped; decisions {}, outcomes learned {}, since the start", decisions, outcomes);
  }

  std::string MetricsText() {
    std::vector<prometheus::MetricFamily> families;
    Metrics::State state;
    const uint64_t errors_before = host_.storage_errors_before();
    state.is_storage_well = host_.With([&](const engine::Engine& engine) {
      families = EngineMetrics(engine, kMetricsArmsMax, errors_before);
      state.are_snapshots_well = engine.SnapshotHealth().ok();
      state.queue_depth = engine.QueueDepth();
    });
    state.is_storage_well &= host_.is_well();
    metrics_.SetState(state);
    return metrics_.Text(families);
  }

  // Whoever reaches a loopback port is on this machine.
  absl::Status MayReadMetrics(const std::string& address, std::string_view authorization,
                              Micros now) const {
    if (!access_.asks_for_tokens() || IsLoopbackAddress(address)) {
      return absl::OkStatus();
    }
    const Need need{Scope::kMetrics, {}, /*all_pools=*/true};
    return access_.Decide(need, {authorization, ""}, now).status();
  }

  std::string NotReady() {
    // A log that cannot be written does not stop Route: see the health entry pointsman.write. Reopening the
    // storage does.
    {
      MutexLock lock(mutex_);
      if (is_stopping_) return "stopping";
    }
    return host_.not_ready();
  }

  // Checks everything that may change at any time, and reports the engine's health to the health service.
  void WatchHealth() {
    while (true) {
      {
        MutexLock lock(mutex_);
        if (!is_stopping_) wake_.WaitFor(mutex_, kHealthEvery);
        if (is_stopping_) return;
      }
      secrets_.Look();
      health_log_.LogFaults();
      host_.Look(*admission_);
      auto* health = server_->GetHealthCheckService();
      health->SetServingStatus(kWriteHealth, host_.is_well());
      health->SetServingStatus(kRouterHealth, !host_.slot().is_empty());
      if (host_.slot().is_empty()) continue;
      health_log_.LogEngine(host_.slot().inspection());
    }
  }

  const ServerConfig config_;
  spdlog::logger& log_;
  Metrics metrics_;
  Access access_;
  Secrets secrets_;  // these two belong to the health thread once it runs
  HealthLog health_log_;
  EngineHost host_;
  std::unique_ptr<AuditLog> audit_;
  std::unique_ptr<Admission> admission_;
  std::unique_ptr<RouterCalls> router_calls_;
  std::unique_ptr<AdminCalls> admin_calls_;
  std::unique_ptr<InsightCalls> insight_calls_;
  std::unique_ptr<RouterService> router_;
  std::unique_ptr<AdminService> admin_service_;
  std::unique_ptr<InsightService> insight_service_;
  std::unique_ptr<Pollers> pollers_;  // before the server, which uses its queues
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<ConnectDoor> connect_;
  std::unique_ptr<OpenAiDoor> openai_;
  std::unique_ptr<HttpDoor> http_door_;
  std::unique_ptr<HttpServer> http_;
  std::unique_ptr<HttpDoor> admin_door_;
  std::unique_ptr<HttpServer> admin_;
  int port_ = 0;
  std::thread health_thread_;
  Mutex mutex_;
  CondVar wake_;
  bool is_stopping_ GUARDED_BY(mutex_) = false;
};

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() { impl_->Stop(); }

absl::StatusOr<std::unique_ptr<Server>> Server::Start(const ServerConfig& config,
                                                      const Clock& clock, spdlog::logger& log) {
  auto impl = std::make_unique<Impl>(config, clock, log);
  const absl::Status status = impl->Start(clock);
  if (!status.ok()) {
    impl->Stop();
    return status;
  }
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

absl::Status Server::Reload(const ServerConfig& wanted) { return impl_->Reload(wanted); }
int Server::port() const { return impl_->port(); }
int Server::admin_port() const { return impl_->admin_port(); }
int Server::http_port() const { return impl_->http_port(); }
void Server::Stop() { impl_->Stop(); }

}  // namespace pointsman::service
