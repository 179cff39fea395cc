// SPDX-License-Identifier: Apache-2.0

#include "tests/lint/rules.h"

#include <algorithm>
#include <cstddef>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"

namespace pollux::lint {
namespace {

// Entries ending in a slash are folders, others are files; they match as SourceFile::IsIn does.
using Paths = std::vector<absl::string_view>;

struct Room {
  absl::string_view folder;
  Paths may_include;
  Paths but_not;
  absl::string_view why;
};

// The first row that fits a file rules it. A file may always include its own folder.
const std::vector<Room>& Rooms() {
  static const auto& rooms = *new std::vector<Room>{
      {"udp/testing/", {"absl/", "gmock/", "gtest/", "udp/"}, {}, "matchers for tests"},
      {"udp/",
       {"absl/"},
       {"udp/testing/"},
       "the contract stands on Abseil and the standard library alone"},
      {"platform/common/", {"absl/", "udp/"}, {"udp/testing/"}, "common/ serves every system"},
      {"platform/posix/",
       {"absl/", "platform/common/", "udp/"},
       {"udp/testing/"},
       "posix/ serves every Unix"},
      {"platform/",
       {"absl/", "udp/"},
       {"udp/testing/"},
       "a native engine sees the contract and nothing beside"},
      {"sim/choice/",
       {"absl/", "udp/internal/check.h"},
       {},
       "choice/ knows nothing of packets beyond their labels"},
      {"sim/kernel/",
       {"absl/", "sim/choice/", "udp/"},
       {"udp/event_loop.h", "udp/testing/", "udp/timer_queue.h", "udp/udp_socket.h"},
       "kernel/ is one host's stack: it has no clock and no peers"},
      {"sim/trace/",
       {"absl/", "sim/choice/name.h", "sim/choice/random.h", "sim/kernel/", "udp/"},
       {"udp/event_loop.h", "udp/testing/", "udp/udp_socket.h"},
       "trace/ is written to and read from, it takes no part"},
      {"sim/fabric/",
       {"absl/", "sim/choice/", "sim/kernel/memo.h", "sim/kernel/packet.h",
        "sim/kernel/ring_queue.h", "sim/timeline.h", "sim/trace/", "udp/"},
       {"udp/event_loop.h", "udp/testing/", "udp/udp_socket.h"},
       "fabric/ is what is between hosts: it looks into no host's stack"},
      {"sim/testing/",
       {"absl/", "gmock/", "gtest/", "sim/", "udp/"},
       {},
       "sim/testing/ serves tests of simulated programs"},
      {"sim/",
       {"absl/", "udp/"},
       {"sim/testing/", "udp/testing/"},
       "sim/ and platform/ never see each other, and only tests see sim/testing/"},
      {"examples/",
       {"absl/", "gmock/", "gtest/", "platform/", "sim/", "tests/", "udp/"},
       {"udp/internal/"},
       "an example shows what a program outside may use"},
      {"tests/",
       {"absl/", "benchmark/", "examples/", "gmock/", "gtest/", "platform/", "sim/", "tools/",
        "udp/"},
       {},
       "names are written from the root of the repository"},
      {"tools/",
       {"absl/", "gmock/", "gtest/", "platform/", "sim/", "udp/"},
       {},
       "names are written from the root of the repository"},
  };
  return rooms;
}

// Headers of libraries; every other quoted name must be a file of ours.
const Paths& LibraryFolders() {
  static const auto& folders = *new Paths{"absl/", "benchmark/", "gmock/", "gtest/"};
  return folders;
}

struct BannedNames {
  absl::string_view rule;  // What lint: allow(...) calls it.
  Paths rooms;
  std::vector<absl::string_view> names;
  absl::string_view why;
};

const std::vector<BannedNames>& Bans() {
  static const auto& bans = *new std::vector<BannedNames>{
      {"string_view",
       {"examples/", "platform/", "sim/", "tests/", "udp/"},
       {"std::string_view"},
       "Abseil's is a type of its own in some releases; say absl::string_view"},
      {"clock",
       {"sim/", "udp/"},
       {"absl::Now", "absl::GetCurrentTimeNanos", "system_clock", "steady_clock",
        "high_resolution_clock", "clock_gettime", "gettimeofday", "time(nullptr)", "time(NULL)"},
       "time comes from the engine"},
      {"sleep",
       {"examples/", "sim/", "tests/", "udp/"},
       {"sleep(", "usleep(", "nanosleep(", "sleep_for", "sleep_until", "absl::SleepFor"},
       "wait on the engine's loop: a sleep is a race that has not happened yet"},
      {"random",
       {"sim/", "udp/"},
       {"rand(", "srand(", "random(", "std::random_device", "std::mt19937", "absl::BitGen",
        "absl::InsecureBitGen", "absl::Uniform"},
       "every coin is a labelled draw from sim/choice"},
      {"environment",
       {"sim/", "udp/"},
       {"getenv", "secure_getenv", "setenv"},
       "a run depends on its arguments and its seed alone"},
      {"thread",
       {"sim/"},
       {"std::thread", "std::jthread", "std::async", "thread_local", "pthread_create"},
       "the simulated world runs on the thread of its caller"},
      {"float",
       {"sim/"},
       {"float", "double", "absl::ToDoubleSeconds", "absl::FDivDuration"},
       "floating point differs between compilers and machines; use Ratio or Duration"},
      {"unordered",
       {"sim/"},
       {"std::unordered_map", "std::unordered_set", "std::unordered_multimap",
        "std::unordered_multiset"},
       "whoever iterates would meet the order of hashes; use std::map or absl's flat_hash_map for "
       "lookups alone"},
      {"posix",
       {"sim/", "udp/"},
       {"sockaddr", "sockaddr_in", "sockaddr_in6", "sockaddr_storage", "socklen_t", "errno"},
       "types and codes of operating systems stay in platform/"},
  };
  return bans;
}

const std::vector<absl::string_view>& PlatformMacros() {
  static const auto& macros = *new std::vector<absl::string_view>{
      "_WIN32",      "_WIN64",      "WIN32",     "__MINGW32__",  "__CYGWIN__", "__linux__",
      "__linux",     "__ANDROID__", "__APPLE__", "__MACH__",     "__unix__",   "__FreeBSD__",
      "__OpenBSD__", "__NetBSD__",  "__sun",     "__SYMBIAN32__"};
  return macros;
}

bool IsWord(char c) { return absl::ascii_isalnum(c) != 0 || c == '_'; }

// `name` as a whole: not as a part of a longer identifier, nor behind a dot or an arrow.
bool HasName(absl::string_view code, absl::string_view name) {
  for (size_t at = code.find(name); at != absl::string_view::npos; at = code.find(name, at + 1)) {
    const size_t end = at + name.size();
    if (end < code.size() && IsWord(name.back()) && IsWord(code[end])) continue;
    if (at > 0 && IsWord(name.front()) && IsWord(code[at - 1])) continue;
    if (at > 0 && code[at - 1] == '.') continue;
    if (at > 1 && code.substr(at - 2, 2) == "->") continue;
    return true;
  }
  return false;
}

bool Matches(absl::string_view path, const Paths& paths) {
  for (absl::string_view entry : paths) {
    if (absl::EndsWith(entry, "/") ? absl::StartsWith(path, entry) : path == entry) return true;
  }
  return false;
}

bool IsInAny(const SourceFile& file, const Paths& rooms) { return Matches(file.path(), rooms); }

// Adds a finding unless the file grants an exception.
class Findings {
 public:
  explicit Findings(const SourceFile& file) : file_(file) {}

