// One stream of ImportOutcomes, whichever door it came in by. The first message is `start`, every later one a
// chunk. A chunk is learned before the next one is read, so a fast client cannot fill the memory. A door
// derives from it: it reads the messages, and sends the answer.
// Order: the door calls Begin; after each ReadNext it calls Take or, at the end of the stream, TakeEnd, until
//   Answer. The object may be deleted by Answer.
// Threads: one call at a time; results arrive on the engine's threads.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "engine/learn/import.h"
#include "pointsman/v1/admin.pb.h"
#include "service/access/admission.h"
#include "service/api/engine_slot.h"
#include "service/observe/metrics.h"

namespace pointsman::service {

class ImportCall {
 public:
  // `response` belongs to the door.
  ImportCall(const EngineSlot& engine, Admission& admission, v1::ImportOutcomesResponse& response)
      : engine_(engine), admission_(admission), timer_(admission.metrics()), response_(response) {}
  virtual ~ImportCall() = default;
  ImportCall(const ImportCall&) = delete;
  ImportCall& operator=(const ImportCall&) = delete;

 protected:
  virtual const CallInfo& info() const = 0;
  virtual void ReadNext() = 0;
  virtual void Answer(const absl::Status& status) = 0;
  // Keeps this object while the engine works for it; null for a door that keeps it until Answer.
  virtual std::shared_ptr<const void> KeptAlive() = 0;

  void Begin();
  void Take(const v1::ImportOutcomesRequest& message);
  void TakeEnd();
  // Ends the import with an error of the door: a message that cannot be read.
  void End(const absl::Status& status);

 private:
  absl::Status Start(const v1::ImportOutcomesRequest& message);
  absl::Status LearnChunk(const v1::ImportOutcomesRequest& message);
  void Submit(std::vector<engine::ImportedQuery> chunk);

  const EngineSlot& engine_;
  Admission& admission_;
  RpcTimer timer_;
  std::unique_ptr<AuditEntry> audited_;
  v1::ImportOutcomesResponse& response_;
  std::optional<engine::ImportPlan> plan_;
  std::optional<engine::ImportTally> tally_;
  uint64_t next_index_ = 0;
};

}  // namespace pointsman::service
