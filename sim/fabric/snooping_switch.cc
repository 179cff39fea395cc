// SPDX-License-Identifier: Apache-2.0

#include "sim/fabric/snooping_switch.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "sim/choice/choices.h"
#include "sim/trace/trace_event.h"
#include "udp/timer_queue.h"

namespace pollux::sim {
namespace {

// The second report comes up to this much after the first (RFC 3376 8.11, RFC 3810 9.11).
constexpr absl::Duration kUnsolicitedReportInterval = absl::Seconds(1);

}  // namespace

struct SnoopingSwitch::Line {
  Line(const Station& sender, absl::string_view name) : station(sender), luck(name), delays(name) {}

  const Station& station;
  LinkLuck luck;
  const DrawOwner delays;
  uint64_t changes = 0;  // That were reported.
  bool awake = true;
  bool link = true;

  bool heard() const { return awake && link; }
};

// One that is to be sent once more, or is on its way.
class SnoopingSwitch::Report final : public TimerQueue::Entry {
 public:
  explicit Report(SnoopingSwitch& owner) : owner_(owner) {}

  void Fire() override {
    if (under_way) {
      owner_.ReportArrived(*this);
    } else {
      owner_.SendReport(port, group, wanted);
    }
  }

  Port port = 0;
  IpAddress group;
  bool wanted = false;
  bool under_way = false;
  uint64_t sent = 0;  // The number, on record, of what is under way.

