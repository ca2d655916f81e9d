// Names of pools, arms, tags and features, as they are compared: after Unicode normalisation (NFC), so that
// what looks the same is the same.
// Threads: pure functions.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace pointsman {

// The name in NFC. Text that is not UTF-8, or far too long for a name, is returned as it is.
std::string NormalName(std::string_view name);

// Whether two names are the same after NFC.
// Cost: a comparison, unless they differ beyond ASCII.
bool IsSameName(std::string_view a, std::string_view b);

// Whether the name holds invisible characters: zero-width spaces and joiners, soft hyphens, byte order marks.
bool HoldsInvisible(std::string_view name);

// The entry of `names` that `name` is probably a typo of: at most two edits away, and less than a third of
// its length. Empty: none is near.
// Cost: O(names * length^2).
std::string NearestName(std::string_view name, std::span<const std::string> names);

// The pool that a request means: without a name, "default".
inline std::string_view PoolOrDefault(std::string_view name) {
  return name.empty() ? "default" : name;
}

}  // namespace pointsman
