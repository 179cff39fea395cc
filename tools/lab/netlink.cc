// SPDX-License-Identifier: Apache-2.0

#include "tools/lab/netlink.h"

#include <arpa/inet.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/netlink.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "udp/platform.h"
#include "udp/socket_error.h"

namespace pollux::lab {
namespace {

constexpr uint8_t kOperational = 6;  // IF_OPER_UP of RFC 2863; no header of user space has it.
constexpr int kRequestTimeoutMilliseconds = 5000;

absl::Status Failure(int number, absl::string_view what) {
  return OsStatusFromNumber(Platform::kLinux, number, absl::StrCat("lab: ", what));
}

template <typename T>
T Read(const char* from) {
  T value;
  std::memcpy(&value, from, sizeof(value));
  return value;
}

int OpenSocket(unsigned groups) {
  const int fd = ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  if (fd < 0) return -1;
  sockaddr_nl address = {};
  address.nl_family = AF_NETLINK;
  address.nl_groups = groups;
  sockaddr generic;
  static_assert(sizeof(generic) >= sizeof(address));
  std::memcpy(&generic, &address, sizeof(address));
  if (::bind(fd, &generic, sizeof(address)) == 0) return fd;
  ::close(fd);
  return -1;
}

// The value of the first attribute of a type; empty if there is none.
std::string FindAttribute(absl::string_view attributes, int type) {
  while (attributes.size() >= sizeof(rtattr)) {
    const auto attribute = Read<rtattr>(attributes.data());
    if (attribute.rta_len < sizeof(rtattr) || attribute.rta_len > attributes.size()) break;
    if (attribute.rta_type == type) {
      return std::string(attributes.substr(RTA_LENGTH(0), attribute.rta_len - RTA_LENGTH(0)));
    }
    attributes.remove_prefix(std::min<size_t>(RTA_ALIGN(attribute.rta_len), attributes.size()));
  }
  return "";
}

int Family(const IpAddress& address) { return address.is_ipv4() ? AF_INET : AF_INET6; }

std::string Bytes(const IpAddress& address) {
  if (address.is_ipv4()) {
    const IpAddress::Ipv4Bytes bytes = address.ipv4_bytes();
    return std::string(bytes.begin(), bytes.end());
  }
  const IpAddress::Ipv6Bytes bytes = address.ipv6_bytes();
  return std::string(bytes.begin(), bytes.end());
}

}  // namespace

// A message under construction: a header, a body, and attributes, which can nest.
class Netlink::Request {
 public:
  template <typename Body>
  Request(int type, int flags, const Body& body) {
    nlmsghdr header = {};
    header.nlmsg_type = static_cast<uint16_t>(type);
    header.nlmsg_flags = static_cast<uint16_t>(NLM_F_REQUEST | NLM_F_ACK | flags);
    Append(&header, sizeof(header));
    Append(&body, sizeof(body));
  }

  void Attribute(int type, absl::string_view value) {
    const size_t at = Begin(type);
    Append(value.data(), value.size());
    End(at);
  }
  void Attribute(int type, uint32_t value) {
    const size_t at = Begin(type);
    Append(&value, sizeof(value));
    End(at);
  }
  void Name(int type, const char* name) {
    Attribute(type, absl::string_view(name, std::strlen(name) + 1));
  }
  // What is added between Begin and End is inside of the attribute.
  size_t Begin(int type) {
    Align();
    const size_t at = bytes_.size();
    rtattr attribute = {};
    attribute.rta_type = static_cast<uint16_t>(type);
    Append(&attribute, sizeof(attribute));
    return at;
  }
  void End(size_t at) {
    auto attribute = Read<rtattr>(bytes_.data() + at);
    attribute.rta_len = static_cast<uint16_t>(bytes_.size() - at);
    std::memcpy(bytes_.data() + at, &attribute, sizeof(attribute));
  }
  template <typename Body>
  void Nested(const Body& body) {
    Append(&body, sizeof(body));
  }

