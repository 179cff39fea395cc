// SPDX-License-Identifier: Apache-2.0
//
// File: courier.h
//
// `Courier` carries packets through time: it takes a packet with those it is for, and hands it to
// each of them after a delay. Records of flights are used again, so that in the steady state
// nothing is allocated; all receivers of a flight share the packet.

#ifndef POLLUX_SIM_FABRIC_COURIER_H_
#define POLLUX_SIM_FABRIC_COURIER_H_

#include <cstddef>
#include <memory>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "sim/fabric/station.h"
#include "sim/kernel/packet.h"
#include "sim/timeline.h"
#include "udp/timer_queue.h"

namespace pollux::sim {

// Loop thread only.
class Courier {
 public:
  // A packet under way, or about to be.
  class Flight final : private TimerQueue::Entry {
   public:
    explicit Flight(Courier& courier) : courier_(courier) {}
    // Adds a receiver. Arrivals at one time are in the order of these calls.
    void AddReceiver(Station& station) { receivers_.push_back(&station); }
    // What its packet says arrives as something else.
    void Corrupt() { packet_.corrupted = true; }
    bool has_receivers() const { return !receivers_.empty(); }

   private:
    friend class Courier;
    void Fire() override;

    Courier& courier_;
    Packet packet_;
    absl::string_view origin_;
    std::vector<Station*> receivers_;
  };

  // `timeline` must outlive the courier. More than `in_flight_max` packets under way are refused as
  // the programmer's error: this is checked.
  Courier(Timeline& timeline, size_t in_flight_max);
  Courier(const Courier&) = delete;
  Courier& operator=(const Courier&) = delete;
  ~Courier();

  // A flight of that packet, yet without receivers, to be launched next. `origin` is the name of
  // the host that sent the packet; it is not copied.
  Flight& NewFlight(const Packet& packet, absl::string_view origin);
  // Sends it on its way; it lands after `delay`. The flight must not be touched any more.
  void Launch(Flight& flight, absl::Duration delay);

  // How many flights are under way.
  size_t in_flight() const { return flights_.size() - idle_.size(); }

 private:
  Timeline& timeline_;
  const size_t in_flight_max_;
  std::vector<std::unique_ptr<Flight>> flights_;
  std::vector<Flight*> idle_;
};

}  // namespace pollux::sim

#endif  // POLLUX_SIM_FABRIC_COURIER_H_
