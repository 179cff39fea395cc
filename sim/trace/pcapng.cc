// SPDX-License-Identifier: Apache-2.0

#include "sim/trace/pcapng.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "sim/trace/wire_image.h"
#include "udp/ip_address.h"
#include "udp/network_interface.h"

namespace pollux::sim {
namespace {

// Numbers of draft-ietf-opsawg-pcapng.
constexpr uint32_t kSectionHeader = 0x0a0d0d0a;
constexpr uint32_t kByteOrderMagic = 0x1a2b3c4d;
constexpr uint32_t kInterfaceDescription = 1;
constexpr uint32_t kNameResolution = 4;
constexpr uint32_t kEnhancedPacket = 6;
constexpr uint16_t kComment = 1;
constexpr uint16_t kSectionApplication = 4;
constexpr uint16_t kInterfaceName = 2;
constexpr uint16_t kInterfaceIpv4 = 4;
constexpr uint16_t kInterfaceIpv6 = 5;
constexpr uint16_t kInterfaceHardware = 6;
constexpr uint16_t kInterfaceResolution = 9;
constexpr uint16_t kInterfaceTimeOffset = 14;
constexpr uint16_t kPacketFlags = 2;
constexpr uint16_t kPacketId = 5;
constexpr uint16_t kNameIpv4 = 1;
constexpr uint16_t kNameIpv6 = 2;

constexpr uint16_t kRawIp = 101;  // LINKTYPE_RAW: an IPv4 or IPv6 packet.
// Larger than any packet, and the same on every interface: else libpcap refuses the file.
constexpr uint32_t kSnapLength = 262144;
constexpr uint8_t kNanoseconds = 9;  // 10^-9 s.

enum Flags : uint32_t {
  kIncoming = 1,
  kOutgoing = 2,
  kUnicast = 1 << 2,
  kMulticast = 2 << 2,
  kBroadcast = 3 << 2,
};

// Little-endian on every machine.
void Put16(std::string& out, uint16_t value) {
  out.push_back(static_cast<char>(value & 0xff));
  out.push_back(static_cast<char>(value >> 8));
}
void Put32(std::string& out, uint32_t value) {
  Put16(out, static_cast<uint16_t>(value));
  Put16(out, static_cast<uint16_t>(value >> 16));
}
void Put64(std::string& out, uint64_t value) {
  Put32(out, static_cast<uint32_t>(value));
  Put32(out, static_cast<uint32_t>(value >> 32));
}

void Pad(std::string& out) {
  while (out.size() % 4 != 0) out.push_back('\0');
}

void PutOption(std::string& out, uint16_t code, absl::string_view value) {
  constexpr size_t kMax = 0xffff;
  value = value.substr(0, kMax);
  Put16(out, code);
  Put16(out, static_cast<uint16_t>(value.size()));
  out.append(value.data(), value.size());
  Pad(out);
}

void EndOptions(std::string& out) { Put32(out, 0); }

// A block around its body, which is a multiple of four bytes.
std::string Block(uint32_t type, absl::string_view body) {
  const auto size = static_cast<uint32_t>(body.size() + 12);
  std::string block;
  block.reserve(size);
  Put32(block, type);
  Put32(block, size);
  block.append(body.data(), body.size());
  Put32(block, size);
  return block;
}

std::string SectionBlock() {
  std::string body;
  Put32(body, kByteOrderMagic);
  Put16(body, 1);  // Version 1.0.
  Put16(body, 0);
  Put64(body, ~uint64_t{0});  // The section's length is not said.
  PutOption(body, kSectionApplication, "Pollux");
  EndOptions(body);
  return Block(kSectionHeader, body);
}

std::string Bytes(const IpAddress& address) {
  std::string bytes;
  if (address.is_ipv4()) {
    for (uint8_t byte : address.ipv4_bytes()) bytes.push_back(static_cast<char>(byte));
  } else {
    for (uint8_t byte : address.ipv6_bytes()) bytes.push_back(static_cast<char>(byte));
  }
  return bytes;
}

void PutAddress(std::string& out, const InterfaceAddress& entry) {
  std::string value = Bytes(entry.address);
  if (entry.address.is_ipv4()) {
    const uint64_t mask = ~uint64_t{0} << (32 - entry.prefix_length);
    for (int shift = 24; shift >= 0; shift -= 8) {
      value.push_back(static_cast<char>(mask >> shift & 0xff));
    }
    PutOption(out, kInterfaceIpv4, value);
  } else {
    value.push_back(static_cast<char>(entry.prefix_length));
    PutOption(out, kInterfaceIpv6, value);
  }
}

// `interface` is null where nothing more than its name is known.
std::string InterfaceBlock(absl::string_view name, const NetworkInterface* interface,
                           absl::Time base) {
  std::string body;
  Put16(body, kRawIp);
  Put16(body, 0);
  Put32(body, kSnapLength);
  PutOption(body, kInterfaceName, name);
  if (interface != nullptr) {
    for (const InterfaceAddress& entry : interface->addresses) PutAddress(body, entry);
    const auto& hardware = interface->hardware_address;
    if (std::any_of(hardware.begin(), hardware.end(), [](uint8_t byte) { return byte != 0; })) {
      PutOption(body, kInterfaceHardware, std::string(hardware.begin(), hardware.end()));
    }
  }
  PutOption(body, kInterfaceResolution, std::string(1, static_cast<char>(kNanoseconds)));
  if (base != absl::UnixEpoch()) {
    std::string seconds;
    Put64(seconds, static_cast<uint64_t>(absl::ToUnixSeconds(base)));
    PutOption(body, kInterfaceTimeOffset, seconds);
  }
  EndOptions(body);
  return Block(kInterfaceDescription, body);
}

// The names of all addresses but those that every host has. Empty when there is none.
std::string NamesBlock(const Scene& scene) {
  std::string body;
  for (size_t host = 0; host < scene.host_count(); ++host) {
    const absl::string_view name = scene.host_name(host);
    for (const NetworkInterface& interface : scene.kernel(host).interfaces()) {
      if (interface.loopback) continue;
      for (const InterfaceAddress& entry : interface.addresses) {
        const std::string value = absl::StrCat(Bytes(entry.address), name, std::string(1, '\0'));
        PutOption(body, entry.address.is_ipv4() ? kNameIpv4 : kNameIpv6, value);
      }
    }
  }
  if (body.empty()) return body;
  Put32(body, 0);  // The end of the records.
  return Block(kNameResolution, body);
}

uint32_t ReachOf(const IpAddress& target) {
  if (target.is_limited_broadcast()) return kBroadcast;
  return target.is_multicast() ? kMulticast : kUnicast;
}

std::string NameOf(absl::string_view host, absl::string_view interface) {
  return interface.empty() ? std::string(host) : absl::StrCat(host, "/", interface);
}

// "#3 alice#1 lost: loss lan/alice->bob #2 (because of #1)".
std::string CommentOn(const TraceEvent& event) {
  std::string text = absl::StrCat("#", event.sequence, " ");
  if (event.packet != nullptr) absl::StrAppend(&text, event.origin, "#", event.packet->id, " ");
  absl::StrAppend(&text, ToString(event.kind));
  const std::string reason = event.Reason();
  if (!reason.empty()) absl::StrAppend(&text, ": ", reason);
  if (event.because != 0) absl::StrAppend(&text, " (because of #", event.because, ")");
  return text;
}

}  // namespace

void PcapngTrace::OnEvent(const TraceEvent& event) {
  if (first_sequence_ == 0) first_sequence_ = event.sequence;
  frame_of_.resize(event.sequence - first_sequence_, kNone);
  if (event.packet == nullptr) return Tell(event);
  const size_t frame = FrameFor(event);
  frames_[frame].comments.push_back(CommentOn(event));
  frame_of_.push_back(frame);
}

void PcapngTrace::Tell(const TraceEvent& event) {
  const size_t cause = FrameOf(event.because);
  if (event.message == nullptr) {
    std::vector<std::string>& comments = cause == kNone ? pending_ : frames_[cause].comments;
    comments.push_back(absl::StrCat(NameOf(event.host, event.interface), ": ", CommentOn(event)));
    frame_of_.push_back(kNone);
    return;
  }
  const size_t place = PlaceOf(event.host, event.interface);
  Frame& frame = frames_.emplace_back();
  frame.place = place;
  frame.time = event.time;
  frame.outgoing = true;
  frame.because = event.because;
  frame.packet.source.address = event.message->source;
  frame.packet.destination.address = event.message->Destination();
  frame.image = WireImage(*event.message);
  frame.comments = std::exchange(pending_, {});
  frame.comments.push_back(CommentOn(event));
  frame_of_.push_back(frames_.size() - 1);
}

size_t PcapngTrace::FrameFor(const TraceEvent& event) {
  // What names a link's luck is that link's doing: its queue drops packets, too.
  const bool by_link = !event.draw.empty();
  const bool arrives =
      !by_link && (event.kind == EventKind::kDelivered || event.kind == EventKind::kDropped);
  const size_t cause = FrameOf(event.because);
  const size_t place = PlaceOf(event.host, event.interface);
  if (arrives && !frames_.empty()) {
    // What several sockets got, or missed, came in once.
    const Frame& latest = frames_.back();
    if (!latest.outgoing && latest.place == place && latest.because == event.because &&
        latest.time == event.time && latest.packet.id == event.packet->id) {
      return frames_.size() - 1;
    }
  }
  // What a link does, or a NAT, is said of the packet that it was given.
  const bool leaves = event.kind == EventKind::kSent || event.kind == EventKind::kForwarded;
  if (!arrives && !leaves && cause != kNone) return cause;
  Frame& frame = frames_.emplace_back();
  frame.place = place;
  frame.time = event.time;
  frame.outgoing = !arrives;
  frame.because = event.because;
  frame.packet = *event.packet;
  if (event.packet->icmp && cause != kNone) {
    // Of what was sent because of a drop, the drop; of what arrives, what its sender knew.
    const Frame& before = frames_[cause];
    frame.about = before.packet.icmp ? before.about : cause;
  }
  frame.comments = std::exchange(pending_, {});
  return frames_.size() - 1;
}

size_t PcapngTrace::FrameOf(uint64_t sequence) const {
  if (sequence < first_sequence_ || sequence - first_sequence_ >= frame_of_.size()) return kNone;
  return frame_of_[sequence - first_sequence_];
}

size_t PcapngTrace::PlaceOf(absl::string_view host, absl::string_view interface) {
  const auto [entry, is_new] =
      place_numbers_.try_emplace(absl::StrCat(host, "/", interface), places_.size());
  if (is_new) places_.push_back({std::string(host), std::string(interface)});
  return entry->second;
}

absl::Time PcapngTrace::TimeBase() const {
  const absl::Time start = scene_.start();
  const absl::Time end = start + (frames_.empty() ? absl::ZeroDuration() : frames_.back().time);
  // Readers have times as signed numbers of nanoseconds, at the best.
  const absl::Time latest = absl::FromUnixNanos(std::numeric_limits<int64_t>::max());
  if (start >= absl::UnixEpoch() && end <= latest) return absl::UnixEpoch();
  return absl::FromUnixSeconds(absl::ToUnixSeconds(start));
}

std::string PcapngTrace::FrameBlock(const Frame& frame, uint32_t interface_number,
                                    absl::Time base) const {
  const Packet* const about = frame.about == kNone ? nullptr : &frames_[frame.about].packet;
  const std::string image = frame.image.empty() ? WireImage(frame.packet, about) : frame.image;
  const auto when =
      static_cast<uint64_t>(absl::ToInt64Nanoseconds(scene_.start() + frame.time - base));
  const auto size = static_cast<uint32_t>(image.size());
  std::string body;
  Put32(body, interface_number);
  Put32(body, static_cast<uint32_t>(when >> 32));
  Put32(body, static_cast<uint32_t>(when));
  Put32(body, size);
  Put32(body, size);
  body += image;
  Pad(body);
  for (const std::string& comment : frame.comments) PutOption(body, kComment, comment);
  std::string value;
  Put32(value, (frame.outgoing ? kOutgoing : kIncoming) | ReachOf(frame.packet.target()));
  PutOption(body, kPacketFlags, value);
  if (frame.image.empty()) {
    value.clear();
    Put64(value, frame.packet.id);
    PutOption(body, kPacketId, value);
  }
  EndOptions(body);
  return Block(kEnhancedPacket, body);
}

std::string PcapngTrace::File() const {
  const absl::Time base = TimeBase();
  std::string file = SectionBlock();
  absl::flat_hash_map<std::string, uint32_t> numbers;  // Of the blocks, by name.
  const auto add = [&](const std::string& name, const NetworkInterface* interface) {
    if (numbers.try_emplace(name, static_cast<uint32_t>(numbers.size())).second) {
      file += InterfaceBlock(name, interface, base);
    }
  };
  for (size_t host = 0; host < scene_.host_count(); ++host) {
    for (const NetworkInterface& interface : scene_.kernel(host).interfaces()) {
      add(NameOf(scene_.host_name(host), interface.name), &interface);
    }
  }
  for (const Place& place : places_) add(NameOf(place.host, place.interface), nullptr);
  file += NamesBlock(scene_);
  for (const Frame& frame : frames_) {
    const Place& place = places_[frame.place];
    file += FrameBlock(frame, numbers[NameOf(place.host, place.interface)], base);
  }
  return file;
}

}  // namespace pollux::sim
