// SPDX-License-Identifier: Apache-2.0

#include "platform/posix/name_service.h"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstring>

#include "absl/strings/str_cat.h"
#include "platform/common/socket_address.h"
#include "platform/posix/socket_ref.h"
#include "udp/socket_error.h"

namespace pollux::posix {
namespace {

using Body = absl::AnyInvocable<void()>;

void* RunBody(void* argument) {
  const std::unique_ptr<Body> body(static_cast<Body*>(argument));
  (*body)();
  return nullptr;
}

}  // namespace

absl::StatusOr<std::vector<IpAddress>> PosixNames::Lookup(const std::string& name) {
  addrinfo hints = {};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_DGRAM;  // One entry for each address, not one for each protocol.
  addrinfo* list = nullptr;
  int error = 0;
  const int result = calls_->GetAddrInfo(name.c_str(), &hints, &list, &error);
  if (result != 0) {
    return SocketStatus(
        SocketError::kHostNotFound,
        absl::StrCat("resolve \"", name,
                     "\": ", result == EAI_SYSTEM ? std::strerror(error) : ::gai_strerror(result)));
  }
  std::vector<IpAddress> addresses;
  for (const addrinfo* info = list; info != nullptr; info = info->ai_next) {
    const IpAddress address =
        internal::SocketAddress::Copy(info->ai_addr, info->ai_addrlen).ToEndpoint().address;
    if (address.is_set()) addresses.push_back(address);
  }
  calls_->FreeAddrInfo(list);
  if (addresses.empty()) {
    return SocketStatus(SocketError::kHostNotFound,
                        absl::StrCat("resolve \"", name, "\": the name has no address"));
  }
  return addresses;
}

absl::Status PosixNames::StartThread(Body body) {
  auto owned = std::make_unique<Body>(std::move(body));
  const int result = calls_->StartThread(&RunBody, owned.get());
  if (result < 0) return StatusOf(result, "start the name resolver's thread");
  static_cast<void>(owned.release());  // The thread has it.
  return absl::OkStatus();
}

}  // namespace pollux::posix
