// SPDX-License-Identifier: Apache-2.0
//
// The life of a socket: binding, connecting, closing. The datagrams are in udp_socket_io.cc,
// groups and options in udp_socket_options.cc.

#include "udp/udp_socket.h"

#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "udp/internal/advice.h"
#include "udp/internal/check.h"
#include "udp/internal/socket_core.h"
#include "udp/socket_error.h"

namespace pollux {

using internal::SocketCore;

namespace {

AddressFamily FamilyFor(const IpAddress& address) {
  return address.is_set() ? address.family() : AddressFamily::kDual;
}

// The wildcard that a socket of `family` is bound to where the program said "any".
IpAddress WildcardOf(AddressFamily family) {
  return family == AddressFamily::kIpv4 ? IpAddress::AnyIpv4() : IpAddress::Any();
}

// What a bind makes, and where it ended up.
absl::StatusOr<std::unique_ptr<EngineSocket>> OpenBound(SocketCore& core, IpAddress address,
                                                        uint16_t port, const BindOptions& options) {
  AddressFamily family = FamilyFor(address);
  absl::StatusOr<std::unique_ptr<EngineSocket>> opened = core.Open(family);
  if (!opened.ok()) return opened;
  if (!address.is_set() || address == IpAddress::Any()) address = WildcardOf(family);
  const std::pair<bool, SocketOption> wanted[] = {
      {options.reuse_address, SocketOption::kReuseAddress},
      {options.reuse_port, SocketOption::kReusePort},
      {options.exclusive_address, SocketOption::kExclusiveAddress}};
  for (const auto& [on, option] : wanted) {
    if (!on) continue;
    if (absl::Status s = (*opened)->SetOption(option, 1); !s.ok()) return s;
  }
  if (absl::Status s = (*opened)->Bind(Endpoint(address, port)); !s.ok()) return s;
  return opened;
}

// Connects to the first address that takes it, with the bound socket or a new one.
absl::Status ConnectToFirst(SocketCore& core, absl::Span<const IpAddress> addresses,
                            uint16_t port) {
  std::unique_ptr<EngineSocket> opened;
  if (core.socket == nullptr) {
    AddressFamily family = AddressFamily::kDual;
    absl::StatusOr<std::unique_ptr<EngineSocket>> result = core.Open(family);
    if (!result.ok()) return result.status();
    opened = *std::move(result);
  }
  EngineSocket& socket = core.socket != nullptr ? *core.socket : *opened;
  absl::Status failure;
  for (const IpAddress& address : addresses) {
    const Endpoint peer(address, port);
    absl::Status status = socket.Connect(peer);
    if (!status.ok()) {
      failure = std::move(status);
      continue;
    }
    if (opened != nullptr) core.Adopt(std::move(opened));
    core.peer = peer;
    return absl::OkStatus();
  }
  return failure;
}

// A name was looked up for a socket that still waits for it.
void FinishLookup(SocketCore& core, uint16_t port,
                  absl::StatusOr<std::vector<IpAddress>> addresses) {
  absl::Status status = addresses.status();
  if (status.ok()) {
    core.SetState(SocketState::kConnecting);
    status = ConnectToFirst(core, *addresses, port);
  }
  if (status.ok()) {
    core.SetState(SocketState::kConnected);
    core.ReadyReadReplaced();
    return;
  }
  core.SetState(core.bound_by_program ? SocketState::kBound : SocketState::kUnconnected);
  core.Report(std::move(status));
}

}  // namespace

absl::string_view ToString(SocketState state) {
  switch (state) {
    case SocketState::kUnconnected:
      return "Unconnected";
    case SocketState::kHostLookup:
      return "HostLookup";
    case SocketState::kConnecting:
      return "Connecting";
    case SocketState::kConnected:
      return "Connected";
    case SocketState::kBound:
      return "Bound";
  }
  return "unknown";
}

UdpSocket::UdpSocket(SocketEngine& engine) : core_(std::make_shared<SocketCore>(engine)) {}

UdpSocket::UdpSocket(UdpSocket&& other) noexcept = default;

UdpSocket& UdpSocket::operator=(UdpSocket&& other) noexcept {
  if (this == &other) return *this;
  if (core_ != nullptr) core_->Close();
  core_ = std::move(other.core_);
  return *this;
}

UdpSocket::~UdpSocket() {
  if (core_ != nullptr) core_->Close();
}

absl::Status UdpSocket::Bind(uint16_t port) {
  return Bind(IpAddress::Any(), port, BindMode::kDefaultForPlatform);
}

absl::Status UdpSocket::Bind(uint16_t port, BindMode mode) {
  return Bind(IpAddress::Any(), port, mode);
}

absl::Status UdpSocket::Bind(const IpAddress& address, uint16_t port) {
  return Bind(address, port, BindMode::kDefaultForPlatform);
}

absl::Status UdpSocket::Bind(const IpAddress& address, uint16_t port, BindMode mode) {
  SocketCore& c = core();
  const auto call = [&] { return absl::StrCat("bind ", Endpoint(address, port).ToString()); };
  if (c.state != SocketState::kUnconnected) {
    return c.Refuse(SocketError::kOperation, call(),
                    absl::StrCat("the socket is ", ToString(c.state), "; Close() it first"));
  }
  const absl::StatusOr<BindOptions> options = BindOptionsFor(c.engine.platform(), mode);
  if (!options.ok()) return c.Refuse(SocketError::kOperation, call(), options.status().message());
  absl::StatusOr<std::unique_ptr<EngineSocket>> opened =
      OpenBound(c, address.Unmapped(), port, *options);
  if (!opened.ok()) {
    return c.Fail(internal::AdviseOnBind(opened.status(), c.engine.platform(),
                                         Endpoint(address.Unmapped(), port)));
  }
  c.Adopt(*std::move(opened));
  c.bound_by_program = true;
  c.SetState(SocketState::kBound);
  return absl::OkStatus();
}

void UdpSocket::Close() { core().Drop(); }

SocketState UdpSocket::state() const { return core().state; }

Endpoint UdpSocket::local_endpoint() const {
  const SocketCore& c = core();
  return c.socket == nullptr ? Endpoint() : c.socket->LocalEndpoint();
}

Endpoint UdpSocket::peer_endpoint() const { return core().peer; }

const absl::Status& UdpSocket::error() const {
  core().CollectErrors();
  return core().error;
}

SocketEngine& UdpSocket::engine() const { return core().engine; }

absl::Status UdpSocket::ConnectToHost(absl::string_view host, uint16_t port) {
  if (const absl::StatusOr<IpAddress> address = IpAddress::Parse(host); address.ok()) {
    return ConnectToHost(*address, port);
  }
  SocketCore& c = core();
  const auto call = [&] { return absl::StrCat("connect ", absl::CHexEscape(host), ":", port); };
  if (c.state != SocketState::kUnconnected && c.state != SocketState::kBound) {
    return c.Refuse(
        SocketError::kOperation, call(),
        absl::StrCat("the socket is ", ToString(c.state), "; DisconnectFromHost() first"));
  }
  if (port == 0) return c.Refuse(SocketError::kNetwork, call(), "port 0 is no destination");
  c.SetState(SocketState::kHostLookup);
  const std::weak_ptr<SocketCore> weak = core_;
  c.engine.Resolve(
      host, [weak, port, lookup = ++c.lookups](absl::StatusOr<std::vector<IpAddress>> addresses) {
        const std::shared_ptr<SocketCore> core = weak.lock();
        if (core == nullptr || core->lookups != lookup) return;
        FinishLookup(*core, port, std::move(addresses));
      });
  return absl::OkStatus();
}

absl::Status UdpSocket::ConnectToHost(const IpAddress& host, uint16_t port) {
  SocketCore& c = core();
  const Endpoint peer(host.Unmapped(), port);
  const auto call = [&] { return absl::StrCat("connect ", peer.ToString()); };
  if (c.state != SocketState::kUnconnected && c.state != SocketState::kBound) {
    return c.Refuse(
        SocketError::kOperation, call(),
        absl::StrCat("the socket is ", ToString(c.state), "; DisconnectFromHost() first"));
  }
  if (port == 0 || !host.is_set() || host == IpAddress::Any()) {
    return c.Refuse(SocketError::kNetwork, call(), "a peer needs an address and a port");
  }
  if (absl::Status s = ConnectToFirst(c, {peer.address}, port); !s.ok()) {
    return c.Fail(std::move(s));
  }
  // The same changes as for a name, so that a program sees one order of events.
  c.SetState(SocketState::kHostLookup);
  c.SetState(SocketState::kConnecting);
  c.SetState(SocketState::kConnected);
  c.ReadyReadReplaced();
  return absl::OkStatus();
}

absl::Status UdpSocket::DisconnectFromHost() {
  SocketCore& c = core();
  if (c.state != SocketState::kConnected && c.state != SocketState::kHostLookup) {
    return c.Refuse(SocketError::kOperation, "disconnect",
                    absl::StrCat("the socket is ", ToString(c.state), ", not connected"));
  }
  if (!c.bound_by_program) {
    c.Drop();
    return absl::OkStatus();
  }
  if (c.state == SocketState::kConnected) {
    if (absl::Status s = c.socket->Disconnect(); !s.ok()) return c.Fail(std::move(s));
  }
  ++c.lookups;
  c.peer = Endpoint();
  c.EndReading();
  c.SetState(SocketState::kBound);
  return absl::OkStatus();
}

void UdpSocket::DieMovedFrom() {
  POLLUX_CHECK(false, "a UdpSocket was used after it was moved from");
}

}  // namespace pollux