 private:
  SnoopingSwitch& owner_;
};

SnoopingSwitch::SnoopingSwitch(const World& world, absl::string_view name,
                               const SnoopingOptions& options, UplinkProfile uplink)
    : world_(world), name_(name), uplink_(std::move(uplink)), table_(options, now()) {}

SnoopingSwitch::~SnoopingSwitch() = default;

void SnoopingSwitch::Connect(const Station& station, absl::string_view label) {
  lines_.push_back(std::make_unique<Line>(station, absl::StrCat(name_, "/", label, "->switch")));
}

void SnoopingSwitch::GroupChanged(Port port, const IpAddress& group, bool wanted) {
  // Nobody reports these: they are passed on anyway (RFC 3376 section 5, RFC 3810 section 6).
  if (IsAlwaysForwarded(group)) return;
  if (wanted) {
    table_.Want(port, group, now());
  } else {
    table_.Unwant(port, group, now());
  }
  Tell(port, group, wanted);
}

void SnoopingSwitch::SetAwake(Port port, bool awake) {
  lines_[port]->awake = awake;
  if (!awake) {
    table_.Silence(port, now());
  } else if (lines_[port]->link) {
    table_.Hear(port, now());
  }
}

void SnoopingSwitch::SetLink(Port port, bool link, bool reports) {
  Line& line = *lines_[port];
  if (line.link == link) return;
  line.link = link;
  if (!link) {
    table_.Silence(port, now());
    table_.Flush(port);
    return;
  }
  if (!line.awake) return;
  table_.Hear(port, now());
  if (!reports) return;
  for (const IpAddress& group : table_.Wanted(port)) Tell(port, group, true);
}

void SnoopingSwitch::SetQuerier(bool querier) {
  table_.SetQuerier(querier, now());
  if (!querier) return;
  for (const IpAddress& all : {IpAddress::AnyIpv4(), IpAddress::AnyIpv6()}) {
    const bool spoken = std::any_of(lines_.begin(), lines_.end(), [&](const auto& line) {
      return !line->station.GroupSource(all.is_ipv4()).is_unspecified();
    });
    if (spoken) Ask(all, 0);
  }
}

void SnoopingSwitch::Restart() {
  for (Port port = 0; port < lines_.size(); ++port) {
    table_.Flush(port);
    // Hosts answer the next query, and no earlier one.
    if (lines_[port]->heard()) table_.Hear(port, now());
  }
}

bool SnoopingSwitch::Forwards(Port port, const IpAddress& group) const {
  return lines_[port]->station.IsRouter() || table_.Forwards(port, group, now());
}

// ---- Reports ----

void SnoopingSwitch::Tell(Port port, const IpAddress& group, bool wanted) {
  Line& line = *lines_[port];
  if (!line.heard()) return;
  SendReport(port, group, wanted);
  const auto interval = static_cast<uint64_t>(absl::ToInt64Nanoseconds(kUnsolicitedReportInterval));
  const uint64_t after =
      world_.choices.Below({DrawKind::kReportDelay, line.delays, ++line.changes}, interval);
  world_.timeline.Add(NewReport(port, group, wanted),
                      world_.timeline.now() + absl::Nanoseconds(after));
}

void SnoopingSwitch::SendReport(Port port, const IpAddress& group, bool wanted) {
  Line& line = *lines_[port];
  if (!line.heard() || table_.Wants(port, group) != wanted) return;
  GroupMessage message;
  message.kind = wanted ? GroupMessage::Kind::kJoin : GroupMessage::Kind::kLeave;
  message.group = group.WithScope(0);
  message.source = line.station.GroupSource(group.is_ipv4());
  const uint64_t sent =
      Say(message, line.station.host_name(), line.station.interface_name(),
          absl::StrCat("reports that it ", wanted ? "wants " : "leaves ", group.ToString()));
  const Fate fate = line.luck.Decide(uplink_(port), world_.choices);
  if (fate.lost || fate.corrupted) {
    Record(port, sent,
           absl::StrCat("report about ", group.ToString(), " lost (", line.luck.name(), " #",
                        line.luck.packets(), ")"));
    return;
  }
  Report& report = NewReport(port, group, wanted);
  report.under_way = true;
  report.sent = sent;
  world_.timeline.Add(report, world_.timeline.now() + fate.delay);
}

void SnoopingSwitch::ReportArrived(const Report& report) {
  if (!lines_[report.port]->link) return;
  const SnoopingOptions& options = table_.options();
  if (report.wanted) {
    table_.JoinReported(report.port, report.group, now());
  } else {
    table_.LeaveReported(report.port, report.group, now());
  }
  Record(report.port, report.sent,
         absl::StrCat(report.wanted ? "wants " : "leaves ", report.group.ToString(),
                      ", the switch learns"));
  if (!report.wanted && options.querier && !options.fast_leave) Ask(report.group, report.sent);
}

void SnoopingSwitch::Ask(const IpAddress& group, uint64_t because) {
  GroupMessage message;
  message.kind = GroupMessage::Kind::kQuery;
  message.group = group;
  message.query_interval = table_.options().query_interval;
  const std::string note =
      message.is_general()
          ? absl::StrCat("asks who wants which group of IPv", group.is_ipv4() ? 4 : 6)
          : absl::StrCat("asks who still wants ", group.ToString());
  const auto router = std::find_if(lines_.begin(), lines_.end(),
                                   [](const auto& line) { return line->station.IsRouter(); });
  if (router != lines_.end()) {
    const Station& station = (*router)->station;
    message.source = station.GroupSource(group.is_ipv4());
    Say(message, station.host_name(), station.interface_name(), note, because);
    return;
  }
  // The switch itself, which has no address of IPv4 (RFC 4541 2.1.1), and must have a link-local
  // one of IPv6 (RFC 3810 5.1.14).
  message.source = group.is_ipv4() ? IpAddress::AnyIpv4() : *IpAddress::Parse("fe80::1");
  Say(message, absl::string_view(name_), "switch", note, because);
}

SnoopingSwitch::Report& SnoopingSwitch::NewReport(Port port, const IpAddress& group, bool wanted) {
  Report* idle = nullptr;
  for (const std::unique_ptr<Report>& report : reports_) {
    if (!report->queued()) idle = report.get();
  }
  if (idle == nullptr) idle = reports_.emplace_back(std::make_unique<Report>(*this)).get();
  idle->port = port;
  idle->group = group;
  idle->wanted = wanted;
  idle->under_way = false;
  return *idle;
}

uint64_t SnoopingSwitch::Say(const GroupMessage& message, const Name& host, const Name& interface,
                             absl::string_view note, uint64_t because) {
  TraceEvent event;
  event.kind = EventKind::kReported;
  event.time = now();
  event.host = host;
  event.interface = interface;
  event.message = &message;
  event.because = because;
  event.note = note;
  world_.trace.Record(event);
  return event.sequence;
}

void SnoopingSwitch::Record(Port port, uint64_t because, absl::string_view note) {
  TraceEvent event;
  event.kind = EventKind::kReported;
  event.time = now();
  event.host = lines_[port]->station.host_name();
  event.interface = lines_[port]->station.interface_name();
  event.because = because;
  event.note = note;
  world_.trace.Record(event);
}

}  // namespace pollux::sim
