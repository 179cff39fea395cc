// SPDX-License-Identifier: Apache-2.0
//
// File: fault_plan.h
//
// `FaultPlan` is a script of faults over the time of a simulated network, with a text form that a
// person writes, reads and keeps in a file beside the test:
//
//   # The server dies and comes back; meanwhile alice is cut off from the others.
//   at 2s             crash server
//   at 5s             restart server
//   from 10s to 12s   partition alice | bob carol
//   from 3s to 4s     link lan alice->bob loss 1/2 delay 20ms
//   at 7s             clock bob step -3s
//
// `Network::Apply` carries it out. A line is a time, counted from the beginning of the simulation,
// and what happens then; or a span, and what is the matter from its beginning to its end. Empty
// lines, and what follows a '#', say nothing.
//
//   at TIME    crash HOST        restart HOST      pause HOST       resume HOST
//              freeze HOST       thaw HOST         clock HOST step DURATION
//              down HOST/ETH     up HOST/ETH       clock HOST drift NUMBER   (parts per billion)
//              unplug HOST/ETH   plug HOST/ETH     quiesce
//              switch SEGMENT restart              switch SEGMENT querier on|off
//   from TIME to TIME
//              crash HOST        pause HOST        freeze HOST
//              down HOST/ETH     unplug HOST/ETH
//              partition HOST ... | HOST ... [| HOST ...]
//              link SEGMENT FROM->TO [loss R] [duplicate R] [corrupt R] [delay D] [jitter D]
//              switch SEGMENT querier off
//
// Durations are as "2s", "1.5s", "20ms"; R is a fraction as "1/100". FROM and TO are hosts, or '*'
// for all. Hosts are named in any case, segments and interfaces as they are. "quiesce" ends every
// fault and every plan, this one included: nothing may stand behind it.
//
// A crash ends what "at ... pause" and "at ... freeze" began, and these are refused where the plan
// has the host down. A span of either holds over crashes: what boots in it is paused, too.
// Interfaces that are down, and cables that are pulled, stay so over a crash.

#ifndef POLLUX_SIM_FAULT_PLAN_H_
#define POLLUX_SIM_FAULT_PLAN_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "sim/fabric/link_change.h"

namespace pollux::sim {

// A value type; thread-compatible.
struct FaultPlan {
  enum class Verb : uint8_t {
    kCrash,
    kRestart,
    kPause,
    kResume,
    kFreeze,
    kThaw,
    kDown,
    kUp,
    kUnplug,
    kPlug,
    kStep,
    kDrift,
    kPartition,
    kLink,
    kQuiesce,
    kSwitchRestart,
    kQuerierOff,
    kQuerierOn,
  };

  // How late anything of it may happen: a simulated century. What is beyond it is a mistake.
  static constexpr absl::Duration kTimeMax = absl::Hours(24 * 365 * 100);

  // How many lines a plan has at most: each is compared with each.
  static constexpr size_t kEntriesMax = 1000;

  // One line.
  struct Entry {
    absl::Duration begin = absl::ZeroDuration();       // When it happens, or begins.
    std::optional<absl::Duration> end = std::nullopt;  // Of a span: after `begin`.
    Verb verb = Verb::kQuiesce;
    std::string host = {};       // Whom it happens to; kLink: the sender, "*" for all.
    std::string interface = {};  // kDown, kUp, kUnplug, kPlug: of that host.
    absl::Duration step = absl::ZeroDuration();        // kStep.
    int64_t drift_ppb = 0;                             // kDrift.
    std::vector<std::vector<std::string>> sides = {};  // kPartition: at least two.
    std::string segment = {};  // kLink; kSwitchRestart, kQuerierOff, kQuerierOn.
    std::string to = {};       // kLink: the receiver, "*" for all.
    LinkChange change = {};    // kLink.
    int line = 0;              // Where `Parse` found it, from 1; 0 for those that no text had.

    // The line that `Parse` reads.
    std::string ToString() const;
    // All but `line`.
    friend bool operator==(const Entry& a, const Entry& b);
  };

  std::vector<Entry> entries;  // As they were written.
  std::string name = "plan";   // Of the text, for messages.

  // Reads the text form. `name` is the file's, for messages. Errors: kInvalidArgument, with name,
  // line, and what is wrong with which words; those of `Validate` included.
  static absl::StatusOr<FaultPlan> Parse(absl::string_view text, absl::string_view name = "plan");
  // The text form, an entry a line.
  std::string ToString() const;

  // Whether its entries can all be meant: each by itself, nothing that is ended in the middle of a
  // span, nothing that is told two things at one time, no host paused that is down, nothing behind
  // a "quiesce", which ends the plan. Errors: kInvalidArgument, naming the line, or both lines.
  absl::Status Validate() const;

  // "server.plan:3", for messages about an entry.
  std::string Where(const Entry& entry) const;
  // When the last of it has happened; zero for an empty plan.
  absl::Duration End() const;
};

// Whether an entry can be meant by itself: one that lasts has an end, and that is behind its
// beginning; what it names and how much is what its verb takes. Errors: kInvalidArgument.
absl::Status Validate(const FaultPlan::Entry& entry);

// "crash", "restart", and so on: the word that a line begins with behind its time.
absl::string_view ToString(FaultPlan::Verb verb);

}  // namespace pollux::sim

#endif  // POLLUX_SIM_FAULT_PLAN_H_
