// SPDX-License-Identifier: Apache-2.0

#include "udp/socket_engine.h"

#include "absl/strings/str_cat.h"
#include "udp/internal/check.h"
#include "udp/internal/temporary.h"

namespace pollux {

std::string AsyncError::What(const Endpoint& destination) {
  return destination.is_set() ? absl::StrCat("datagram to ", destination.ToString())
                              : "datagram sent earlier";
}

EngineSocket::EngineSocket(SocketEngine& engine) : engine_(engine) { ++engine_.sockets_; }

EngineSocket::~EngineSocket() { --engine_.sockets_; }

absl::Status EngineSocket::SendTo(absl::string_view payload, const Endpoint& destination,
                                  absl::Status& error) {
  const SendSlot slot = {.payload = payload, .destination = destination};
  const absl::StatusOr<size_t> sent = Send({&slot, 1});
  return sent.ok() && *sent == 1 ? absl::OkStatus() : NoneSent(sent, error);
}

absl::StatusOr<size_t> EngineSocket::ReceiveFrom(absl::Span<char> buffer, DatagramInfo* info,
                                                 absl::Status& error) {
  ReceiveSlot& slot = scratch();
  slot.buffer = buffer;
  const absl::StatusOr<size_t> received = Receive({&slot, 1});
  if (!received.ok() || *received == 0) return NoneReceived(received, error);
  Gives();
  if (info != nullptr) *info = slot.info;
  return slot.size;
}

absl::Status EngineSocket::NoneSent(const absl::StatusOr<size_t>& sent, absl::Status& error) {
  error = sent.ok() ? internal::SendBufferFull() : sent.status();
  return error;
}

absl::Status EngineSocket::NoneReceived(const absl::StatusOr<size_t>& received,
                                        absl::Status& error) {
  error = received.ok() ? internal::NothingPending() : received.status();
  return error;
}

SocketEngine::~SocketEngine() {
  POLLUX_CHECK(sockets_ == 0,
               "an engine was destroyed before its sockets; destroy sockets before their engine");
}

}  // namespace pollux
