// SPDX-License-Identifier: Apache-2.0
//
// File: courier.h
//
// `Courier` carries packets through time: it takes a packet with those it is for, and hands it to
// each of them after a delay. Records of flights are used again, so that in the steady state
// nothing is allocated; all receivers of a flight share the packet.
//
// A flight can be held: it then stays where it is until it is released. What waits for its flight
// is elsewhere (waiting_room.h), and has a number here.

#ifndef POLLUX_SIM_FABRIC_COURIER_H_
#define POLLUX_SIM_FABRIC_COURIER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "sim/choice/choices.h"
#include "sim/choice/name.h"
#include "sim/fabric/station.h"
#include "sim/fabric/waiting_room.h"
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
    // The link, or the segment, that it is on: for lists, by name. It must outlive the flight.
    void SetWay(const DrawOwner& way) { way_ = &way; }
    bool has_receivers() const { return !receivers_.empty(); }

    // In the order of `NewFlight`, from 1.
    uint64_t id() const { return id_; }
    bool held() const { return held_; }
    const Packet& packet() const { return packet_; }
    const Name& origin() const { return origin_; }
    // Empty for none.
    Name way() const { return way_ == nullptr ? Name() : way_->label(); }
    absl::Span<Station* const> receivers() const { return receivers_; }
    // When it lands; meaningful unless it is held.
    absl::Time lands() const { return when(); }

   private:
    friend class Courier;
    void Fire() override;

    bool held_ = false;
    Courier& courier_;
    uint64_t id_ = 0;  // 0 while idle.
    Packet packet_;
    Name origin_;
    const DrawOwner* way_ = nullptr;
    absl::InlinedVector<Station*, 1> receivers_;  // One, but for what is sent to many.
  };

  // `timeline` must outlive the courier. More than `in_flight_max` packets under way are refused as
  // the programmer's error: this is checked.
  Courier(Timeline& timeline, size_t in_flight_max);
  Courier(const Courier&) = delete;
  Courier& operator=(const Courier&) = delete;
  ~Courier();

  // A flight of that packet, yet without receivers, to be launched next. `origin` is the name of
  // the host that sent the packet; it is not copied.
  Flight& NewFlight(const Packet& packet, const Name& origin);
  // Sends it on its way; it lands after `delay`. The flight must not be touched any more.
  void Launch(Flight& flight, absl::Duration delay);

  // ---- Holding ----

  // Keeps it where it is, instead of launching it or in the middle of its flight.
  void Hold(Flight& flight);
  // Lets a held flight land at this instant, behind all that is due now.
  void Release(Flight& flight);
  // Ends a flight before it has landed.
  void Discard(Flight& flight);
  // The flight of that number, which is under way or held; null for none.
  Flight* Find(uint64_t id) const;
  // All flights that are under way or held, by number.
  std::vector<const Flight*> Flights() const;

  // ---- What waits for its flight ----

  // One that no flight and no waiting packet has had.
  uint64_t NewNumber() { return ++latest_id_; }
  // Must be left before it goes.
  void Enter(WaitingRoom& room) { rooms_.push_back(&room); }
  void Leave(WaitingRoom& room);
  // All that wait, by number.
  std::vector<WaitingPacket> Waiting() const;
  // Where the packet of that number waits; null for nowhere.
  WaitingRoom* FindRoom(uint64_t id) const;

  // How many flights are under way or held.
  size_t in_flight() const { return flights_.size() - idle_.size(); }

 private:
  void End(Flight& flight);

  Timeline& timeline_;
  const size_t in_flight_max_;
  uint64_t latest_id_ = 0;
  std::vector<std::unique_ptr<Flight>> flights_;
  std::vector<Flight*> idle_;
  std::vector<WaitingRoom*> rooms_;
};

}  // namespace pollux::sim

#endif  // POLLUX_SIM_FABRIC_COURIER_H_
