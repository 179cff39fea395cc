// SPDX-License-Identifier: Apache-2.0

#include "tools/program/topology.h"

#include <algorithm>

#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace pollux::program {
namespace {

constexpr int kShortestPrefix = 8;

template <typename... Parts>
absl::Status Refuse(const Parts&... parts) {
  return absl::InvalidArgumentError(absl::StrCat(parts...));
}

std::string Quoted(absl::string_view word) {
  return absl::StrCat("\"", absl::CHexEscape(word), "\"");
}

int BitsOf(const IpAddress& address) { return address.is_ipv4() ? 32 : 128; }

// Whether all bits behind the prefix are `set`: the number of the network itself, or the address
// that means all of its hosts.
bool HostBitsAre(bool set, const IpAddress& address, int prefix_length) {
  const IpAddress::Ipv6Bytes bytes = address.ipv6_bytes();
  for (int bit = 128 - BitsOf(address) + prefix_length; bit < 128; ++bit) {
    if (((bytes[bit / 8] >> (7 - bit % 8)) & 1) != (set ? 1 : 0)) return false;
  }
  return true;
}

struct Cidr {
  IpAddress address;
  int prefix_length = 0;
};

absl::StatusOr<Cidr> ParseCidr(absl::string_view text) {
  const auto refuse = [&](absl::string_view why) {
    return Refuse(Quoted(text), " is no address of an interface: ", why);
  };
  const size_t slash = text.find('/');
  if (slash == text.npos) return refuse("its prefix length is missing; write 10.77.0.1/24");
  const absl::StatusOr<IpAddress> address = IpAddress::Parse(text.substr(0, slash));
  if (!address.ok()) return refuse(address.status().message());
  const absl::string_view digits = text.substr(slash + 1);
  int length = 0;
  const int longest = BitsOf(*address) - 2;
  const bool number = !digits.empty() && digits.size() <= 3 &&
                      std::all_of(digits.begin(), digits.end(), absl::ascii_isdigit) &&
                      absl::SimpleAtoi(digits, &length);
  if (!number || length < kShortestPrefix || length > longest) {
    return refuse(
        absl::StrCat("the prefix length is a number from ", kShortestPrefix, " to ", longest));
  }
  if (address->is_link_local()) return refuse("link-local addresses come by themselves");
  const bool unfit = address->is_multicast() || address->is_loopback() || address->is_mapped() ||
                     address->is_unspecified() || address->scope_id() != 0 ||
                     address->is_limited_broadcast();
  if (unfit) return refuse("no interface can have it; write one like 10.77.0.1/24");
  const bool end = HostBitsAre(false, *address, length) ||
                   (address->is_ipv4() && HostBitsAre(true, *address, length));
  if (end) return refuse("it is the first or last of its network, which no host can have");
  return Cidr{*address, length};
}

}  // namespace

absl::Status CheckName(absl::string_view name) {
  constexpr absl::string_view kWords[] = {"by",        "default", "from",  "lo",
                                          "localhost", "none",    "on",    "size",
                                          "uid",       "host",    "route", "interface"};
  const bool fits = !name.empty() && name.size() <= kNameMax &&
                    absl::ascii_isalpha(static_cast<unsigned char>(name[0])) &&
                    std::all_of(name.begin(), name.end(), [](char c) {
                      return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' ||
                             c == '_' || c == '.';
                    });
  if (!fits) {
    return Refuse(Quoted(name), " is no name: a letter, then letters, digits, '-', '_' or '.', ",
                  kNameMax, " in all");
  }
  if (std::find(std::begin(kWords), std::end(kWords), absl::AsciiStrToLower(name)) !=
      std::end(kWords)) {
    return Refuse(Quoted(name), " is a word of the language, and no name");
  }
  return absl::OkStatus();
}

HostSpec* Topology::Find(absl::string_view host) {
  const auto found = std::find_if(hosts_.begin(), hosts_.end(),
                                  [&](const HostSpec& entry) { return entry.name == host; });
  return found == hosts_.end() ? nullptr : &*found;
}

absl::Status Topology::NoHost(absl::string_view name) const {
  return Refuse("there is no host ", Quoted(name), "; declare it before: host NAME");
}

absl::Status Topology::AddHost(absl::string_view name) {
  if (absl::Status status = CheckName(name); !status.ok()) return status;
  for (const HostSpec& host : hosts_) {
    if (!absl::EqualsIgnoreCase(host.name, name)) continue;
    return Refuse("there is a host ", Quoted(host.name), " already; choose another name");
  }
  if (hosts_.size() == kHostsMax) return Refuse("more than ", kHostsMax, " hosts");
  hosts_.emplace_back().name = std::string(name);
  return absl::OkStatus();
}

