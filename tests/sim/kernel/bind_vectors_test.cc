// SPDX-License-Identifier: Apache-2.0
//
// Every row of every table of bind conflicts: two sockets, each with an address and reuse options,
// and whether the second bind succeeds. The Linux tables were observed on a running kernel, those
// of macOS and FreeBSD computed from their sources, those of Windows are the documented ones
// (tests/vectors/README.md).

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "gtest/gtest.h"
#include "sim/kernel/platform_rules.h"
#include "tests/sim/kernel/two_hosts.h"

namespace pollux::sim {
namespace {

// Who binds in a table, and where its sockets are bound to interfaces.
struct Setting {
  const char* file;
  Release release;
  UserId first_user;
  UserId second_user;
  uint32_t first_interface;
  uint32_t second_interface;
  int rows;
};

void PrintTo(const Setting& setting, std::ostream* out) { *out << setting.file; }

// The next line; the files end theirs as RFC 4180 has it.
bool ReadLine(std::istream& file, std::string& line) {
  if (!std::getline(file, line)) return false;
  if (!line.empty() && line.back() == '\r') line.pop_back();
  return true;
}

constexpr UserId kRoot = 0;
constexpr UserId kAnn = 1000;
constexpr UserId kBob = 1001;

constexpr Setting kSettings[] = {
    {"linux_bind_same", Release::kLinux, kAnn, kAnn, 0, 0, 2704},
    {"linux_bind_diff", Release::kLinux, kAnn, kBob, 0, 0, 2704},
    {"linux_bind_rootfirst", Release::kLinux, kRoot, kBob, 0, 0, 2704},
    {"linux_bind_rootsecond", Release::kLinux, kAnn, kRoot, 0, 0, 2704},
    {"linux_bind_samedev", Release::kLinux, kAnn, kAnn, kV, kV, 2704},
    {"linux_bind_difdev", Release::kLinux, kAnn, kAnn, kV, kW, 2704},
    {"linux_bind_devnone", Release::kLinux, kAnn, kAnn, kV, 0, 2704},
    {"linux_bind_nonedev", Release::kLinux, kAnn, kAnn, 0, kV, 2704},
    {"xnu_bind_same", Release::kMacOs, kAnn, kAnn, 0, 0, 1600},
    {"xnu_bind_diff", Release::kMacOs, kAnn, kBob, 0, 0, 1600},
    {"xnu_bind_rootfirst", Release::kMacOs, kRoot, kBob, 0, 0, 1600},
    {"xnu_bind_rootsecond", Release::kMacOs, kAnn, kRoot, 0, 0, 1600},
    {"fbsd_bind_same", Release::kFreeBsd, kAnn, kAnn, 0, 0, 1600},
    {"fbsd_bind_diff", Release::kFreeBsd, kAnn, kBob, 0, 0, 1600},
    {"fbsd_bind_rootfirst", Release::kFreeBsd, kRoot, kBob, 0, 0, 1600},
    {"fbsd_bind_rootsecond", Release::kFreeBsd, kAnn, kRoot, 0, 0, 1600},
    {"windows_bind_same", Release::kWindows, kAnn, kAnn, 0, 0, 36},
    {"windows_bind_diff", Release::kWindows, kAnn, kBob, 0, 0, 36},
    {"windows_bind_xp", Release::kWindowsXp, kAnn, kAnn, 0, 0, 36},
};

struct Place {
  AddressFamily family;
  std::string address;
};

// The names of addresses in the tables.
Place PlaceOf(const std::string& name) {
  using F = AddressFamily;
  static const auto& kNames = *new std::map<std::string, Place>{
      {"::dual", {F::kDual, "::"}},          {"::only", {F::kIpv6, "::"}},
      {"4any", {F::kIpv4, "0.0.0.0"}},       {"4spec", {F::kIpv4, "10.77.0.1"}},
      {"4other", {F::kIpv4, "10.77.0.11"}},  {"4mcast", {F::kIpv4, "239.1.2.3"}},
      {"6dual", {F::kDual, "::"}},           {"6only", {F::kIpv6, "::"}},
      {"6spec", {F::kDual, "fd77::1"}},      {"6mcast", {F::kDual, "ff15::99"}},
      {"map4spec", {F::kDual, "10.77.0.1"}}, {"map4any", {F::kDual, "0.0.0.0"}},
      {"wildcard", {F::kIpv4, "0.0.0.0"}},   {"specific", {F::kIpv4, "10.77.0.1"}},
  };
  auto known = kNames.find(name);
  if (known != kNames.end()) return known->second;
  if (absl::StartsWith(name, "map")) return {F::kDual, name.substr(3)};
  return {absl::StrContains(name, ':') ? F::kDual : F::kIpv4, name};
}

Sock Make(TestHost& host, AddressFamily family, UserId user, const std::string& options,
          uint32_t interface_index) {
  Sock socket = host.Open(family, user);
  if (options == "A" || options == "AP" || options == "SO_REUSEADDR") {
    socket.Set(SocketOption::kReuseAddress, 1);
  }
  if (options == "P" || options == "AP") socket.Set(SocketOption::kReusePort, 1);
  if (options == "SO_EXCLUSIVEADDRUSE") socket.Set(SocketOption::kExclusiveAddress, 1);
  if (interface_index != 0) {
    socket.Set(SocketOption::kBoundInterface, static_cast<int>(interface_index));
  }
  return socket;
}

std::string Bind(TestHost& host, const Sock& socket, const std::string& address, uint16_t port) {
  return Text(host.stack.rules(), host.stack.Bind(socket.id(), Endpoint(Address(address), port)));
}

// What the table calls the result of a row's two binds.
std::string Play(TestHost& host, const Setting& setting, const std::vector<std::string>& row) {
  constexpr uint16_t kPort = 20000;
  const Place first_place = PlaceOf(row[0]);
  const Place second_place = PlaceOf(row[2]);
  Sock first = Make(host, first_place.family, setting.first_user, row[1], setting.first_interface);
  Sock second =
      Make(host, second_place.family, setting.second_user, row[3], setting.second_interface);
  std::string result = Bind(host, first, first_place.address, kPort);
  if (result == "ok") {
    result = Bind(host, second, second_place.address, kPort);
  } else {
    result = "first-" + result;
  }
  second.Close();
  first.Close();
  return result;
}

class BindVectors : public testing::TestWithParam<Setting> {};

TEST_P(BindVectors, EveryRow) {
  const Setting& setting = GetParam();
  const char* root = std::getenv("TEST_SRCDIR");
  const char* workspace = std::getenv("TEST_WORKSPACE");
  std::string path = std::string("tests/vectors/") + setting.file + ".csv";
  if (root != nullptr && workspace != nullptr) {
    path = std::string(root) + "/" + workspace + "/" + path;
  }
  std::ifstream file(path);
  ASSERT_TRUE(file.is_open()) << path;
  TwoHosts net(RulesFor(setting.release));
  std::string line;
  ASSERT_TRUE(ReadLine(file, line));
  ASSERT_EQ(line, "first_addr,first_opts,second_addr,second_opts,result");
  int rows = 0;
  while (ReadLine(file, line)) {
    const std::vector<std::string> row = absl::StrSplit(line, ',');
    ASSERT_EQ(row.size(), 5u) << line;
    EXPECT_EQ(Play(net.a, setting, row), row[4]) << line;
    ++rows;
  }
  EXPECT_EQ(rows, setting.rows);
  std::cout << setting.file << ".csv: " << rows << " rows checked\n";
}

INSTANTIATE_TEST_SUITE_P(Files, BindVectors, testing::ValuesIn(kSettings),
                         [](const testing::TestParamInfo<Setting>& setting) {
                           return std::string(setting.param.file);
                         });

}  // namespace
}  // namespace pollux::sim
