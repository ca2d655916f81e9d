#include "base/strings.h"

#include <gtest/gtest.h>

#include <string>

namespace pointsman {
namespace {

TEST(Quoted, EscapesWhatCouldForgeALogLine) {
  EXPECT_EQ(Quoted("a\nb\x1b[0m\"\\"), "\"a\\x0ab\\x1b[0m\\\"\\\\\"");
}

TEST(Quoted, CutsLongTexts) { EXPECT_EQ(Quoted(std::string(100, 'x'), 3), "\"xxx\"..."); }

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