  const std::string& Finish(unsigned sequence) {
    auto header = Read<nlmsghdr>(bytes_.data());
    header.nlmsg_seq = sequence;
    header.nlmsg_len = static_cast<uint32_t>(bytes_.size());
    std::memcpy(bytes_.data(), &header, sizeof(header));
    return bytes_;
  }

  // For requests with an answer beside the acknowledgement.
  std::string answer;

 private:
  void Align() { bytes_.resize(NLMSG_ALIGN(bytes_.size())); }
  void Append(const void* data, size_t size) {
    Align();
    bytes_.append(static_cast<const char*>(data), size);
  }

  std::string bytes_;
};

absl::StatusOr<std::unique_ptr<Netlink>> Netlink::Open() {
  const int fd = OpenSocket(0);
  if (fd < 0) return Failure(errno, "open rtnetlink");
  const int events = OpenSocket(RTMGRP_LINK);
  if (events >= 0) return std::unique_ptr<Netlink>(new Netlink(fd, events));
  const int error = errno;
  ::close(fd);
  return Failure(error, "subscribe to rtnetlink");
}

Netlink::~Netlink() {
  ::close(events_);
  ::close(fd_);
}

absl::Status Netlink::Send(Request& request, const char* what) {
  const std::string& bytes = request.Finish(++sequence_);
  if (::send(fd_, bytes.data(), bytes.size(), 0) < 0) return Failure(errno, what);
  while (true) {
    pollfd ready = {.fd = fd_, .events = POLLIN, .revents = 0};
    if (::poll(&ready, 1, kRequestTimeoutMilliseconds) <= 0) return Failure(ETIMEDOUT, what);
    std::array<char, 16384> buffer;
    const ssize_t size = ::recv(fd_, buffer.data(), buffer.size(), 0);
    if (size < static_cast<ssize_t>(sizeof(nlmsghdr))) return Failure(errno, what);
    if (Read<nlmsghdr>(buffer.data()).nlmsg_type != NLMSG_ERROR) {
      request.answer.assign(buffer.data(), static_cast<size_t>(size));
      continue;
    }
    const int error = -Read<nlmsgerr>(buffer.data() + NLMSG_HDRLEN).error;
    return error == 0 ? absl::OkStatus() : Failure(error, what);
  }
}

absl::Status Netlink::Dump(Request& request, absl::FunctionRef<void(absl::string_view)> entry,
                           const char* what) {
  const std::string& bytes = request.Finish(++sequence_);
  if (::send(fd_, bytes.data(), bytes.size(), 0) < 0) return Failure(errno, what);
  while (true) {
    pollfd ready = {.fd = fd_, .events = POLLIN, .revents = 0};
    if (::poll(&ready, 1, kRequestTimeoutMilliseconds) <= 0) return Failure(ETIMEDOUT, what);
    std::array<char, 32768> buffer;
    const ssize_t size = ::recv(fd_, buffer.data(), buffer.size(), 0);
    if (size < 0) return Failure(errno, what);
    absl::string_view left(buffer.data(), static_cast<size_t>(size));
    while (left.size() >= NLMSG_HDRLEN) {
      const auto header = Read<nlmsghdr>(left.data());
      if (header.nlmsg_len < NLMSG_HDRLEN || header.nlmsg_len > left.size()) break;
      if (header.nlmsg_type == NLMSG_DONE) return absl::OkStatus();
      const absl::string_view body = left.substr(0, header.nlmsg_len).substr(NLMSG_HDRLEN);
      if (header.nlmsg_type == NLMSG_ERROR) return Failure(-Read<int>(body.data()), what);
      entry(body);
      left.remove_prefix(std::min<size_t>(NLMSG_ALIGN(header.nlmsg_len), left.size()));
    }
  }
}

absl::Status Netlink::LayCable(const CableEnd& here, const CableEnd& there, int there_namespace) {
  const auto hardware_address = [](const CableEnd& end) {
    return std::string({2, 0, 0, 0, 0, static_cast<char>(end.index)});
  };
  ifinfomsg link = {};
  link.ifi_index = here.index;
  Request request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, link);
  request.Name(IFLA_IFNAME, here.name);
  request.Attribute(IFLA_ADDRESS, hardware_address(here));
  const size_t info = request.Begin(IFLA_LINKINFO);
  request.Name(IFLA_INFO_KIND, "veth");
  const size_t data = request.Begin(IFLA_INFO_DATA);
  const size_t peer = request.Begin(VETH_INFO_PEER);
  ifinfomsg peer_link = {};
  peer_link.ifi_index = there.index;
  request.Nested(peer_link);
  request.Name(IFLA_IFNAME, there.name);
  request.Attribute(IFLA_ADDRESS, hardware_address(there));
  request.Attribute(IFLA_NET_NS_FD, static_cast<uint32_t>(there_namespace));
  request.End(peer);
  request.End(data);
  request.End(info);
  return Send(request, "lay a veth cable");
}

