// SPDX-License-Identifier: Apache-2.0

#include "examples/broadcast_sender/broadcast_sender.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace pollux::examples {

absl::StatusOr<IpAddress> BroadcastAddressOf(const NetworkInterface& interface) {
  for (const InterfaceAddress& address : interface.addresses) {
    if (address.broadcast.has_value()) return *address.broadcast;
  }
  return absl::NotFoundError(
      absl::StrCat("interface ", interface.name, " has no broadcast address"));
}

BroadcastSender::BroadcastSender(SocketEngine& engine, Options options)
    : options_(std::move(options)), socket_(engine), next_(engine.loop(), [this] { SendNext(); }) {}

void BroadcastSender::Start(absl::AnyInvocable<void()> done) {
  done_ = std::move(done);
  next_.Start(absl::ZeroDuration());
}

void BroadcastSender::SendNext() {
  const std::string payload = absl::StrCat(options_.text, " ", ++sent_);
  // No bind: a socket that only sends does not need one, and every UdpSocket may broadcast.
  const absl::Status status = socket_.WriteDatagram(payload, options_.destination);
  if (options_.on_sent) options_.on_sent(payload, status);
  if (sent_ != options_.count) {
    next_.Start(options_.interval);
    return;
  }
  // Nothing of this sender is touched after the call: it may be gone.
  absl::AnyInvocable<void()> done = std::move(done_);
  done();
}

}  // namespace pollux::examples
