// SPDX-License-Identifier: Apache-2.0

#include "udp/socket_engine.h"

#include "absl/strings/str_cat.h"
#include "udp/internal/check.h"

namespace pollux {

std::string AsyncError::What(const Endpoint& destination) {
  return destination.is_set() ? absl::StrCat("datagram to ", destination.ToString())
                              : "datagram sent earlier";
}

EngineSocket::EngineSocket(SocketEngine& engine) : engine_(engine) { ++engine_.sockets_; }

EngineSocket::~EngineSocket() { --engine_.sockets_; }

SocketEngine::~SocketEngine() {
  POLLUX_CHECK(sockets_ == 0,
               "an engine was destroyed before its sockets; destroy sockets before their engine");
}

}  // namespace pollux
