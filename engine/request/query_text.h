// The part of a long query that is embedded.
// Threads: pure function.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace pointsman::engine {

// The text, if it has at most `bytes_max` bytes. Otherwise its head and its tail, of about the same length,
// cut between code points; together at most `bytes_max` bytes (but at least one code point).
std::string HeadAndTail(std::string_view text, std::size_t bytes_max);

}  // namespace pointsman::engine
