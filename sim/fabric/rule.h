// SPDX-License-Identifier: Apache-2.0
//
// File: rule.h
//
// A rule is a test's own hand in the network: a function that looks at each packet which is about
// to cross a link, and says what becomes of it. `Network::AddRule` installs one for as long as the
// guard lives that it returns.
//
//   const sim::RuleGuard no_answers = net.AddRule("no answers", [](const sim::Crossing& crossing) {
//     const bool answer = crossing.packet.payload.bytes().substr(0, 4) == "HERE";
//     return answer ? sim::Verdict::Drop() : sim::Verdict::Pass();
//   });
//
// Rules are asked in the order in which they were installed; the first verdict that is not to let
// pass counts, and is on record. What a rule lets pass is left to luck as if there were no rule.
//
// A rule is a part of the program, as its sockets are: it must decide by what it is told, and what
// it kept of that, alone, so that the same seed gives the same run. A story has no lines for what
// rules decide; a run is made again with its rules installed.

#ifndef POLLUX_SIM_FABRIC_RULE_H_
#define POLLUX_SIM_FABRIC_RULE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "sim/kernel/packet.h"

namespace pollux::sim {

// A packet that is about to cross a link. Refers to the simulation: lives as long as the call.
struct Crossing {
  absl::string_view link;    // "lan/alice->bob"; "alice/lo" for loopback.
  absl::string_view from;    // The host that sends it on this link, by name.
  absl::string_view to;      // The one that gets it.
  absl::string_view origin;  // The one that it came from at first.
  absl::Duration time;       // Since the simulation began.
  const Packet& packet;
};

// What becomes of a packet. A value type; thread-compatible.
class Verdict {
 public:
  enum class Kind : uint8_t { kPass, kDrop, kDelay, kDuplicate, kCorrupt, kHold };

  static Verdict Pass() { return Verdict(Kind::kPass, absl::ZeroDuration()); }
  static Verdict Drop() { return Verdict(Kind::kDrop, absl::ZeroDuration()); }
  // It arrives later by so much than it would. At most one hour: this is checked.
  static Verdict DelayBy(absl::Duration delay) { return Verdict(Kind::kDelay, delay); }
  // It arrives once more, so much after the first. At most one hour: this is checked.
  static Verdict DuplicateAfter(absl::Duration delay) { return Verdict(Kind::kDuplicate, delay); }
  // Bits of it arrive as others, as `LinkProfile::corrupt_bits` and `undetected` say.
  static Verdict Corrupt() { return Verdict(Kind::kCorrupt, absl::ZeroDuration()); }
  // It stays under way until `Network::Release` lets it arrive. No luck is drawn for it.
  static Verdict Hold() { return Verdict(Kind::kHold, absl::ZeroDuration()); }

  Kind kind() const { return kind_; }
  absl::Duration delay() const { return delay_; }
  // "drop", "delay by 2ms", and so on.
  std::string ToString() const;

 private:
  Verdict(Kind kind, absl::Duration delay);

  Kind kind_;
  absl::Duration delay_;
};

// Runs while the network does: it must not send, run the network, attach hosts or set profiles:
// this is checked. Nor may it destroy the socket that sends, which is in the middle of that. It may
// add and remove rules, itself included; that counts from the next packet on.
using Rule = absl::AnyInvocable<Verdict(const Crossing&)>;

// Which packets a simple rule is for: those that fit all that is set. Hosts and links have to be
// there when the rule is installed; a rule that is a function can be about those that come later.
struct PacketMatch {
  std::string from = {};  // Host names, as in `Crossing`, in any case; empty: any.
  std::string to = {};
  std::string origin = {};
  std::string link = {};  // As in `Crossing`, as it is written there.
  std::optional<uint16_t> source_port = std::nullopt;
  std::optional<uint16_t> destination_port = std::nullopt;
  std::string payload_has = {};  // These bytes, somewhere.

  // Compares names as they are written.
  bool Fits(const Crossing& crossing) const;
};

class RuleBook;

// Uninstalls its rule when it goes; may outlive the network. Move-only. Loop thread only.
class RuleGuard {
 public:
  RuleGuard() = default;
  RuleGuard(RuleGuard&& other) noexcept;
  RuleGuard& operator=(RuleGuard&& other) noexcept;
  ~RuleGuard() { Uninstall(); }

  // Now instead of later; nothing happens if it is uninstalled already.
  void Uninstall();

 private:
  friend class RuleBook;
  struct Installed;
  explicit RuleGuard(std::weak_ptr<Installed> rule) : rule_(std::move(rule)) {}

  std::weak_ptr<Installed> rule_;
};

// The rules of a network. Loop thread only.
class RuleBook {
 public:
  RuleBook();
  RuleBook(const RuleBook&) = delete;
  RuleBook& operator=(const RuleBook&) = delete;
  ~RuleBook();

  // `name` is for the record. More than `kMax` rules are the programmer's error: this is checked.
  RuleGuard Add(absl::string_view name, Rule rule);
  bool empty() const { return rules_.empty(); }
  // Whether a rule is running.
  bool asking() const { return asking_; }

  // What the first rule says that does not let it pass; `by` becomes its name.
  Verdict Ask(const Crossing& crossing, std::string& by);

  static constexpr size_t kMax = 1000;

 private:
  void Sweep();

  std::vector<std::shared_ptr<RuleGuard::Installed>> rules_;
  bool asking_ = false;
};

}  // namespace pollux::sim

#endif  // POLLUX_SIM_FABRIC_RULE_H_
