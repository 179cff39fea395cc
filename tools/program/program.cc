// SPDX-License-Identifier: Apache-2.0

#include "tools/program/program.h"

#include <algorithm>
#include <map>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace pollux::program {
namespace {

absl::string_view FamilyWord(AddressFamily family) {
  switch (family) {
    case AddressFamily::kIpv4:
      return "ipv4";
    case AddressFamily::kIpv6:
      return "ipv6";
    default:
      return "dual";
  }
}

absl::string_view HowWord(ShutdownHow how) {
  switch (how) {
    case ShutdownHow::kRead:
      return "read";
    case ShutdownHow::kWrite:
      return "write";
    case ShutdownHow::kBoth:
      return "both";
  }
  return "both";
}

// An address whose scope, if it has one, is the interface's name where there is one.
std::string AddressText(const HostSpec* host, const IpAddress& address) {
  const std::string name = host == nullptr ? "" : InterfaceName(*host, address.scope_id());
  if (name.empty()) return address.ToString();
  return absl::StrCat(address.WithScope(0).ToString(), "%", name);
}

std::string EndpointText(const HostSpec* host, const Endpoint& endpoint) {
  const std::string address = AddressText(host, endpoint.address);
  if (endpoint.address.is_ipv6()) return absl::StrCat("[", address, "]:", endpoint.port);
  return absl::StrCat(address, ":", endpoint.port);
}

std::string ValueText(const HostSpec* host, SocketOption option, int value) {
  if (option != SocketOption::kBoundInterface) return absl::StrCat(value);
  if (value == 0) return "none";
  const std::string name =
      host == nullptr || value < 0 ? "" : InterfaceName(*host, static_cast<uint32_t>(value));
  return name.empty() ? absl::StrCat(value) : name;
}

std::string SendText(const HostSpec* host, const Call& call) {
  std::string text;
  if (call.endpoint.is_set()) absl::StrAppend(&text, " ", EndpointText(host, call.endpoint));
  const size_t size = call.payload.size();
  constexpr size_t kLongestQuoted = 32;
  if (size > kLongestQuoted && call.payload == PatternPayload(size)) {
    return absl::StrCat(text, " size ", size);
  }
  return absl::StrCat(text, " \"", absl::CEscape(call.payload), "\"");
}

std::string MembershipText(const HostSpec* host, const Call& call) {
  std::string text = absl::StrCat(" ", AddressText(host, call.group));
  if (!call.interface.empty()) absl::StrAppend(&text, " ", call.interface);
  if (call.source.is_set()) absl::StrAppend(&text, " from ", AddressText(host, call.source));
  return text;
}

// What follows the verb and the socket.
std::string Arguments(const HostSpec* host, const Call& call) {
  switch (call.verb) {
    case Verb::kSocket:
      return absl::StrCat(" ", call.host, " ", FamilyWord(call.family),
                          call.uid == 0 ? "" : absl::StrCat(" uid ", call.uid));
    case Verb::kSet:
      return absl::StrCat(" ", ToString(call.option), " ",
                          ValueText(host, call.option, call.value));
    case Verb::kGet:
      return absl::StrCat(" ", ToString(call.option));
    case Verb::kBind:
    case Verb::kConnect:
      return absl::StrCat(" ", EndpointText(host, call.endpoint));
    case Verb::kSend:
      return SendText(host, call);
    case Verb::kReceive:
      return call.size == kUsualReceiveSize ? "" : absl::StrCat(" ", call.size);
    case Verb::kJoin:
    case Verb::kLeave:
      return MembershipText(host, call);
    case Verb::kOutgoing:
      return absl::StrCat(" ", call.interface.empty() ? "none" : call.interface);
    case Verb::kShutdown:
      return absl::StrCat(" ", HowWord(call.how));
    case Verb::kDisconnect:
    case Verb::kPending:
    case Verb::kLocal:
    case Verb::kPeer:
    case Verb::kError:
    case Verb::kClose:
    case Verb::kAdvance:
      return "";
  }
  return "";
}

}  // namespace

