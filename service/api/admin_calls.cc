#include "service/api/admin_calls.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/status_macros.h"
#include "base/strings.h"
#include "engine/request/validate.h"
#include "service/api/answer_later.h"
#include "service/api/convert.h"

namespace pointsman::service {
namespace {

constexpr std::size_t kPerPage = 1000;
constexpr std::size_t kBackupNameMax = 64;

// The pool that a request means (service/api/call_facts.h).
template <class Request>
std::string MeantPool(const Request& request) {
  return std::string(PoolOrDefault(request.pool()));
}

// Only a name: a client must not choose folders on the server.
absl::Status CheckBackupName(const std::string& name) {
  constexpr std::string_view kAllowed =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
  if (name.size() <= kBackupNameMax && name.front() != '.' &&
      name.find_first_not_of(kAllowed) == std::string::npos) {
    return absl::OkStatus();
  }
  return engine::BadField(
      "name",
      Cat("must be at most ", kBackupNameMax,
          " letters, digits, '.', '_' or '-', and must not begin with '.', got ", Quoted(name)));
}

// 20260131T120000Z, in UTC.
std::string TimeName(Micros time) {
  const auto seconds = static_cast<std::time_t>(time / kMicrosPerSecond);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y%m%dT%H%M%SZ", &utc);
  return text.data();
}

std::size_t PageSize(uint32_t asked) {
  return asked == 0 ? kPerPage : std::min<std::size_t>(asked, kPerPage);
}

template <class Number>
absl::Status ReadPageToken(const std::string& token, Number& first) {
  if (token.empty()) return absl::OkStatus();
  const auto parsed = std::from_chars(token.data(), token.data() + token.size(), first);
  if (parsed.ec == std::errc() && parsed.ptr == token.data() + token.size()) {
    return absl::OkStatus();
  }
  return engine::BadField("page_token", "is not a token returned by this call");
}

}  // namespace

void AdminCalls::PutPool(const CallPtr& call, const v1::PutPoolRequest& request,
                         v1::PutPoolResponse& response) {
  engine::PoolEdit edit;
  edit.name = request.name();
  edit.edit = [settings = request.settings()](const PoolSettings& present) {
    return Edited(present, settings);
  };
  for (const v1::Arm& arm : request.arms()) edit.arms.push_back(EditOf(arm));
  edit.create_only = request.create_only();
  edit.is_pruning = request.prune();
  edit.is_dry_run = request.dry_run();
  engine_.control().PutPool(std::move(edit), call->audited().who,
                            [call, &response](const absl::StatusOr<engine::PutPoolOutput>& result) {
                              if (result.ok()) {
                                FillProto(*result, response);
                                call->audited().changes = result->changes;
                              }
                              call->Finish(result.status());
                            });
}

void AdminCalls::GetPool(const CallPtr& call, const v1::GetPoolRequest& request,
                         v1::GetPoolResponse& response) {
  call->Run([&]() -> absl::Status {
    engine::PoolInfo info;
    ASSIGN_OR_RETURN(info, engine_.inspection().GetPool(PoolOrDefault(request.name())));
    *response.mutable_pool() = ToProto(info);
    return absl::OkStatus();
  });
}

void AdminCalls::ListPools(const CallPtr& call, const v1::ListPoolsRequest& /*request*/,
                           v1::ListPoolsResponse& response) {
  call->Run([&]() -> absl::Status {
    for (const engine::PoolInfo& info : engine_.inspection().ListPools()) {
      if (call->client().MayUse(info.pool.name)) *response.add_pools() = ToProto(info);
    }
    return absl::OkStatus();
  });
}

void AdminCalls::DeletePool(const CallPtr& call, const v1::DeletePoolRequest& request,
                            v1::DeletePoolResponse& /*response*/) {
  if (request.name().empty()) {
    call->Finish(engine::BadField(
        "name", "must not be empty: deleting a pool also deletes all it has learned"));
    return;
  }
  const auto present = engine_.inspection().GetPool(PoolOrDefault(request.name()));
  if (present.ok()) {
    call->audited().changes = {Cat("deleted: ", present->arms_active, " active and ",
                                   present->arms_paused, " paused arms, ",
                                   present->snapshot_version, " events")};
  }
  engine_.control().DeletePool(request.name(), [call](const absl::StatusOr<bool>& result) {
    if (!result.ok()) call->audited().changes.clear();
    call->Finish(result.status());
  });
}

void AdminCalls::PutArm(const CallPtr& call, const v1::PutArmRequest& request,
                        v1::PutArmResponse& response) {
  engine_.control().PutArm(MeantPool(request), EditOf(request), call->audited().who,
                           [call, &response](const absl::StatusOr<engine::PutArmOutput>& result) {
                             if (result.ok()) {
                               FillProto(*result, response);
                               call->audited().changes = result->changes;
                               auto& changes = call->audited().changes;
                               if (result->is_new) changes.insert(changes.begin(), "new");
                             }
                             call->Finish(result.status());
                           });
}

void AdminCalls::ListArms(const CallPtr& call, const v1::ListArmsRequest& request,
                          v1::ListArmsResponse& response) {
  call->Run([&]() -> absl::Status {
    uint32_t first = 0;
    RETURN_IF_ERROR(ReadPageToken(request.page_token(), first));
    const std::size_t size = PageSize(request.page_size());
    std::vector<Arm> arms;
    ASSIGN_OR_RETURN(
        arms, engine_.inspection().ListArms(MeantPool(request), static_cast<ArmId>(first), size,
                                            request.include_removed(), request.name_contains()));
    for (const Arm& arm : arms) *response.add_arms() = ToProto(arm);
    if (arms.size() == size) response.set_next_page_token(Cat(Index(arms.back().id) + 1));
    return absl::OkStatus();
  });
}

void AdminCalls::RemoveArm(const CallPtr& call, const v1::RemoveArmRequest& request,
                           v1::RemoveArmResponse& /*response*/) {
  engine_.control().RemoveArm(
      MeantPool(request), request.arm(), call->audited().who,
      [call](const absl::StatusOr<bool>& was_active) {
        if (was_active.ok()) {
          call->audited().changes = {
              Cat("status: ", *was_active ? "active" : "paused", " -> removed")};
        }
        call->Finish(was_active.status());
      });
}

void AdminCalls::UndoImport(const CallPtr& call, const v1::UndoImportRequest& request,
                            v1::UndoImportResponse& response) {
  engine_.control().UndoImport(
      MeantPool(request), request.import_id(),
      [call, &response](const absl::StatusOr<engine::UndoOutput>& undone) {
        if (undone.ok()) {
          response = ToProto(*undone);
          call->audited().changes = {
              Cat("withdrawn: ", undone->outcomes, " outcomes of ", undone->queries, " queries")};
        }
        call->Finish(undone.status());
      });
}

void AdminCalls::ListOutcomes(const CallPtr& call, const v1::ListOutcomesRequest& request,
                              v1::ListOutcomesResponse& response) {
  call->Run([&]() -> absl::Status {
    Sequence first = 0;
    RETURN_IF_ERROR(ReadPageToken(request.page_token(), first));
    engine::OutcomePage page;
    ASSIGN_OR_RETURN(page, engine_.inspection().ReadOutcomes(MeantPool(request), first,
                                                             PageSize(request.page_size())));
    response = ToProto(page);
    return absl::OkStatus();
  });
}

void AdminCalls::GetStats(const CallPtr& call, const v1::GetStatsRequest& request,
                          v1::GetStatsResponse& response) {
  if (static_cast<std::size_t>(request.arms_size()) > kPerPage) {
    call->Finish(
        engine::BadField("arms", Cat("must be at most ", kPerPage, ", got ", request.arms_size())));
    return;
  }
  engine::ArmFilter arms{{request.arms().begin(), request.arms().end()}, request.without_arms()};
  if (request.with_checksum()) {
    return AnswerLater<engine::PoolStatistics>(call, response, [&](auto done) {
      engine_.inspection().GetStatsWithChecksum(MeantPool(request), std::move(arms),
                                                std::move(done));
    });
  }
  call->Run([&]() -> absl::Status {
    engine::PoolStatistics statistics;
    ASSIGN_OR_RETURN(statistics, engine_.inspection().GetStats(MeantPool(request), arms));
    response = ToProto(statistics);
    return absl::OkStatus();
  });
}

void AdminCalls::MeasureRecall(const CallPtr& call, const v1::MeasureRecallRequest& request,
                               v1::MeasureRecallResponse& response) {
  AnswerLater<engine::RecallFigures>(call, response, [&](auto done) {
    engine_.inspection().MeasureRecall(
        MeantPool(request), {request.queries().begin(), request.queries().end()}, std::move(done));
  });
}

void AdminCalls::TryEmbedder(const CallPtr& call, const v1::TryEmbedderRequest& request,
                             v1::TryEmbedderResponse& response) {
  AnswerLater<engine::EmbedderFigures>(call, response, [&](auto done) {
    engine_.inspection().TryEmbedder(
        request.endpoint(), {request.texts().begin(), request.texts().end()}, std::move(done));
  });
}

void AdminCalls::Explain(const CallPtr& call, const v1::ExplainRequest& request,
                         v1::ExplainResponse& response) {
  call->Run([&]() -> absl::Status {
    engine::Explanation explanation;
    ASSIGN_OR_RETURN(explanation,
                     engine_.inspection().Explain(MeantPool(request), request.decision_id()));
    response = ToProto(explanation);
    return absl::OkStatus();
  });
}

void AdminCalls::Backup(const CallPtr& call, const v1::BackupRequest& request,
                        v1::BackupResponse& response) {
  const std::string name = request.name().empty() ? TimeName(clock_.Now()) : request.name();
  call->audited().target = name;
  if (const absl::Status status = CheckBackupName(name); !status.ok()) {
    call->Finish(status);
    return;
  }
  engine_.control().Backup(backup_dir_ + "/" + name,
                           [call, &response](const absl::StatusOr<storage::BackupInfo>& result) {
                             if (result.ok()) {
                               response.set_folder(result->folder);
                               response.set_files(result->files);
                               response.set_bytes(result->bytes);
                               call->audited().changes = {Cat("created: ", result->files,
                                                              " files, ", result->bytes, " bytes")};
                             }
                             call->Finish(result.status());
                           });
}

}  // namespace pointsman::service
