// SPDX-License-Identifier: Apache-2.0

#include "sim/fabric/courier.h"

#include "absl/strings/str_cat.h"
#include "udp/internal/check.h"

namespace pollux::sim {

Courier::Courier(Timeline& timeline, size_t in_flight_max)
    : timeline_(timeline), in_flight_max_(in_flight_max) {}

Courier::~Courier() = default;

Courier::Flight& Courier::NewFlight(const Packet& packet, absl::string_view origin) {
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
  flight.packet_ = packet;
  flight.origin_ = origin;
  flight.receivers_.clear();
  return flight;
}

void Courier::Launch(Flight& flight, absl::Duration delay) {
  timeline_.Add(flight, timeline_.now() + delay);
}

void Courier::Flight::Fire() {
  const uint64_t launched = packet_.event;
  for (Station* station : receivers_) {
    packet_.event = launched;
    station->Arrive(packet_, origin_);
  }
  packet_.payload = Payload();
  courier_.idle_.push_back(this);
}

}  // namespace pollux::sim