absl::string_view ToString(Verb verb) {
  switch (verb) {
    case Verb::kSocket:
      return "socket";
    case Verb::kSet:
      return "set";
    case Verb::kGet:
      return "get";
    case Verb::kBind:
      return "bind";
    case Verb::kConnect:
      return "connect";
    case Verb::kDisconnect:
      return "disconnect";
    case Verb::kSend:
      return "send";
    case Verb::kReceive:
      return "receive";
    case Verb::kPending:
      return "pending";
    case Verb::kJoin:
      return "join";
    case Verb::kLeave:
      return "leave";
    case Verb::kOutgoing:
      return "outgoing";
    case Verb::kShutdown:
      return "shutdown";
    case Verb::kLocal:
      return "local";
    case Verb::kPeer:
      return "peer";
    case Verb::kError:
      return "error";
    case Verb::kClose:
      return "close";
    case Verb::kAdvance:
      return "advance";
  }
  return "unknown";
}

uint32_t InterfaceNumber(const HostSpec& host, absl::string_view name) {
  if (name == "lo") return 1;
  for (size_t i = 0; i < host.interfaces.size(); ++i) {
    if (host.interfaces[i].name == name) return static_cast<uint32_t>(i) + 2;
  }
  return 0;
}

std::string InterfaceName(const HostSpec& host, uint32_t number) {
  if (number == 1) return "lo";
  if (number < 2 || number - 2 >= host.interfaces.size()) return "";
  return host.interfaces[number - 2].name;
}

const HostSpec* FindHost(absl::Span<const HostSpec> hosts, absl::string_view name) {
  const auto found = std::find_if(hosts.begin(), hosts.end(),
                                  [&](const HostSpec& host) { return host.name == name; });
  return found == hosts.end() ? nullptr : &*found;
}

IpAddress LinkLocalOf(const InterfaceSpec& interface) {
  IpAddress first;
  bool ipv6 = false;
  for (absl::string_view text : interface.addresses) {
    const absl::StatusOr<IpAddress> address = IpAddress::Parse(text.substr(0, text.find('/')));
    if (!address.ok()) continue;
    if (!first.is_set()) first = *address;
    ipv6 = ipv6 || address->is_ipv6();
  }
  if (!ipv6) return IpAddress();
  const IpAddress::Ipv6Bytes end = first.ipv6_bytes();
  IpAddress::Ipv6Bytes bytes = {0xfe, 0x80};
  bytes[10] = end[12];
  bytes[11] = 0xff;
  bytes[12] = 0xfe;
  for (int i = 13; i < 16; ++i) bytes[i] = end[i];
  return IpAddress::Ipv6(bytes);
}

std::string PatternPayload(size_t size) {
  std::string payload(size, '\0');
  for (size_t i = 0; i < size; ++i) payload[i] = static_cast<char>('a' + i % 26);
  return payload;
}

std::string Call::ToString(const HostSpec* of) const {
  const absl::string_view word = program::ToString(verb);
  if (verb == Verb::kAdvance) return absl::StrCat(word, " ", absl::FormatDuration(duration));
  return absl::StrCat(word, " ", socket, Arguments(of, *this));
}

std::string Program::ToString() const {
  std::string text;
  for (const HostSpec& host : hosts) {
    absl::StrAppend(&text, "host ", host.name, "\n");
    for (const InterfaceSpec& interface : host.interfaces) {
      absl::StrAppend(&text, "interface ", host.name, " ", interface.name);
      for (const std::string& address : interface.addresses) absl::StrAppend(&text, " ", address);
      absl::StrAppend(&text, " on ", interface.segment, "\n");
    }
    for (const RouteSpec& route : host.default_routes) {
      absl::StrAppend(&text, "route ", host.name, " default ", route.gateway.ToString(), " by ",
                      route.interface, "\n");
    }
  }
  if (!hosts.empty() && !calls.empty()) text += "\n";
  std::map<std::string, std::string> owners;  // Hosts, by socket.
  for (const Call& call : calls) {
    if (call.verb == Verb::kSocket) owners[call.socket] = call.host;
    const auto owner = owners.find(call.socket);
    const HostSpec* host = owner == owners.end() ? nullptr : FindHost(hosts, owner->second);
    absl::StrAppend(&text, call.ToString(host), "\n");
  }
  return text;
}

std::vector<HostSpec> LabTopology() {
  return {
      {"a",
       {{"va", "v", {"10.77.0.1/24", "10.77.0.11/24", "fd77::1/64"}},
        {"wa", "w", {"10.78.0.1/24", "fd78::1/64"}}},
       {{IpAddress::Ipv4(10, 77, 0, 2), "va"},
        {IpAddress::Ipv6({0xfd, 0x77, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2}), "va"}}},
      {"b",
       {{"vb", "v", {"10.77.0.2/24", "fd77::2/64"}}, {"wb", "w", {"10.78.0.2/24", "fd78::2/64"}}},
       {}},
  };
}

}  // namespace pollux::program
