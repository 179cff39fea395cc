// SPDX-License-Identifier: Apache-2.0
//
// File: plan_runner.h
//
// `PlanRunner` carries a `FaultPlan` out: it waits on the timeline for each entry's times.

#ifndef POLLUX_SIM_PLAN_RUNNER_H_
#define POLLUX_SIM_PLAN_RUNNER_H_

#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "sim/fault_guard.h"
#include "sim/fault_plan.h"
#include "sim/timeline.h"
#include "udp/timer_queue.h"

namespace pollux::sim {

class Network;
class Segment;

// Loop thread only. Owned by its network.
class PlanRunner {
 public:
  // Whether the network has all that the plan names, and nothing of it has passed. Errors:
  // kNotFound, kInvalidArgument, naming the plan's name and line.
  static absl::Status Check(const Network& network, const FaultPlan& plan);

  // Begins; `plan` was checked. Both must outlive the runner.
  PlanRunner(Network& network, Timeline& timeline, FaultPlan plan);
  PlanRunner(const PlanRunner&) = delete;
  PlanRunner& operator=(const PlanRunner&) = delete;

  const FaultPlan& plan() const { return plan_; }
  // Has nothing more happen, and ends what is in force.
  void Cancel();

 private:
  // A moment of an entry: its beginning, or its end.
  class Moment final : public TimerQueue::Entry {
   public:
    Moment(PlanRunner& runner, size_t entry, bool end)
        : runner_(runner), entry_(entry), end_(end) {}

   private:
    void Fire() override;

    PlanRunner& runner_;
    const size_t entry_;
    const bool end_;
  };

  void Begin(const FaultPlan::Entry& entry, std::vector<FaultGuard>& guards);
  void Do(const FaultPlan::Entry& entry);
  void Do(FaultPlan::Verb verb, Segment& segment);

  Network& network_;
  const FaultPlan plan_;
  std::vector<std::vector<FaultGuard>> guards_;  // Of the spans, by entry.
  std::vector<std::unique_ptr<Moment>> moments_;
};

}  // namespace pollux::sim

#endif  // POLLUX_SIM_PLAN_RUNNER_H_
