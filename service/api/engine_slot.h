// Where calls find the server's engine. Reopening the storage replaces the engine.
// Threads: only admitted code uses the engine (a Call, an Admission::Stay), and the engine is replaced only
//   while nothing is admitted (service/app/engine_host.h), so using it needs no lock.
#pragma once

#include <memory>
#include <utility>

#include "engine/engine.h"

namespace pointsman::service {

class EngineSlot {
 public:
  EngineSlot() = default;
  explicit EngineSlot(std::unique_ptr<engine::Engine> engine) : engine_(std::move(engine)) {}
  EngineSlot(const EngineSlot&) = delete;
  EngineSlot& operator=(const EngineSlot&) = delete;

  engine::DataPath& data() const { return *engine_; }
  engine::ControlPath& control() const { return *engine_; }
  engine::InspectionPath& inspection() const { return *engine_; }
  engine::Engine* operator->() const { return engine_.get(); }
  engine::Engine& operator*() const { return *engine_; }
  bool is_empty() const { return engine_ == nullptr; }
  void Put(std::unique_ptr<engine::Engine> engine) { engine_ = std::move(engine); }
  std::unique_ptr<engine::Engine> Take() { return std::move(engine_); }

 private:
  std::unique_ptr<engine::Engine> engine_;
};

}  // namespace pointsman::service
