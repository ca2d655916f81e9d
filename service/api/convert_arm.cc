// Arms: the part of service/api/convert.h that defines what an unset field of an arm means.
#include <algorithm>

#include "base/strings.h"
#include "engine/request/validate.h"
#include "service/api/convert.h"

namespace pointsman::service {
namespace {

absl::Status Clear(const std::string& field, Arm& arm) {
  const Arm unset;
  if (field == "description") {
    arm.description.clear();
  } else if (field == "tags") {
    arm.tags.clear();
  } else if (field == "usd_per_1m_input") {
    arm.usd_per_1m_input.reset();
  } else if (field == "usd_per_1m_output") {
    arm.usd_per_1m_output.reset();
  } else if (field == "usd_per_1m_cached_input") {
    arm.usd_per_1m_cached_input.reset();
  } else if (field == "usd_per_request") {
    arm.usd_per_request.reset();
  } else if (field == "price_tiers") {
    arm.price_tiers.clear();
  } else if (field == "context_tokens_max") {
    arm.context_tokens_max = 0;
  } else if (field == "output_tokens_max") {
    arm.output_tokens_max = 0;
  } else if (field == "prior_quality") {
    arm.prior_quality.reset();
    arm.prior_strength = 0;
  } else if (field == "prior_strength") {
    arm.prior_strength = 0;
  } else if (field == "prior_latency_ms") {
    arm.prior_latency_ms.reset();
  } else if (field == "prior_output_tokens") {
    arm.prior_output_tokens.reset();
  } else if (field == "version") {
    arm.version.clear();
  } else if (field == "aliases") {
    arm.aliases.clear();
  } else {
    return engine::BadField("clear", Cat("an arm has no optional field ", Quoted(field)));
  }
  return absl::OkStatus();
}

PriceTier FromProto(const v1::PriceTier& message) {
  PriceTier tier;
  tier.above_input_tokens = message.above_input_tokens();
  if (message.has_usd_per_1m_input()) tier.usd_per_1m_input = message.usd_per_1m_input();
  if (message.has_usd_per_1m_output()) tier.usd_per_1m_output = message.usd_per_1m_output();
  if (message.has_usd_per_1m_cached_input()) {
    tier.usd_per_1m_cached_input = message.usd_per_1m_cached_input();
  }
  return tier;
}

void EditPrices(const v1::Arm& message, Arm& arm) {
  if (message.has_usd_per_1m_input()) arm.usd_per_1m_input = message.usd_per_1m_input();
  if (message.has_usd_per_1m_output()) arm.usd_per_1m_output = message.usd_per_1m_output();
  if (message.has_usd_per_request()) arm.usd_per_request = message.usd_per_request();
  if (message.has_usd_per_1m_cached_input()) {
    arm.usd_per_1m_cached_input = message.usd_per_1m_cached_input();
  }
  if (message.price_tiers_size() == 0) return;
  arm.price_tiers.clear();
  for (const auto& tier : message.price_tiers()) arm.price_tiers.push_back(FromProto(tier));
  std::sort(arm.price_tiers.begin(), arm.price_tiers.end(),
            [](const PriceTier& a, const PriceTier& b) {
              return a.above_input_tokens < b.above_input_tokens;
            });
}

}  // namespace

absl::StatusOr<Arm> Edited(const Arm& present, const v1::Arm& message,
                           const google::protobuf::RepeatedPtrField<std::string>& clear) {
  Arm arm = present;
  for (const std::string& field : clear) {
    if (auto status = Clear(field, arm); !status.ok()) return status;
  }
  if (message.has_description()) arm.description = message.description();
  if (message.tags_size() > 0) arm.tags.assign(message.tags().begin(), message.tags().end());
  EditPrices(message, arm);
  if (message.has_context_tokens_max()) arm.context_tokens_max = message.context_tokens_max();
  if (message.has_output_tokens_max()) arm.output_tokens_max = message.output_tokens_max();
  if (message.has_prior_quality()) arm.prior_quality = message.prior_quality();
  if (message.has_prior_strength()) arm.prior_strength = message.prior_strength();
  if (message.has_prior_latency_ms()) arm.prior_latency_ms = message.prior_latency_ms();
  if (message.has_prior_output_tokens()) arm.prior_output_tokens = message.prior_output_tokens();
  if (message.has_version()) arm.version = message.version();
  if (message.aliases_size() > 0) {
    arm.aliases.assign(message.aliases().begin(), message.aliases().end());
  }
  switch (message.status()) {
    case v1::ARM_STATUS_UNSPECIFIED:
      // Putting a removed arm restores it.
      if (arm.status == ArmStatus::kRemoved) arm.status = ArmStatus::kActive;
      break;
    case v1::ACTIVE:
      arm.status = ArmStatus::kActive;
      break;
    case v1::PAUSED:
      arm.status = ArmStatus::kPaused;
      break;
    case v1::REMOVED:
      return engine::BadField("arm.status", "use RemoveArm to remove an arm");
    default:
      return engine::BadField("arm.status", Cat("unknown status ", message.status()));
  }
  return arm;
}

engine::ArmEdit EditOf(const v1::Arm& message) {
  engine::ArmEdit edit;
  edit.name = message.name();
  edit.edit = [message](const Arm& present) { return Edited(present, message, {}); };
  return edit;
}

engine::ArmEdit EditOf(const v1::PutArmRequest& request) {
  engine::ArmEdit edit;
  edit.name = request.arm().name();
  edit.edit = [request](const Arm& present) {
    return Edited(present, request.arm(), request.clear());
  };
  edit.create_only = request.create_only();
  edit.change_only = request.change_only();
  edit.is_reset = request.reset();
  edit.inherit_from = request.inherit_from();
  edit.inherit_strength = request.inherit_strength();
  return edit;
}

void FillProto(const engine::PutArmOutput& output, v1::PutArmResponse& out) {
  *out.mutable_arm() = ToProto(output.arm);
  out.set_created(output.is_new);
  for (const std::string& change : output.changes) out.add_changes(change);
  for (const std::string& note : output.notes) out.add_notes(note);
}

void FillProto(const engine::PutPoolOutput& output, v1::PutPoolResponse& out) {
  *out.mutable_pool() = ToProto(output.info);
  out.set_created(output.is_new);
  for (const std::string& change : output.changes) out.add_changes(change);
  for (const std::string& arm : output.arms_not_named) out.add_arms_not_named(arm);
  for (const std::string& note : output.notes) out.add_notes(note);
}

v1::Arm ToProto(const Arm& arm) {
  v1::Arm out;
  out.set_name(arm.name);
  if (!arm.description.empty()) out.set_description(arm.description);
  for (const std::string& tag : arm.tags) out.add_tags(tag);
  if (arm.usd_per_1m_input) out.set_usd_per_1m_input(*arm.usd_per_1m_input);
  if (arm.usd_per_1m_output) out.set_usd_per_1m_output(*arm.usd_per_1m_output);
  if (arm.usd_per_request) out.set_usd_per_request(*arm.usd_per_request);
  if (arm.usd_per_1m_cached_input) out.set_usd_per_1m_cached_input(*arm.usd_per_1m_cached_input);
  for (const PriceTier& tier : arm.price_tiers) {
    auto* t = out.add_price_tiers();
    t->set_above_input_tokens(tier.above_input_tokens);
    if (tier.usd_per_1m_input) t->set_usd_per_1m_input(*tier.usd_per_1m_input);
    if (tier.usd_per_1m_output) t->set_usd_per_1m_output(*tier.usd_per_1m_output);
    if (tier.usd_per_1m_cached_input) {
      t->set_usd_per_1m_cached_input(*tier.usd_per_1m_cached_input);
    }
  }
  if (arm.context_tokens_max > 0) out.set_context_tokens_max(arm.context_tokens_max);
  if (arm.output_tokens_max > 0) out.set_output_tokens_max(arm.output_tokens_max);
  if (arm.prior_quality) out.set_prior_quality(*arm.prior_quality);
  if (arm.prior_strength > 0) out.set_prior_strength(arm.prior_strength);
  if (arm.prior_latency_ms) out.set_prior_latency_ms(*arm.prior_latency_ms);
  if (arm.prior_output_tokens) out.set_prior_output_tokens(*arm.prior_output_tokens);
  if (!arm.version.empty()) out.set_version(arm.version);
  for (const std::string& alias : arm.aliases) out.add_aliases(alias);
  out.set_status(static_cast<v1::ArmStatus>(arm.status));
  return out;
}

}  // namespace pointsman::service
