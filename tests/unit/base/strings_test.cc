#include "base/strings.h"

#include <gtest/gtest.h>

#include <string>

namespace pointsman {
namespace {

TEST(Quoted, EscapesWhatCouldForgeALogLine) {
  EXPECT_EQ(Quoted("a\nb\x1b[0m\"\\"), "\"a\\x0ab\\x1b[0m\\\"\\\\\"");
}

TEST(Quoted, CutsLongTexts) { EXPECT_EQ(Quoted(std::string(100, 'x'), 3), "\"xxx\"..."); }

TEST(OneLine, KeepsTextsAndEscapesWhatALineShouldNotHold) {
  const struct {
    const char* text;
    const char* line;
  } rows[] = {
      {"plain, \"quoted\" and C:\\ too", "plain, \"quoted\" and C:\\ too"},
      {"na\xc3\xafve \xe6\xbc\xa2", "na\xc3\xafve \xe6\xbc\xa2"},
      {"a\nb\r\t\x1b[31m\x7f", "a\\x0ab\\x0d\\x09\\x1b[31m\\x7f"},
      {"\xc2\x9b"
       "31m\xc2\x85",
       "\\xc2\\x9b31m\\xc2\\x85"},                // C1: CSI in one character, next line
      {"\xe2\x80\xa8", "\\xe2\\x80\\xa8"},        // line separator
      {"\xe2\x80\xaetxt", "\\xe2\\x80\\xaetxt"},  // right-to-left override
      {"\xe2\x81\xa6", "\\xe2\\x81\\xa6"},        // left-to-right isolate
      {"\xff\xc3(\xed\xa0\x80", "\\xff\\xc3(\\xed\\xa0\\x80"},  // no UTF-8
      {"e\xcc\x81", "e\xcc\x81"},                               // a combining character
  };
  for (const auto& [text, line] : rows) {
    EXPECT_EQ(OneLine(text), line);
    EXPECT_FALSE(HoldsControls(OneLine(text)));
    EXPECT_TRUE(IsUtf8(OneLine(text)));
    EXPECT_EQ(HoldsControls(text), IsUtf8(text) && std::string(text) != line) << line;
  }
  EXPECT_EQ(OneLine(std::string("a\0b", 3)), "a\\x00b");
}

TEST(OneLine, CutsLongTextsBetweenCharacters) {
  EXPECT_EQ(OneLine(std::string(100, 'x'), 10), "xxxxxxx...");
  std::string long_text;
  for (int i = 0; i < 1000; ++i) long_text += "\xe6\xbc\xa2\n";
  EXPECT_LE(OneLine(long_text, 100).size(), 103u);
  EXPECT_TRUE(IsUtf8(OneLine(long_text, 100)));
}

TEST(IsUtf8, AcceptsWellFormedText) {
  for (const char* text : {"", "plain", "na\xc3\xafve", "\xe6\xbc\xa2", "\xf0\x9f\x98\x80"}) {
    EXPECT_TRUE(IsUtf8(text)) << text;
  }
}

TEST(IsUtf8, RefusesWhatRfc3629Forbids) {
  const char* const bad[] = {"\x80",         "\xc3",         "\xc0\xaf",
                             "\xe0\x80\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80",
                             "\xff",         "a\xc3(",       "\xf0\x9f\x98"};
  for (const char* text : bad) EXPECT_FALSE(IsUtf8(text)) << Quoted(text);
}

}  // namespace
}  // namespace pointsman
