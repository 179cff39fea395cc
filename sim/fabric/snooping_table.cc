// SPDX-License-Identifier: Apache-2.0

#include "sim/fabric/snooping_table.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace pollux::sim {

absl::Status Validate(const SnoopingOptions& options) {
  const auto refuse = [](absl::string_view field, absl::Duration value, absl::string_view why) {
    return absl::InvalidArgumentError(
        absl::StrCat("snooping: ", field, " ", absl::FormatDuration(value), why));
  };
  const auto positive = [](absl::Duration d) {
    return d > absl::ZeroDuration() && d != absl::InfiniteDuration();
  };
  if (!positive(options.query_interval)) {
    return refuse("query_interval", options.query_interval, " is not positive and finite");
  }
  if (!positive(options.membership_interval)) {
    return refuse("membership_interval", options.membership_interval,
                  " is not positive and finite");
  }
  if (options.querier && options.membership_interval <= options.query_interval) {
    return refuse("membership_interval", options.membership_interval,
                  absl::StrCat(" is not longer than the query_interval of ",
                               absl::FormatDuration(options.query_interval),
                               ": hosts would be forgotten between two queries"));
  }
  if (!positive(options.last_member_time)) {
    return refuse("last_member_time", options.last_member_time, " is not positive and finite");
  }
  return absl::OkStatus();
}

bool IsAlwaysForwarded(const IpAddress& group) {
  if (group.is_ipv4()) {
    const IpAddress::Ipv4Bytes bytes = group.ipv4_bytes();
    return bytes[0] == 224 && bytes[1] == 0 && bytes[2] == 0;
  }
  constexpr IpAddress::Ipv6Bytes kAllNodes = {0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  const IpAddress::Ipv6Bytes bytes = group.ipv6_bytes();
  return (bytes[1] & 0x0f) <= 1 || bytes == kAllNodes;
}

void SnoopingTable::SetQuerier(bool querier, absl::Duration now) {
  for (auto& [key, entry] : entries_) Settle(key, entry, now);
  options_.querier = querier;
  queries_since_ = now;
}

void SnoopingTable::Want(Port port, const IpAddress& group, absl::Duration now) {
  entries_[Key(group, port)].wanted_since = now;
}

void SnoopingTable::Unwant(Port port, const IpAddress& group, absl::Duration now) {
  const auto found = entries_.find(Key(group, port));
  if (found == entries_.end()) return;
  Settle(found->first, found->second, now);
  found->second.wanted_since = absl::InfiniteDuration();
}

bool SnoopingTable::Wants(Port port, const IpAddress& group) const {
  const auto found = entries_.find(Key(group, port));
  return found != entries_.end() && found->second.wanted_since != absl::InfiniteDuration();
}

std::vector<IpAddress> SnoopingTable::Wanted(Port port) const {
  std::vector<IpAddress> groups;
  for (const auto& [key, entry] : entries_) {
    if (key.second == port && entry.wanted_since != absl::InfiniteDuration()) {
      groups.push_back(key.first);
    }
  }
  return groups;
}

void SnoopingTable::Silence(Port port, absl::Duration now) {
  SettlePort(port, now);
  answers_since_[port] = absl::InfiniteDuration();
}

void SnoopingTable::Hear(Port port, absl::Duration now) { answers_since_[port] = now; }

void SnoopingTable::JoinReported(Port port, const IpAddress& group, absl::Duration now) {
  entries_[Key(group, port)].expires = now + options_.membership_interval;
}

void SnoopingTable::LeaveReported(Port port, const IpAddress& group, absl::Duration now) {
  const auto found = entries_.find(Key(group, port));
  if (found == entries_.end()) return;
  Entry& entry = found->second;
  if (options_.fast_leave) {
    entry.expires = now;
  } else if (options_.querier) {
    entry.expires = std::min(entry.expires, now + options_.last_member_time);
  }
}

void SnoopingTable::Flush(Port port) {
  for (auto& [key, entry] : entries_) {
    if (key.second == port) entry.expires = -absl::InfiniteDuration();
  }
}

bool SnoopingTable::Forwards(Port port, const IpAddress& group, absl::Duration now) const {
  if (IsAlwaysForwarded(group) || Expiry(port, group, now) > now) return true;
  return options_.flood_unknown && !IsKnown(group, now);
}

absl::Duration SnoopingTable::Expiry(Port port, const IpAddress& group, absl::Duration now) const {
  const auto found = entries_.find(Key(group, port));
  if (found == entries_.end()) return -absl::InfiniteDuration();
  return ExpiryOf(found->first, found->second, now);
}

bool SnoopingTable::IsKnown(const IpAddress& group, absl::Duration now) const {
  for (auto it = entries_.lower_bound(Key(group, 0));
       it != entries_.end() && it->first.first == group; ++it) {
    if (ExpiryOf(it->first, it->second, now) > now) return true;
  }
  return false;
}

absl::Duration SnoopingTable::ExpiryOf(const Key& key, const Entry& entry,
                                       absl::Duration now) const {
  if (!options_.querier || entry.wanted_since == absl::InfiniteDuration()) return entry.expires;
  const absl::Duration query = now - (now - queries_since_) % options_.query_interval;
  const auto answers = answers_since_.find(key.second);
  const bool answered =
      query > entry.wanted_since && (answers == answers_since_.end() || query >= answers->second);
  if (!answered) return entry.expires;
  return std::max(entry.expires, query + options_.membership_interval);
}

void SnoopingTable::Settle(const Key& key, Entry& entry, absl::Duration now) const {
  entry.expires = ExpiryOf(key, entry, now);
}

void SnoopingTable::SettlePort(Port port, absl::Duration now) {
  for (auto& [key, entry] : entries_) {
    if (key.second == port) Settle(key, entry, now);
  }
}

}  // namespace pollux::sim
