// SPDX-License-Identifier: Apache-2.0
//
// File: story.h
//
// `Story` tells what a simulated network does with the datagrams of the discovery example, as
// sentences for people. (`sim::TextTrace` tells it in full, for those who look for a fault.)

#ifndef POLLUX_EXAMPLES_DISCOVERY_STORY_H_
#define POLLUX_EXAMPLES_DISCOVERY_STORY_H_

#include <ostream>

#include "sim/trace/trace.h"

namespace pollux::examples {

// Loop thread only.
class Story final : public sim::TraceSink {
 public:
  // `out` must outlive the story.
  Story(sim::Trace& trace, std::ostream& out) : TraceSink(trace), out_(out) {}

  int sent() const { return sent_; }
  int delivered() const { return delivered_; }  // A group datagram once for each host that got it.
  int lost() const { return lost_; }

 private:
  void OnEvent(const sim::TraceEvent& event) override;

  std::ostream& out_;
  int sent_ = 0;
  int delivered_ = 0;
  int lost_ = 0;
};

}  // namespace pollux::examples

#endif  // POLLUX_EXAMPLES_DISCOVERY_STORY_H_
