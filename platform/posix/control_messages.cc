// SPDX-License-Identifier: Apache-2.0

#include "platform/posix/control_messages.h"

#include <netinet/in.h>
#include <sys/time.h>

#include <cerrno>
#include <cstdint>

#include "absl/time/time.h"
#include "platform/common/socket_address.h"
#include "platform/posix/transmit_time.h"

#if defined(IP_RECVDSTADDR)
#include <net/if_dl.h>
#endif

namespace pollux::posix {
namespace {

// What comes, and what goes, at its fullest, with room to spare.
static_assert(2 * CMSG_SPACE(sizeof(in6_pktinfo)) + 6 * CMSG_SPACE(sizeof(int)) +
                  CMSG_SPACE(sizeof(timespec)) <=
              ControlBuffer::kSize);
static_assert(CMSG_SPACE(sizeof(in6_pktinfo)) + 3 * CMSG_SPACE(sizeof(int)) +
                  CMSG_SPACE(sizeof(uint64_t)) <=
              ControlBuffer::kSize);

// A number of one byte or of an int, as systems differ.
int Number(const cmsghdr* header) {
  return header->cmsg_len >= CMSG_LEN(sizeof(int)) ? ControlValue<int>(header)
                                                   : ControlValue<uint8_t>(header);
}

Ecn EcnOf(int type_of_service) { return static_cast<Ecn>(type_of_service & 3); }

// ---- IPv4, where the systems' ways part ----

// Linux and macOS have IP_PKTINFO, for both directions. FreeBSD has two messages for what arrives,
// one for the source of what is sent, and from version 14 on one for its TTL.
#if defined(IP_PKTINFO)
constexpr bool kHasInterface = true;
#else
constexpr bool kHasInterface = false;
#endif
#if defined(__FreeBSD__)
constexpr bool kHasTtl = false;
#else
constexpr bool kHasTtl = true;
#endif

void WriteIpv4Source(const SendOptions& options, ControlWriter& writer) {
#if defined(IP_PKTINFO)
  // ipi_spec_dst, not ipi_addr, is the source of what is sent: ip(7).
  in_pktinfo packet = {};
  packet.ipi_ifindex = static_cast<decltype(packet.ipi_ifindex)>(options.interface_index);
  packet.ipi_spec_dst = internal::ToInAddr(options.source);
  writer.Add(IPPROTO_IP, IP_PKTINFO, packet);
#else
  writer.Add(IPPROTO_IP, IP_SENDSRCADDR, internal::ToInAddr(options.source));
#endif
}

void ReadIpv4Message(const cmsghdr* header, DatagramInfo& info) {
#if defined(IP_PKTINFO)
  if (header->cmsg_type == IP_PKTINFO) {
    const auto packet = ControlValue<in_pktinfo>(header);
    info.destination = internal::FromInAddr(packet.ipi_addr);
    info.interface_index = static_cast<uint32_t>(packet.ipi_ifindex);
    return;
  }
#elif defined(IP_RECVDSTADDR)
  if (header->cmsg_type == IP_RECVDSTADDR) {
    info.destination = internal::FromInAddr(ControlValue<in_addr>(header));
    return;
  }
  if (header->cmsg_type == IP_RECVIF) {
    info.interface_index = ControlValue<sockaddr_dl>(header).sdl_index;
    return;
  }
#endif
  // Linux names the messages by the options that set the fields; BSD by those that ask for them.
  if (header->cmsg_type == IP_TTL || header->cmsg_type == IP_RECVTTL) {
    info.hop_limit = static_cast<uint8_t>(Number(header));
  } else if (header->cmsg_type == IP_TOS || header->cmsg_type == IP_RECVTOS) {
    info.ecn = EcnOf(Number(header));
  }
}

// ---- IPv6, which has one way (RFC 3542) ----

void ReadIpv6Message(const cmsghdr* header, DatagramInfo& info) {
  if (header->cmsg_type == IPV6_PKTINFO) {
    const auto packet = ControlValue<in6_pktinfo>(header);
    // A link-local address of ours is one only on its interface. For a group the index beside it
    // says where it was heard.
    const IpAddress address = internal::FromIn6Addr(packet.ipi6_addr, 0);
    const uint32_t scope = address.is_link_local() ? packet.ipi6_ifindex : 0;
    info.destination = address.WithScope(scope);
    info.interface_index = packet.ipi6_ifindex;
  } else if (header->cmsg_type == IPV6_HOPLIMIT) {
    info.hop_limit = static_cast<uint8_t>(Number(header));
  } else if (header->cmsg_type == IPV6_TCLASS) {
    info.ecn = EcnOf(Number(header));
  }
}

void ReadSocketMessage(const cmsghdr* header, DatagramInfo& info) {
#if defined(SCM_TIMESTAMPNS)
  if (header->cmsg_type == SCM_TIMESTAMPNS) {
    info.kernel_time = absl::TimeFromTimespec(ControlValue<timespec>(header));
  }
#else
  if (header->cmsg_type == SCM_TIMESTAMP) {
    info.kernel_time = absl::TimeFromTimeval(ControlValue<timeval>(header));
  }
#endif
#if defined(SO_RXQ_OVFL)
  if (header->cmsg_type == SO_RXQ_OVFL) info.drop_count = ControlValue<uint32_t>(header);
#endif
}

// ---- What is asked for ----

struct Request {
  Metadata field;
  int level;
  int name;
};

constexpr Request kRequests[] = {
#if defined(IP_PKTINFO) && defined(__linux__)
    {Metadata::kDestination, IPPROTO_IP, IP_PKTINFO},
#elif defined(IP_RECVPKTINFO)
    {Metadata::kDestination, IPPROTO_IP, IP_RECVPKTINFO},
#elif defined(IP_RECVDSTADDR)
    {Metadata::kDestination, IPPROTO_IP, IP_RECVDSTADDR},
    {Metadata::kDestination, IPPROTO_IP, IP_RECVIF},
#endif
    {Metadata::kDestination, IPPROTO_IPV6, IPV6_RECVPKTINFO},
    {Metadata::kHopLimit, IPPROTO_IP, IP_RECVTTL},
    {Metadata::kHopLimit, IPPROTO_IPV6, IPV6_RECVHOPLIMIT},
    {Metadata::kEcn, IPPROTO_IP, IP_RECVTOS},
    {Metadata::kEcn, IPPROTO_IPV6, IPV6_RECVTCLASS},
#if defined(SO_TIMESTAMPNS)
    {Metadata::kKernelTime, SOL_SOCKET, SO_TIMESTAMPNS},  // Wall time of nanoseconds.
#else
    {Metadata::kKernelTime, SOL_SOCKET, SO_TIMESTAMP},  // Of microseconds.
#endif
#if defined(SO_RXQ_OVFL)
    {Metadata::kDropCount, SOL_SOCKET, SO_RXQ_OVFL},  // Datagrams dropped so far.
#endif
};

int Ask(const SocketRef& socket, const Request& request, bool wanted) {
  if (request.level == IPPROTO_IP && !socket.speaks_ipv4()) return 0;
  if (request.level == IPPROTO_IPV6 && !socket.speaks_ipv6()) return 0;
  const int result = socket.Set(request.level, request.name, wanted ? 1 : 0);
  // What the kernel lacks stays empty. Dual sockets of the BSDs have no options of IPv4.
  const bool lacks = result == -ENOPROTOOPT ||
                     (result == -EINVAL && request.level == IPPROTO_IP && socket.speaks_ipv6());
  return lacks ? 0 : result;
}

}  // namespace

bool HasControl(const SendOptions& options, bool ipv4) {
  if (options.transmit_time.has_value() && !HasTransmitTimes()) return false;
  if (!ipv4) return true;
  return (kHasInterface || options.interface_index == 0) &&
         (kHasTtl || !options.hop_limit.has_value());
}

size_t WriteControl(const SendOptions& options, bool ipv4, int type_of_service,
                    ControlBuffer& buffer) {
  ControlWriter writer(buffer);
  if (options.source.is_set() || options.interface_index != 0) {
    if (ipv4) {
      WriteIpv4Source(options, writer);
    } else {
      in6_pktinfo packet = {};
      packet.ipi6_ifindex =
          options.interface_index != 0 ? options.interface_index : options.source.scope_id();
      packet.ipi6_addr = internal::ToIn6Addr(options.source);
      writer.Add(IPPROTO_IPV6, IPV6_PKTINFO, packet);
    }
  }
  if (options.hop_limit.has_value()) {
    writer.Add(ipv4 ? IPPROTO_IP : IPPROTO_IPV6, ipv4 ? IP_TTL : IPV6_HOPLIMIT,
               int{*options.hop_limit});
  }
  if (options.ecn.has_value()) {
    const int value = (type_of_service & ~3) | static_cast<int>(*options.ecn);
    writer.Add(ipv4 ? IPPROTO_IP : IPPROTO_IPV6, ipv4 ? IP_TOS : IPV6_TCLASS, value);
  }
  if (options.transmit_time.has_value()) AddTransmitTime(*options.transmit_time, writer);
  return writer.length();
}

absl::Status RequestControl(const SocketRef& socket, Metadata wanted, Metadata previous) {
  for (const Request& request : kRequests) {
    const bool on = Contains(wanted, request.field);
    if (on == Contains(previous, request.field)) continue;
    const int result = Ask(socket, request, on);
    if (result >= 0) continue;
    for (const Request& undone : kRequests) {
      Ask(socket, undone, Contains(previous, undone.field));
      if (&undone == &request) break;
    }
    return StatusOf(result, "request metadata");
  }
  return absl::OkStatus();
}

void ReadControl(msghdr& message, [[maybe_unused]] Metadata requested, DatagramInfo& info) {
#if defined(SO_RXQ_OVFL)
  // The kernel says nothing while nothing was dropped.
  if (Contains(requested, Metadata::kDropCount)) info.drop_count = 0;
#endif
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
       header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level == SOL_SOCKET) {
      ReadSocketMessage(header, info);
    } else if (header->cmsg_level == IPPROTO_IP) {
      ReadIpv4Message(header, info);
    } else if (header->cmsg_level == IPPROTO_IPV6) {
      ReadIpv6Message(header, info);
    }
  }
}

}  // namespace pollux::posix
