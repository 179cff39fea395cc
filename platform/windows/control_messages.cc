// SPDX-License-Identifier: Apache-2.0

#include "platform/windows/control_messages.h"

#include <cstdint>
#include <cstring>

#include "platform/common/socket_address.h"
#include "platform/windows/offload.h"

namespace pollux::windows_engine {
namespace {

// Appends messages to a buffer.
class Writer {
 public:
  explicit Writer(ControlBuffer& buffer) : buffer_(buffer) {}

  template <typename T>
  void Add(int level, int type, const T& value) {
    WSACMSGHDR header = {};
    header.cmsg_level = level;
    header.cmsg_type = type;
    header.cmsg_len = WSA_CMSG_LEN(sizeof(value));
    char* const at = buffer_.bytes + length_;
    std::memset(at, 0, WSA_CMSG_SPACE(sizeof(value)));
    std::memcpy(at, &header, sizeof(header));
    std::memcpy(at + WSA_CMSG_LEN(0), &value, sizeof(value));
    length_ += WSA_CMSG_SPACE(sizeof(value));
  }

  size_t length() const { return length_; }

 private:
  ControlBuffer& buffer_;
  size_t length_ = 0;
};
// Both directions at their fullest, with room to spare.
static_assert(WSA_CMSG_SPACE(sizeof(in6_pktinfo)) + WSA_CMSG_SPACE(sizeof(in_pktinfo)) +
                  6 * WSA_CMSG_SPACE(sizeof(int)) <=
              ControlBuffer::kSize);

template <typename T>
T Value(WSACMSGHDR* header) {
  T value = {};
  std::memcpy(&value, WSA_CMSG_DATA(header), sizeof(value));
  return value;
}

void ReadIpv4Message(WSACMSGHDR* header, DatagramInfo& info) {
  if (header->cmsg_type == IP_PKTINFO) {
    const auto packet = Value<in_pktinfo>(header);
    info.destination = internal::FromInAddr(packet.ipi_addr);
    info.interface_index = static_cast<uint32_t>(packet.ipi_ifindex);
  } else if (header->cmsg_type == IP_TTL || header->cmsg_type == IP_HOPLIMIT) {
    // Its option is called IP_HOPLIMIT, its message is of either type.
    info.hop_limit = static_cast<uint8_t>(Value<int>(header));
  } else if (header->cmsg_type == IP_ECN || header->cmsg_type == IP_TOS) {
    info.ecn = static_cast<Ecn>(Value<int>(header) & 3);
  }
}

void ReadIpv6Message(WSACMSGHDR* header, DatagramInfo& info) {
  if (header->cmsg_type == IPV6_PKTINFO) {
    const auto packet = Value<in6_pktinfo>(header);
    const uint32_t index = static_cast<uint32_t>(packet.ipi6_ifindex);
    // A link-local address of ours is one only on its interface.
    const IpAddress address = internal::FromIn6Addr(packet.ipi6_addr, 0);
    info.destination = address.WithScope(address.is_link_local() ? index : 0);
    info.interface_index = index;
  } else if (header->cmsg_type == IPV6_HOPLIMIT) {
    info.hop_limit = static_cast<uint8_t>(Value<int>(header));
  } else if (header->cmsg_type == IPV6_ECN || header->cmsg_type == IPV6_TCLASS) {
    info.ecn = static_cast<Ecn>(Value<int>(header) & 3);
  }
}

}  // namespace

size_t WriteControl(const SendOptions& options, bool ipv4, size_t segment, ControlBuffer& buffer) {
  Writer writer(buffer);
  if (options.source.is_set() || options.interface_index != 0) {
    if (ipv4) {
      in_pktinfo packet = {};
      packet.ipi_ifindex = options.interface_index;
      packet.ipi_addr = internal::ToInAddr(options.source);
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
    static_assert(IP_ECN == IPV6_ECN);
    writer.Add(ipv4 ? IPPROTO_IP : IPPROTO_IPV6, IP_ECN, static_cast<int>(*options.ecn));
  }
  if (segment != 0) writer.Add(IPPROTO_UDP, UDP_SEND_MSG_SIZE, static_cast<DWORD>(segment));
  return writer.length();
}

size_t ReadControl(WSAMSG& message, DatagramInfo& info) {
  size_t segment = 0;
  for (WSACMSGHDR* header = WSA_CMSG_FIRSTHDR(&message); header != nullptr;
       header = WSA_CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level == IPPROTO_IP) {
      ReadIpv4Message(header, info);
    } else if (header->cmsg_level == IPPROTO_IPV6) {
      ReadIpv6Message(header, info);
    } else if (header->cmsg_level == IPPROTO_UDP && header->cmsg_type == UDP_COALESCED_INFO) {
      segment = Value<DWORD>(header);
    }
  }
  return segment;
}

}  // namespace pollux::windows_engine
