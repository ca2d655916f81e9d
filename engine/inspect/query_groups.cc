#include "engine/inspect/query_groups.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "engine/inspect/past_query.h"
#include "engine/request/query_text.h"
#include "engine/request/validate.h"
#include "retrieval/index/grouping.h"

namespace pointsman::engine {
namespace {

constexpr uint32_t kGroups = 8;
constexpr std::size_t kTextsMax = 1024;
constexpr std::size_t kWordsMax = 6, kWordBytesMin = 3, kWordBytesMax = 30;
constexpr double kTimesOutside = 2;  // as often as in other groups, at least
constexpr std::size_t kExamplesMax = 3, kExampleBytesMax = 200;
constexpr std::size_t kArmsMax = 32;

// The query of an outcome, and the group of that outcome.
struct GroupedText {
  std::size_t group = 0;
  float similarity = 0;  // to the centre of the group
  std::string text;
};

std::vector<Experience> Newest(const PoolRuntime& pool, const storage::Projections& projections,
                               std::size_t dimension, absl::Status& status) {
  const auto state = pool.state();
  std::deque<Experience> newest;
  status = projections.ReadExperience(pool.id(), [&](Experience experience) {
    if (experience.context.size() < dimension || std::isnan(experience.quality)) return;
    if (experience.sequence < state->FreshSince(experience.arm)) return;
    newest.push_back(std::move(experience));
    if (newest.size() > kGroupedMax) newest.pop_front();
  });
  return {std::make_move_iterator(newest.begin()), std::make_move_iterator(newest.end())};
}

bool IsWordByte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || static_cast<unsigned char>(c) >= 0x80;
}

std::set<std::string> WordsOf(std::string_view text) {
  std::set<std::string> words;
  std::string word;
  const auto end = [&] {
    const bool is_number = word.find_first_not_of("0123456789") == std::string::npos;
    if (word.size() >= kWordBytesMin && word.size() <= kWordBytesMax && !is_number) {
      words.insert(word);
    }
    word.clear();
  };
  for (const char c : text) {
    const char lower = absl::ascii_tolower(static_cast<unsigned char>(c));
    if (IsWordByte(lower)) {
      word += lower;
    } else {
      end();
    }
  }
  end();
  return words;
}

void AddWords(const std::vector<GroupedText>& texts, std::vector<QueryGroup>& groups) {
  std::map<std::string, std::vector<uint32_t>> uses;  // by word: queries by group
  std::vector<double> queries(groups.size());
  for (const GroupedText& text : texts) {
    ++queries[text.group];
    for (const std::string& word : WordsOf(text.text)) {
      auto& counts = uses[word];
      counts.resize(groups.size());
      ++counts[text.group];
    }
  }
  std::vector<std::vector<std::pair<double, std::string>>> ranked(groups.size());
  for (const auto& [word, counts] : uses) {
    double all = 0;
    for (const uint32_t count : counts) all += count;
    for (std::size_t g = 0; g < groups.size(); ++g) {
      if (counts[g] < 2) continue;
      const double outside = static_cast<double>(texts.size()) - queries[g];
      const double in = (counts[g] + 0.5) / (queries[g] + 1);
      const double out = (all - counts[g] + 0.5) / (outside + 1);
      if (in > kTimesOutside * out) ranked[g].emplace_back(counts[g] * std::log(in / out), word);
    }
  }
  for (std::size_t g = 0; g < groups.size(); ++g) {
    std::sort(ranked[g].begin(), ranked[g].end(), [](const auto& a, const auto& b) {
      return a.first != b.first ? a.first > b.first : a.second < b.second;
    });
    for (std::size_t i = 0; i < std::min(kWordsMax, ranked[g].size()); ++i) {
      groups[g].words.push_back(std::move(ranked[g][i].second));
    }
  }
}

// Line breaks and other controls become spaces, without those at the ends.
std::string OnOneLine(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  const std::size_t begin = text.find_first_not_of(' ');
  if (begin == std::string::npos) return "";
  return text.substr(begin, text.find_last_not_of(' ') - begin + 1);
}

void AddExamples(std::vector<GroupedText> texts, std::vector<QueryGroup>& groups) {
  std::stable_sort(texts.begin(), texts.end(), [](const GroupedText& a, const GroupedText& b) {
    return a.similarity > b.similarity;
  });
  for (const GroupedText& text : texts) {
    auto& examples = groups[text.group].examples;
    std::string example = HeadAndTail(OnOneLine(text.text), kExampleBytesMax);
    const bool is_new = std::find(examples.begin(), examples.end(), example) == examples.end();
    if (is_new && examples.size() < kExamplesMax) examples.push_back(std::move(example));
  }
}

// How each arm did in each group.
void AddArms(const learners::LearnedState& state, const std::vector<Experience>& outcomes,
             const std::vector<uint32_t>& group_of, std::vector<QueryGroup>& groups) {
  std::vector<std::map<ArmId, Sums>> sums(groups.size());
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    groups[group_of[i]].share += 1 / static_cast<double>(outcomes.size());
    sums[group_of[i]][outcomes[i].arm].Add(outcomes[i].quality);
  }
  for (std::size_t g = 0; g < groups.size(); ++g) {
    auto& arms = groups[g].arms;
    for (const auto& [id, quality] : sums[g]) {
      const Arm* arm = state.arm(id);
      if (arm != nullptr && arm->status != ArmStatus::kRemoved)
        arms.emplace_back(arm->name, quality);
    }
    std::stable_sort(arms.begin(), arms.end(), [](const auto& a, const auto& b) {
      return a.second.sum / static_cast<double>(a.second.count) >
             b.second.sum / static_cast<double>(b.second.count);
    });
    if (arms.size() > kArmsMax) arms.resize(kArmsMax);
  }
}

}  // namespace

