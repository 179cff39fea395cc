// SPDX-License-Identifier: Apache-2.0

#include "tests/sim/kernel/two_hosts.h"

#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "udp/internal/check.h"

namespace pollux::sim {
namespace {

NetworkInterface Wire(absl::string_view name, uint32_t index, absl::string_view ipv4,
                      absl::string_view ipv6, absl::string_view broadcast) {
  NetworkInterface wire;
  wire.name = wire.display_name = std::string(name);
  wire.index = index;
  wire.mtu = 1500;
  wire.up = wire.running = wire.can_broadcast = wire.can_multicast = true;
  wire.addresses.push_back({Address(ipv4), 24, Address(broadcast)});
  wire.addresses.push_back({Address(ipv6), 64, std::nullopt});
  return wire;
}

InterfaceAddress LinkLocal(absl::string_view text) { return {Address(text), 64, std::nullopt}; }

}  // namespace

IpAddress Address(absl::string_view text) {
  if (text == "*") return IpAddress::Any();
  absl::StatusOr<IpAddress> address = IpAddress::Parse(text);
  POLLUX_CHECK(address.ok(), "a test uses a text that is no address");
  return *address;
}

Endpoint At(absl::string_view text) {
  absl::StatusOr<Endpoint> endpoint = Endpoint::Parse(text);
  POLLUX_CHECK(endpoint.ok(), "a test uses a text that is no endpoint");
  return *endpoint;
}

std::string Text(const PlatformRules& rules, const Outcome<>& outcome) {
  return outcome.ok() ? "ok" : std::string(OsErrorName(rules.platform, outcome.error()));
}

Sock& Sock::Set(SocketOption option, int value) {
  EXPECT_EQ(TrySet(option, value), "ok");
  return *this;
}

std::string Sock::TrySet(SocketOption option, int value) {
  return Text(host_->stack.rules(), host_->stack.SetOption(id_, option, value));
}

std::string Sock::Get(SocketOption option) const {
  Outcome<int> value = host_->stack.GetOption(id_, option);
  if (value.ok()) return absl::StrCat(*value);
  return Text(host_->stack.rules(), value.error());
}

std::string Sock::Bind(absl::string_view local) {
  return Text(host_->stack.rules(), host_->stack.Bind(id_, At(local)));
}

std::string Sock::Connect(absl::string_view peer) {
  return Text(host_->stack.rules(), host_->stack.Connect(id_, At(peer)));
}

std::string Sock::Disconnect() { return Text(host_->stack.rules(), host_->stack.Disconnect(id_)); }

std::string Sock::Local() const { return host_->stack.LocalEndpoint(id_).ToString(); }

std::string Sock::Peer() const {
  const std::optional<Endpoint> peer = host_->stack.PeerEndpoint(id_);
  return peer ? peer->ToString() : "(none)";
}

std::string Sock::SendTo(absl::string_view to, absl::string_view payload, SendOptions options) {
  SendSlot slot;
  slot.payload = payload;
  if (!to.empty()) slot.destination = At(to);
  slot.options = options;
  std::string result = Text(host_->stack.rules(), host_->stack.Send(id_, slot));
  host_->Settle();
  return result;
}

Taken Sock::Receive(size_t room) {
  std::string buffer(room, '\0');
  ReceiveSlot slot;
  slot.buffer = absl::MakeSpan(&buffer[0], buffer.size());
  Outcome<bool> outcome = host_->stack.Receive(id_, slot);
  Taken taken;
  taken.info = slot.info;
  if (!outcome.ok()) {
    taken.text = Text(host_->stack.rules(), outcome.error());
  } else if (!*outcome) {
    taken.text = "(none)";
  } else {
    taken.text = buffer.substr(0, slot.size);
  }
  return taken;
}

std::string Sock::TakeError() {
  std::optional<PendingError> error = host_->stack.TakeError(id_);
  return error ? Text(host_->stack.rules(), error->error) : "(none)";
}

std::string Sock::Join(absl::string_view group, uint32_t interface_index,
                       absl::string_view source) {
  GroupMembership membership{Address(group), interface_index, IpAddress()};
  if (!source.empty()) membership.source = Address(source);
  return Text(host_->stack.rules(), host_->stack.Join(id_, membership));
}

std::string Sock::Leave(absl::string_view group, uint32_t interface_index,
                        absl::string_view source) {
  GroupMembership membership{Address(group), interface_index, IpAddress()};
  if (!source.empty()) membership.source = Address(source);
  return Text(host_->stack.rules(), host_->stack.Leave(id_, membership));
}

std::string Sock::MulticastInterface(uint32_t interface_index) {
  return Text(host_->stack.rules(), host_->stack.SetMulticastInterface(id_, interface_index));
}

void Sock::Close() { host_->stack.Close(id_); }

TestHost::TestHost(TwoHosts& net, const PlatformRules& rules, Capabilities capabilities)
    : stack(rules, *this, capabilities), net_(net) {}

Sock TestHost::Open(AddressFamily family, UserId user) {
  return Sock(*this, *stack.Socket(family, user));
}

Sock TestHost::Bound(absl::string_view local, absl::string_view options, AddressFamily family) {
  Sock socket = Open(family);
  if (absl::StrContains(options, 'A')) socket.Set(SocketOption::kReuseAddress, 1);
  if (absl::StrContains(options, 'P')) socket.Set(SocketOption::kReusePort, 1);
  if (absl::StrContains(options, 'E')) socket.Set(SocketOption::kExclusiveAddress, 1);
  EXPECT_EQ(socket.Bind(local), "ok") << local;
  return socket;
}

void TestHost::Transmit(uint32_t interface_index, const Packet& packet) {
  sent.push_back({interface_index, packet});
  net_.Carry(*this, interface_index, packet);
}

uint32_t TestHost::Draw(StackDraw, uint32_t bound) { return next_draw % bound; }

void TestHost::Delivered(const Packet&, uint32_t, SocketId socket) { delivered.push_back(socket); }

void TestHost::Dropped(const Packet&, uint32_t, DropCause cause) { drops.push_back(cause); }

void TestHost::Settle() { net_.Settle(); }

TwoHosts::TwoHosts(const PlatformRules& rules, Capabilities capabilities)
    : a(*this, rules, capabilities), b(*this, rules, capabilities) {
  NetworkInterface va = Wire("va", kV, "10.77.0.1", "fd77::1", "10.77.0.255");
  va.addresses.push_back({Address("10.77.0.11"), 24, Address("10.77.0.255")});
  va.addresses.push_back(LinkLocal("fe80::a1"));
  NetworkInterface vb = Wire("vb", kV, "10.77.0.2", "fd77::2", "10.77.0.255");
  vb.addresses.push_back(LinkLocal("fe80::b1"));
  a.stack.SetInterface(va);
  a.stack.SetInterface(Wire("wa", kW, "10.78.0.1", "fd78::1", "10.78.0.255"));
  b.stack.SetInterface(vb);
  b.stack.SetInterface(Wire("wb", kW, "10.78.0.2", "fd78::2", "10.78.0.255"));
  a.stack.AddRoute({Address("0.0.0.0"), 0, Address("10.77.0.2"), kV});
}

void TwoHosts::Carry(TestHost& from, uint32_t interface_index, const Packet& packet) {
  TestHost* to = interface_index == kLo ? &from : &from == &a ? &b : &a;
  underway_.push_back({to, interface_index, packet});
}

void TwoHosts::Settle() {
  while (!underway_.empty()) {
    const Underway next = underway_.front();
    underway_.pop_front();
    next.to->stack.Deliver(next.interface_index, next.packet, now);
  }
}

}  // namespace pollux::sim
