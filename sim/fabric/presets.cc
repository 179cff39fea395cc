// SPDX-License-Identifier: Apache-2.0

#include "sim/fabric/presets.h"

namespace pollux::sim::presets {
namespace {

// As many bytes as the line sends in a second, divided.
uint64_t BytesIn(uint64_t rate, uint64_t parts_of_second) { return rate / 8 / parts_of_second; }

LinkProfile OneWay(absl::Duration latency, uint64_t rate, uint64_t queue_bytes) {
  return {.latency = latency, .rate = rate, .queue = {.bytes = queue_bytes}};
}

}  // namespace

LinkProfile Loopback() { return {.mtu = kMaxMtu}; }

LinkProfile Ethernet() {
  return {.latency = absl::Microseconds(10),
          .rate = 1'000'000'000,
          .overhead = 38,
          .queue = {.packets = kDefaultQueuePackets}};
}

LinkProfile Wifi() {
  return {.latency = absl::Microseconds(500),
          .jitter = absl::Milliseconds(3),
          .jitter_shape = JitterShape::kPareto,
          .late = Ratio(1, 20),
          .late_by = absl::Milliseconds(15),
          .keep_order = true,
          .rate = 100'000'000,
          .queue = {.packets = kDefaultQueuePackets}};
}

Access Lte() {
  constexpr uint64_t kUp = 13'600'000;
  constexpr uint64_t kDown = 14'700'000;
  Access lte = {OneWay(absl::Microseconds(26550), kUp, BytesIn(kUp, 2)),
                OneWay(absl::Microseconds(26550), kDown, BytesIn(kDown, 2))};
  for (LinkProfile* way : {&lte.up, &lte.down}) {
    way->jitter = absl::Milliseconds(3);
    way->jitter_shape = JitterShape::kNormal;
    way->keep_order = true;
  }
  return lte;
}

Access GeoSatellite() {
  constexpr uint64_t kUp = 10'000'000;
  constexpr uint64_t kDown = 100'000'000;
  return {OneWay(absl::Milliseconds(300), kUp, BytesIn(kUp, 2)),
          OneWay(absl::Milliseconds(300), kDown, BytesIn(kDown, 2))};
}

Access LeoSatellite() {
  constexpr uint64_t kUp = 10'000'000;
  constexpr uint64_t kDown = 100'000'000;
  Access leo = {OneWay(absl::Milliseconds(25), kUp, BytesIn(kUp, 10)),
                OneWay(absl::Milliseconds(25), kDown, BytesIn(kDown, 10))};
  for (LinkProfile* way : {&leo.up, &leo.down}) {
    way->jitter = absl::Milliseconds(10);
    way->jitter_shape = JitterShape::kNormal;
    way->keep_order = true;
  }
  return leo;
}

}  // namespace pollux::sim::presets
