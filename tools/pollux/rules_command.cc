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
#include "udp/platform.h"

namespace pollux::program {
namespace {

// As people write it.
absl::string_view Heading(Platform platform) {
  switch (platform) {
    case Platform::kLinux:
      return "Linux";
    case Platform::kMacOs:
      return "macOS";
    case Platform::kFreeBsd:
      return "FreeBSD";
    case Platform::kWindows:
      return "Windows";
    case Platform::kSymbian:
      return "Symbian";
  }
  return "";
}

std::string Table(const std::vector<Platform>& platforms) {
  Columns table(kUsualWidth);
  std::vector<std::string> heading = {"rule"};
  for (const Platform platform : platforms) heading.emplace_back(Heading(platform));
  table.AddRow(heading);
  absl::string_view section;
  for (const sim::RuleField& field : sim::RuleFields()) {
    if (field.section != section) {
      section = field.section;
      table.AddLine("");
      table.AddLine(section);
    }
    std::vector<std::string> cells = {absl::StrCat("  ", field.name)};
    for (const Platform platform : platforms) cells.push_back(field.value(sim::RulesFor(platform)));
    table.AddRow(cells);
  }
  return table.ToString();
}

}  // namespace

std::string RulesPage() {
  std::string page =
      "# The platforms' rules side by side\n\n"
      "Everything that a simulated kernel decides by platform. This page is printed by\n"
      "`pollux rules --markdown` from the table in `sim/kernel/platform_rules.cc`, which also "
      "says\n"
      "where the values come from and which of them are uncertain; a test holds it to that.\n"
      "[not_modelled.md](not_modelled.md) lists what no rule covers.\n";
  absl::string_view section;
  for (const sim::RuleField& field : sim::RuleFields()) {
    if (field.section != section) {
      section = field.section;
      absl::StrAppend(&page, "\n## ", section, "\n\n| rule |");
      for (const Platform platform : kAllPlatforms) {
        absl::StrAppend(&page, " ", Heading(platform), " |");
      }
      absl::StrAppend(&page, " meaning |\n| --- |");
      for (size_t i = 0; i < std::size(kAllPlatforms); ++i) absl::StrAppend(&page, " --- |");
      absl::StrAppend(&page, " --- |\n");
    }
    absl::StrAppend(&page, "| `", field.name, "` |");
    for (const Platform platform : kAllPlatforms) {
      absl::StrAppend(&page, " ", field.value(sim::RulesFor(platform)), " |");
    }
    absl::StrAppend(&page, " ", field.meaning, " |\n");
  }
  return page;
}

CommandResult RulesCommand(const std::vector<std::string>& arguments) {
  std::vector<Platform> platforms(std::begin(kAllPlatforms), std::end(kAllPlatforms));
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
    platforms.clear();
    for (const absl::string_view name : absl::StrSplit(word, ',')) {
      const size_t before = platforms.size();
      std::vector<std::string> all;
      for (const Platform platform : kAllPlatforms) {
        all.push_back(absl::AsciiStrToLower(ToString(platform)));
        if (all.back() == absl::AsciiStrToLower(name)) platforms.push_back(platform);
      }
      if (platforms.size() > before) continue;
      return BadUsage(absl::StrCat("there is no platform \"", name, "\"; the platforms are ",
                                   absl::StrJoin(all, ", ")));
    }
  }
  return {kAgree, markdown ? RulesPage() : Table(platforms), ""};
}

}  // namespace pollux::program
