// SPDX-License-Identifier: Apache-2.0

#include "sim/fabric/courier.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "udp/internal/check.h"

namespace pollux::sim {

Courier::Courier(Timeline& timeline, size_t in_flight_max)
    : timeline_(timeline), in_flight_max_(in_flight_max) {}

Courier::~Courier() = default;

Courier::Flight& Courier::NewFlight(const Packet& packet, const Name& origin) {
  if (idle_.empty()) {
    POLLUX_CHECK(flights_.size() < in_flight_max_,
                 absl::StrCat("more than ", in_flight_max_,
                              " packets are under way (NetworkOptions::packets_in_flight_max); is "
                              "time let pass between sends?"));
    flights_.push_back(std::make_unique<Flight>(*this));
    idle_.push_back(flights_.back().get());
  }
  Flight& flight = *idle_.back();
  idle_.pop_back();
  flight.id_ = NewNumber();
  flight.packet_ = packet;
  flight.origin_ = origin;
  flight.way_ = nullptr;
  flight.receivers_.clear();
  return flight;
}

void Courier::Launch(Flight& flight, absl::Duration delay) {
  timeline_.Add(flight, timeline_.now() + delay);
}

void Courier::Flight::Fire() {
  packet_.payload.Prefetch();
  const uint64_t launched = packet_.event;
  for (Station* station : receivers_) {
    packet_.event = launched;
    station->Arrive(packet_, origin_);
  }
  courier_.End(*this);
}

void Courier::End(Flight& flight) {
  flight.id_ = 0;
  flight.held_ = false;
  flight.packet_.payload = Payload();
  idle_.push_back(&flight);
}

// ---- Holding ----

void Courier::Hold(Flight& flight) {
  timeline_.Remove(flight);
  flight.held_ = true;
}

void Courier::Release(Flight& flight) {
  flight.held_ = false;
  timeline_.Add(flight, timeline_.now());
}

void Courier::Discard(Flight& flight) {
  timeline_.Remove(flight);
  End(flight);
}

Courier::Flight* Courier::Find(uint64_t id) const {
  if (id == 0) return nullptr;
  for (const std::unique_ptr<Flight>& flight : flights_) {
    if (flight->id_ == id) return flight.get();
  }
  return nullptr;
}

// ---- What waits for its flight ----

void Courier::Leave(WaitingRoom& room) {
  rooms_.erase(std::find(rooms_.begin(), rooms_.end(), &room));
}

std::vector<WaitingPacket> Courier::Waiting() const {
  std::vector<WaitingPacket> all;
  for (const WaitingRoom* room : rooms_) room->List(all);
  std::sort(all.begin(), all.end(),
            [](const WaitingPacket& a, const WaitingPacket& b) { return a.id < b.id; });
  return all;
}

WaitingRoom* Courier::FindRoom(uint64_t id) const {
  for (WaitingRoom* room : rooms_) {
    std::vector<WaitingPacket> all;
    room->List(all);
    const auto is_it = [id](const WaitingPacket& waiting) { return waiting.id == id; };
    if (std::any_of(all.begin(), all.end(), is_it)) return room;
  }
  return nullptr;
}

// ---- Lists ----

std::vector<const Courier::Flight*> Courier::Flights() const {
  std::vector<const Flight*> flights;
  for (const std::unique_ptr<Flight>& flight : flights_) {
    if (flight->id_ != 0) flights.push_back(flight.get());
  }
  std::sort(flights.begin(), flights.end(),
            [](const Flight* a, const Flight* b) { return a->id_ < b->id_; });
  return flights;
}

}  // namespace pollux::sim