absl::Status Netlink::SetUp(int index, bool up) {
  ifinfomsg link = {};
  link.ifi_index = index;
  link.ifi_flags = up ? IFF_UP : 0;
  link.ifi_change = IFF_UP;
  Request request(RTM_NEWLINK, 0, link);
  return Send(request, up ? "turn an interface on" : "turn an interface off");
}

absl::Status Netlink::SetRootQueue(int index, const char* kind, absl::string_view options) {
  tcmsg queue = {};
  queue.tcm_family = AF_UNSPEC;
  queue.tcm_ifindex = index;
  queue.tcm_parent = TC_H_ROOT;
  Request request(RTM_NEWQDISC, NLM_F_CREATE | NLM_F_REPLACE, queue);
  request.Name(TCA_KIND, kind);
  if (!options.empty()) request.Attribute(TCA_OPTIONS, options);
  return Send(request, "replace the queue of an interface");
}

absl::Status Netlink::DisableAutomaticAddress(int index) {
  ifinfomsg link = {};
  link.ifi_index = index;
  Request request(RTM_NEWLINK, 0, link);
  const size_t families = request.Begin(IFLA_AF_SPEC);
  const size_t ipv6 = request.Begin(AF_INET6);
  const char none = IN6_ADDR_GEN_MODE_NONE;
  request.Attribute(IFLA_INET6_ADDR_GEN_MODE, absl::string_view(&none, 1));
  request.End(ipv6);
  request.End(families);
  return Send(request, "disable automatic addresses");
}

absl::Status Netlink::AddAddress(int index, const IpAddress& address, int prefix_length) {
  return ChangeAddress(RTM_NEWADDR, index, address, prefix_length);
}

absl::Status Netlink::RemoveAddress(int index, const IpAddress& address, int prefix_length) {
  return ChangeAddress(RTM_DELADDR, index, address, prefix_length);
}

absl::Status Netlink::ChangeAddress(int type, int index, const IpAddress& address,
                                    int prefix_length) {
  ifaddrmsg message = {};
  message.ifa_family = static_cast<uint8_t>(Family(address));
  message.ifa_prefixlen = static_cast<uint8_t>(prefix_length);
  message.ifa_index = static_cast<unsigned>(index);
  Request request(type, type == RTM_NEWADDR ? NLM_F_CREATE | NLM_F_EXCL : 0, message);
  const std::string bytes = Bytes(address);
  request.Attribute(IFA_LOCAL, bytes);
  request.Attribute(IFA_ADDRESS, bytes);
  if (address.is_ipv4()) {
    const uint32_t host_part = prefix_length == 0 ? ~0u : (1u << (32 - prefix_length)) - 1;
    request.Attribute(IFA_BROADCAST, htonl(address.ipv4_number() | host_part));
  } else {
    request.Attribute(IFA_FLAGS, uint32_t{IFA_F_NODAD});
  }
  return Send(request, "change an address");
}

