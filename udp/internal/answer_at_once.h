// SPDX-License-Identifier: Apache-2.0
//
// File: answer_at_once.h
//
// What every engine answers of a host name before it asks a resolver, so that it is one answer on
// all of them.

#ifndef POLLUX_UDP_INTERNAL_ANSWER_AT_ONCE_H_
#define POLLUX_UDP_INTERNAL_ANSWER_AT_ONCE_H_

#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "udp/ip_address.h"
#include "udp/socket_engine.h"

namespace pollux::internal {

// The answer to `SocketEngine::Resolve` of an address as text, and of what can be no name; nullopt
// of a name. An interface's name behind the '%' of an address is looked up among those of `engine`
// at this moment: resolvers differ in whether they know it, and in what they then say. Loop thread
// only.
// Errors: SocketError::kHostNotFound.
std::optional<absl::StatusOr<std::vector<IpAddress>>> AnswerAtOnce(SocketEngine& engine,
                                                                   absl::string_view name);

}  // namespace pollux::internal

#endif  // POLLUX_UDP_INTERNAL_ANSWER_AT_ONCE_H_
