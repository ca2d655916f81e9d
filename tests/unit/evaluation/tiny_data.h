// A data folder small enough to work out by hand: three queries, three models.
//   quality   a    b    c      cost  a      b      c      (c has no outcome on q3)
//   q1        1    0    0.5          0.001  0.004  0.002
//   q2        0    1    0.5          0.001  0.002  0.002
//   q3        1    1    -            0.001  0.003  -
#pragma once

#include "temp_folder.h"

namespace pointsman::evaluation {

constexpr std::string_view kTinyQueries =
    "{\"id\":\"q1\",\"text\":\"first\",\"domain\":\"x\",\"extra\":[1]}\n"
    "{\"id\":\"q2\",\"text\":\"second \\u00e9\"}\n"
    "{\"id\":\"q3\",\"text\":\"third\",\"domain\":\"y\"}\n";
constexpr std::string_view kTinyModels =
    "[\n {\"name\":\"a\",\"description\":\"small\",\"usd_per_1m_input\":0.5,"
    "\"usd_per_1m_output\":1},\n"
    " {\"name\":\"b\",\"usd_per_1m_input\":null,\"usd_per_1m_output\":null},\n"
    " {\"name\":\"c\",\"rows\":7}\n]\n";
constexpr std::string_view kTinyOutcomes =
    "id\tmodel\tquality\tcost_usd\tlatency_ms\tinput_tokens\toutput_tokens\n"
    "q1\ta\t1\t0.001\t\t10\t20\n"
    "q1\tb\t0\t0.004\t\t10\t30\n"
    "q1\tc\t0.5\t0.002\t\t\t\n"
    "q2\ta\t0\t0.001\t\t11\t21\n"
    "q2\tb\t1\t0.002\t\t11\t31\n"
    "q2\tc\t0.5\t0.002\t\t\t\n"
    "q3\ta\t1\t0.001\t\t12\t22\n"
    "q3\tb\t1\t0.003\t\t12\t32\n";
constexpr std::string_view kTinyPools = "{\"two\": [\"b\", \"a\"]}\n";

inline void WriteTinyData(const TempFolder& folder) {
  folder.Write("queries.jsonl", kTinyQueries);
  folder.Write("models.json", kTinyModels);
  folder.Write("outcomes.tsv", kTinyOutcomes);
  folder.Write("pools.json", kTinyPools);
}

}  // namespace pointsman::evaluation
