// What of a long query is embedded.
// Threads: pure function.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace pointsman {

// The text, if it has at most `bytes_max` bytes; else its head and its tail, about as long as one another, cut
// between code points, together at most `bytes_max` bytes (but at least one code point).
std::string HeadAndTail(std::string_view text, std::size_t bytes_max);

}  // namespace pointsman
