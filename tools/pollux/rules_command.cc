// SPDX-License-Identifier: Apache-2.0
//
// pollux rules: the columns of PlatformRules side by side, and the page docs/rules.md.

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "sim/kernel/platform_rules.h"
#include "sim/kernel/rule_fields.h"
#include "tools/pollux/columns.h"
#include "tools/pollux/command.h"

namespace pollux::program {
namespace {

using sim::Release;

// As people write it.
absl::string_view Heading(Release release) {
  switch (release) {
    case Release::kLinux:
      return "Linux";
    case Release::kMacOs:
      return "macOS";
    case Release::kFreeBsd:
      return "FreeBSD";
    case Release::kFreeBsd14:
      return "FreeBSD 14";
    case Release::kWindows:
      return "Windows";
    case Release::kWindowsXp:
      return "Windows XP";
    case Release::kSymbian:
      return "Symbian";
  }
  return "";
}

std::string Table(const std::vector<Release>& releases) {
  Columns table(kUsualWidth);
  std::vector<std::string> heading = {"rule"};
  for (const Release release : releases) heading.emplace_back(Heading(release));
  table.AddRow(heading);
  absl::string_view section;
  for (const sim::RuleField& field : sim::RuleFields()) {
    if (field.section != section) {
      section = field.section;
      table.AddLine("");
      table.AddLine(section);
    }
    std::vector<std::string> cells = {absl::StrCat("  ", field.name)};
    for (const Release release : releases) cells.push_back(field.value(sim::RulesFor(release)));
    table.AddRow(cells);
  }
  return table.ToString();
}

}  // namespace

std::string RulesPage() {
  std::string page =
      "# The platforms' rules side by side\n\n"
      "Everything that a simulated kernel decides by platform. FreeBSD is 13 and Windows is "
      "Server\n"
      "2003, Vista and later, where no other is named. This page is printed by\n"
      "`pollux rules --markdown` from the table in `sim/kernel/platform_rules.cc`, which also "
      "says\n"
      "where the values come from and which of them are uncertain; a test holds it to that.\n"
      "[not_modelled.md](not_modelled.md) lists what no rule covers.\n";
  absl::string_view section;
  for (const sim::RuleField& field : sim::RuleFields()) {
    if (field.section != section) {
      section = field.section;
      absl::StrAppend(&page, "\n## ", section, "\n\n| rule |");
      for (const Release release : sim::kAllReleases) {
        absl::StrAppend(&page, " ", Heading(release), " |");
      }
      absl::StrAppend(&page, " meaning |\n| --- |");
      for (size_t i = 0; i < std::size(sim::kAllReleases); ++i) absl::StrAppend(&page, " --- |");
      absl::StrAppend(&page, " --- |\n");
    }
    absl::StrAppend(&page, "| `", field.name, "` |");
    for (const Release release : sim::kAllReleases) {
      absl::StrAppend(&page, " ", field.value(sim::RulesFor(release)), " |");
    }
    absl::StrAppend(&page, " ", field.meaning, " |\n");
  }
  return page;
}

CommandResult RulesCommand(const std::vector<std::string>& arguments) {
  std::vector<Release> releases(std::begin(sim::kAllReleases), std::end(sim::kAllReleases));
  bool markdown = false;
  for (absl::string_view word : arguments) {
    if (word == "--markdown") {
      markdown = true;
      continue;
    }
    if (!absl::ConsumePrefix(&word, "--platform=")) {
      return BadUsage(
          absl::StrCat("rules has no \"", word, "\"; it has --platform= and --markdown"));
    }
    releases.clear();
    for (const absl::string_view name : absl::StrSplit(word, ',')) {
      const size_t before = releases.size();
      std::vector<std::string> all;
      for (const Release release : sim::kAllReleases) {
        all.emplace_back(sim::ToString(release));
        if (all.back() == absl::AsciiStrToLower(name)) releases.push_back(release);
      }
      if (releases.size() > before) continue;
      return BadUsage(absl::StrCat("there is no platform \"", name, "\"; the platforms are ",
                                   absl::StrJoin(all, ", ")));
    }
  }
  return {kAgree, markdown ? RulesPage() : Table(releases), ""};
}

}  // namespace pollux::program
