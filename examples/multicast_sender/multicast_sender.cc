// SPDX-License-Identifier: Apache-2.0

#include "examples/multicast_sender/multicast_sender.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "udp/ip_address.h"
#include "udp/socket_option.h"

namespace pollux::examples {

MulticastSender::MulticastSender(SocketEngine& engine, Options options)
    : options_(std::move(options)), socket_(engine), next_(engine.loop(), [this] { SendNext(); }) {}

absl::Status MulticastSender::Start(absl::AnyInvocable<void()> done) {
  IpAddress& group = options_.group.address;
  // A group that means something else on every link is told the link.
  if (group.needs_scope() && group.scope_id() == 0) {
    group = group.WithScope(options_.interface.index);
  }
  // Bound to the address on that interface, because Linux gives what leaves by the loopback
  // interface none by itself.
  IpAddress own = group.is_ipv4() ? options_.interface.PrimaryIpv4() : IpAddress::AnyIpv6();
  if (!own.is_set()) own = IpAddress::AnyIpv4();
  absl::Status status = socket_.Bind(own, 0);
  if (status.ok()) status = socket_.SetOption(SocketOption::kMulticastHopLimit, options_.ttl);
  if (status.ok()) status = socket_.SetMulticastInterface(options_.interface);
  if (!status.ok()) return status;
  done_ = std::move(done);
  next_.Start(absl::ZeroDuration());
  return absl::OkStatus();
}

void MulticastSender::SendNext() {
  const std::string payload = absl::StrCat(options_.text, " ", ++sent_);
  const absl::Status status = socket_.WriteDatagram(payload, options_.group);
  if (options_.on_sent) options_.on_sent(payload, status);
  if (sent_ != options_.count) {
    next_.Start(options_.interval);
    return;
  }
  // Nothing of this sender is touched after the call: it may be gone.
  absl::AnyInvocable<void()> finished = std::move(done_);
  finished();
}

}  // namespace pollux::examples
