#include "engine/control/pool_commands.h"

#include <algorithm>
#include <set>

#include "base/status_macros.h"
#include "base/strings.h"
#include "domain/names.h"
#include "engine/control/alias_moves.h"
#include "engine/control/wanted_settings.h"
#include "engine/request/changes.h"
#include "engine/request/clamp.h"
#include "engine/request/validate.h"

namespace pointsman::engine {
namespace {

constexpr double kInheritStrength = 10;  // outcomes
constexpr std::size_t kNamesShown = 20;
constexpr std::size_t kNamesCompared = 1000;

std::vector<std::string> LivingNames(const learners::LearnedState& state) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < state.arm_count(); ++i) {
    const Arm* arm = state.arm(static_cast<ArmId>(i));
    if (arm != nullptr && arm->status != ArmStatus::kRemoved) names.push_back(arm->name);
  }
  return names;
}

// The arm that a name without a living arm may have meant. Comparing very many names would hold up the writer.
std::string NearestIn(const PoolRuntime& pool, const std::optional<Arm>& present,
                      const std::string& name) {
  const auto state = pool.state();
  const bool is_living = present && present->status != ArmStatus::kRemoved;
  if (is_living || state->arm_count() > kNamesCompared) return "";
  return NearestName(name, LivingNames(*state));
}

std::string Hint(const std::string& nearest) {
  return nearest.empty() ? "" : Cat("; did you mean ", Quoted(nearest), "?");
}

// Notes for the answer about probable mistakes of the operator.
std::vector<std::string> NotesOn(const Arm& arm) {
  std::vector<std::string> notes;
  const bool has_input = arm.usd_per_1m_input.has_value();
  const bool has_output = arm.usd_per_1m_output.has_value();
  if (!has_input && !has_output && !arm.usd_per_request) {
    notes.push_back(
        Cat("arm ", OneLine(arm.name),
            " has no price: its cost is unknown until feedback reports it; until then, a request "
            "with max_cost_usd excludes it, unless it sets allow_unknown"));
  } else if (has_input != has_output) {
    notes.push_back(Cat("arm ", OneLine(arm.name),
                        " has only one of usd_per_1m_input and "
                        "usd_per_1m_output: its cost is unknown until feedback reports it"));
  }
  return notes;
}

}  // namespace

PoolInfo InfoOf(const PoolRuntime& pool) {
  const auto state = pool.state();
  PoolInfo info;
  info.pool = state->pool();
  info.snapshot_version = state->version();
  info.problem = std::string(ToStd(pool.encoder().status().message()));
  for (std::size_t i = 0; i < state->arm_count(); ++i) {
    const Arm* arm = state->arm(static_cast<ArmId>(i));
    if (arm == nullptr) continue;
    info.arms_active += arm->status == ArmStatus::kActive;
    info.arms_paused += arm->status == ArmStatus::kPaused;
  }
  return info;
}

absl::StatusOr<std::optional<Arm>> PoolCommands::FindToPut(const Turn& turn,
                                                           const std::shared_ptr<PoolRuntime>& pool,
                                                           const ArmEdit& edit,
                                                           const std::string& name,
                                                           const std::string& nearest) const {
  std::optional<Arm> present = turn.FindArm(pool, name);
  const bool is_living = present && present->status != ArmStatus::kRemoved;
  if (is_living && present->name != name && !edit.change_only) {
    return BadField("arm.name", Cat(Quoted(name), " is an alias of arm ", Quoted(present->name),
                                    "; choose another name, or remove the alias first"));
  }
  if (edit.create_only && is_living) {
    return WithReason(
        absl::AlreadyExistsError(Cat("arm: pool ", Quoted(pool->name()), " has an arm ",
                                     Quoted(name), " already; change it with `arm set`")),
        reason::kArmExists, "arm");
  }
  if (edit.change_only && !is_living) {
    return WithReason(NotFound("arm: pool ", Quoted(pool->name()), " has no arm ", Quoted(name),
                               Hint(nearest), nearest.empty() ? "; create it with `arm add`" : ""),
                      reason::kArmUnknown, "arm");
  }
  return present;
}

