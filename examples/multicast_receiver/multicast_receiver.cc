// SPDX-License-Identifier: Apache-2.0

#include "examples/multicast_receiver/multicast_receiver.h"

#include <utility>

#include "absl/status/statusor.h"
#include "udp/bind_mode.h"
#include "udp/ip_address.h"

namespace pollux::examples {

MulticastReceiver::MulticastReceiver(SocketEngine& engine, Options options)
    : options_(std::move(options)), socket_(engine) {}

absl::Status MulticastReceiver::Start() {
  const auto& [group, port] = options_.group;
  // The wildcard: Windows binds no group address. And shared, so that several receivers of a
  // machine all get their copy.
  absl::Status status = socket_.Bind(group.is_ipv4() ? IpAddress::AnyIpv4() : IpAddress::AnyIpv6(),
                                     port, BindMode::kShareAddress | BindMode::kReuseAddressHint);
  if (status.ok()) status = socket_.JoinMulticastGroup(group, options_.interface);
  if (!status.ok()) {
    socket_.Close();
    return status;
  }
  socket_.OnReadyRead([this] { ReadAll(); });
  return absl::OkStatus();
}

void MulticastReceiver::ReadAll() {
  while (socket_.HasPendingDatagrams()) {
    const absl::StatusOr<Datagram> datagram = socket_.ReceiveDatagram();
    if (datagram.ok()) options_.on_datagram(*datagram);
  }
}

}  // namespace pollux::examples
