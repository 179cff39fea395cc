// SPDX-License-Identifier: Apache-2.0
//
// File: arrived_datagram.h
//
// What a host has of a datagram that has come in for it: one for all of its sockets that get it, of
// which a group has many.

#ifndef POLLUX_SIM_KERNEL_ARRIVED_DATAGRAM_H_
#define POLLUX_SIM_KERNEL_ARRIVED_DATAGRAM_H_

#include <cstddef>
#include <cstdint>
#include <new>
#include <utility>

#include "absl/time/time.h"
#include "sim/kernel/block_pool.h"
#include "sim/kernel/packet.h"
#include "udp/endpoint.h"
#include "udp/ip_address.h"

namespace pollux::sim {

struct ArrivedDatagram {
  ArrivedDatagram(const Packet& packet, uint32_t on, absl::Time when, size_t takes)
      : payload(packet.payload),
        source(packet.source),
        destination(packet.destination.address),
        interface_index(on),
        hop_limit(packet.hop_limit),
        traffic_class(packet.traffic_class),
        arrival(when),
        charge(takes) {
    const bool local = source.address.is_ipv6() && source.address.is_link_local();
    if (local) source.address = source.address.WithScope(on);
  }

  Payload payload;
  Endpoint source;  // With the scope that the interface gives it.
  IpAddress destination;
  uint32_t interface_index;  // That it counts as having arrived on.
  uint8_t hop_limit;
  uint8_t traffic_class;
  absl::Time arrival;
  size_t charge;  // What it takes of each receive buffer that it is in.
};

// A share in a datagram that has arrived, which goes with its last share. Its memory is the
// network's and goes round, the latest used first, which the processor still has at hand. Not
// thread-safe: a simulation is one thread.
class ArrivedShare {
 public:
  ArrivedShare() = default;  // In none.
  // In one of `packet`, in memory of `pool`; null for the heap. For the rest see `ArrivedDatagram`.
  ArrivedShare(const Packet& packet, uint32_t interface_index, absl::Time arrival, size_t charge,
               BlockPool* pool) {
    void* const memory =
        pool != nullptr ? pool->Take(sizeof(Shared)) : ::operator new(sizeof(Shared));
    shared_ = new (memory) Shared(packet, interface_index, arrival, charge, pool);
  }
  ArrivedShare(const ArrivedShare& other) : shared_(other.shared_) {
    if (shared_ != nullptr) ++shared_->references;
  }
  ArrivedShare(ArrivedShare&& other) noexcept : shared_(std::exchange(other.shared_, nullptr)) {}
  ArrivedShare& operator=(ArrivedShare other) noexcept {
    std::swap(shared_, other.shared_);
    return *this;
  }
  ~ArrivedShare() {
    if (shared_ != nullptr && --shared_->references == 0) Free(shared_);
  }

  // There must be one.
  const ArrivedDatagram& operator*() const { return shared_->datagram; }
  const ArrivedDatagram* operator->() const { return &shared_->datagram; }

 private:
  struct Shared {
    Shared(const Packet& packet, uint32_t interface_index, absl::Time arrival, size_t charge,
           BlockPool* in)
        : datagram(packet, interface_index, arrival, charge), pool(in) {}

    ArrivedDatagram datagram;
    BlockPool* pool;
    uint32_t references = 1;
  };
  static void Free(Shared* shared) {
    BlockPool* const pool = shared->pool;
    shared->~Shared();
    if (pool != nullptr) {
      pool->Give(shared, sizeof(Shared));
    } else {
      ::operator delete(shared);
    }
  }

  Shared* shared_ = nullptr;
};

}  // namespace pollux::sim

#endif  // POLLUX_SIM_KERNEL_ARRIVED_DATAGRAM_H_
