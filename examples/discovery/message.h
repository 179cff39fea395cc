// SPDX-License-Identifier: Apache-2.0
//
// File: message.h
//
// The protocol of the discovery example: one line of text in each datagram, so that a person can
// speak it with socat, and any other program with what it has. <id> is a decimal number that the
// asker chooses; a '\n' or "\r\n" at the end is not looked at.
//
//   WHO                  asker -> group: is there a service?
//   HERE <name>          service -> group, unasked and at intervals; service -> who said WHO.
//                        The datagram's source is where to ask.
//   ASK <id> <question>  asker -> service, or the group.
//   ANSWER <id> <text>   service -> who asked, with the id of the question.
//
// With `discovery --engine=native --role=service` running on the loopback interface:
//
//   $ echo "ASK 1 name" | socat -t1 - UDP4-DATAGRAM:239.255.43.21:45454,ip-multicast-if=127.0.0.1
//   ANSWER 1 clock
//
// Nothing is remembered between datagrams, so an ASK may be repeated until its answer comes. What
// is none of these is not answered.

#ifndef POLLUX_EXAMPLES_DISCOVERY_MESSAGE_H_
#define POLLUX_EXAMPLES_DISCOVERY_MESSAGE_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace pollux::examples {

// A value type; thread-compatible.
struct Message {
  enum class Kind : uint8_t { kWho, kHere, kAsk, kAnswer };

  Kind kind = Kind::kWho;
  uint32_t id = 0;        // kAsk, kAnswer.
  std::string text = "";  // The name, question or answer. Not empty, but in kWho.

  // Nullopt for what is no message.
  static std::optional<Message> Parse(absl::string_view payload);
  // The form that `Parse` reads, without '\n'.
  std::string ToString() const;
};

}  // namespace pollux::examples

#endif  // POLLUX_EXAMPLES_DISCOVERY_MESSAGE_H_
