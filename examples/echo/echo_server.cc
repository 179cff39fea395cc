// SPDX-License-Identifier: Apache-2.0

#include "examples/echo/echo_server.h"

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "udp/socket_option.h"

namespace pollux::examples {

absl::Status EchoServer::Start() {
  if (options_.one_of_many) {
    if (absl::Status s = socket_.SetOption(SocketOption::kReusePort, 1); !s.ok()) return s;
  }
  if (absl::Status s = socket_.Bind(options_.local.address, options_.local.port); !s.ok()) return s;
  socket_.OnReadyRead([this] { AnswerSome(); });
  return absl::OkStatus();
}

// One batch and no more: what is left is told again, after others had their turn.
void EchoServer::AnswerSome() {
  const absl::StatusOr<size_t> count = socket_.ReceiveBatch(batch_);
  if (!count.ok()) return;
  received_ += *count;
  answers_.clear();
  for (const DatagramView& datagram : batch_) {
    answers_.push_back({.payload = datagram.payload, .destination = datagram.info.source});
  }
  absl::Span<const SendSlot> left = answers_;
  while (!left.empty()) {
    const absl::StatusOr<size_t> sent = socket_.SendBatch(left);
    if (sent.ok() && *sent == 0) return;  // No room; a sender that cares asks again.
    if (sent.ok()) answered_ += *sent;
    // One that cannot be answered shall not keep the others from their answers.
    left.remove_prefix(sent.ok() ? *sent : 1);
  }
}

}  // namespace pollux::examples
