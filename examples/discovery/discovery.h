// SPDX-License-Identifier: Apache-2.0
//
// File: discovery.h
//
// A service that announces itself by multicast, and clients that find it, ask it, and try again
// when datagrams are lost. Both take a `SocketEngine` and know nothing else of the world, so that
// the same code runs on a real machine and on simulated ones:
//
//   Service service(engine, {.name = "clock", .group = {.endpoint = group}, .answer = TellTime});
//   Client client(engine, {.group = {.endpoint = group}, .question = "time"});
//   if (absl::Status s = service.Start(); !s.ok()) return s;
//   if (absl::Status s = client.Start(Print); !s.ok()) return s;
//   engine.loop().Run();
//
// message.h tells what they say to each other. Each of them has two sockets: one on the port of the
// group, which all members of a host share, and one of its own, for what is meant for it alone.

#ifndef POLLUX_EXAMPLES_DISCOVERY_DISCOVERY_H_
#define POLLUX_EXAMPLES_DISCOVERY_DISCOVERY_H_

#include <cstdint>
#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "examples/discovery/message.h"
#include "udp/endpoint.h"
#include "udp/event_loop.h"
#include "udp/network_interface.h"
#include "udp/socket_engine.h"
#include "udp/udp_socket.h"

namespace pollux::examples {

// Where services and clients meet.
struct Group {
  Endpoint endpoint = {};           // The group and its port.
  NetworkInterface interface = {};  // Where its members are; index 0: the platform chooses.
};

// Told what goes on, a sentence at a time, for whoever wants to follow.
using Narrator = absl::AnyInvocable<void(absl::string_view sentence)>;

// Loop thread only. The engine must outlive it.
class Service {
 public:
  struct Options {
    std::string name = "";
    Group group = {};
    absl::Duration announce_interval = absl::Seconds(2);
    // Makes the answer to a question.
    absl::AnyInvocable<std::string(absl::string_view question)> answer = nullptr;
    Narrator narrator = nullptr;
  };

  Service(SocketEngine& engine, Options options);

  // Opens the sockets, joins the group, and announces the service from now on. Errors: those of
  // `UdpSocket::Bind` and `JoinMulticastGroup`, and kOperation where the group is no group.
  absl::Status Start();
  // Where clients ask.
  Endpoint endpoint() const { return own_socket_.local_endpoint(); }
  // How many questions were answered.
  int answered() const { return answered_; }

 private:
  void Announce();
  void Read(UdpSocket& socket);
  void Send(const Message& message, const Endpoint& destination);

  Options options_;
  UdpSocket group_socket_;
  UdpSocket own_socket_;
  Timer announce_;
  int answered_ = 0;
};

// What a client has found.
struct Finding {
  std::string service;  // Its name.
  Endpoint endpoint;
  std::string answer;
  int sent = 0;     // How many datagrams it took from the client's side,
  int retries = 0;  // and how many of them were repetitions.
};

// Finds one service and asks it one question. Loop thread only. The engine must outlive it.
class Client {
 public:
  struct Options {
    Group group = {};
    std::string question = "name";
    // After how long to repeat what brought no answer; doubled each time, up to `retry_max`.
    absl::Duration retry = absl::Milliseconds(250);
    absl::Duration retry_max = absl::Seconds(2);
    // How often to ask a service that does not answer, before looking for another one.
    int asks_max = 4;
    absl::Duration timeout = absl::Seconds(10);
    Narrator narrator = nullptr;
  };
  // What was found; or kDeadlineExceeded, with SocketError::kSocketTimeout.
  using Done = absl::AnyInvocable<void(absl::StatusOr<Finding>)>;

  Client(SocketEngine& engine, Options options);

  // Begins. `done` runs once, from the loop, and may destroy the client; it does not run any more
  // once that is destroyed. Errors: as `Service::Start`, and then `done` does not run.
  absl::Status Start(Done done);

 private:
  enum class Phase : uint8_t { kIdle, kSearching, kAsking, kDone };

  void Search();
  void Ask();
  void Retry();
  void Read(UdpSocket& socket);
  void Handle(const Message& message, const Endpoint& source);
  void Send(const Message& message, const Endpoint& destination);
  void Finish(absl::StatusOr<Finding> result);
  void Say(absl::string_view sentence);

  Options options_;
  UdpSocket group_socket_;
  UdpSocket own_socket_;
  Timer retry_;
  Timer timeout_;
  Timer finish_;  // Runs `done_` at the end of all else.

  Phase phase_ = Phase::kIdle;
  absl::Duration wait_;   // Before the next repetition.
  int asks_ = 0;          // Of the present service.
  Finding finding_;       // As far as it goes.
  absl::Status failure_;  // Of the latest datagram that could not be sent.
  Done done_;
  absl::StatusOr<Finding> result_;
};

}  // namespace pollux::examples

#endif  // POLLUX_EXAMPLES_DISCOVERY_DISCOVERY_H_
