// SPDX-License-Identifier: Apache-2.0
//
// libevent (libevent-dev): an event loop around the program's own system calls.

#include <event2/event.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/bench/peers/peer.h"

namespace pollux::bench {
namespace {

class EventEnd {
 public:
  EventEnd() {
    Enlarge(fd_);
    event_ = event_new(
        base_, fd_, EV_READ | EV_PERSIST,
        [](int, short, void* self) { static_cast<EventEnd*>(self)->OnReadable(); }, this);
    event_add(event_, nullptr);
  }
  virtual ~EventEnd() {
    event_free(event_);
    event_base_free(base_);
    ::close(fd_);
  }
  EventEnd(const EventEnd&) = delete;
  EventEnd& operator=(const EventEnd&) = delete;

 protected:
  virtual void OnReadable() = 0;
  ssize_t ReceiveInto(char* data, size_t size) {
    socklen_t length = sizeof(from_);
    return ::recvfrom(fd_, data, size, 0, Generic(&from_), &length);
  }

  const int fd_ = NewSocket();
  event_base* const base_ = event_base_new();
  event* event_ = nullptr;
  sockaddr_in to_ = {};
  sockaddr_in from_ = {};
};

class EventReceiver final : public Receiver, private EventEnd {
 public:
  explicit EventReceiver(bool until_empty) : until_empty_(until_empty) {}
  uint16_t port() override { return PortOf(fd_); }

 private:
  void Run() override {
    while (!Done()) event_base_loop(base_, EVLOOP_ONCE);
  }
  void OnReadable() override {
    do {
      const ssize_t size = ReceiveInto(buffer_.data(), buffer_.size());
      if (size < 0) return;
      Count(static_cast<size_t>(size));
    } while (until_empty_);
  }

  const bool until_empty_;
};

class EventPingPong final : public PingPong, private EventEnd {
 public:
  uint16_t port() override { return PortOf(fd_); }
  void Aim(uint16_t port) override { to_ = Loopback(port); }
  void Serve() override {
    serving_ = true;
    while (size_ != 1) event_base_loop(base_, EVLOOP_ONCE);
  }
  void RoundTrip() override {
    size_ = 0;
    ::sendto(fd_, buffer_.data(), kSize, 0, Generic(&to_), sizeof(to_));
    while (size_ == 0) event_base_loop(base_, EVLOOP_ONCE);
  }

 private:
  void OnReadable() override {
    size_ = ReceiveInto(buffer_.data(), buffer_.size());
    if (!serving_ || size_ <= 1) return;
    ::sendto(fd_, buffer_.data(), static_cast<size_t>(size_), 0, Generic(&from_), sizeof(from_));
  }

  bool serving_ = false;
  ssize_t size_ = 0;
};

}  // namespace

void AddLibevent(Catalogue& c) {
  c.receivers.push_back(
      {"libevent", "one per event", [] { return std::make_unique<EventReceiver>(false); }});
  c.receivers.push_back(
      {"libevent", "until empty", [] { return std::make_unique<EventReceiver>(true); }});
  c.ping_pongs.push_back(
      {"libevent", "one per event", [] { return std::make_unique<EventPingPong>(); }});
}

}  // namespace pollux::bench
