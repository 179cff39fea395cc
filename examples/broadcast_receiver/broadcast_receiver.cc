// SPDX-License-Identifier: Apache-2.0

#include "examples/broadcast_receiver/broadcast_receiver.h"

#include <utility>

#include "absl/status/statusor.h"
#include "udp/bind_mode.h"
#include "udp/ip_address.h"

namespace pollux::examples {

BroadcastReceiver::BroadcastReceiver(SocketEngine& engine, Options options)
    : options_(std::move(options)), socket_(engine) {}

absl::Status BroadcastReceiver::Start() {
  // The wildcard: Unix delivers no broadcast to a socket that is bound to one address. And shared,
  // so that several receivers of a machine all get their copy.
  if (absl::Status s = socket_.Bind(IpAddress::AnyIpv4(), options_.port,
                                    BindMode::kShareAddress | BindMode::kReuseAddressHint);
      !s.ok()) {
    return s;
  }
  socket_.OnReadyRead([this] { ReadAll(); });
  return absl::OkStatus();
}

void BroadcastReceiver::ReadAll() {
  while (socket_.HasPendingDatagrams()) {
    const absl::StatusOr<Datagram> datagram = socket_.ReceiveDatagram();
    if (datagram.ok()) options_.on_datagram(*datagram);
  }
}

}  // namespace pollux::examples
