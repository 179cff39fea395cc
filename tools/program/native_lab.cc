// SPDX-License-Identifier: Apache-2.0

#include "tools/program/native_lab.h"

#include <cstdint>
#include <fstream>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "tools/lab/netlink.h"
#include "tools/program/program.h"
#include "udp/ip_address.h"

namespace pollux::program {
namespace {

// A kernel answers closed ports only so often a second. No kind of ICMP shall be counted.
void AnswerEveryDatagram() {
  std::ofstream("/proc/sys/net/ipv4/icmp_ratemask") << 0;
  std::ofstream("/proc/sys/net/ipv4/icmp_ratelimit") << 0;
  std::ofstream("/proc/sys/net/ipv6/icmp/ratelimit") << 0;
  // All hosts together; newer kernels count it for each namespace.
  std::ofstream("/proc/sys/net/ipv6/icmp/ratemask") << "255";
  std::ofstream("/proc/sys/net/ipv4/icmp_msgs_per_sec") << 1000000000;
  std::ofstream("/proc/sys/net/ipv4/icmp_msgs_burst") << 1000000000;
}

// The index of each of a host's interfaces is the lab's: 11 and 12, 21 and 22.
absl::Status PrepareHost(size_t number, const HostSpec& host) {
  AnswerEveryDatagram();
  absl::StatusOr<std::unique_ptr<lab::Netlink>> netlink = lab::Netlink::Open();
  if (!netlink.ok()) return netlink.status();
  constexpr int kPrefix = 64;
  for (size_t i = 0; i < host.interfaces.size(); ++i) {
    const int index = static_cast<int>(10 * (number + 1) + i + 1);
    const uint8_t last = static_cast<uint8_t>((number + 1) << 4 | (i + 1));
    const IpAddress labs =
        IpAddress::Ipv6({0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last});
    if (absl::Status s = (*netlink)->RemoveAddress(index, labs, kPrefix); !s.ok()) return s;
    const IpAddress address = LinkLocalOf(host.interfaces[i]);
    if (absl::Status s = (*netlink)->AddAddress(index, address, kPrefix); !s.ok()) return s;
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status PrepareLab(const lab::Lab& lab) {
  const std::vector<HostSpec> hosts = LabTopology();
  for (size_t i = 0; i < hosts.size(); ++i) {
    absl::Status result;
    absl::Status visit = lab.RunOn(i == 0 ? lab::Host::kA : lab::Host::kB,
                                   [&] { result = PrepareHost(i, hosts[i]); });
    if (!visit.ok()) return visit;
    if (!result.ok()) return result;
  }
  return absl::OkStatus();
}

}  // namespace pollux::program