absl::Status PoolCommands::CheckAliases(const Turn& turn, const std::shared_ptr<PoolRuntime>& pool,
                                        Arm& arm) const {
  std::vector<std::string> aliases;
  for (std::string& alias : arm.aliases) {
    alias = NormalName(alias);
    const bool is_twice = std::find(aliases.begin(), aliases.end(), alias) != aliases.end();
    if (alias == arm.name || is_twice) continue;
    const std::optional<Arm> other = turn.FindArm(pool, alias);
    if (other && other->name != arm.name && other->status != ArmStatus::kRemoved) {
      return BadField("arm.aliases",
                      other->name == alias
                          ? Cat(Quoted(alias), " is the name of another arm; remove that one first")
                          : Cat(Quoted(alias), " is an alias of arm ", Quoted(other->name),
                                " already; remove it from that arm first"));
    }
    aliases.push_back(std::move(alias));
  }
  arm.aliases = std::move(aliases);
  return absl::OkStatus();
}

absl::StatusOr<std::optional<ArmReset>> PoolCommands::ResetOf(
    const Turn& turn, const std::shared_ptr<PoolRuntime>& pool, const ArmEdit& edit,
    const std::optional<Arm>& present, const Arm& arm) const {
  const bool has_new_version = present && !arm.version.empty() && present->version != arm.version;
  if (!edit.is_reset && !has_new_version && edit.inherit_from.empty()) {
    return std::optional<ArmReset>();
  }
  ArmReset reset;
  if (edit.inherit_from.empty()) return std::optional(reset);
  const std::optional<Arm> source = turn.FindArm(pool, NormalName(edit.inherit_from));
  if (!source) {
    return WithReason(InvalidArgument("inherit_from: pool ", Quoted(pool->name()), " has no arm ",
                                      Quoted(edit.inherit_from),
                                      Hint(NearestIn(*pool, std::nullopt, edit.inherit_from))),
                      reason::kArmUnknown, "inherit_from");
  }
  reset.inherit_from = source->id;
  reset.inherit_strength = edit.inherit_strength == 0 ? kInheritStrength : edit.inherit_strength;
  return std::optional(reset);
}

absl::StatusOr<PutArmOutput> PoolCommands::PutArmIn(Turn& turn,
                                                    const std::shared_ptr<PoolRuntime>& pool,
                                                    const ArmEdit& edit,
                                                    const std::string& by) const {
  RETURN_IF_ERROR(ValidateInheritance(edit.inherit_strength));
  const std::string name = NormalName(edit.name);
  const std::string nearest = NearestIn(*pool, turn.FindArm(pool, name), name);
  std::optional<Arm> present;
  ASSIGN_OR_RETURN(present, FindToPut(turn, pool, edit, name, nearest));
  Arm before = present.value_or(Arm{});
  if (!present) before.name = name;
  PutArmOutput out;
  ASSIGN_OR_RETURN(out.arm, edit.edit(before));
  Arm& arm = out.arm;
  arm.name = before.name;
  Clamp(arm);
  for (std::string& tag : arm.tags) tag = NormalName(tag);
  RETURN_IF_ERROR(CheckAliases(turn, pool, arm));
  RETURN_IF_ERROR(ValidateArm(arm, limits_.Get()));
  RETURN_IF_ERROR(ValidateNewNames(present ? &*present : nullptr, arm));
  out.is_new = !present || present->status == ArmStatus::kRemoved;
  const std::size_t count = turn.ArmCount(pool);
  if (!present && static_cast<int64_t>(count) >= limits_.Get().arms_per_pool_max) {
    return WithReason(FailedPrecondition("pool ", Quoted(pool->name()), " already has ", count,
                                         " arms, the most that arms_per_pool_max allows"),
                      reason::kLimit, "arm");
  }
  arm.id = present ? present->id : static_cast<ArmId>(count);
  ArmEvent event{arm, std::nullopt, by};
  ASSIGN_OR_RETURN(event.reset, ResetOf(turn, pool, edit, present, arm));
  out.changes = ChangesOf(before, arm);
  if (event.reset && present) out.changes.push_back("what it learned: forgotten");
  if (event.reset && event.reset->inherit_from) {
    out.changes.push_back(Cat("prior: what ", OneLine(edit.inherit_from), " learned, as ",
                              event.reset->inherit_strength, " outcomes"));
  }
  out.notes = NotesOn(arm);
  if (out.is_new && !nearest.empty()) {
    out.notes.push_back(Cat("arm ", OneLine(name), " is new; its name is similar to ",
                            OneLine(nearest), ": check for a typo"));
  }
  // Putting an arm that is the same already writes nothing.
  if (!present || event.reset || !(*present == arm)) turn.Append(pool, std::move(event));
  return out;
}

