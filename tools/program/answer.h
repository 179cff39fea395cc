// SPDX-License-Identifier: Apache-2.0
//
// File: answer.h
//
// `AnswerWriter` words what calls returned, as target.h says, so that all targets use the same
// words. A target makes one for each network that it builds.

#ifndef POLLUX_TOOLS_PROGRAM_ANSWER_H_
#define POLLUX_TOOLS_PROGRAM_ANSWER_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "tools/program/program.h"
#include "udp/endpoint.h"
#include "udp/socket_option.h"

namespace pollux::program {

// Answers without anything to fill in.
inline constexpr char kOk[] = "ok";
inline constexpr char kNothing[] = "nothing";  // Receive and pending: the queue is empty.
inline constexpr char kNone[] = "none";        // Error: nothing is pending.
inline constexpr char kEnd[] = "end";          // Receive: the platform says that no more will come.

// "\"hello\"", with C's escapes; "checksum 8e4d21a0" (FNV-1a) for more than 32 bytes.
std::string ShowPayload(absl::string_view bytes);

// Thread-compatible.
class AnswerWriter {
 public:
  explicit AnswerWriter(std::vector<HostSpec> hosts) : hosts_(std::move(hosts)) {}

  // Forgets all ports, for another program on the same network.
  void Reset();
  // Takes down which ports the program itself names: those are shown as they are. To be called
  // with each call before it is carried out.
  void Note(const Call& call);

  // An endpoint, or address, as seen by a socket of `host`: unmapped, scopes as names, ports that
  // the platform chose as "port#1" and so on.
  std::string Show(absl::string_view host, const Endpoint& endpoint);

  // "5 \"hello\" from 10.77.0.1:5000". `bytes` are those that were put into the buffer.
  std::string Received(absl::string_view host, absl::string_view bytes, const Endpoint& source,
                       bool truncated);

  // What get answers: a number, or for BoundInterface the name of the interface, or "none".
  std::string OptionValue(absl::string_view host, SocketOption option, int value) const;

 private:
  // The host that has an address, seen from `viewer`.
  absl::string_view OwnerOf(absl::string_view viewer, const IpAddress& address) const;

  const std::vector<HostSpec> hosts_;
  std::set<uint16_t> named_ports_;
  std::map<std::pair<std::string, uint16_t>, size_t> chosen_ports_;  // By host.
};

}  // namespace pollux::program

#endif  // POLLUX_TOOLS_PROGRAM_ANSWER_H_
