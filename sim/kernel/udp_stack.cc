// SPDX-License-Identifier: Apache-2.0

#include "sim/kernel/udp_stack.h"

#include <cstddef>
#include <cstdlib>
#include <utility>

#include "absl/strings/str_cat.h"
#include "sim/kernel/stack_impl.h"
#include "udp/internal/check.h"

namespace pollux::sim {

bool UdpStack::Impl::Allowed() const {
  if (!rules_.needs_capabilities || capabilities_.network_services) return true;
  host_.Panic("the process does not have the NetworkServices capability");
  return false;
}

void UdpStack::Impl::NotOpen(SocketId id) {
  POLLUX_CHECK(false, absl::StrCat("socket ", id, " is not open"));
  std::abort();
}

ControlBlock& UdpStack::Impl::GetToChange(SocketId id) {
  ControlBlock& socket = Get(id);
  ++socket_changes_;
  socket.path.reset();
  return socket;
}

Outcome<SocketId> UdpStack::Impl::Open(AddressFamily family, UserId user) {
  if (family == AddressFamily::kNone) return OsError::kAddressFamilyNotSupported;
  auto socket = std::make_unique<ControlBlock>();
  socket->id = ++last_socket_;
  socket->family = family;
  socket->user = user;
  socket->local = WildcardOf(family);
  SocketOptions& options = socket->options;
  options.send_buffer = rules_.send_buffer_default;
  options.receive_buffer = rules_.receive_buffer_default;
  options.report_unreachable = rules_.report_unreachable_default;
  const bool ipv4 = family == AddressFamily::kIpv4;
  options.multicast_all_ipv4 = ipv4 ? rules_.multicast_all_ipv4 : rules_.multicast_all_dual;
  options.multicast_all_ipv6 = rules_.multicast_all_ipv6;
  sockets_.Add(last_socket_, std::move(socket));
  return last_socket_;
}

void UdpStack::Impl::Close(SocketId id) {
  ControlBlock& socket = Get(id);
  if (socket.bound()) ports_.Remove(socket);
  for (const SocketMembership& membership : socket.memberships) groups_.Remove(membership);
  sockets_.Remove(id);
}

void UdpStack::Impl::Reset() {
  sockets_.ForEach([this](const ControlBlock& socket) { Close(socket.id); });
  reassembly_.Clear();
  path_mtus_.clear();
  icmp_budgets_.clear();
}

// Addresses and routes have changed: what sockets know of the way to their peers may be wrong.
void UdpStack::Impl::ForgetKeptRoutes() {
  sockets_.ForEach([](ControlBlock& socket) { socket.kept_route.reset(); });
}

UdpStack::UdpStack(const PlatformRules& rules, StackHost& host, Capabilities capabilities,
                   BlockPool* pool)
    : impl_(std::make_unique<Impl>(rules, host, capabilities, pool)) {}
UdpStack::~UdpStack() = default;

const PlatformRules& UdpStack::rules() const { return impl_->rules(); }

void UdpStack::SetInterface(const NetworkInterface& interface) {
  impl_->interfaces().Set(interface);
}

const std::vector<NetworkInterface>& UdpStack::interfaces() const {
  return impl_->interfaces().all();
}

void UdpStack::AddRoute(const Route& route) { impl_->interfaces().AddRoute(route); }

void UdpStack::SetLearnedRoutes(std::vector<Route> routes) {
  impl_->interfaces().SetLearned(std::move(routes));
}

void UdpStack::SetPaced(uint32_t interface_index) { impl_->SetPaced(interface_index); }

void UdpStack::SetForwarding(const ForwardingRules* rules) { impl_->SetForwarding(rules); }

void UdpStack::SetUp(uint32_t interface_index, bool up) {
  impl_->interfaces().SetUp(interface_index, up, rules());
  impl_->ForgetKeptRoutes();
}

void UdpStack::SetCarrier(uint32_t interface_index, bool carrier) {
  impl_->interfaces().SetCarrier(interface_index, carrier);
}

void UdpStack::AddAddress(uint32_t interface_index, const InterfaceAddress& address) {
  impl_->interfaces().AddAddress(interface_index, address);
  impl_->ForgetKeptRoutes();
}

std::vector<IpAddress> UdpStack::RemoveAddress(uint32_t interface_index, const IpAddress& address) {
  impl_->ForgetKeptRoutes();
  return impl_->interfaces().RemoveAddress(interface_index, address, rules());
}

void UdpStack::Reconfigure(uint32_t interface_index) {
  impl_->interfaces().Restore(interface_index);
  impl_->ForgetKeptRoutes();
}

IpAddress UdpStack::Gateway(uint32_t interface_index, const IpAddress& target) const {
  if (!impl_->interfaces().has_gateways()) return IpAddress();
  if (target.is_multicast() || target.is_limited_broadcast()) return IpAddress();
  return impl_->Gateway(interface_index, target);
}

const IpAddress& UdpStack::Impl::Gateway(uint32_t interface_index, const IpAddress& target) {
  return gateways_.Get({interface_index, target}, interfaces_.version(), [&] {
    const Route* route = interfaces_.FindRoute(target, interface_index);
    return route != nullptr ? route->gateway : IpAddress();
  });
}

// Loopback addresses are nobody's outside, whatever the rule.
bool UdpStack::AnswersEverywhere(const IpAddress& address) const {
  if (!rules().arp_for_all_interfaces || !address.is_ipv4() || address.is_loopback()) return false;
  return impl_->interfaces().OwnerOf(address) != 0;
}

bool UdpStack::ShoutsEverywhere(const IpAddress& address) const {
  if (!rules().broadcast_of_all_interfaces || address.is_loopback()) return false;
  return impl_->interfaces().OwnerOfBroadcast(address) != 0;
}

bool UdpStack::IsMember(uint32_t interface_index, const IpAddress& group) const {
  return impl_->groups().IsMember(interface_index, group);
}

void UdpStack::Reset() {
  Change().Reset();
  impl_->AnnounceGroups();
}

uint64_t UdpStack::addresses_version() const { return impl_->interfaces().version(); }

uint64_t UdpStack::last_packet() const { return impl_->last_packet(); }

bool UdpStack::WantsGroup(uint32_t interface_index, const IpAddress& group) const {
  return IsMember(interface_index, group) || impl_->RoutesGroup(interface_index, group);
}

Outcome<SocketId> UdpStack::Socket(AddressFamily family, UserId user) {
  if (!impl_->Allowed()) return OsError::kPermission;
  return Change().Open(family, user);
}

void UdpStack::Close(SocketId socket) {
  Change().Close(socket);
  impl_->AnnounceGroups();
}

Outcome<> UdpStack::Bind(SocketId socket, const Endpoint& local) {
  return Change().Bind(impl_->GetToChange(socket), local);
}

Outcome<> UdpStack::Connect(SocketId socket, const Endpoint& peer) {
  return Change().Connect(impl_->GetToChange(socket), peer);
}

Outcome<> UdpStack::Disconnect(SocketId socket) {
  return Change().Disconnect(impl_->GetToChange(socket));
}

Endpoint UdpStack::LocalEndpoint(SocketId socket) const {
  return impl_->LocalEndpoint(impl_->Get(socket));
}

std::optional<Endpoint> UdpStack::PeerEndpoint(SocketId socket) const {
  return impl_->PeerEndpoint(impl_->Get(socket));
}

ControlBlock& UdpStack::Find(SocketId socket) { return impl_->Get(socket); }

Outcome<> UdpStack::Send(ControlBlock& socket, const SendSlot& datagram) {
  return Change().Send(socket, datagram);
}

Outcome<> UdpStack::Send(SocketId socket, const SendSlot& datagram) {
  return Send(Find(socket), datagram);
}

Outcome<> UdpStack::Shutdown(SocketId socket, ShutdownHow how) {
  return Change().Shutdown(impl_->GetToChange(socket), how);
}

Outcome<bool> UdpStack::Receive(ControlBlock& socket, ReceiveSlot& slot) {
  return Change().Receive(socket, slot);
}

Outcome<bool> UdpStack::Receive(SocketId socket, ReceiveSlot& slot) {
  return Receive(Find(socket), slot);
}

std::optional<size_t> UdpStack::PendingDatagramSize(SocketId socket) const {
  const ControlBlock& state = impl_->Get(socket);
  if (!HasDatagram(state)) return std::nullopt;
  return state.queue.front().datagram->payload.size();
}

bool UdpStack::HasDatagram(SocketId socket) const { return HasDatagram(impl_->Get(socket)); }

std::optional<PendingError> UdpStack::TakeError(SocketId socket) {
  return Change().TakeError(impl_->Get(socket));
}

std::optional<OsError> UdpStack::TakeSocketError(SocketId socket) {
  ControlBlock& state = Change().Get(socket);
  if (!state.error) return std::nullopt;
  const OsError error = state.error->error;
  state.error.reset();
  return error;
}

bool UdpStack::Readable(SocketId socket) const { return impl_->Readable(impl_->Get(socket)); }

void UdpStack::Prefetch(const ControlBlock& socket) { socket.Prefetch(); }

void UdpStack::RequestMetadata(SocketId socket, Metadata fields) {
  impl_->Get(socket).metadata = fields;
}

Outcome<> UdpStack::SetOption(SocketId socket, SocketOption option, int value) {
  return Change().SetOption(impl_->GetToChange(socket), option, value);
}

Outcome<int> UdpStack::GetOption(SocketId socket, SocketOption option) const {
  return impl_->GetOption(impl_->Get(socket), option);
}

Outcome<> UdpStack::Join(SocketId socket, const GroupMembership& membership) {
  Outcome<> joined = Change().Join(impl_->GetToChange(socket), membership);
  impl_->AnnounceGroups();
  return joined;
}

Outcome<> UdpStack::Leave(SocketId socket, const GroupMembership& membership) {
  Outcome<> left = Change().Leave(impl_->GetToChange(socket), membership);
  impl_->AnnounceGroups();
  return left;
}

Outcome<> UdpStack::SetMulticastInterface(SocketId socket, uint32_t interface_index) {
  return Change().SetMulticastInterface(impl_->GetToChange(socket), interface_index);
}

uint32_t UdpStack::MulticastInterface(SocketId socket) const {
  return impl_->Get(socket).options.multicast_interface;
}

void UdpStack::Deliver(uint32_t interface_index, const Packet& packet, absl::Time now) {
  Change().Deliver(interface_index, packet, now);
}

void UdpStack::TimerExpired(StackTimer what, uint64_t number, absl::Time now) {
  switch (what) {
    case StackTimer::kReassembly:
      return impl_->GiveUp(number, now);
    case StackTimer::kPathMtu:
      return impl_->ForgetPathMtu(number);
  }
}

void UdpStack::Unanswered(uint32_t interface_index, const Packet& packet, absl::Time now) {
  impl_->Unanswered(interface_index, packet, now);
}

std::vector<SocketInfo> UdpStack::Sockets() const { return impl_->Sockets(); }

}  // namespace pollux::sim
