// SPDX-License-Identifier: Apache-2.0

#include "sim/kernel/port_table.h"

#include <algorithm>
#include <limits>
#include <memory>

namespace pollux::sim {

namespace {

// A dual-stack socket that got its IPv6 address by a connect, not by its bind, goes on to hold an
// IPv4 address as well: Linux writes 127.0.0.6 there, which IPv4 sockets meet.
bool HidesIpv4(const ControlBlock& socket) {
  return socket.bound() && socket.speaks() == AddressFamily::kDual && socket.local.is_ipv6() &&
         !socket.on_wildcard();
}

bool MeetsHidden(const ControlBlock& socket) {
  return socket.family == AddressFamily::kIpv4 &&
         (socket.on_wildcard() || socket.local == IpAddress::Ipv4(127, 0, 0, 6));
}

}  // namespace

bool Overlap(const ControlBlock& a, const ControlBlock& b) {
  if ((HidesIpv4(a) && MeetsHidden(b)) || (HidesIpv4(b) && MeetsHidden(a))) return true;
  const bool same = a.on_wildcard() || b.on_wildcard() || a.local == b.local;
  return same && ((a.CarriesIpv4() && b.CarriesIpv4()) || (a.CarriesIpv6() && b.CarriesIpv6()));
}

PortTable::Key PortTable::KeyOf(const ControlBlock& socket) {
  return {socket.on_wildcard() ? IpAddress() : socket.local, socket.port};
}

void PortTable::Add(ControlBlock& socket) {
  ++version_;
  const bool last = groups_ && socket.is_ipv6() && socket.options.reuse_port;
  // Groups are looked for among those that were there before.
  if (groups_ && socket.options.reuse_port) JoinGroup(socket);
  Port& port = by_port_[socket.port];
  if (!socket.options.reuse_address) ++port.without_reuse;
  for (Chain<ControlBlock>* chain : {&port.sockets, &by_address_[KeyOf(socket)]}) {
    if (last) {
      chain->PushBack(&socket);
    } else {
      chain->PushFront(&socket);
    }
  }
  NoteSole(socket.port, port.sockets);
}

void PortTable::Remove(ControlBlock& socket) {
  ++version_;
  LeaveGroup(socket);
  EraseAddress(KeyOf(socket), socket);
  const auto found = by_port_.find(socket.port);
  if (found == by_port_.end()) return;
  Port& port = found->second;
  port.sockets.Erase(&socket);
  NoteSole(socket.port, port.sockets);
  if (!socket.options.reuse_address) --port.without_reuse;
  if (port.sockets.empty()) by_port_.erase(found);
}

void PortTable::NoteSole(uint16_t port, const Chain<ControlBlock>& sockets) {
  std::unique_ptr<Page>& page = soles_[port / kPage];
  if (page == nullptr) page = std::make_unique<Page>();
  (*page)[port % kPage] = sockets.size() == 1 ? sockets.all().front() : nullptr;
}

void PortTable::EraseAddress(const Key& key, const ControlBlock& socket) {
  const auto found = by_address_.find(key);
  if (found == by_address_.end()) return;
  found->second.Erase(&socket);
  if (found->second.empty()) by_address_.erase(found);
}

void PortTable::SetReuseAddress(ControlBlock& socket, bool reuse) {
  if (socket.bound() && reuse != socket.options.reuse_address) {
    size_t& without_reuse = by_port_[socket.port].without_reuse;
    if (reuse) {
      --without_reuse;
    } else {
      ++without_reuse;
    }
  }
  socket.options.reuse_address = reuse;
}

bool PortTable::AllReuseAddress(uint16_t port) const {
  const auto found = by_port_.find(port);
  return found == by_port_.end() || found->second.without_reuse == 0;
}

absl::Span<ControlBlock* const> PortTable::OnPort(uint16_t port) const {
  const auto found = by_port_.find(port);
  if (found == by_port_.end()) return {};
  return found->second.sockets.all();
}

absl::Span<ControlBlock* const> PortTable::OnAddress(const IpAddress& address,
                                                     uint16_t port) const {
  const auto found = by_address_.find(Key{address, port});
  if (found == by_address_.end()) return {};
  return found->second.all();
}

// The group of the first socket with SO_REUSEPORT, the same user, address, protocols and interface.
// A socket that got the option after its bind founds one now (udp-semantics 1.1.4).
void PortTable::JoinGroup(ControlBlock& socket) {
  for (ControlBlock* other : OnAddress(KeyOf(socket).address, socket.port)) {
    if (!other->options.reuse_port || other->user != socket.user) continue;
    if (other->is_ipv6() != socket.is_ipv6() || other->local != socket.local) continue;
    if (other->options.bound_interface != socket.options.bound_interface) continue;
    if (!other->reuse_group) {
      other->reuse_group = std::make_shared<ReuseGroup>();
      other->reuse_group->members.push_back(other);
    }
    ReuseGroup& group = *other->reuse_group;
    if (!group.seed) {
      group.seed = host_.Draw(StackDraw::kReusePortGroup, std::numeric_limits<uint32_t>::max());
    }
    group.members.push_back(&socket);
    socket.reuse_group = other->reuse_group;
    return;
  }
  socket.reuse_group = std::make_shared<ReuseGroup>();
  socket.reuse_group->members.push_back(&socket);
}

void PortTable::LeaveGroup(ControlBlock& socket) {
  if (!socket.reuse_group) return;
  std::vector<ControlBlock*>& members = socket.reuse_group->members;
  auto place = std::find(members.begin(), members.end(), &socket);
  *place = members.back();
  members.pop_back();
  socket.reuse_group.reset();
}

}  // namespace pollux::sim
