// SPDX-License-Identifier: Apache-2.0
//
// File: control_messages.h
//
// Control messages (cmsg(3)) are how a datagram's options go to the kernel, and how its metadata
// comes back: those that every Unix has, each by the name that it has there.

#ifndef POLLUX_PLATFORM_POSIX_CONTROL_MESSAGES_H_
#define POLLUX_PLATFORM_POSIX_CONTROL_MESSAGES_H_

#include <sys/socket.h>

#include <cstddef>
#include <cstring>

#include "absl/status/status.h"
#include "platform/posix/socket_ref.h"
#include "udp/datagram.h"

namespace pollux::posix {

// Room for all control messages of one datagram, either way.
struct ControlBuffer {
  static constexpr size_t kSize = 256;
  alignas(cmsghdr) char bytes[kSize];
};

// Appends messages to a buffer, behind the `length` bytes that are there already.
class ControlWriter {
 public:
  explicit ControlWriter(ControlBuffer& buffer, size_t length = 0)
      : buffer_(buffer), length_(length) {}

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

// The value of a message.
template <typename T>
T ControlValue(const cmsghdr* header) {
  T value = {};
  // CMSG_DATA has no form for what is constant.
  const auto* const bytes = static_cast<const char*>(static_cast<const void*>(header));
  std::memcpy(&value, bytes + CMSG_LEN(0), sizeof(value));
  return value;
}

// Whether the system has messages for all of these, with IPv4 or with IPv6.
bool HasControl(const SendOptions& options, bool ipv4);
// Writes `options`, for which there are messages, and returns their length. `type_of_service` is
// the socket's, of which the datagram keeps what the options leave alone.
size_t WriteControl(const SendOptions& options, bool ipv4, int type_of_service,
                    ControlBuffer& buffer);

// Has the kernel send the metadata of `wanted` beside each datagram, where until now it was that of
// `previous`. What the system lacks stays empty.
absl::Status RequestControl(const SocketRef& socket, Metadata wanted, Metadata previous);

// Reads into `info`, which is clear, what the kernel sent beside a datagram.
void ReadControl(msghdr& message, Metadata requested, DatagramInfo& info);

}  // namespace pollux::posix

#endif  // POLLUX_PLATFORM_POSIX_CONTROL_MESSAGES_H_