absl::Status Topology::CheckAddress(const Address& added) const {
  const std::string text = absl::StrCat(added.address.ToString(), "/", added.prefix_length);
  for (const Address& other : addresses_) {
    if (other.address.family() != added.address.family()) continue;
    if (other.address == added.address) {
      return Refuse("address ", added.address.ToString(), " is that of interface ", other.interface,
                    " of host ", other.host, " already; give it another");
    }
    const bool same = other.prefix_length == added.prefix_length &&
                      added.address.IsIn(other.address, other.prefix_length);
    if (other.segment == added.segment && !same) {
      return Refuse("address ", text, " is of another network than ", other.address.ToString(), "/",
                    other.prefix_length, " on segment ", added.segment,
                    ", which has one for each protocol");
    }
    const int shorter = std::min(other.prefix_length, added.prefix_length);
    if (other.segment != added.segment && added.address.IsIn(other.address, shorter)) {
      return Refuse("the network of address ", text, " overlaps that of ", other.address.ToString(),
                    "/", other.prefix_length, " on segment ", other.segment,
                    "; segments have networks of their own");
    }
  }
  return absl::OkStatus();
}

absl::Status Topology::AddInterface(absl::string_view host, absl::string_view name,
                                    absl::Span<const std::string> addresses,
                                    absl::string_view segment) {
  HostSpec* owner = Find(host);
  if (owner == nullptr) return NoHost(host);
  if (absl::Status status = CheckName(name); !status.ok()) return status;
  if (absl::Status status = CheckName(segment); !status.ok()) return status;
  if (InterfaceNumber(*owner, name) != 0) {
    return Refuse("host ", host, " has an interface ", Quoted(name),
                  " already; choose another name");
  }
  if (owner->interfaces.size() == kInterfacesMax) {
    return Refuse("more than ", kInterfacesMax, " interfaces on host ", host);
  }
  if (addresses.empty() || addresses.size() > kAddressesMax) {
    return Refuse("an interface has from 1 to ", kAddressesMax, " addresses; write them as ",
                  "interface HOST NAME ADDRESS... on SEGMENT");
  }
  const size_t before = addresses_.size();
  InterfaceSpec interface {
    std::string(name), std::string(segment), {}
  };
  for (const std::string& text : addresses) {
    absl::StatusOr<Cidr> cidr = ParseCidr(text);
    absl::Status status = cidr.status();
    Address added;
    if (cidr.ok()) {
      added = {cidr->address, cidr->prefix_length, owner->name, interface.name, interface.segment};
      status = CheckAddress(added);
    }
    if (!status.ok()) {
      addresses_.resize(before);
      return status;
    }
    interface.addresses.push_back(absl::StrCat(cidr->address.ToString(), "/", cidr->prefix_length));
    addresses_.push_back(std::move(added));
  }
  owner->interfaces.push_back(std::move(interface));
  return absl::OkStatus();
}

absl::Status Topology::AddDefaultRoute(absl::string_view host, absl::string_view gateway,
                                       absl::string_view interface) {
  HostSpec* owner = Find(host);
  if (owner == nullptr) return NoHost(host);
  const absl::StatusOr<IpAddress> address = IpAddress::Parse(gateway);
  if (!address.ok()) return Refuse(Quoted(gateway), " is no gateway: ", address.status().message());
  for (const RouteSpec& route : owner->default_routes) {
    if (route.gateway.family() != address->family()) continue;
    return Refuse("host ", host, " has a default ", ToString(address->family()),
                  " route already; one is all it can have");
  }
  if (InterfaceNumber(*owner, interface) < 2) {
    return Refuse("host ", host, " has no interface ", Quoted(interface),
                  " for a route; declare it before");
  }
  const bool reachable =
      std::any_of(addresses_.begin(), addresses_.end(), [&](const Address& entry) {
        return entry.host == host && entry.interface == interface && entry.address != *address &&
               address->IsIn(entry.address, entry.prefix_length);
      });
  if (!reachable) {
    return Refuse("gateway ", address->ToString(), " is no neighbour on interface ", interface,
                  " of host ", host);
  }
  owner->default_routes.push_back({*address, std::string(interface)});
  return absl::OkStatus();
}

}  // namespace pollux::program