absl::StatusOr<PutArmOutput> PoolCommands::StagePutArm(Turn& turn, const std::string& pool_name,
                                                       const ArmEdit& edit,
                                                       const std::string& by) const {
  std::shared_ptr<PoolRuntime> pool;
  ASSIGN_OR_RETURN(pool, pools_.Find(pool_name));
  return PutArmIn(turn, pool, edit, by);
}

absl::StatusOr<bool> PoolCommands::StageRemoveArm(Turn& turn, const std::string& pool_name,
                                                  const std::string& name,
                                                  const std::string& by) const {
  std::shared_ptr<PoolRuntime> pool;
  ASSIGN_OR_RETURN(pool, pools_.Find(pool_name));
  auto arm = turn.FindArm(pool, NormalName(name));
  if (arm && arm->status != ArmStatus::kRemoved && arm->name != NormalName(name)) {
    return BadField("arm", Cat(Quoted(name), " is an alias of arm ", Quoted(arm->name),
                               "; to remove the arm, use its name ", Quoted(arm->name)));
  }
  if (!arm || arm->status == ArmStatus::kRemoved) {
    return WithReason(NotFound("pool ", Quoted(pool->name()), " has no arm ", Quoted(name),
                               Hint(NearestIn(*pool, std::nullopt, name))),
                      reason::kArmUnknown, "arm");
  }
  const bool was_active = arm->status == ArmStatus::kActive;
  arm->status = ArmStatus::kRemoved;
  turn.Append(pool, ArmEvent{*arm, std::nullopt, by});
  return was_active;
}

absl::StatusOr<std::shared_ptr<PoolRuntime>> PoolCommands::MakePool(const std::string& name,
                                                                    const PoolSettings& settings,
                                                                    const NewPoolId& new_id) const {
  if (static_cast<int64_t>(pools_.all()->size()) >= limits_.Get().pools_max) {
    return WithReason(FailedPrecondition("the server already has ", pools_.all()->size(),
                                         " pools, the most that pools_max allows"),
                      reason::kLimit, "name");
  }
  Pool pool;
  pool.name = name;
  pool.settings = settings;
  pool.created_at = clock_.Now();
  ASSIGN_OR_RETURN(pool.id, new_id());
  std::shared_ptr<PoolRuntime> runtime;
  ASSIGN_OR_RETURN(runtime, RuntimeOf(pool));
  RETURN_IF_ERROR(runtime->encoder().status());
  return runtime;
}

absl::StatusOr<std::shared_ptr<PoolRuntime>> PoolCommands::RuntimeOf(const Pool& pool) const {
  auto state = learners::LearnedState::Empty(pool);
  RETURN_IF_ERROR(state.status());
  std::shared_ptr<PoolRuntime> runtime;
  ASSIGN_OR_RETURN(runtime, PoolRuntime::Make(*std::move(state), options_.building, remotes_));
  runtime->counters().NoteSnapshot(0, clock_.Now());
  return runtime;
}

