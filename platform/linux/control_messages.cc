// SPDX-License-Identifier: Apache-2.0

#include "platform/linux/control_messages.h"

#include <netinet/in.h>
#include <netinet/udp.h>

namespace pollux::linux_engine {

size_t AppendSegmentSize(uint16_t size, size_t length, posix::ControlBuffer& buffer) {
  posix::ControlWriter writer(buffer, length);
  writer.Add(SOL_UDP, UDP_SEGMENT, size);
  return writer.length();
}

size_t ReadSegmentSize(msghdr& message) {
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
       header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_UDP || header->cmsg_type != UDP_GRO) continue;
    return static_cast<size_t>(posix::ControlValue<int>(header));
  }
  return 0;
}

}  // namespace pollux::linux_engine
