// SPDX-License-Identifier: Apache-2.0

#include "tests/lint/source_file.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace pollux::lint {
namespace {

// Copies C++ text, and turns into blanks what is not code. Line ends stay, so that line numbers do.
class CodeOnly {
 public:
  explicit CodeOnly(absl::string_view text) : text_(text) {}

  std::string Run() {
    while (at_ < text_.size()) {
      if (Sees("//")) {
        BlankUntil("\n", 0);
      } else if (Sees("/*")) {
        BlankUntil("*/", 2);
      } else if (Sees("R\"")) {
        RawString();
      } else if (text_[at_] == '"') {
        Literal('"');
      } else if (text_[at_] == '\'' && !IsDigitSeparator()) {
        Literal('\'');
      } else {
        code_.push_back(text_[at_++]);
      }
    }
    return code_;
  }

 private:
  bool Sees(absl::string_view what) const { return absl::StartsWith(text_.substr(at_), what); }

  // The quote in 1'000'000.
  bool IsDigitSeparator() const { return at_ > 0 && absl::ascii_isxdigit(text_[at_ - 1]) != 0; }

  void Blank() {
    code_.push_back(text_[at_] == '\n' ? '\n' : ' ');
    ++at_;
  }

  void BlankUntil(absl::string_view end, size_t skip) {
    while (at_ < text_.size() && !Sees(end)) Blank();
    for (size_t i = 0; i < skip && at_ < text_.size(); ++i) Blank();
  }

  // The quotes stay: an include is recognised by them.
  void Literal(char quote) {
    code_.push_back(text_[at_++]);
    while (at_ < text_.size() && text_[at_] != quote && text_[at_] != '\n') {
      if (text_[at_] == '\\') Blank();
      if (at_ < text_.size()) Blank();
    }
    if (at_ < text_.size()) code_.push_back(text_[at_++]);
  }

  // R"name( ... )name"
  void RawString() {
    const size_t open = text_.find('(', at_);
    if (open == absl::string_view::npos) return BlankUntil("\n", 0);
    const std::string name(text_.substr(at_ + 2, open - at_ - 2));
    const std::string end = ")" + name + "\"";
    BlankUntil(end, end.size());
  }

  absl::string_view text_;
  size_t at_ = 0;
  std::string code_;
};

}  // namespace

SourceFile::SourceFile(std::string path, absl::string_view text)
    : path_(std::move(path)), lines_(absl::StrSplit(absl::StripSuffix(text, "\n"), '\n')) {
  code_ = lines_;
  if (IsCpp()) {
    code_ = absl::StrSplit(CodeOnly(absl::StripSuffix(text, "\n")).Run(), '\n');
    ReadIncludes();
  }
  ReadExceptions();
}

bool SourceFile::IsHeader() const { return absl::EndsWith(path_, ".h"); }

bool SourceFile::IsCpp() const { return IsHeader() || absl::EndsWith(path_, ".cc"); }

bool SourceFile::IsBuildFile() const {
  return path_ == "BUILD.bazel" || absl::EndsWith(path_, "/BUILD.bazel");
}

bool SourceFile::IsIn(absl::string_view prefix) const {
  return absl::EndsWith(prefix, "/") ? absl::StartsWith(path_, prefix) : path_ == prefix;
}

bool SourceFile::Allows(absl::string_view rule, size_t line) const {
  return allowed_.count({std::string(rule), line}) != 0;
}

void SourceFile::ReadExceptions() {
  constexpr absl::string_view kMark = "lint: allow(";
  for (size_t i = 0; i < lines_.size(); ++i) {
    absl::string_view rest = lines_[i];
    const size_t mark = rest.find(kMark);
    if (mark == absl::string_view::npos) continue;
    rest.remove_prefix(mark + kMark.size());
    const size_t close = rest.find(')');
    if (close == absl::string_view::npos) continue;
    // One that gives no reason grants nothing.
    if (absl::StripAsciiWhitespace(rest.substr(close + 1)).empty()) continue;
    const std::string rule(rest.substr(0, close));
    allowed_.insert({rule, i + 1});
    // On a line of its own it speaks of the next one.
    if (absl::StripAsciiWhitespace(code_[i]).empty()) allowed_.insert({rule, i + 2});
  }
}

void SourceFile::ReadIncludes() {
  for (size_t i = 0; i < code_.size(); ++i) {
    // The code says that this is an include and no comment, the line as written has the name.
    absl::string_view code = absl::StripLeadingAsciiWhitespace(code_[i]);
    if (!absl::ConsumePrefix(&code, "#")) continue;
    if (!absl::StartsWith(absl::StripLeadingAsciiWhitespace(code), "include")) continue;
    const std::string& line = lines_[i];
    const size_t open = line.find_first_of("<\"");
    if (open == std::string::npos) continue;
    const bool angled = line[open] == '<';
    const size_t close = line.find(angled ? '>' : '"', open + 1);
    if (close == std::string::npos) continue;
    includes_.push_back({i + 1, line.substr(open + 1, close - open - 1), angled});
  }
}

}  // namespace pollux::lint
