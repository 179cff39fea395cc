// SPDX-License-Identifier: Apache-2.0

#include "examples/common/command_line.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <string>
#include <system_error>
#include <vector>

#include "absl/flags/commandlineflag.h"
#include "absl/flags/reflection.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "udp/ip_address.h"
#include "udp/platform.h"
#include "udp/socket_error.h"

namespace pollux::examples {
namespace {

void PrintHelp(absl::string_view program, absl::string_view usage) {
  std::cout << usage << "\n\nUsage: " << program << " [--flag=value ...]\n\n";
  std::vector<absl::CommandLineFlag*> flags;
  for (const auto& [name, flag] : absl::GetAllFlags()) {
    // Abseil's own flags are of no use to a reader of these.
    if (absl::StrContains(flag->Filename(), "examples/")) flags.push_back(flag);
  }
  std::sort(flags.begin(), flags.end(),
            [](const auto* a, const auto* b) { return a->Name() < b->Name(); });
  for (const absl::CommandLineFlag* flag : flags) {
    std::cout << "  --" << flag->Name() << "  " << flag->Help();
    if (!flag->DefaultValue().empty()) std::cout << " [" << flag->DefaultValue() << "]";
    std::cout << "\n";
  }
}

// Sets one flag. `next` is the argument behind it, which is taken if `argument` has no "=".
absl::Status SetFlag(absl::string_view argument, std::optional<absl::string_view> next,
                     bool& next_taken) {
  absl::string_view name = argument;
  if (!absl::ConsumePrefix(&name, "--") && !absl::ConsumePrefix(&name, "-")) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", argument, "' is no flag; --help lists the flags"));
  }
  std::optional<absl::string_view> value;
  if (const size_t equals = name.find('='); equals != absl::string_view::npos) {
    value = name.substr(equals + 1);
    name = name.substr(0, equals);
  }
  absl::CommandLineFlag* flag = absl::FindCommandLineFlag(name);
  if (flag == nullptr && !value.has_value() && absl::ConsumePrefix(&name, "no")) {
    flag = absl::FindCommandLineFlag(name);
    if (flag != nullptr && !flag->IsOfType<bool>()) flag = nullptr;
    value = "false";
  }
  if (flag == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat("there is no flag '", argument, "'; --help lists the flags"));
  }
  if (!value.has_value() && flag->IsOfType<bool>()) value = "true";
  if (!value.has_value()) {
    if (!next.has_value()) {
      return absl::InvalidArgumentError(absl::StrCat("flag '", argument, "' needs a value"));
    }
    value = next;
    next_taken = true;
  }
  std::string error;
  if (!flag->ParseFrom(*value, &error)) {
    return absl::InvalidArgumentError(absl::StrCat("'", *value, "' is no value for --", name, " (",
                                                   flag->Help(), ")", error.empty() ? "" : ": ",
                                                   error));
  }
  return absl::OkStatus();
}

// "bazel run" begins programs in a folder of its own; names of files are meant from the user's.
void GoWhereTheUserIs() {
  const char* folder = std::getenv("BUILD_WORKING_DIRECTORY");
  std::error_code ignored;  // Then the names are looked for here.
  if (folder != nullptr) std::filesystem::current_path(folder, ignored);
}

}  // namespace

std::optional<int> ParseCommandLine(int argc, char** argv, absl::string_view usage) {
  GoWhereTheUserIs();
  for (int i = 1; i < argc; ++i) {
    const absl::string_view argument = argv[i];
    if (argument == "--help" || argument == "-h") {
      absl::string_view program = argv[0];
      program.remove_prefix(program.rfind('/') + 1);  // npos + 1 is 0.
      PrintHelp(program, usage);
      return 0;
    }
    std::optional<absl::string_view> next;
    if (i + 1 < argc) next = argv[i + 1];
    bool next_taken = false;
    if (absl::Status s = SetFlag(argument, next, next_taken); !s.ok()) return UsageError(s);
    if (next_taken) ++i;
  }
  return std::nullopt;
}

int UsageError(const absl::Status& status) {
  std::cerr << "error: " << status.message() << std::endl;
  return kExitUsage;
}

int Failure(const absl::Status& status) {
  std::cerr << "error: " << status.message() << std::endl;
  return kExitFailed;
}

int FailedToBind(const absl::Status& status, uint16_t port) {
  const int exit_code = Failure(status);
  // Windows says WSAEACCES of a port that its holder does not share.
  const bool unshared =
      OsErrorNumberOf(status) == OsErrorNumber(Platform::kWindows, OsError::kAccess);
  if (SocketErrorOf(status) == SocketError::kAddressInUse || unshared) {
    std::cerr << "Another program holds port " << port
              << " and does not share it; --port chooses another." << std::endl;
  }
  return exit_code;
}

absl::StatusOr<uint16_t> PortFromFlag(int port, int min) {
  if (port < min || port > 65535) {
    return absl::InvalidArgumentError(
        absl::StrCat("--port=", port, " is no port: it has to be ", min, " to 65535"));
  }
  return static_cast<uint16_t>(port);
}

absl::StatusOr<Endpoint> GroupFromFlags(absl::string_view group, int port, int port_min) {
  const absl::StatusOr<IpAddress> address = IpAddress::Parse(group);
  if (!address.ok()) {
    return absl::InvalidArgumentError(absl::StrCat("--group: ", address.status().message()));
  }
  if (!address->is_multicast()) {
    return absl::InvalidArgumentError(absl::StrCat("--group=", group, " is no multicast group"));
  }
  const absl::StatusOr<uint16_t> number = PortFromFlag(port, port_min);
  if (!number.ok()) return number.status();
  return Endpoint(*address, *number);
}

absl::Status CheckCount(int count) {
  if (count >= 0) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("--count=", count, " is less than nothing"));
}

absl::Status CheckPositive(absl::string_view flag, absl::Duration value) {
  if (value > absl::ZeroDuration()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("--", flag, "=", absl::FormatDuration(value), " is no time to wait"));
}

absl::StatusOr<NetworkInterface> InterfaceFromFlag(SocketEngine& engine, absl::string_view name) {
  if (name.empty()) return NetworkInterface();
  const absl::StatusOr<std::vector<NetworkInterface>> interfaces = engine.Interfaces();
  if (!interfaces.ok()) return interfaces.status();
  return FindInterface(*interfaces, name);
}

}  // namespace pollux::examples
