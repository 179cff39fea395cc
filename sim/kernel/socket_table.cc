// SPDX-License-Identifier: Apache-2.0

#include "sim/kernel/socket_table.h"

#include <algorithm>
#include <cstddef>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "sim/kernel/stack_impl.h"

namespace pollux::sim {
namespace {

constexpr size_t kNumbers = 4;  // So many columns behind the first have numbers: to the right.

std::string InterfaceName(const UdpStack& stack, uint32_t index) {
  for (const NetworkInterface& interface : stack.interfaces()) {
    if (interface.index == index) return interface.name;
  }
  return absl::StrCat(index);
}

// "10.0.0.1:5000", "*:5000", "10.0.0.1%eth0:5000" of a socket that is bound to an interface, "-" of
// none.
std::string EndText(const UdpStack& stack, const Endpoint& end, uint32_t bound_interface) {
  if (!end.address.is_set() || end.port == 0) return "-";
  if (bound_interface == 0) return end.ToString();
  const std::string text = end.ToString();
  const size_t colon = text.rfind(':');
  return absl::StrCat(text.substr(0, colon), "%", InterfaceName(stack, bound_interface),
                      text.substr(colon));
}

std::string GroupText(const UdpStack& stack, const GroupMembership& membership) {
  std::string text = absl::StrCat("group ", membership.group.ToString(), "%",
                                  InterfaceName(stack, membership.interface_index));
  if (membership.source.is_set()) absl::StrAppend(&text, " from ", membership.source.ToString());
  return text;
}

// Options as `ss` and the kernels' manuals shorten them.
std::vector<std::string> OptionWords(const PlatformRules& rules, const ControlBlock& socket) {
  const SocketOptions& options = socket.options;
  std::vector<std::string> words;
  const auto add = [&](bool there, absl::string_view word) {
    if (there) words.emplace_back(word);
  };
  const bool ipv4 = socket.family == AddressFamily::kIpv4;
  const bool all_ipv4 = ipv4 ? rules.multicast_all_ipv4 : rules.multicast_all_dual;
  add(socket.family == AddressFamily::kIpv6, "v6only");
  add(options.reuse_address, "reuseaddr");
  add(options.reuse_port, "reuseport");
  add(options.exclusive_address, "exclusive");
  add(options.broadcast, "broadcast");
  add(options.free_bind, "freebind");
  add(options.dont_fragment, "df");
  add(options.report_unreachable && !rules.report_unreachable_default, "recverr");
  add(!options.report_unreachable && rules.report_unreachable_default, "no-recverr");
  add(options.hop_limit >= 0, absl::StrCat("ttl ", options.hop_limit));
  add(options.traffic_class != 0, absl::StrCat("tos ", options.traffic_class));
  add(options.multicast_hop_limit != 1, absl::StrCat("mcast-ttl ", options.multicast_hop_limit));
  add(!options.multicast_loopback, "no-mcast-loop");
  add(options.multicast_all_ipv4 != all_ipv4 ||
          options.multicast_all_ipv6 != rules.multicast_all_ipv6,
      options.multicast_all_ipv4 ? "mcast-all" : "no-mcast-all");
  add(socket.read_shut, "shut-rd");
  add(socket.write_shut, "shut-wr");
  if (socket.error) {
    words.push_back(absl::StrCat("error ", OsErrorName(rules.platform, socket.error->error)));
  }
  add(!socket.error_queue.empty(), absl::StrCat("errors ", socket.error_queue.size()));
  return words;
}

}  // namespace

std::vector<SocketInfo> UdpStack::Impl::Sockets() const {
  std::vector<SocketInfo> all;
  sockets_.ForEach([&](const ControlBlock& socket) {
    SocketInfo& info = all.emplace_back();
    info.id = socket.id;
    info.family = socket.family;
    info.user = socket.user;
    info.local = LocalEndpoint(socket);
    info.peer = PeerEndpoint(socket).value_or(Endpoint());
    info.connected = socket.connected;
    info.queued_datagrams = socket.queue.size();
    info.queued_errors = socket.error_queue.size();
    info.queued_bytes = socket.charged;
    info.receive_buffer = socket.options.receive_buffer;
    info.dropped = socket.dropped;
    info.bound_interface = socket.options.bound_interface;
    info.options = OptionWords(rules_, socket);
    for (const SocketMembership& membership : socket.memberships) {
      GroupMembership entry{membership.group, membership.interface_index, IpAddress()};
      if (!membership.source_specific) info.memberships.push_back(entry);
      for (const IpAddress& source : membership.sources) {
        entry.source = source;
        info.memberships.push_back(entry);
      }
    }
  });
  return all;
}

const std::vector<std::string>& SocketColumns() {
  static const auto* const columns = new std::vector<std::string>{
      "State",  "Recv-Q", "Rcvbuf", "Queued", "Drops", "Local Address:Port", "Peer Address:Port",
      "Socket", "User",   "Options"};
  return *columns;
}

std::vector<std::vector<std::string>> SocketRows(const UdpStack& stack) {
  std::vector<std::vector<std::string>> rows;
  for (const SocketInfo& socket : stack.Sockets()) {
    std::vector<std::string> words = socket.options;
    for (const GroupMembership& membership : socket.memberships) {
      words.push_back(GroupText(stack, membership));
    }
    rows.push_back({socket.connected         ? "ESTAB"
                    : socket.local.port == 0 ? "CLOSED"
                                             : "UNCONN",
                    absl::StrCat(socket.queued_bytes), absl::StrCat(socket.receive_buffer),
                    absl::StrCat(socket.queued_datagrams), absl::StrCat(socket.dropped),
                    EndText(stack, socket.local, socket.bound_interface),
                    EndText(stack, socket.peer, 0), absl::StrCat(socket.id),
                    absl::StrCat(socket.user), absl::StrJoin(words, ", ")});
  }
  return rows;
}

std::string SocketTable(const UdpStack& stack) {
  std::vector<std::vector<std::string>> rows = SocketRows(stack);
  rows.insert(rows.begin(), SocketColumns());
  std::vector<size_t> widths(rows.front().size(), 0);
  for (const std::vector<std::string>& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string table;
  for (const std::vector<std::string>& row : rows) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) {
      const std::string space(widths[i] - row[i].size(), ' ');
      const bool number = i > 0 && i <= kNumbers;
      absl::StrAppend(&line, i == 0 ? "" : "  ", number ? space : "", row[i], number ? "" : space);
    }
    while (line.back() == ' ') line.pop_back();
    absl::StrAppend(&table, line, "\n");
  }
  return table;
}

}  // namespace pollux::sim
