// Blocking calls to a running pointsmand. (gRPC's own headers stay in the .cc: they take seconds to compile.)
// Errors: the server's canonical code and message. ReasonOf and FieldOf return the machine reason and the
//   field, which are read from the google.rpc details. kUnavailable if no server answers or the server stops,
//   kDeadlineExceeded after `deadline_ms`.
// Threads: any.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "pointsman/v1/admin.pb.h"
#include "pointsman/v1/router.pb.h"

namespace grpc {
class ClientContext;
}

namespace pointsman::tools {

struct GrpcOptions {
  std::string server = "127.0.0.1:7717";
  std::string token;  // sent with every call; empty: none
  bool is_tls = false;
  std::string ca_pem;                    // CAs to trust; empty: the system's
  std::string certificate_pem, key_pem;  // the client's own, if the server requires one
  int64_t deadline_ms = 10000;           // of each attempt
  // How long to retry after kUnavailable. Only for callers whose calls may be repeated.
  int64_t retry_for_ms = 0;
  int64_t retry_every_ms = 100;
};

class GrpcClient {
 public:
  explicit GrpcClient(GrpcOptions options);
  ~GrpcClient();
  GrpcClient(const GrpcClient&) = delete;
  GrpcClient& operator=(const GrpcClient&) = delete;

  // Whether any call was made; an earlier error comes from this side.
  bool is_called() const { return is_called_; }

  absl::StatusOr<v1::RouteResponse> Route(const v1::RouteRequest& request);
  absl::StatusOr<v1::FeedbackResponse> Feedback(const v1::FeedbackRequest& request);
  absl::StatusOr<v1::PutPoolResponse> PutPool(const v1::PutPoolRequest& request);
  absl::StatusOr<v1::GetPoolResponse> GetPool(const v1::GetPoolRequest& request);
  absl::StatusOr<v1::ListPoolsResponse> ListPools(const v1::ListPoolsRequest& request);
  absl::StatusOr<v1::DeletePoolResponse> DeletePool(const v1::DeletePoolRequest& request);
  absl::StatusOr<v1::PutArmResponse> PutArm(const v1::PutArmRequest& request);
  // Every page, as one response.
  absl::StatusOr<v1::ListArmsResponse> ListArms(const v1::ListArmsRequest& request);
  absl::StatusOr<v1::RemoveArmResponse> RemoveArm(const v1::RemoveArmRequest& request);
  // One stream: the start, then chunk_of(0), chunk_of(1), ...; a retry sends all of it again. It may take
  // `deadline_ms` per chunk.
  absl::StatusOr<v1::ImportOutcomesResponse> ImportOutcomes(
      const v1::ImportStart& start, std::size_t chunks,
      const std::function<v1::ImportChunk(std::size_t)>& chunk_of);
  absl::StatusOr<v1::UndoImportResponse> UndoImport(const v1::UndoImportRequest& request);
  absl::StatusOr<v1::GetStatsResponse> GetStats(const v1::GetStatsRequest& request);
  absl::StatusOr<v1::ListOutcomesResponse> ListOutcomes(const v1::ListOutcomesRequest& request);
  absl::StatusOr<v1::ExplainResponse> Explain(const v1::ExplainRequest& request);
  absl::StatusOr<v1::TryEmbedderResponse> TryEmbedder(const v1::TryEmbedderRequest& request);
  absl::StatusOr<v1::BackupResponse> Backup(const v1::BackupRequest& request);

 private:
  // What every call carries.
  void Prepare(grpc::ClientContext& context, int64_t deadline_ms, bool waits) const;
  template <class Response, class Stub, class Method, class Request>
  absl::StatusOr<Response> Call(Stub& stub, Method method, const Request& request);
  // Repeats `attempt` until it returns something other than kUnavailable, or `retry_for_ms` is over.
  template <class Response, class Attempt>
  absl::StatusOr<Response> Tried(const Attempt& attempt);

  const GrpcOptions options_;
  std::atomic<bool> is_called_ = false;
  struct Stubs;
  const std::unique_ptr<Stubs> stubs_;
};

}  // namespace pointsman::tools
