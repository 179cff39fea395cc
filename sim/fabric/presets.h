// SPDX-License-Identifier: Apache-2.0
//
// File: presets.h
//
// Profiles of links that there are, each with where its figures come from. What no source gives is
// a choice of this file, and said to be one. Change what you know better:
//
//   LinkProfile wifi = sim::presets::Wifi();
//   wifi.rate = 20'000'000;
//
// Where the two directions differ there is an `Access`, the way between a host and its provider.
// What the host sends takes `up`, what it gets `down`:
//
//   lan.SetUplink(phone, sim::presets::Lte().up);
//   lan.SetDownlink(phone, sim::presets::Lte().down);
//
// One profile counts for a packet, the sender's uplink before the receiver's downlink: between two
// hosts that both have an access, set a profile for the pair.

#ifndef POLLUX_SIM_FABRIC_PRESETS_H_
#define POLLUX_SIM_FABRIC_PRESETS_H_

#include "sim/fabric/link_profile.h"

namespace pollux::sim::presets {

struct Access {
  LinkProfile up;
  LinkProfile down;
};

// Inside one host: nothing happens to packets, at once. What every loopback interface has.
LinkProfile Loopback();

// Gigabit Ethernet by one switch.
//
// IEEE 802.3: 1 Gbit/s (clause 34), MTU 1500, and for each packet 38 bytes more on the wire:
// preamble and start of frame 8, header 14, check sequence 4, and the gap to the next frame 12. So
// UDP gets at most 1472/1538 of the rate. The queue is that of an interface of Linux, 1000 packets.
// A latency of 10 us stands for 100 m of cable, half a microsecond, and the switch: a choice.
LinkProfile Ethernet();

// Wi-Fi in a building, each way between a host and its access point.
//
// Sui et al., "Characterizing and Improving WiFi Latency in Large-Scale Operational Networks"
// (MobiSys 2016), 47,000 devices: the round trip over the hop has a median of 3 ms, and a 90th
// percentile of 20 ms. Here half of that is each way: a Pareto jitter around the median, and 1
// packet in 20 that comes 15 ms later, as after retransmissions; frames stay in order, as block
// acknowledgements keep them. (The 99th percentile of 250 ms that they found is not here.) The
// rate, 100 Mbit/s, is a choice.
LinkProfile Wifi();

// A mobile network of the fourth generation.
//
// Ofcom, "Measuring mobile broadband performance in the UK", research of October to December 2014:
// on average 14.7 Mbit/s down, 13.6 Mbit/s up, and a round trip of 53.1 ms. Half of that is
// each way. Packets stay in order, as LTE's radio link control (3GPP TS 36.322) keeps them. The
// jitter, and queues of half a second, are choices.
Access Lte();

// A geostationary satellite.
//
// RFC 2488, section 2: from 239.6 to 279.0 ms up and down again. Michel et al., "A First Look at
// Starlink Performance" (IMC 2022) measured beside it a geostationary access of 100 Mbit/s down and
// 10 Mbit/s up with a round trip of 600 ms at least. Half of that is each way. Queues of half a
// second are a choice.
Access GeoSatellite();

// A constellation in low orbit.
//
// Michel et al. (IMC 2022), Starlink in Belgium: a round trip of 20 ms at least, 50 ms in the
// median, and from 40 to 60 ms for half of the packets; 100 Mbit/s down is what is promised at the
// least. A normal jitter of 10 ms each way gives the latter; packets stay in order, for what was
// measured is how latency changes with time, and not from packet to packet. 10 Mbit/s up, and
// queues of a tenth of a second, are choices.
Access LeoSatellite();

}  // namespace pollux::sim::presets

#endif  // POLLUX_SIM_FABRIC_PRESETS_H_
