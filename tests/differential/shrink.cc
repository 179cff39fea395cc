// SPDX-License-Identifier: Apache-2.0

#include "tests/differential/shrink.h"

#include <algorithm>
#include <cstddef>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace pollux::differential {
namespace {

using program::Call;
using program::Program;
using program::Verb;

using Shows = absl::FunctionRef<bool(const Program&)>;

// The program without the calls [begin, end), nor those on sockets that these opened.
Program Without(const Program& program, size_t begin, size_t end) {
  Program rest;
  rest.hosts = program.hosts;
  std::set<std::string> gone;
  for (size_t i = 0; i < program.calls.size(); ++i) {
    const Call& call = program.calls[i];
    const bool left_out = begin <= i && i < end;
    if (left_out && call.verb == Verb::kSocket) gone.insert(call.socket);
    if (!left_out && gone.count(call.socket) == 0) rest.calls.push_back(call);
  }
  return rest;
}

bool LeaveOut(Program& program, Shows shows) {
  bool changed = false;
  for (size_t piece = program.calls.size() / 2; piece > 0; piece /= 2) {
    // From the end, since what comes late can be left out most often.
    for (size_t end = program.calls.size(); end > 0;) {
      const size_t begin = end > piece ? end - piece : 0;
      Program smaller = Without(program, begin, end);
      if (shows(smaller)) {
        program = std::move(smaller);
        changed = true;
        end = std::min(begin, program.calls.size());
      } else {
        end = begin;
      }
    }
  }
  return changed;
}

// Plainer forms of a call, the plainest first. None is one that makes another of them plainer.
std::vector<Call> Plainer(const Call& call) {
  std::vector<Call> forms;
  const auto try_with = [&](auto change) {
    Call form = call;
    change(form);
    if (form.ToString() != call.ToString()) forms.push_back(std::move(form));
  };
  const IpAddress own = IpAddress::Ipv4(10, 77, 0, 1);
  switch (call.verb) {
    case Verb::kSocket:
      if (call.host != "a") try_with([](Call& c) { c.host = "a"; });
      if (call.uid != 0) try_with([](Call& c) { c.uid = 0; });
      if (call.family != AddressFamily::kIpv4) {
        try_with([](Call& c) { c.family = AddressFamily::kIpv4; });
      }
      break;
    case Verb::kSend:
      if (call.payload.size() != 1) try_with([](Call& c) { c.payload = "x"; });
      [[fallthrough]];
    case Verb::kBind:
    case Verb::kConnect:
      if (!call.endpoint.is_set()) break;
      if (call.endpoint.port != 5000) try_with([](Call& c) { c.endpoint.port = 5000; });
      if (call.endpoint.address.is_ipv6() && call.endpoint.address.scope_id() == 0) {
        try_with([&](Call& c) { c.endpoint.address = own; });
      }
      if (call.endpoint.address.is_ipv4() && call.endpoint.address != own &&
          !call.endpoint.address.is_unspecified()) {
        try_with([&](Call& c) { c.endpoint.address = own; });
      }
      break;
    case Verb::kReceive:
      try_with([](Call& c) { c.size = program::kUsualReceiveSize; });
      break;
    case Verb::kJoin:
    case Verb::kLeave:
      if (call.source.is_set()) try_with([](Call& c) { c.source = IpAddress(); });
      if (!call.interface.empty()) try_with([](Call& c) { c.interface.clear(); });
      break;
    default:
      break;
  }
  return forms;
}

bool SimplifyArguments(Program& program, Shows shows) {
  bool changed = false;
  for (size_t i = 0; i < program.calls.size(); ++i) {
    for (Call& form : Plainer(program.calls[i])) {
      Program plainer = program;
      plainer.calls[i] = std::move(form);
      if (!shows(plainer)) continue;
      program = std::move(plainer);
      changed = true;
      break;
    }
  }
  return changed;
}

}  // namespace

Program Shrink(Program program, Shows shows) {
  // Each round takes a call away or makes one plainer, so this ends; the limit is for a `shows`
  // that does not give the same answer twice.
  constexpr int kRoundsMax = 20;
  for (int round = 0; round < kRoundsMax; ++round) {
    const bool shorter = LeaveOut(program, shows);
    const bool plainer = SimplifyArguments(program, shows);
    if (!shorter && !plainer) break;
  }
  return program;
}

}  // namespace pollux::differential
