// SPDX-License-Identifier: Apache-2.0
//
// File: answers.h
//
// What the service of the discovery example knows.

#ifndef POLLUX_EXAMPLES_DISCOVERY_ANSWERS_H_
#define POLLUX_EXAMPLES_DISCOVERY_ANSWERS_H_

#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/strings/string_view.h"
#include "udp/event_loop.h"

namespace pollux::examples {

// Answers "name" with `name` and "time" with the time of day of `loop`, which must outlive it;
// anything else with what can be asked.
absl::AnyInvocable<std::string(absl::string_view question)> AnswersFor(absl::string_view name,
                                                                       EventLoop& loop);

}  // namespace pollux::examples

#endif  // POLLUX_EXAMPLES_DISCOVERY_ANSWERS_H_
