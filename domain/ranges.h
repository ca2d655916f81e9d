// The ranges of what requests and logs say, in one place.
// Threads: constant data.
#pragma once

namespace pointsman {

// What a request may say.
inline constexpr double kUsdMax = 1e6;
inline constexpr double kMsMax = 1e9;
inline constexpr double kTokensMax = 1e9;
inline constexpr double kStrengthMin = 1e-6;
inline constexpr double kStrengthMax = 1e6;

// What a log accepts. It is wider, because the server adds up and estimates what it writes there.
inline constexpr double kLoggedUsdMax = 1e9;
inline constexpr double kLoggedMsMax = 1e12;
inline constexpr double kLoggedTokensMax = 1e12;

}  // namespace pointsman
