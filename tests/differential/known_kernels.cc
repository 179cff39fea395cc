// SPDX-License-Identifier: Apache-2.0

#include "tests/differential/known_kernels.h"

#include <sys/utsname.h>

#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace pollux::differential {
namespace {

using program::Call;
using program::Verb;

// Whether a call before the difference is one that `matches`, and succeeded.
bool After(const Difference& difference, const std::function<bool(const Call&)>& matches) {
  for (size_t i = 0; i < difference.call; ++i) {
    if (difference.expected[i] == "ok" && matches(difference.program.calls[i])) return true;
  }
  return false;
}

// Whether the call tells what is in a socket's queue.
bool LooksIntoQueue(const Difference& difference) {
  const Verb verb = difference.made().verb;
  return verb == Verb::kReceive || verb == Verb::kPending;
}

bool SetBefore(const Difference& difference, SocketOption option) {
  const std::string& socket = difference.made().socket;
  return After(difference, [&](const Call& call) {
    return call.verb == Verb::kSet && call.option == option && call.socket == socket;
  });
}

bool HasReuseGroup(const Difference& difference) {
  return After(difference, [](const Call& call) {
    return call.verb == Verb::kSet && call.option == SocketOption::kReusePort && call.value != 0;
  });
}

bool HasPeers(const Difference& difference) {
  return After(difference, [](const Call& call) { return call.verb == Verb::kConnect; });
}

std::vector<KnownDifference> DifferencesOfLinux61() {
  return {
      {"one datagram more in a full buffer",
       "6.1 takes a datagram as long as the buffer is not yet full; newer kernels ask whether the "
       "datagram fits as well.",
       /*ends=*/true,
       [](const Difference& d) {
         return LooksIntoQueue(d) && SetBefore(d, SocketOption::kReceiveBufferSize);
       }},
      {"a reuse-port group before a connected socket",
       "6.1 may give a peer's datagram to a SO_REUSEPORT group on the same address that it finds "
       "before the connected socket; newer kernels look for connected sockets first.",
       /*ends=*/true,
       [](const Difference& d) { return LooksIntoQueue(d) && HasReuseGroup(d) && HasPeers(d); }},
  };
}

std::vector<KnownDifference> DifferencesOfGvisor() { return {}; }

std::vector<KnownKernel> Kernels() {
  return {
      {"native", "", program::NativeNetwork::kLab, {}, {}},
      {"linux-6.1", "6.1.", program::NativeNetwork::kLab, {}, DifferencesOfLinux61()},
      {"gvisor",
       "4.4.0",  // What gVisor has said from the beginning.
       program::NativeNetwork::kHostA,
       {.second_host = false},
       DifferencesOfGvisor()},
  };
}

}  // namespace

const KnownKernel* FindKernel(absl::string_view name) {
  static const auto& kernels = *new std::vector<KnownKernel>(Kernels());
  for (const KnownKernel& kernel : kernels) {
    if (kernel.name == name) return &kernel;
  }
  return nullptr;
}

absl::Status CheckRunsOn(const KnownKernel& kernel) {
  utsname here = {};
  ::uname(&here);
  if (absl::StartsWith(here.release, kernel.release)) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat("this is not ", kernel.name, " but ",
                                                    here.sysname, " ", here.release,
                                                    ": run it with //tools/inside"));
}

}  // namespace pollux::differential