absl::StatusOr<QueryGroups> GroupQueries(const PoolRuntime& pool, const storage::Storage& storage,
                                         uint32_t count) {
  if (count > kGroupsMax) {
    return BadField("groups", Cat("must be at most ", kGroupsMax, ", got ", count));
  }
  const auto state = pool.state();
  const std::size_t dimension = pool.encoder().projected();
  QueryGroups found;
  found.has_words = state->pool().settings.store_query_text;
  absl::Status status;
  const std::vector<Experience> outcomes = Newest(pool, *storage.log, dimension, status);
  RETURN_IF_ERROR(status);
  found.outcomes = static_cast<uint32_t>(outcomes.size());
  if (outcomes.empty() || dimension == 0) return found;
  std::vector<float> rows;
  for (const Experience& outcome : outcomes) {
    rows.insert(rows.end(), outcome.context.begin(),
                outcome.context.begin() + static_cast<std::ptrdiff_t>(dimension));
  }
  ASSIGN_OR_RETURN(
      const retrieval::Grouping grouping,
      retrieval::GroupRows(static_cast<uint32_t>(dimension), rows, count == 0 ? kGroups : count));
  const auto last = std::max_element(grouping.group_of.begin(), grouping.group_of.end());
  found.groups.resize(*last + 1);
  AddArms(*state, outcomes, grouping.group_of, found.groups);
  std::vector<GroupedText> texts;
  ASSIGN_OR_RETURN(const Sequence first, storage.log->FirstSequence(pool.id()));
  const std::size_t step = 1 + (outcomes.size() - 1) / kTextsMax;
  for (std::size_t i = 0; found.has_words && i < outcomes.size(); i += step) {
    ASSIGN_OR_RETURN(PastQuery past, FindPastQuery(pool, storage, first, outcomes[i].sequence));
    if (past.text.empty()) continue;
    texts.push_back({grouping.group_of[i], grouping.similarity[i], std::move(past.text)});
  }
  AddWords(texts, found.groups);
  AddExamples(std::move(texts), found.groups);
  std::erase_if(found.groups, [](const QueryGroup& group) { return group.share == 0; });
  std::stable_sort(found.groups.begin(), found.groups.end(),
                   [](const QueryGroup& a, const QueryGroup& b) { return a.share > b.share; });
  return found;
}

}  // namespace pointsman::engine