  template <typename... Parts>
  void Add(size_t line, absl::string_view rule, const Parts&... text) {
    if (file_.Allows(rule, line)) return;
    list_.push_back({file_.path(), line, std::string(rule), absl::StrCat(text...)});
  }

  std::vector<Finding> Take() { return std::move(list_); }

 private:
  const SourceFile& file_;
  std::vector<Finding> list_;
};

void CheckSystemInclude(const SourceFile& file, const SourceFile::Include& include,
                        Findings& findings) {
  // Headers of the standard library have neither a dot nor a slash in their names; those of
  // operating systems and of C have one or the other.
  if (!IsInAny(file, {"sim/", "udp/"})) return;
  if (include.name.find_first_of("./") != std::string::npos) {
    findings.Add(include.line, "include", "<", include.name, "> is no header of standard C++");
  }
  static const auto& headers = *new std::set<absl::string_view>{
      "chrono", "ctime",       "filesystem", "fstream",       "random",
      "thread", "string_view", "iostream",   "unordered_map", "unordered_set"};
  if (headers.count(include.name) != 0) {
    findings.Add(include.line, "include", "<", include.name, "> has no place in this room");
  }
}

void CheckOwnInclude(const SourceFile& file, const SourceFile::Include& include,
                     const std::set<std::string>& known, Findings& findings) {
  const std::string& name = include.name;
  if (!Matches(name, LibraryFolders())) {
    if (known.count(name) == 0) {
      findings.Add(include.line, "include", "\"", name,
                   "\" is no file that the lint test knows: add its package to "
                   "tests/lint/BUILD.bazel, or write the name from the root");
    }
    if (!absl::EndsWith(name, ".h")) {
      findings.Add(include.line, "include", "\"", name, "\" is not a header");
    }
  }
  for (const Room& room : Rooms()) {
    if (!file.IsIn(room.folder)) continue;
    const bool own = absl::StartsWith(name, room.folder);
    if ((!own && !Matches(name, room.may_include)) || Matches(name, room.but_not)) {
      findings.Add(include.line, "layer", room.folder, " must not include \"", name,
                   "\": ", room.why);
    }
    return;
  }
  findings.Add(include.line, "layer", "no room in tests/lint/rules.cc has this file");
}

// What a line of a document puts between backticks and has the shape of a test's name.
std::vector<std::string> TestNamesIn(const std::string& line) {
  std::vector<std::string> names;
  const std::vector<absl::string_view> parts = absl::StrSplit(line, '`');
  for (size_t i = 1; i < parts.size(); i += 2) {
    const std::vector<absl::string_view> halves = absl::StrSplit(parts[i], '.');
    const auto is_name = [](absl::string_view half) {
      return half.size() > 1 && absl::ascii_isupper(static_cast<unsigned char>(half[0])) &&
             std::all_of(half.begin(), half.end(), IsWord);
    };
    if (halves.size() != 2 || !is_name(halves[0]) || !is_name(halves[1])) continue;
    const bool of_qt =
        halves[0][0] == 'Q' && absl::ascii_isupper(static_cast<unsigned char>(halves[0][1]));
    if (!of_qt) names.emplace_back(parts[i]);
  }
  return names;
}

// How many lines of that file have `text` in them.
ptrdiff_t CountLines(const std::vector<SourceFile>& files, absl::string_view path,
                     absl::string_view text) {
  ptrdiff_t count = 0;
  for (const SourceFile& file : files) {
    if (file.path() != path) continue;
    count += std::count_if(file.lines().begin(), file.lines().end(),
                           [&](const std::string& line) { return absl::StrContains(line, text); });
  }
  return count;
}

}  // namespace

std::string Finding::ToString() const {
  return absl::StrCat(path, ":", line, ": [", rule, "] ", text);
}

std::vector<Finding> CheckIncludes(const std::vector<SourceFile>& files) {
  std::set<std::string> known;
  for (const SourceFile& file : files) known.insert(file.path());
  std::vector<Finding> all;
  for (const SourceFile& file : files) {
    Findings findings(file);
    for (const SourceFile::Include& include : file.includes()) {
      if (include.angled) {
        CheckSystemInclude(file, include, findings);
      } else {
        CheckOwnInclude(file, include, known, findings);
      }
    }
    for (Finding& finding : findings.Take()) all.push_back(std::move(finding));
  }
  return all;
}

std::vector<Finding> CheckNames(const SourceFile& file) {
  Findings findings(file);
  if (!file.IsCpp()) return {};
  const bool one_for_all = IsInAny(file, {"examples/", "sim/", "udp/"});
  for (size_t i = 0; i < file.code().size(); ++i) {
    const std::string& code = file.code()[i];
    for (const BannedNames& ban : Bans()) {
      if (!IsInAny(file, ban.rooms)) continue;
      for (absl::string_view name : ban.names) {
        if (HasName(code, name)) findings.Add(i + 1, ban.rule, name, ": ", ban.why);
      }
    }
    if (!one_for_all || !absl::StartsWith(absl::StripLeadingAsciiWhitespace(code), "#")) continue;
    for (absl::string_view macro : PlatformMacros()) {
      if (!HasName(code, macro)) continue;
      findings.Add(i + 1, "platform", macro,
                   ": platforms differ by whole files that the build chooses, in platform/");
    }
  }
  return findings.Take();
}

std::vector<Finding> CheckShape(const SourceFile& file) {
  Findings findings(file);
  const bool script = absl::StartsWith(file.lines().front(), "#!") ||
                      absl::EndsWith(file.path(), ".sh") || absl::EndsWith(file.path(), ".py");
  const bool starlark = absl::EndsWith(file.path(), ".bazel") ||
                        absl::EndsWith(file.path(), ".bzl") || file.path() == "WORKSPACE";
  if (!file.IsCpp() && !script && !starlark) return {};

  const absl::string_view comment = file.IsCpp() ? "// " : "# ";
  const std::string wanted = absl::StrCat(comment, "SPDX-License-Identifier: Apache-2.0");
  const size_t first = absl::StartsWith(file.lines().front(), "#!") ? 1 : 0;
  if (file.lines().size() <= first || file.lines()[first] != wanted) {
    findings.Add(first + 1, "licence", "the file must begin with: ", wanted);
  }

  const bool test = file.IsIn("tests/") || absl::EndsWith(file.path(), "_test.cc");
  const size_t limit = file.IsHeader() ? 300 : test ? 800 : 500;
  if (file.lines().size() > limit) {
    findings.Add(limit + 1, "length", file.lines().size(), " lines, and ", limit,
                 " are the limit: move the second idea out");
  }
  return findings.Take();
}

std::vector<Finding> CheckBuildFile(const SourceFile& file) {
  if (!file.IsBuildFile()) return {};
  Findings findings(file);
  const std::string text = absl::StrJoin(file.lines(), "\n");
  size_t first_rule = 0;
  for (size_t i = 0; i < file.lines().size(); ++i) {
    const std::string& line = file.lines()[i];
    if (absl::StartsWith(line, "cc_") && first_rule == 0) first_rule = i + 1;
    if (absl::StartsWith(line, "sh_") && !absl::StrContains(text, "\"@rules_shell//")) {
      findings.Add(
          i + 1, "bazel",
          "Bazel 9 has no sh_ rules of its own; load them from @rules_shell, or for a test "
          "write a GoogleTest");
    }
  }
  if (first_rule != 0 && !absl::StrContains(text, "\"@rules_cc//cc:defs.bzl\"")) {
    findings.Add(first_rule, "bazel", "Bazel 9 wants load(\"@rules_cc//cc:defs.bzl\", ...)");
  }
  if (!absl::StrContains(text, "name = \"sources\"")) {
    findings.Add(1, "bazel", "no filegroup \"sources\": the lint test cannot see this folder");
  }
  return findings.Take();
}

std::vector<Finding> CheckMachinePaths(const SourceFile& file) {
  // In two parts, for this file is read as well.
  static const auto& folders = *new std::vector<std::string>{
      absl::StrCat("/ho", "me/"), absl::StrCat("/ro", "ot/"), absl::StrCat("/wo", "rk/"),
      absl::StrCat("/Us", "ers/"), absl::StrCat("C:\\", "Us", "ers")};
  Findings findings(file);
  for (size_t i = 0; i < file.lines().size(); ++i) {
    const std::string& line = file.lines()[i];
    for (const std::string& folder : folders) {
      const size_t at = line.find(folder);
      // Behind a word or a dot it is the middle of some relative path.
      if (at == std::string::npos || (at > 0 && (IsWord(line[at - 1]) || line[at - 1] == '.'))) {
        continue;
      }
      findings.Add(i + 1, "machine", folder, " is a folder of one machine");
    }
  }
  return findings.Take();
}

std::vector<Finding> CheckNamedTests(const std::vector<SourceFile>& files) {
  std::set<std::string> tests;
  for (const SourceFile& file : files) {
    for (const std::string& code : file.code()) {
      for (const absl::string_view macro : {"TEST(", "TEST_F(", "TEST_P("}) {
        if (!absl::StartsWith(code, macro)) continue;
        const std::string name = code.substr(macro.size(), code.find(')') - macro.size());
        tests.insert(absl::StrReplaceAll(name, {{", ", "."}}));
      }
    }
  }
  std::vector<Finding> all;
  for (const SourceFile& file : files) {
    if (!absl::EndsWith(file.path(), ".md")) continue;
    Findings findings(file);
    for (size_t i = 0; i < file.lines().size(); ++i) {
      for (const std::string& name : TestNamesIn(file.lines()[i])) {
        if (tests.count(name) == 0) findings.Add(i + 1, "test", name, " is no test");
      }
    }
    for (Finding& finding : findings.Take()) all.push_back(std::move(finding));
  }
  return all;
}

std::vector<Finding> CheckMutations(const std::vector<SourceFile>& files) {
  std::vector<Finding> all;
  for (const SourceFile& list : files) {
    if (!absl::EndsWith(list.path(), "/mutations.txt")) continue;
    Findings findings(list);
    std::string path;
    for (size_t i = 0; i < list.lines().size(); ++i) {
      absl::string_view text = list.lines()[i];
      if (absl::ConsumePrefix(&text, "file:")) {
        path = std::string(absl::StripAsciiWhitespace(text));
      } else if (absl::ConsumePrefix(&text, "from:")) {
        text = absl::StripAsciiWhitespace(text);
        const ptrdiff_t count = CountLines(files, path, text);
        if (count != 1) {
          findings.Add(i + 1, "mutation", path, " has this in ", count, " lines, and not in one");
        }
      }
    }
    for (Finding& finding : findings.Take()) all.push_back(std::move(finding));
  }
  return all;
}

std::vector<Finding> CheckAll(const std::vector<SourceFile>& files) {
  std::vector<Finding> all = CheckIncludes(files);
  for (Finding& finding : CheckNamedTests(files)) all.push_back(std::move(finding));
  for (Finding& finding : CheckMutations(files)) all.push_back(std::move(finding));
  for (const SourceFile& file : files) {
    for (const auto& check : {CheckNames, CheckShape, CheckBuildFile, CheckMachinePaths}) {
      for (Finding& finding : check(file)) all.push_back(std::move(finding));
    }
  }
  return all;
}

}  // namespace pollux::lint
