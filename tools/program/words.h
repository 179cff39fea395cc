// SPDX-License-Identifier: Apache-2.0
//
// File: words.h
//
// One line of a program's text, word by word. The first thing that is wrong is remembered, and all
// that is taken after it is empty: so a line can be read as if nothing were ever wrong, and asked
// at its end.
//
//   Line line(text);
//   const std::string name = line.Take("a socket");
//   if (line.TakeIf("from")) ...
//   line.End();
//   if (!line.error().empty()) ...

#ifndef POLLUX_TOOLS_PROGRAM_WORDS_H_
#define POLLUX_TOOLS_PROGRAM_WORDS_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace pollux::program {

// A word in quotes for a message: escaped, and cut short where it is long.
std::string Quote(absl::string_view word);

// Thread-compatible.
class Line {
 public:
  // Splits at blanks. A word that begins with '"' goes to the next '"' and has C's escapes. '#'
  // where a word could begin makes the rest a comment.
  explicit Line(absl::string_view text);

  // What is wrong with the line; empty: nothing so far.
  const std::string& error() const { return error_; }
  bool failed() const { return !error_.empty(); }
  // Remembers what is wrong, unless something is already.
  template <typename... Parts>
  void Fail(const Parts&... parts) {
    if (error_.empty()) error_ = absl::StrCat(parts...);
  }
  // What a right line looks like, for the messages about missing and superfluous words.
  void SetUsage(absl::string_view usage) { usage_ = std::string(usage); }

  // Whether all words were taken.
  bool AtEnd() const { return failed() || next_ == words_.size(); }
  // The next word, which must be there and not be in quotes; `what` it is.
  std::string Take(absl::string_view what);
  // Takes the next word if it is this one.
  bool TakeIf(absl::string_view word);
  // Fails unless the next word is this one.
  void Expect(absl::string_view word);
  bool NextIsQuoted() const { return !AtEnd() && words_[next_].quoted; }
  // Whether the next word is this one.
  bool NextIs(absl::string_view word) const;
  std::string TakeQuoted();
  // A number within those bounds, included.
  int64_t TakeNumber(absl::string_view what, int64_t min, int64_t max);
  // Fails if words are left.
  void End();

 private:
  struct Word {
    std::string text;
    bool quoted = false;
  };

  // Reads the quoted word at the beginning of `text`; what is behind it, or nothing after a
  // failure.
  absl::string_view SplitQuoted(absl::string_view text);

  std::vector<Word> words_;
  size_t next_ = 0;
  std::string error_;
  std::string usage_;
};

}  // namespace pollux::program

#endif  // POLLUX_TOOLS_PROGRAM_WORDS_H_
