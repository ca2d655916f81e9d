#include "retrieval/embed/text_tokens.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/rng.h"
#include "base/strings.h"

namespace pointsman::retrieval {
namespace {

using Tokens = std::vector<uint64_t>;

Tokens TokensOf(std::string_view text) {
  Tokens tokens = {42};  // to be replaced
  Tokenize(text, tokens);
  return tokens;
}

// The tokens of words that are known to be one token each.
Tokens Each(const std::vector<std::string>& words) {
  Tokens tokens;
  for (const std::string& word : words) {
    const Tokens one = TokensOf(word);
    EXPECT_EQ(one.size(), 1u) << Quoted(word);
    tokens.insert(tokens.end(), one.begin(), one.end());
  }
  return tokens;
}

TEST(Tokenize, CutsAtWhateverIsNoLetterAndNoDigit) {
  EXPECT_EQ(TokensOf("Route the query, please!"), Each({"route", "the", "query", "please"}));
  EXPECT_EQ(TokensOf("std::vector<int32_t> a_b"), Each({"std", "vector", "int32", "t", "a", "b"}));
  EXPECT_EQ(TokensOf("\\frac{x}{2}"), Each({"frac", "x", "2"}));
  EXPECT_TRUE(TokensOf("").empty());
  EXPECT_TRUE(TokensOf(" \t\n--- !? \xe2\x80\x94 ").empty());
}

TEST(Tokenize, FoldsCaseAccentsAndCompatibilityForms) {
  EXPECT_EQ(TokensOf("ROUTE"), TokensOf("route"));
  EXPECT_EQ(TokensOf("\xc3\x85ngstr\xc3\xb6m"), TokensOf("angstrom"));    // composed
  EXPECT_EQ(TokensOf("A\xcc\x8angstro\xcc\x88m"), TokensOf("angstrom"));  // combining marks
  EXPECT_EQ(TokensOf("\xef\xbc\xa1\xef\xbc\xa2"), TokensOf("ab"));        // full width
  EXPECT_EQ(TokensOf("\xef\xac\x81ne"), TokensOf("fine"));                // the ligature fi
  EXPECT_EQ(TokensOf("Stra\xc3\x9f"
                     "e"),
            TokensOf("STRASSE"));
  EXPECT_EQ(TokensOf("\xd0\x96\xd0\x90\xd0\x91\xd0\x90"),
            TokensOf("\xd0\xb6\xd0\xb0\xd0\xb1\xd0\xb0"));
}

TEST(Tokenize, CountsNumbersByTheirLength) {
  EXPECT_EQ(TokensOf("1999"), TokensOf("2024"));
  EXPECT_NE(TokensOf("199"), TokensOf("1999"));
  EXPECT_EQ(TokensOf("12345"), TokensOf("123456789012345678901234567890123456789012345"));
  EXPECT_EQ(TokensOf("\xd9\xa1\xd9\xa2"), TokensOf("12"));  // Arabic digits
  EXPECT_NE(TokensOf("h2o"), TokensOf("h3o"));              // a word with a digit in it
  EXPECT_EQ(TokensOf("3.14").size(), 2u);
}

TEST(Tokenize, TakesHanAndKanaCharactersAlone) {
  // "maths problem" in Chinese: four characters, two words, no space.
  EXPECT_EQ(TokensOf("\xe6\x95\xb0\xe5\xad\xa6\xe9\xa2\x98\xe7\x9b\xae"),
            Each({"\xe6\x95\xb0", "\xe5\xad\xa6", "\xe9\xa2\x98", "\xe7\x9b\xae"}));
  EXPECT_EQ(TokensOf("ab\xe6\x95\xb0"
                     "cd\xe3\x81\x82"),
            Each({"ab", "\xe6\x95\xb0", "cd", "\xe3\x81\x82"}));
}

TEST(Tokenize, KeepsMarksThatMakeAWord) {
  // Hindi "ki", a consonant with a vowel sign: not the bare consonant, and one token.
  EXPECT_EQ(TokensOf("\xe0\xa4\x95\xe0\xa4\xbf").size(), 1u);
  EXPECT_NE(TokensOf("\xe0\xa4\x95\xe0\xa4\xbf"), TokensOf("\xe0\xa4\x95"));
}

TEST(Tokenize, LeavesOutWhatIsTooLongForAWord) {
  const std::string longest(kTokenCharactersMax, 'x');
  EXPECT_EQ(TokensOf(longest).size(), 1u);
  EXPECT_TRUE(TokensOf(longest + "x").empty());
  EXPECT_EQ(TokensOf(longest + "x and more"), Each({"and", "more"}));
}

TEST(Tokenize, TakesBrokenUtf8AsABreak) {
  for (const char* broken :
       {"\x80", "\xff", "\xc3", "\xe2\x82", "\xed\xa0\x80", "\xf4\x90\x80\x80"}) {
    EXPECT_EQ(TokensOf(std::string("ab") + broken + " cd"), Each({"ab", "cd"})) << Quoted(broken);
  }
  EXPECT_EQ(TokensOf(std::string_view("ab\0cd", 5)), Each({"ab", "cd"}));
}

// The rules for ASCII, implemented again in the obvious way: runs of letters and digits.
TEST(Tokenize, AgreesWithTheObviousWayOnAscii) {
  for (uint64_t seed = 1; seed <= 2000; ++seed) {
    Rng rng(seed);
    std::string text;
    for (uint64_t n = rng.Below(60); n > 0; --n) {
      text += rng.Below(3) == 0 ? static_cast<char>(rng.Below(128)) : "abcXYZ019 _"[rng.Below(11)];
    }
    std::vector<std::string> words;
    std::string word;
    for (const char c : text + " ") {
      const bool is_word =
          (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
      if (is_word) {
        word += c;
      } else if (!word.empty()) {
        const bool is_number = word.find_first_not_of("0123456789") == std::string::npos;
        if (is_number || word.size() <= kTokenCharactersMax) words.push_back(word);
        word.clear();
      }
    }
    EXPECT_EQ(TokensOf(text), Each(words)) << "seed " << seed << ", text " << Quoted(text);
  }
}

}  // namespace
}  // namespace pointsman::retrieval
