// SPDX-License-Identifier: Apache-2.0

#include "tests/differential/normalise.h"

#include <algorithm>
#include <cstdint>
#include <set>
#include <string>

#include "absl/time/time.h"
#include "udp/socket_option.h"

namespace pollux::differential {

using program::Call;
using program::Verb;

namespace {

// "10.77.0.1:port#3" without the 3.
std::string WithoutPortNumber(const program::Answer& answer) {
  const size_t name = answer.find("port#");
  if (name == std::string::npos) return answer;
  const size_t number = name + 5;
  std::string text = answer;
  return text.erase(number, text.find_first_not_of("0123456789", number) - number);
}

}  // namespace

bool OnlyChosenPortsDiffer(const std::vector<program::Answer>& expected,
                           const std::vector<program::Answer>& actual) {
  return std::equal(expected.begin(), expected.end(), actual.begin(), actual.end(),
                    [](const program::Answer& a, const program::Answer& b) {
                      return WithoutPortNumber(a) == WithoutPortNumber(b);
                    });
}

// A send causes one ICMP error at most, and no platform makes the next wait longer than this.
std::optional<Call> TimeFor(const Call& call) {
  if (call.verb != Verb::kSend) return std::nullopt;
  Call wait;
  wait.verb = Verb::kAdvance;
  wait.duration = absl::Seconds(10);
  return wait;
}

size_t ComparableCalls(const program::Program& program,
                       const std::vector<program::Answer>& expected) {
  std::set<std::string> connected;
  std::set<std::string> confused;
  std::set<std::string> sent_ipv6;  // While connected.
  bool groups_changed = false;
  for (size_t i = 0; i < program.calls.size(); ++i) {
    const Call& call = program.calls[i];
    const bool ok = expected[i] == "ok";
    if (call.verb == Verb::kConnect) {
      if (ok) {
        connected.insert(call.socket);
        confused.erase(call.socket);
        sent_ipv6.erase(call.socket);
      } else if (connected.count(call.socket) > 0) {
        confused.insert(call.socket);
      }
    }
    if (call.verb == Verb::kDisconnect) {
      connected.erase(call.socket);
      confused.erase(call.socket);
    }
    const bool sends = call.verb == Verb::kSend;
    const bool asks_path = call.verb == Verb::kGet && call.option == SocketOption::kPathMtu;
    if ((sends || asks_path) && confused.count(call.socket) > 0) return i;
    groups_changed = groups_changed || call.verb == Verb::kJoin || call.verb == Verb::kLeave ||
                     call.verb == Verb::kClose;
    if (sends && call.endpoint.address.is_ipv6() && connected.count(call.socket) > 0) {
      sent_ipv6.insert(call.socket);
    }
    if (asks_path && groups_changed && sent_ipv6.count(call.socket) > 0) return i;
    constexpr uint32_t kLoopback = 1;
    const bool by_loopback = sends && call.endpoint.address.scope_id() == kLoopback;
    if (by_loopback && connected.count(call.socket) > 0) return i;
  }
  return program.calls.size();
}

bool DependsOnLuck(const program::Program& program) {
  std::set<std::string> sharing;
  for (const Call& call : program.calls) {
    const bool shares = call.verb == Verb::kSet && call.option == SocketOption::kReusePort;
    if (shares && call.value != 0) sharing.insert(call.socket);
  }
  return sharing.size() > 1;
}

}  // namespace pollux::differential