absl::StatusOr<PoolSettings> PoolCommands::WantedSettings(const PoolEdit& edit,
                                                          const PoolSettings* present) const {
  PoolSettings wanted;
  ASSIGN_OR_RETURN(wanted, edit.edit(present == nullptr ? PoolSettings{} : *present));
  if (present == nullptr) {
    RETURN_IF_ERROR(ValidateEmbedder(wanted.embedder, limits_.Get()));
    auto resolved = retrieval::ResolveEmbedder(wanted.embedder);
    if (!resolved.ok()) {
      return BadField("settings.embedder", ToStd(resolved.status().message()));
    }
    wanted.embedder = *std::move(resolved);
  } else {
    KeepUnspecified(present->embedder, wanted.embedder);
  }
  Clamp(wanted);
  NormaliseFeatures(present, wanted);
  wanted.holdout_arm = NormalName(wanted.holdout_arm);
  RETURN_IF_ERROR(ValidateSettings(wanted, limits_.Get()));
  RETURN_IF_ERROR(ValidateNewNames(present, wanted));
  if (present != nullptr) RETURN_IF_ERROR(ValidateChange(*present, wanted));
  return wanted;
}

absl::Status PoolCommands::PutArmsIn(Turn& turn, const std::shared_ptr<PoolRuntime>& pool,
                                     const PoolEdit& edit, const std::string& by,
                                     std::set<std::string>& named, PutPoolOutput& out) const {
  const auto say = [&out](const PutArmOutput& put) {
    const std::vector<std::string> as_new = {"new"};
    for (const std::string& change : put.is_new ? as_new : put.changes) {
      out.changes.push_back(Cat("arm ", OneLine(put.arm.name), ": ", change));
    }
  };
  std::vector<ArmEdit> give_ups;
  if (pool != nullptr) {
    give_ups = GiveUps(
        edit.arms, [&](const std::string& name) { return turn.FindArm(pool, NormalName(name)); });
  }
  for (const ArmEdit& arm : give_ups) {
    ASSIGN_OR_RETURN(const PutArmOutput put, PutArmIn(turn, pool, arm, by));
    say(put);
  }
  for (const ArmEdit& arm : edit.arms) {
    if (pool == nullptr) {
      Arm fresh;
      fresh.name = NormalName(arm.name);
      ASSIGN_OR_RETURN(fresh, arm.edit(fresh));
      RETURN_IF_ERROR(ValidateArm(fresh, limits_.Get()));
      RETURN_IF_ERROR(ValidateNewNames(nullptr, fresh));
      out.changes.push_back(Cat("arm ", OneLine(fresh.name), ": new"));
      continue;
    }
    PutArmOutput put;
    ASSIGN_OR_RETURN(put, PutArmIn(turn, pool, arm, by));
    if (!named.insert(put.arm.name).second) {
      return BadField("arms", Cat("arm ", Quoted(put.arm.name), " is given twice"));
    }
    say(put);
    out.notes.insert(out.notes.end(), put.notes.begin(), put.notes.end());
  }
  return absl::OkStatus();
}

