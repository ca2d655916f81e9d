// `pointsman train-lexicon`: makes a lexicon file from text.
#include <filesystem>
#include <memory>
#include <system_error>

#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "evaluation/data/json.h"
#include "retrieval/training/lexicon_trainer.h"
#include "tools/command.h"
#include "tools/json_text.h"
#include "tools/output.h"
#include "tools/progress_bar.h"
#include "tools/text_lines.h"

namespace pointsman::tools {
namespace {

struct Options {
  std::vector<std::string> corpus;
  std::string out;
  std::string note;
  retrieval::LexiconOptions lexicon;
};

absl::Status Run(const Options& options, bool is_json) {
  ASSIGN_OR_RETURN(const auto trainer, retrieval::LexiconTrainer::Make(options.lexicon));
  uint64_t lines_left_out = 0;
  for (const std::string& path : options.corpus) {
    RETURN_IF_ERROR(ForEachText(
        path, [&](const std::string& text) { lines_left_out += trainer->Add(text) ? 0 : 1; }));
  }
  if (!is_json) {
    Print(absl::StrFormat("%d lines, %d tokens\n", trainer->lines(), trainer->tokens()));
  }
  if (lines_left_out > 0 && !is_json) {
    Print(absl::StrFormat("%d lines were left out because the corpus exceeds --tokens-max\n",
                          lines_left_out));
  }
  ProgressBar bar(is_json);
  auto content = trainer->Train(options.note, [&bar](const retrieval::LexiconProgress& progress) {
    bar.Show(progress.share, std::string(progress.stage));
  });
  if (!content.ok()) {
    bar.Leave();
    return content.status();
  }
  const std::string bytes = retrieval::EncodeLexicon(*content);
  // Written to another name and then renamed: a server may have the old file mapped.
  const std::string aside = options.out + ".new";
  RETURN_IF_ERROR(WriteFile(aside, bytes));
  std::error_code error;
  std::filesystem::rename(aside, options.out, error);
  if (error) {
    return FailedPrecondition("cannot rename ", aside, " to ", options.out, ": ", error.message());
  }
  ASSIGN_OR_RETURN(const auto lexicon, retrieval::Lexicon::Open(options.out));
  if (is_json) {
    const nlohmann::ordered_json json = {{"file", options.out},
                                         {"lines", trainer->lines()},
                                         {"lines_left_out", lines_left_out},
                                         {"tokens", lexicon->rows()},
                                         {"dimension", lexicon->dimension()},
                                         {"bytes", bytes.size()},
                                         {"checksum", Cat(lexicon->checksum())}};
    Print(Dumped(json));
    return absl::OkStatus();
  }
  Print(absl::StrFormat("%s: %d tokens in %d dimensions, %d bytes, checksum %016x\n", options.out,
                        lexicon->rows(), lexicon->dimension(), bytes.size(), lexicon->checksum()));
  return absl::OkStatus();
}

}  // namespace

void AddTrainLexicon(CLI::App& app, Cli& cli) {
  auto options = std::make_shared<Options>();
  retrieval::LexiconOptions& lexicon = options->lexicon;
  CLI::App* command = AddCommand(
      app, "train-lexicon", "make a lexicon (token -> vector) from text, for the lexicon embedder",
      "  pointsman train-lexicon --corpus prompts.jsonl --out prompts.lexicon\n"
      "\n"
      "A corpus file has one document per line (a prompt, a paragraph), plain or .gz. In a .jsonl\n"
      "file, the document is the string `text` or `query` of the object. Start with about ten "
      "thousand\n"
      "lines. The same files and options give the same lexicon.");
  command->add_option("--corpus", options->corpus, "files to learn from")->required();
  command->add_option("--out", options->out, "lexicon file to write")->required();
  command->add_option("--note", options->note,
                      "note stored in the file, such as corpus and licence");
  command->add_option("--dim", lexicon.dimension, "dimensions of a vector")->capture_default_str();
  command->add_option("--vocabulary", lexicon.vocabulary_max, "largest number of tokens")
      ->capture_default_str();
  command
      ->add_option("--lines-least", lexicon.lines_least,
                   "leave out tokens that occur in fewer lines")
      ->capture_default_str();
  command->add_option("--window", lexicon.window, "tokens on each side that count as near")
      ->capture_default_str();
  command
      ->add_option("--tokens-max", lexicon.tokens_max,
                   "most corpus tokens in memory (4 bytes each)")
      ->capture_default_str();
  command->add_option("--pairs-max", lexicon.pairs_max, "most pairs in memory (16 bytes each)")
      ->capture_default_str();
  command->add_option("--seed", lexicon.seed, "seed of the random numbers")->capture_default_str();
  command->callback([options, &cli] {
    options->lexicon.components = std::max(256u, 2 * options->lexicon.dimension);
    cli.what = "train-lexicon";
    cli.run = [options, &cli] { return Run(*options, cli.is_json); };
  });
}

}  // namespace pointsman::tools
