// SPDX-License-Identifier: Apache-2.0
//
// File: routed_bed.h
//
// A network and its events, for tests of what is between segments.

#ifndef POLLUX_TESTS_SIM_ROUTED_BED_H_
#define POLLUX_TESTS_SIM_ROUTED_BED_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "sim/network.h"
#include "udp/udp_socket.h"

namespace pollux::sim {

// A socket that keeps what it was told.
class Ear {
 public:
  explicit Ear(Host& host, uint16_t port = 0) : socket_(host.engine()) {
    EXPECT_TRUE(socket_.Bind(port).ok());
    socket_.OnError([this](const absl::Status& status) { error_ = status; });
  }

  UdpSocket& socket() { return socket_; }
  uint16_t port() const { return socket_.local_endpoint().port; }
  // "ok", or the name of the error. An endpoint that is not set is the peer.
  std::string Send(const Endpoint& to, size_t size = 1) {
    const std::string payload(size, 'x');
    if (!to.is_set()) return Name(socket_.Write(payload));
    return Name(socket_.WriteDatagram(payload, to));
  }
  std::string Send(absl::string_view to, size_t size = 1) {
    return Send(*Endpoint::Parse(to), size);
  }
  // "5 from 10.0.0.1:7000" for the next datagram; "none".
  std::string Take() {
    const auto datagram = socket_.ReceiveDatagram();
    if (!datagram.ok()) return "none";
    source_ = datagram->info.source;
    return absl::StrCat(datagram->payload.size(), " from ", source_.ToString());
  }
  // The source of what was taken last.
  const Endpoint& source() const { return source_; }
  // The name of the latest error that came, which is then forgotten; "none".
  std::string Error() {
    const absl::Status error = std::exchange(error_, absl::OkStatus());
    return error.ok() ? "none" : Name(error);
  }

 private:
  static std::string Name(const absl::Status& status) {
    if (status.ok()) return "ok";
    const std::optional<OsError> error = OsErrorOf(status);
    return error ? OsErrorName(Platform::kLinux, *error) : status.ToString();
  }

  UdpSocket socket_;
  absl::Status error_;
  Endpoint source_;
};

class RoutedBed : public ::testing::Test {
 protected:
  Host& AddHost(absl::string_view name, Segment& segment, const HostOptions& options = {}) {
    Host& host = net_.AddHost(name, options);
    segment.Attach(host);
    return host;
  }
  void Run(absl::Duration duration = absl::Seconds(1)) { net_.RunFor(duration); }
  // Of the events since the last call of `Restart`.
  size_t Count(EventKind kind) const { return log_->Count(kind); }
  size_t Count(EventKind kind, absl::string_view host) const { return log_->Count(kind, host); }
  void Restart() { log_.emplace(net_.trace()); }
  // How often that host dropped something for that reason.
  size_t Drops(absl::string_view host, DropCause cause) const {
    size_t count = 0;
    for (const EventLog::Entry& entry : log_->entries()) {
      const TraceEvent& event = entry.event;
      count += event.kind == EventKind::kDropped && event.host == host && event.cause == cause;
    }
    return count;
  }
  // The ICMP errors that a host has sent, "host unreachable from 10.0.0.1", a line for each.
  std::string Icmp(absl::string_view host) const {
    std::string text;
    for (const EventLog::Entry& entry : log_->entries()) {
      const Packet& packet = entry.packet;
      if (entry.event.kind != EventKind::kSent || entry.event.host != host || !packet.icmp)
        continue;
      absl::StrAppend(&text, ToString(*packet.icmp), " from ", packet.icmp_reporter.ToString());
      if (packet.icmp_mtu != 0) absl::StrAppend(&text, ", mtu ", packet.icmp_mtu);
      absl::StrAppend(&text, "\n");
    }
    return text;
  }

  Network net_{{.seed = 7}};
  std::optional<EventLog> log_{std::in_place, net_.trace()};
};

}  // namespace pollux::sim

#endif  // POLLUX_TESTS_SIM_ROUTED_BED_H_