absl::StatusOr<PoolCommands::StagedPool> PoolCommands::StagePutPool(Turn& turn,
                                                                    const PoolEdit& edit,
                                                                    const std::string& by,
                                                                    const NewPoolId& new_id) const {
  const std::string name = NormalName(edit.name);
  RETURN_IF_ERROR(ValidateName("name", name, limits_.Get()));
  StagedPool staged;
  std::shared_ptr<PoolRuntime>& pool = staged.pool = pools_.Get(edit.name);
  PutPoolOutput& out = staged.output;
  out.is_new = pool == nullptr;
  if (out.is_new) RETURN_IF_ERROR(ValidateNewName("name", name));
  if (!out.is_new && edit.create_only) {
    return WithReason(absl::AlreadyExistsError(Cat("pool ", Quoted(name), " already exists")),
                      reason::kPoolExists, "name");
  }
  const PoolSettings present = out.is_new ? PoolSettings{} : pool->state()->pool().settings;
  PoolSettings wanted;
  ASSIGN_OR_RETURN(wanted, WantedSettings(edit, out.is_new ? nullptr : &present));
  if (!out.is_new) KeepSpelling(*pool, wanted);

  // A dry run makes no pool. All arms of a pool that does not exist are new.
  if (out.is_new && !edit.is_dry_run) {
    ASSIGN_OR_RETURN(pool, MakePool(name, wanted, new_id));
  }
  if (out.is_new) {
    out.changes.push_back(Cat("pool ", name, ": new"));
  } else {
    for (const std::string& change : ChangesOf(present, wanted)) {
      out.changes.push_back(Cat("settings.", change));
    }
  }
  if (pool != nullptr && (out.is_new || !(present == wanted))) {
    Pool record = pool->state()->pool();
    record.settings = wanted;
    turn.Append(pool, PoolEvent{record, by});
    turn.PutPool(std::move(record));
  }
  std::set<std::string> named;
  RETURN_IF_ERROR(PutArmsIn(turn, pool, edit, by, named, out));
  if (!out.is_new) RETURN_IF_ERROR(Prune(turn, pool, edit.is_pruning, named, by, out));
  if (edit.arms.empty() && (out.is_new || LivingNames(*pool->state()).empty())) {
    out.notes.push_back("the pool has no arms, so it can route nothing: add one with `arm add`");
  }
  if (pool != nullptr) AddBaselineNote(turn, pool, wanted, out.notes);
  if (edit.is_dry_run) {
    if (pool != nullptr) out.info = InfoOf(*pool);
    out.info.pool.name = name;
    out.info.pool.settings = wanted;
  }
  return staged;
}

absl::StatusOr<PutPoolOutput> PoolCommands::PutPool(const PoolEdit& edit, const std::string& by) {
  Turn turn(log_, clock_.Now());
  ASSIGN_OR_RETURN(StagedPool staged,
                   StagePutPool(turn, edit, by, [this] { return log_.NewPoolId(); }));
  if (edit.is_dry_run) return std::move(staged.output);
  RETURN_IF_ERROR(turn.Commit().status());
  if (staged.output.is_new) pools_.Put(staged.pool);
  staged.output.info = InfoOf(*staged.pool);
  return std::move(staged.output);
}

absl::Status PoolCommands::Prune(Turn& turn, const std::shared_ptr<PoolRuntime>& pool,
                                 bool is_pruning, const std::set<std::string>& named,
                                 const std::string& by, PutPoolOutput& out) const {
  const auto state = pool->state();
  for (std::size_t i = 0; i < state->arm_count(); ++i) {
    const Arm* arm = state->arm(static_cast<ArmId>(i));
    if (arm == nullptr || arm->status == ArmStatus::kRemoved || named.contains(arm->name)) continue;
    if (out.arms_not_named.size() < kNamesShown) out.arms_not_named.push_back(arm->name);
    if (!is_pruning || arm->status != ArmStatus::kActive) continue;
    Arm paused = *arm;
    paused.status = ArmStatus::kPaused;
    out.changes.push_back(
        Cat("arm ", OneLine(arm->name), ": ", JoinLines(ChangesOf(*arm, paused))));
    turn.Append(pool, ArmEvent{std::move(paused), std::nullopt, by});
  }
  return absl::OkStatus();
}

absl::Status PoolCommands::DeletePool(const std::string& name) {
  std::shared_ptr<PoolRuntime> pool;
  ASSIGN_OR_RETURN(pool, pools_.Find(name));
  RETURN_IF_ERROR(log_.DropPool(pool->id()));
  pools_.Remove(pool->name());
  return absl::OkStatus();
}

}  // namespace pointsman::engine
