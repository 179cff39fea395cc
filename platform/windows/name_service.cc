// SPDX-License-Identifier: Apache-2.0

#include "platform/windows/name_service.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "platform/common/socket_address.h"
#include "platform/windows/socket_ref.h"
#include "platform/windows/wide_text.h"
#include "udp/endpoint.h"
#include "udp/socket_error.h"

namespace pollux::windows_engine {
namespace {

// Not gai_strerror: it writes into one buffer for all threads.
absl::string_view TextOf(int code) {
  switch (code) {
    case WSAHOST_NOT_FOUND:
      return "no such host is known";
    case WSATRY_AGAIN:
      return "the name server did not answer";
    case WSANO_RECOVERY:
      return "the name server failed";
    case WSANO_DATA:
      return "the name has no address";
    default:
      return "the lookup failed";
  }
}

absl::Status NotFound(const std::string& name, absl::string_view why) {
  return SocketStatus(SocketError::kHostNotFound, absl::StrCat("resolve \"", name, "\": ", why));
}

}  // namespace

absl::StatusOr<std::vector<IpAddress>> WindowsNames::Lookup(const std::string& name) {
  ADDRINFOW* list = nullptr;
  const Result result = calls_->LookUp(ToUtf16(name).c_str(), &list);
  if (result < 0) return NotFound(name, absl::StrCat(TextOf(-result), " (", -result, ")"));
  std::vector<IpAddress> addresses;
  for (const ADDRINFOW* info = list; info != nullptr; info = info->ai_next) {
    const IpAddress address =
        internal::SocketAddress::Copy(info->ai_addr, static_cast<int>(info->ai_addrlen))
            .ToEndpoint()
            .address;
    if (address.is_set()) addresses.push_back(address);
  }
  calls_->FreeLookUp(list);
  if (addresses.empty()) return NotFound(name, "the name has no address");
  return addresses;
}

absl::Status WindowsNames::StartThread(absl::AnyInvocable<void()> body) {
  return StatusOf(calls_->StartThread(std::move(body)), "start the name resolver's thread");
}

}  // namespace pollux::windows_engine
