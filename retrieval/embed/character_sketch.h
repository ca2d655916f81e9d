// A signed count sketch of a text's character 3- to 5-grams: the part of a vector that every text in every
// script has. Letters are lower-cased; a run of white space counts as one space.
// Shapes: `out` has any number of buckets, at least 1.
// Errors: none; a byte that is not UTF-8 counts as a character of its own.
// Cost: O(bytes), three hash steps a character; one allocation for texts above 512 bytes.
// Threads: a pure function.
// Source: Charikar, Chen and Farach-Colton 2002, "Finding frequent items in data streams".
#pragma once

#include <span>
#include <string_view>

namespace pointsman::retrieval {

// Overwrites `out`: unit norm, or all zero for a text without content.
void SketchCharacters(std::string_view text, std::span<float> out);

}  // namespace pointsman::retrieval
