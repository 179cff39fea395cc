// SPDX-License-Identifier: Apache-2.0
//
// File: topology.h
//
// `Topology` grows the hosts of a program declaration by declaration, and refuses what cannot be a
// network: two interfaces with one address, networks that overlap, gateways out of reach.

#ifndef POLLUX_TOOLS_PROGRAM_TOPOLOGY_H_
#define POLLUX_TOOLS_PROGRAM_TOPOLOGY_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "tools/program/program.h"
#include "udp/ip_address.h"

namespace pollux::program {

// More than any program needs; they keep the checks quick.
inline constexpr size_t kHostsMax = 16;
inline constexpr size_t kInterfacesMax = 8;  // Of one host.
inline constexpr size_t kAddressesMax = 8;   // Of one interface.
inline constexpr size_t kNameMax = 15;       // What Linux allows for interfaces.

// Whether hosts, interfaces, segments and sockets can be called so: a letter, then letters, digits,
// '-', '_' and '.', and none of the words of the language. Errors: kInvalidArgument.
absl::Status CheckName(absl::string_view name);

// Thread-compatible. All errors are kInvalidArgument, quote what is wrong and say what would be
// right; nothing is added then.
class Topology {
 public:
  absl::Status AddHost(absl::string_view name);
  absl::Status AddInterface(absl::string_view host, absl::string_view name,
                            absl::Span<const std::string> addresses, absl::string_view segment);
  absl::Status AddDefaultRoute(absl::string_view host, absl::string_view gateway,
                               absl::string_view interface);

  const std::vector<HostSpec>& hosts() const { return hosts_; }

 private:
  struct Address {
    IpAddress address;
    int prefix_length = 0;
    std::string host;
    std::string interface;
    std::string segment;
  };

  HostSpec* Find(absl::string_view host);
  absl::Status NoHost(absl::string_view name) const;
  absl::Status CheckAddress(const Address& added) const;

  std::vector<HostSpec> hosts_;
  std::vector<Address> addresses_;
};

}  // namespace pollux::program

#endif  // POLLUX_TOOLS_PROGRAM_TOPOLOGY_H_
