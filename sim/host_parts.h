// SPDX-License-Identifier: Apache-2.0
//
// File: host_parts.h
//
// What a host is made of, for the files that see its inside: its interfaces, and what its kernel
// waits for.

#ifndef POLLUX_SIM_HOST_PARTS_H_
#define POLLUX_SIM_HOST_PARTS_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "sim/choice/name.h"
#include "sim/fabric/broadcast_domain.h"
#include "sim/fabric/station.h"
#include "sim/fair_queue.h"
#include "sim/fault_guard.h"
#include "sim/host.h"
#include "sim/kernel/packet.h"
#include "sim/kernel/udp_stack.h"
#include "udp/timer_queue.h"

namespace pollux::sim {

// One interface, as the fabric sees it.
class Host::Interface final : public Station {
 public:
  Interface(Host& host, absl::string_view name, uint32_t index)
      : host_(host), name_(name), label_(name_), index_(index) {}

  Name host_name() const override { return host_.luck_.label(); }
  Name interface_name() const override { return label_; }
  bool Wants(const IpAddress& group) const override;
  bool IsRouter() const override;
  IpAddress GroupSource(bool ipv4) const override;
  bool AnswersFor(const IpAddress& address) const override;
  bool ShoutsTo(const IpAddress& address) const override;
  uint64_t addresses_version() const override { return host_.stack_.addresses_version(); }
  void Unclaimed(const Packet& packet) override;
  void Arrive(const Packet& packet, const Name& origin) override;

  uint32_t index() const { return index_; }
  bool has_link() const { return !is_off && !is_unplugged; }

  BroadcastDomain* domain = nullptr;  // Null for loopback.
  BroadcastDomain::StationNumber number = 0;
  std::unique_ptr<FairQueue> queue;  // Null where it does not pace.
  FaultSwitch off, unplugged;        // What is wanted, and what is.
  bool is_off = false, is_unplugged = false;

 private:
  // Where packets wait whose next hop does not answer, until the host gives up.
  class Unanswered final : public Station {
   public:
    explicit Unanswered(Interface& interface) : interface_(interface) {}

    Name host_name() const override { return interface_.host_name(); }
    Name interface_name() const override { return interface_.interface_name(); }
    bool Wants(const IpAddress& /*group*/) const override { return false; }
    void Arrive(const Packet& packet, const Name& origin) override;

   private:
    Interface& interface_;
  };

  // Why a packet that arrives does not get as far as the kernel.
  std::optional<DropCause> Loses(const Packet& packet, const Name& origin) const;

  Host& host_;
  const std::string name_;
  const Name label_;  // Of `name_`.
  const uint32_t index_;
  Unanswered unanswered_{*this};
};

// Something that the stack waits for.
class Host::Timer final : public TimerQueue::Entry {
 public:
  Timer(Host& host, StackTimer what, uint64_t number)
      : host_(host), what_(what), number_(number), origin_(host.origin_) {}

 private:
  void Fire() override;

  Host& host_;
  const StackTimer what_;
  const uint64_t number_;
  const Name origin_;  // Who sent the packet that it is about.
};

}  // namespace pollux::sim

#endif  // POLLUX_SIM_HOST_PARTS_H_
