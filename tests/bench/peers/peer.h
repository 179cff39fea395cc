// SPDX-License-Identifier: Apache-2.0
//
// File: peer.h
//
// One shape for all that is compared: a way of sending, a way of receiving, and a way of answering,
// of some library. Each library is a file of its own; `catalogue.h` lists them.
//
// A datagram of one byte ends whatever loop receives it.

#ifndef POLLUX_TESTS_BENCH_PEERS_PEER_H_
#define POLLUX_TESTS_BENCH_PEERS_PEER_H_

#include <netinet/in.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace pollux::bench {

// Prints why and ends the program.
[[noreturn]] void Die(const std::string& what);

sockaddr_in Loopback(uint16_t port, uint32_t host = INADDR_LOOPBACK);
sockaddr* Generic(sockaddr_in* address);
// A UDP socket of the kernel, bound to the IPv4 wildcard.
int NewSocket();
uint16_t PortOf(int fd);
// As much receive buffer as the machine gives: the same for all.
void Enlarge(int fd);

// Sends datagrams of one size to 127.0.0.1.
class Sender {
 public:
  virtual ~Sender() = default;
  // To that port, from now on. `size` is the size of every datagram but the last.
  virtual void Aim(uint16_t port, size_t size) = 0;
  virtual void Send(size_t datagrams) = 0;
};

// A socket bound to the IPv4 wildcard, and the library's way of receiving from it.
class Receiver {
 public:
  virtual ~Receiver() = default;
  virtual uint16_t port() = 0;
  // Receives `datagrams`, or up to an ending one; waits while there is none.
  void Receive(uint64_t datagrams) {
    wanted_ = received_ + datagrams;
    if (!Done()) Run();
  }
  uint64_t received() const { return received_; }
  bool ended() const { return ended_; }

 protected:
  // Runs until `Done()`.
  virtual void Run() = 0;
  // A datagram of that size.
  void Count(size_t size) {
    if (size == 1) {
      ended_ = true;
    } else {
      ++received_;
    }
  }
  bool Done() const { return ended_ || received_ >= wanted_; }

  std::array<char, 65536> buffer_;

 private:
  uint64_t received_ = 0;
  uint64_t wanted_ = 0;
  bool ended_ = false;
};

// Both ends of a ping-pong, in two threads: one object for each.
class PingPong {
 public:
  virtual ~PingPong() = default;
  virtual uint16_t port() = 0;
  // Sends every datagram back, until an ending one.
  virtual void Serve() = 0;
  // Sends 64 bytes to that port of 127.0.0.1, and waits for the answer.
  virtual void Aim(uint16_t port) = 0;
  virtual void RoundTrip() = 0;

 protected:
  static constexpr size_t kSize = 64;
  std::array<char, 2048> buffer_;
};

template <typename T>
struct Method {
  std::string library;
  std::string name;
  std::function<std::unique_ptr<T>()> make;  // In the thread that will use it.
  bool wants_runs = false;                   // A receiver: feed it by UDP_SEGMENT.
  bool spins = false;                        // A ping-pong that needs two processors.
};

struct Catalogue {
  std::vector<Method<Sender>> senders;
  std::vector<Method<Receiver>> receivers;
  std::vector<Method<PingPong>> ping_pongs;
};

void AddRaw(Catalogue& catalogue);
void AddPollux(Catalogue& catalogue);
void AddQt(Catalogue& catalogue);
void AddAsio(Catalogue& catalogue);
void AddBoostAsio(Catalogue& catalogue);
void AddLibuv(Catalogue& catalogue);
void AddLibevent(Catalogue& catalogue);

}  // namespace pollux::bench

#endif  // POLLUX_TESTS_BENCH_PEERS_PEER_H_
