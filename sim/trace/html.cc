// SPDX-License-Identifier: Apache-2.0

#include "sim/trace/html.h"

#include <algorithm>
#include <array>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "sim/kernel/socket_table.h"
#include "sim/trace/json.h"
#include "sim/trace/viewer_text.h"
#include "sim/trace/wire_image.h"
#include "udp/network_interface.h"
#include "udp/platform.h"

namespace pollux::sim {
namespace {

// Bytes of headers. That of ICMP is as long as that of UDP, and so is IPv6's for fragments.
constexpr size_t kIpv4Header = 20;
constexpr size_t kIpv6Header = 40;
constexpr size_t kUdpHeader = 8;
// More than there are kinds of events.
constexpr size_t kKindsMax = 32;

// Whether one copy of it stands for both: nothing that is shown differs.
bool IsSame(const Packet& a, const Packet& b) {
  return a.id == b.id && a.source == b.source && a.destination == b.destination &&
         a.hop_limit == b.hop_limit && a.traffic_class == b.traffic_class &&
         a.dont_fragment == b.dont_fragment && a.corrupted == b.corrupted && a.icmp == b.icmp &&
         a.fragment_offset == b.fragment_offset && a.fragment_size == b.fragment_size &&
         a.icmp_reporter == b.icmp_reporter && a.icmp_mtu == b.icmp_mtu &&
         a.payload.bytes().data() == b.payload.bytes().data();
}

// Bytes before what the program wrote; for an ICMP error, in the datagram that it quotes.
size_t HeadersOf(const Packet& packet) {
  const bool ipv4 = packet.target().is_ipv4();
  size_t headers = ipv4 ? kIpv4Header : kIpv6Header;
  if (packet.fragment_offset == 0 || packet.icmp) headers += kUdpHeader;
  if (packet.icmp) return 2 * headers;
  return packet.is_fragment() && !ipv4 ? headers + kUdpHeader : headers;
}

std::string FragmentText(const Packet& packet) {
  if (!packet.is_fragment()) return "";
  return absl::StrCat("fragment ", packet.fragment_offset, "+", packet.fragment_size, " of ",
                      packet.datagram_size());
}

std::string Number(size_t number) { return number == ~size_t{0} ? "-1" : absl::StrCat(number); }

std::string TableAsJson(const UdpStack& kernel) {
  std::vector<std::string> rows;
  for (const std::vector<std::string>& row : SocketRows(kernel)) rows.push_back(JsonStrings(row));
  return JsonArray(rows);
}

std::string HostAsJson(absl::string_view name, const UdpStack* kernel) {
  std::string first;  // The first address that is not loopback's.
  std::vector<std::string> interfaces;
  if (kernel != nullptr) {
    for (const NetworkInterface& interface : kernel->interfaces()) {
      std::vector<std::string> addresses;
      for (const InterfaceAddress& entry : interface.addresses) {
        const std::string address = entry.address.ToString();
        if (first.empty() && !interface.loopback) first = address;
        addresses.push_back(absl::StrCat(address, "/", entry.prefix_length));
      }
      interfaces.push_back(absl::StrCat("{\"name\":", JsonString(interface.name),
                                        ",\"addresses\":", JsonStrings(addresses), "}"));
    }
  }
  const absl::string_view platform =
      kernel == nullptr ? absl::string_view() : ToString(kernel->rules().platform);
  return absl::StrCat("{\"name\":", JsonString(name), ",\"platform\":", JsonString(platform),
                      ",\"address\":", JsonString(first), ",\"interfaces\":", JsonArray(interfaces),
                      "}");
}

std::string Counted(size_t number, absl::string_view noun) {
  return absl::StrCat(number, " ", noun, number == 1 ? "" : "s");
}

}  // namespace

HtmlTrace::HtmlTrace(Trace& trace, const Scene& scene) : TraceSink(trace), scene_(scene) {
  TextOf("");
  Look(-1);
}

void HtmlTrace::OnEvent(const TraceEvent& event) {
  if (first_sequence_ == 0) first_sequence_ = event.sequence;
  Look(static_cast<int64_t>(events_.size()));
  Event entry;
  entry.time = absl::ToInt64Nanoseconds(event.time);
  entry.kind = event.kind;
  entry.lane = LaneOf(event.host);
  entry.interface = TextOf(std::string(event.interface));
  entry.reason = TextOf(event.Reason());
  entry.because = event.because;
  entry.target = TargetOf(event.draw);
  if (event.packet != nullptr) entry.packet = PacketOf(event, LaneOf(event.origin));
  events_.push_back(entry);
}

size_t HtmlTrace::LaneOf(absl::string_view name) {
  const auto [entry, is_new] = lane_numbers_.try_emplace(name, lanes_.size());
  if (is_new) lanes_.emplace_back(name);
  return entry->second;
}

size_t HtmlTrace::TargetOf(absl::string_view draw) const {
  const size_t arrow = draw.find("->");
  if (arrow == absl::string_view::npos) return kNone;
  const absl::string_view label = draw.substr(arrow + 2);
  // A host that is twice on a segment has its interface behind its name.
  for (absl::string_view name : {label, label.substr(0, label.rfind('.'))}) {
    const auto found = lane_numbers_.find(name);
    if (found != lane_numbers_.end()) return found->second;
  }
  return kNone;
}

size_t HtmlTrace::PacketOf(const TraceEvent& event, size_t origin) {
  size_t about = kNone;
  if (event.because >= first_sequence_) {
    const size_t before = events_[event.because - first_sequence_].packet;
    if (before != kNone) {
      const Seen& seen = packets_[before];
      if (seen.origin == origin && IsSame(seen.packet, *event.packet)) return before;
      if (event.packet->icmp) about = seen.packet.icmp ? seen.about : before;
    }
  }
  packets_.push_back({origin, *event.packet, about});
  return packets_.size() - 1;
}

size_t HtmlTrace::TextOf(std::string text) {
  const auto [entry, is_new] = text_numbers_.try_emplace(text, texts_.size());
  if (is_new) texts_.push_back(std::move(text));
  return entry->second;
}

void HtmlTrace::Look(int64_t event) {
  for (size_t host = 0; host < scene_.host_count(); ++host) {
    const UdpStack& kernel = scene_.kernel(host);
    if (host == watched_.size()) {
      watched_.push_back({~kernel.changes(), kNone});
      host_lanes_.push_back(LaneOf(scene_.host_name(host)));
    }
    Watched& watched = watched_[host];
    if (watched.changes == kernel.changes()) continue;
    watched.changes = kernel.changes();
    std::string table = TableAsJson(kernel);
    const auto [entry, is_new] = table_numbers_.try_emplace(table, tables_.size());
    if (is_new) tables_.push_back(std::move(table));
    if (watched.table == entry->second) continue;
    watched.table = entry->second;
    snapshots_.push_back({event, host_lanes_[host], entry->second});
  }
}

std::string HtmlTrace::HostsAsJson() const {
  std::vector<const UdpStack*> kernels(lanes_.size(), nullptr);
  for (size_t host = 0; host < host_lanes_.size(); ++host) {
    kernels[host_lanes_[host]] = &scene_.kernel(host);
  }
  std::vector<std::string> hosts;
  for (size_t lane = 0; lane < lanes_.size(); ++lane) {
    hosts.push_back(HostAsJson(lanes_[lane], kernels[lane]));
  }
  return JsonArray(hosts);
}

// Many packets have the same bytes, as all copies of one have: the bytes stand beside the packets.
std::string HtmlTrace::PacketsAsJson() const {
  std::vector<std::string> packets;
  std::vector<std::string> images;
  absl::flat_hash_map<std::string, size_t> numbers;
  for (const Seen& seen : packets_) {
    const Packet& packet = seen.packet;
    std::string image =
        WireImage(packet, seen.about == kNone ? nullptr : &packets_[seen.about].packet);
    const size_t headers = std::min(HeadersOf(packet), image.size());
    const auto [entry, is_new] = numbers.try_emplace(std::move(image), images.size());
    if (is_new) images.push_back(JsonString(absl::Base64Escape(entry->first)));
    packets.push_back(
        absl::StrCat("[", seen.origin, ",", packet.id, ",", JsonString(packet.source.ToString()),
                     ",", JsonString(packet.destination.ToString()), ",", packet.payload.size(),
                     ",", JsonString(packet.icmp ? ToString(*packet.icmp) : ""), ",", entry->second,
                     ",", headers, ",", JsonString(FragmentText(packet)), "]"));
  }
  return absl::StrCat("\"packets\":", JsonArray(packets), ",\n\"bytes\":", JsonArray(images));
}

std::string HtmlTrace::EventsAsJson() const {
  std::vector<std::string> events;
  events.reserve(events_.size());
  for (const Event& event : events_) {
    events.push_back(absl::StrCat("[", event.time, ",", static_cast<int>(event.kind), ",",
                                  event.lane, ",", event.interface, ",", Number(event.packet), ",",
                                  event.because, ",", event.reason, ",", Number(event.target),
                                  "]"));
  }
  return JsonArray(events);
}

std::string HtmlTrace::DataAsJson(const HtmlOptions& options) const {
  // The kinds' names by their numbers.
  std::vector<std::string> kinds(kKindsMax);
  for (size_t kind = 1; kind < kKindsMax; ++kind) {
    kinds[kind] = std::string(ToString(static_cast<EventKind>(kind)));
  }
  std::vector<std::string> snapshots;
  for (const Snapshot& snapshot : snapshots_) {
    snapshots.push_back(
        absl::StrCat("[", snapshot.event, ",", snapshot.lane, ",", snapshot.table, "]"));
  }
  // The sockets at the end, behind the last event.
  std::vector<std::string> tables = tables_;
  for (size_t host = 0; host < host_lanes_.size(); ++host) {
    snapshots.push_back(
        absl::StrCat("[", events_.size(), ",", host_lanes_[host], ",", tables.size(), "]"));
    tables.push_back(TableAsJson(scene_.kernel(host)));
  }
  const absl::Duration end =
      events_.empty() ? absl::ZeroDuration() : absl::Nanoseconds(events_.back().time);
  const size_t sent = std::count_if(events_.begin(), events_.end(), [](const Event& event) {
    return event.kind == EventKind::kSent;
  });
  const std::string subtitle = absl::StrCat(
      Counted(events_.size(), "event"), ", ", Counted(sent, "packet"), " sent, ",
      Counted(host_lanes_.size(), "host"), "; ", absl::FormatDuration(end), " from ",
      absl::FormatTime("%Y-%m-%d %H:%M:%S", scene_.start(), absl::UTCTimeZone()), " UTC");
  return absl::StrCat(
      "{\"title\":", JsonString(options.title), ",\"subtitle\":", JsonString(subtitle),
      ",\"story\":", JsonString(options.story),
      ",\"first\":", std::max<uint64_t>(first_sequence_, 1), ",\n\"kinds\":", JsonStrings(kinds),
      ",\"columns\":", JsonStrings(SocketColumns()), ",\n\"hosts\":", HostsAsJson(), ",\n",
      PacketsAsJson(), ",\n\"texts\":", JsonStrings(texts_), ",\n\"events\":", EventsAsJson(),
      ",\n\"tables\":", JsonArray(tables), ",\n\"snapshots\":", JsonArray(snapshots), "}");
}

std::string HtmlTrace::Page(const HtmlOptions& options) const {
  // One after the other, so that nothing that is put in is itself looked at.
  const std::pair<absl::string_view, std::string> parts[] = {
      {"@TITLE@", HtmlText(options.title)},
      {"@STYLE@", kViewerStyle},
      {"@DATA@", DataAsJson(options)},
      {"@SCRIPT@", kViewerScript},
  };
  absl::string_view rest = kViewerPage;
  std::string page;
  for (const auto& [mark, text] : parts) {
    const size_t at = rest.find(mark);
    absl::StrAppend(&page, rest.substr(0, at), text);
    rest.remove_prefix(at + mark.size());
  }
  absl::StrAppend(&page, rest);
  return page;
}

}  // namespace pollux::sim
