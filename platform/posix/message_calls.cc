// SPDX-License-Identifier: Apache-2.0

#include "platform/posix/message_calls.h"

#include <dlfcn.h>
#include <sys/utsname.h>

#include <cerrno>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "platform/posix/system.h"

namespace pollux::posix {
namespace {

using SendCall = ssize_t (*)(int, const BatchMessage*, unsigned, int);
using ReceiveCall = ssize_t (*)(int, BatchMessage*, unsigned, int);

struct MessageCalls {
  SendCall send = nullptr;
  ReceiveCall receive = nullptr;
};

MessageCalls LookUp() {
  if constexpr (kPlatform != Platform::kMacOs) return {};
  utsname system;
  if (::uname(&system) < 0 || !HasMessageCalls(system.release)) return {};
  return {.send = reinterpret_cast<SendCall>(::dlsym(RTLD_DEFAULT, "sendmsg_x")),
          .receive = reinterpret_cast<ReceiveCall>(::dlsym(RTLD_DEFAULT, "recvmsg_x"))};
}

const MessageCalls& Calls() {
  static const MessageCalls calls = LookUp();
  return calls;
}

}  // namespace

ssize_t SendMessages(int fd, const BatchMessage* messages, unsigned count, int flags) {
  if (Calls().send == nullptr) return -ENOSYS;
  const ssize_t result = Calls().send(fd, messages, count, flags);
  return result < 0 ? -errno : result;
}

ssize_t ReceiveMessages(int fd, BatchMessage* messages, unsigned count, int flags) {
  if (Calls().receive == nullptr) return -ENOSYS;
  const ssize_t result = Calls().receive(fd, messages, count, flags);
  return result < 0 ? -errno : result;
}

bool HasMessageCalls(absl::string_view release) {
  const std::vector<absl::string_view> parts = absl::StrSplit(release, '.');
  int major = 0, minor = 0;
  if (parts.size() < 2 || !absl::SimpleAtoi(parts[0], &major) ||
      !absl::SimpleAtoi(parts[1], &minor)) {
    return false;
  }
  return std::pair(major, minor) >= std::pair(24, 6);
}

}  // namespace pollux::posix