absl::Status Netlink::ForgetSilentNeighbours() {
  // The address of a neighbour stands behind its header, as an attribute.
  std::vector<std::pair<ndmsg, std::string>> silent;
  Request list(RTM_GETNEIGH, NLM_F_DUMP, ndmsg());
  absl::Status listed = Dump(
      list,
      [&](absl::string_view entry) {
        if (entry.size() < sizeof(ndmsg)) return;
        const auto neighbour = Read<ndmsg>(entry.data());
        if ((neighbour.ndm_state & (NUD_INCOMPLETE | NUD_FAILED)) == 0) return;
        silent.emplace_back(neighbour, FindAttribute(entry.substr(sizeof(ndmsg)), NDA_DST));
      },
      "list the neighbours");
  if (!listed.ok()) return listed;
  for (const auto& [neighbour, address] : silent) {
    Request forget(RTM_DELNEIGH, 0, neighbour);
    forget.Attribute(NDA_DST, address);
    // One can have answered, or be gone, by now.
    Send(forget, "forget a neighbour").IgnoreError();
  }
  return absl::OkStatus();
}

absl::Status Netlink::AddDefaultRoute(int index, const IpAddress& gateway) {
  rtmsg route = {};
  route.rtm_family = static_cast<uint8_t>(Family(gateway));
  route.rtm_table = RT_TABLE_MAIN;
  route.rtm_protocol = RTPROT_STATIC;
  route.rtm_type = RTN_UNICAST;
  Request request(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, route);
  request.Attribute(RTA_GATEWAY, Bytes(gateway));
  request.Attribute(RTA_OIF, static_cast<uint32_t>(index));
  return Send(request, "add a default route");
}

absl::Status Netlink::AddRoute(const GatewayRoute& route) {
  return ChangeRoute(RTM_NEWROUTE, route);
}

absl::Status Netlink::RemoveRoute(const GatewayRoute& route) {
  return ChangeRoute(RTM_DELROUTE, route);
}

absl::Status Netlink::ChangeRoute(int type, const GatewayRoute& route) {
  rtmsg message = {};
  message.rtm_family = static_cast<uint8_t>(Family(route.gateway));
  message.rtm_dst_len = static_cast<uint8_t>(route.prefix_length);
  message.rtm_table = RT_TABLE_MAIN;
  message.rtm_protocol = RTPROT_STATIC;
  message.rtm_type = RTN_UNICAST;
  Request request(type, type == RTM_NEWROUTE ? NLM_F_CREATE | NLM_F_EXCL : 0, message);
  request.Attribute(RTA_DST, Bytes(route.network));
  request.Attribute(RTA_GATEWAY, Bytes(route.gateway));
  request.Attribute(RTA_PRIORITY, static_cast<uint32_t>(route.metric));
  return Send(request, "change a route");
}

absl::StatusOr<bool> Netlink::IsOperational(int index) {
  ifinfomsg link = {};
  link.ifi_index = index;
  Request request(RTM_GETLINK, 0, link);
  if (absl::Status status = Send(request, "ask for an interface"); !status.ok()) return status;
  const absl::string_view answer = request.answer;
  const size_t body = NLMSG_LENGTH(sizeof(ifinfomsg));
  if (answer.size() < body) return false;
  const std::string state = FindAttribute(answer.substr(body), IFLA_OPERSTATE);
  return state.size() == 1 && state[0] == static_cast<char>(kOperational);
}

absl::Status Netlink::WaitUntilOperational(int index, absl::Duration timeout) {
  const absl::Time deadline = absl::Now() + timeout;
  while (true) {
    const absl::StatusOr<bool> operational = IsOperational(index);
    if (!operational.ok()) return operational.status();
    if (*operational) return absl::OkStatus();
    const absl::Duration left = deadline - absl::Now();
    pollfd news = {.fd = events_, .events = POLLIN, .revents = 0};
    if (left <= absl::ZeroDuration() ||
        ::poll(&news, 1, static_cast<int>(absl::ToInt64Milliseconds(left)) + 1) <= 0) {
      return Failure(ETIMEDOUT, absl::StrCat("wait for interface ", index));
    }
    std::array<char, 16384> ignored;
    ::recv(events_, ignored.data(), ignored.size(), 0);
  }
}

}  // namespace pollux::lab
