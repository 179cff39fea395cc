// SPDX-License-Identifier: Apache-2.0

#include "platform/linux/control_messages.h"

// Before <linux/errqueue.h>, which needs struct timespec.
#include <linux/errqueue.h>
#include <netinet/in.h>
#include <netinet/udp.h>

#include <cstdint>
#include <cstring>
#include <ctime>

#include "absl/time/time.h"
#include "platform/posix/socket_address.h"

namespace pollux::linux_engine {
namespace {

// Appends messages to a buffer.
class Writer {
 public:
  explicit Writer(ControlBuffer& buffer, size_t length = 0) : buffer_(buffer), length_(length) {}

  template <typename T>
  void Add(int level, int type, const T& value) {
    cmsghdr header = {};
    header.cmsg_level = level;
    header.cmsg_type = type;
    header.cmsg_len = CMSG_LEN(sizeof(value));
    char* const at = buffer_.bytes + length_;
    std::memset(at, 0, CMSG_SPACE(sizeof(value)));
    std::memcpy(at, &header, sizeof(header));
    std::memcpy(at + CMSG_LEN(0), &value, sizeof(value));
    length_ += CMSG_SPACE(sizeof(value));
  }

  size_t length() const { return length_; }

 private:
  ControlBuffer& buffer_;
  size_t length_;
};
// Both directions at their fullest, with room to spare.
static_assert(CMSG_SPACE(sizeof(in6_pktinfo)) + CMSG_SPACE(sizeof(in_pktinfo)) +
                  6 * CMSG_SPACE(sizeof(int)) + CMSG_SPACE(sizeof(timespec)) <=
              ControlBuffer::kSize);

template <typename T>
T Value(const cmsghdr* header) {
  T value = {};
  std::memcpy(&value, CMSG_DATA(header), sizeof(value));
  return value;
}

Ecn EcnOf(int type_of_service) { return static_cast<Ecn>(type_of_service & 3); }

void ReadSocketMessage(const cmsghdr* header, DatagramInfo& info) {
  if (header->cmsg_type == SCM_TIMESTAMPNS) {
    info.kernel_time = absl::TimeFromTimespec(Value<timespec>(header));
  } else if (header->cmsg_type == SO_RXQ_OVFL) {
    info.drop_count = Value<uint32_t>(header);
  }
}

void ReadIpv4Message(const cmsghdr* header, DatagramInfo& info) {
  if (header->cmsg_type == IP_PKTINFO) {
    const auto packet = Value<in_pktinfo>(header);
    info.destination = internal::FromInAddr(packet.ipi_addr);
    info.interface_index = static_cast<uint32_t>(packet.ipi_ifindex);
  } else if (header->cmsg_type == IP_TTL) {
    info.hop_limit = static_cast<uint8_t>(Value<int>(header));
  } else if (header->cmsg_type == IP_TOS) {
    info.ecn = EcnOf(Value<uint8_t>(header));
  }
}

void ReadIpv6Message(const cmsghdr* header, DatagramInfo& info) {
  if (header->cmsg_type == IPV6_PKTINFO) {
    const auto packet = Value<in6_pktinfo>(header);
    // A link-local address of ours is one only on its interface. For a group the index beside it
    // says where it was heard.
    const IpAddress address = internal::FromIn6Addr(packet.ipi6_addr, 0);
    const uint32_t scope = address.is_link_local() ? packet.ipi6_ifindex : 0;
    info.destination = address.WithScope(scope);
    info.interface_index = packet.ipi6_ifindex;
  } else if (header->cmsg_type == IPV6_HOPLIMIT) {
    info.hop_limit = static_cast<uint8_t>(Value<int>(header));
  } else if (header->cmsg_type == IPV6_TCLASS) {
    info.ecn = EcnOf(Value<int>(header));
  }
}

}  // namespace

size_t WriteControl(const SendOptions& options, bool ipv4, int type_of_service,
                    ControlBuffer& buffer) {
  Writer writer(buffer);
  if (options.source.is_set() || options.interface_index != 0) {
    if (ipv4) {
      // ipi_spec_dst, not ipi_addr, is the source of what is sent: ip(7).
      in_pktinfo packet = {};
      packet.ipi_ifindex = static_cast<int>(options.interface_index);
      packet.ipi_spec_dst = internal::ToInAddr(options.source);
      writer.Add(IPPROTO_IP, IP_PKTINFO, packet);
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
  return writer.length();
}

size_t AppendSegmentSize(uint16_t size, size_t length, ControlBuffer& buffer) {
  Writer writer(buffer, length);
  writer.Add(SOL_UDP, UDP_SEGMENT, size);
  return writer.length();
}

// Field by field: to copy an empty one over it costs a few nanoseconds more for each datagram.
void ClearInfo(DatagramInfo& info) {
  info.truncated = false;
  info.destination.reset();
  info.interface_index.reset();
  info.hop_limit.reset();
  info.ecn.reset();
  info.kernel_time.reset();
  info.drop_count.reset();
}

size_t ReadControl(msghdr& message, Metadata requested, DatagramInfo& info) {
  size_t segment = 0;
  // The kernel says nothing while nothing was dropped.
  if (Contains(requested, Metadata::kDropCount)) info.drop_count = 0;
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
       header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level == SOL_SOCKET) {
      ReadSocketMessage(header, info);
    } else if (header->cmsg_level == IPPROTO_IP) {
      ReadIpv4Message(header, info);
    } else if (header->cmsg_level == IPPROTO_IPV6) {
      ReadIpv6Message(header, info);
    } else if (header->cmsg_level == SOL_UDP && header->cmsg_type == UDP_GRO) {
      segment = static_cast<size_t>(Value<int>(header));
    }
  }
  return segment;
}

std::optional<QueuedError> ReadQueuedError(msghdr& message, const Endpoint& destination) {
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
       header = CMSG_NXTHDR(&message, header)) {
    const bool is_error = (header->cmsg_level == IPPROTO_IP && header->cmsg_type == IP_RECVERR) ||
                          (header->cmsg_level == IPPROTO_IPV6 && header->cmsg_type == IPV6_RECVERR);
    if (!is_error) continue;
    const auto error = Value<sock_extended_err>(header);
    // An error of local origin was returned by the call that caused it.
    if (error.ee_origin != SO_EE_ORIGIN_ICMP && error.ee_origin != SO_EE_ORIGIN_ICMP6) continue;
    return QueuedError{.number = static_cast<int>(error.ee_errno), .destination = destination};
  }
  return std::nullopt;
}

}  // namespace pollux::linux_engine
