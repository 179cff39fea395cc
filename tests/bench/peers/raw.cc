// SPDX-License-Identifier: Apache-2.0
//
// The bare system calls.

#include <netinet/udp.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "tests/bench/peers/peer.h"

namespace pollux::bench {
namespace {

constexpr size_t kBatch = 64;

class RawSender : public Sender {
 public:
  explicit RawSender(bool watched) {
    if (!watched) return;
    epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
    epoll_event event = {};
    event.events = EPOLLIN | EPOLLET;
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd_, &event);
  }
  ~RawSender() override {
    ::close(fd_);
    if (epoll_ >= 0) ::close(epoll_);
  }
  void Aim(uint16_t port, size_t size) override {
    to_ = Loopback(port);
    payload_.assign(size, 'x');
  }
  void Send(size_t datagrams) override {
    for (size_t i = 0; i < datagrams; ++i) {
      ::sendto(fd_, payload_.data(), payload_.size(), MSG_NOSIGNAL, Generic(&to_), sizeof(to_));
    }
  }

 protected:
  const int fd_ = NewSocket();
  int epoll_ = -1;
  sockaddr_in to_ = {};
  std::string payload_;
};

// Two addresses by turns, so that nothing can be sent as a run.
class MmsgSender final : public RawSender {
 public:
  MmsgSender() : RawSender(false) {}
  void Aim(uint16_t port, size_t size) override {
    RawSender::Aim(port, size);
    to_pair_[0] = Loopback(port);
    to_pair_[1] = Loopback(port, INADDR_LOOPBACK + 1);
    payload_.assign(size * kBatch, 'x');
    for (size_t i = 0; i < kBatch; ++i) {
      vectors_[i] = {payload_.data() + i * size, size};
      messages_[i].msg_hdr.msg_iov = &vectors_[i];
      messages_[i].msg_hdr.msg_iovlen = 1;
      messages_[i].msg_hdr.msg_name = &to_pair_[i % 2];
      messages_[i].msg_hdr.msg_namelen = sizeof(to_pair_[0]);
    }
  }
  void Send(size_t datagrams) override {
    while (datagrams > 0) {
      const size_t count = std::min(datagrams, kBatch);
      const int sent = ::sendmmsg(fd_, messages_, static_cast<unsigned>(count), MSG_NOSIGNAL);
      if (sent <= 0) return;
      datagrams -= static_cast<size_t>(sent);
    }
  }

 private:
  sockaddr_in to_pair_[2];
  iovec vectors_[kBatch];
  mmsghdr messages_[kBatch] = {};
};

// As many datagrams per call as the kernel takes: 64, or 65507 bytes. Each of up to 256 has a
// payload of its own, as those of a `SendBatch` have.
class SegmentSender final : public RawSender {
 public:
  SegmentSender() : RawSender(false) {}
  void Aim(uint16_t port, size_t size) override {
    RawSender::Aim(port, size);
    size_ = size;
    run_ = std::min<size_t>(64, 65507 / size);
    payload_.assign(size * kPayloads, 'x');
  }
  void Send(size_t datagrams) override {
    size_t at = 0;
    for (size_t left = datagrams; left > 0;) {
      if (at == kPayloads) at = 0;
      const size_t count = std::min({left, run_, kPayloads - at});
      iovec vector = {payload_.data() + at * size_, count * size_};
      alignas(cmsghdr) char control[CMSG_SPACE(sizeof(uint16_t))] = {};
      msghdr message = {};
      message.msg_name = &to_;
      message.msg_namelen = sizeof(to_);
      message.msg_iov = &vector;
      message.msg_iovlen = 1;
      if (count > 1) {
        message.msg_control = control;
        message.msg_controllen = sizeof(control);
        cmsghdr* const header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_UDP;
        header->cmsg_type = UDP_SEGMENT;
        header->cmsg_len = CMSG_LEN(sizeof(uint16_t));
        const auto segment = static_cast<uint16_t>(size_);
        std::memcpy(CMSG_DATA(header), &segment, sizeof(segment));
      }
      ::sendmsg(fd_, &message, MSG_NOSIGNAL);
      left -= count;
      at += count;
    }
  }

 private:
  static constexpr size_t kPayloads = 256;

  size_t size_ = 0;
  size_t run_ = 1;
};

class RawReceiver : public Receiver {
 public:
  RawReceiver() { Enlarge(fd_); }
  ~RawReceiver() override { ::close(fd_); }
  uint16_t port() override { return PortOf(fd_); }

 protected:
  void Run() override {
    while (!Done()) {
      sockaddr_in from;
      socklen_t length = sizeof(from);
      const ssize_t size =
          ::recvfrom(fd_, buffer_.data(), buffer_.size(), 0, Generic(&from), &length);
      if (size >= 0) {
        Count(static_cast<size_t>(size));
      } else {
        Wait();
      }
    }
  }
  void Wait() {
    pollfd ready = {.fd = fd_, .events = POLLIN, .revents = 0};
    ::poll(&ready, 1, -1);
  }

  const int fd_ = NewSocket();
};

// epoll_wait, and receive until there is nothing left.
class EpollReceiver final : public RawReceiver {
 public:
  EpollReceiver() {
    epoll_event event = {};
    event.events = EPOLLIN | EPOLLET;
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd_, &event);
  }
  ~EpollReceiver() override { ::close(epoll_); }

 protected:
  void Run() override {
    while (!Done()) {
      epoll_event event;
      ::epoll_wait(epoll_, &event, 1, -1);
      while (true) {
        sockaddr_in from;
        socklen_t length = sizeof(from);
        const ssize_t size =
            ::recvfrom(fd_, buffer_.data(), buffer_.size(), 0, Generic(&from), &length);
        if (size < 0) break;
        Count(static_cast<size_t>(size));
      }
    }
  }

 private:
  const int epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
};

// recvmmsg, with the control messages that were asked for; by itself, or when epoll says so and
// until there is nothing left.
class MmsgReceiver : public RawReceiver {
 public:
  struct Options {
    size_t batch;
    size_t room;
    bool metadata = false;
    bool coalesce = false;
    bool epoll = false;
  };
  explicit MmsgReceiver(const Options& options)
      : batch_(options.batch),
        room_(options.room),
        with_control_(options.metadata || options.coalesce),
        memory_(batch_ * room_, 0) {
    const bool metadata = options.metadata, coalesce = options.coalesce;
    const size_t room = room_;
    const int on = 1;
    if (options.epoll) {
      epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
      epoll_event event = {};
      event.events = EPOLLIN | EPOLLET;
      ::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd_, &event);
    }
    if (metadata) {
      ::setsockopt(fd_, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on));
      ::setsockopt(fd_, IPPROTO_IP, IP_RECVTOS, &on, sizeof(on));
      ::setsockopt(fd_, SOL_SOCKET, SO_RXQ_OVFL, &on, sizeof(on));
    }
    if (coalesce && ::setsockopt(fd_, SOL_UDP, UDP_GRO, &on, sizeof(on)) != 0) Die("no UDP_GRO");
    for (size_t i = 0; i < batch_; ++i) {
      vectors_[i] = {memory_.data() + i * room, room};
      messages_[i].msg_hdr.msg_iov = &vectors_[i];
      messages_[i].msg_hdr.msg_iovlen = 1;
      messages_[i].msg_hdr.msg_name = &from_[i];
    }
  }
  ~MmsgReceiver() override {
    if (epoll_ >= 0) ::close(epoll_);
  }

 protected:
  void Run() override {
    while (!Done()) {
      if (epoll_ < 0) {
        if (!ReceiveSome()) Wait();
        continue;
      }
      epoll_event event;
      ::epoll_wait(epoll_, &event, 1, -1);
      while (ReceiveSome()) {
      }
    }
  }

 private:
  // One call. False where it found nothing.
  bool ReceiveSome() {
    for (size_t i = 0; i < batch_; ++i) {
      messages_[i].msg_hdr.msg_namelen = sizeof(from_[i]);
      messages_[i].msg_hdr.msg_control = with_control_ ? controls_[i] : nullptr;
      messages_[i].msg_hdr.msg_controllen = with_control_ ? sizeof(controls_[i]) : 0;
    }
    const int count = ::recvmmsg(fd_, messages_, static_cast<unsigned>(batch_), 0, nullptr);
    for (int i = 0; i < count; ++i) CountMessage(messages_[i]);
    return count > 0;
  }
  // Looks at each datagram, as a program has to that is given many as one.
  void CountMessage(mmsghdr& message) {
    size_t each = message.msg_len;
    if (with_control_) {
      for (cmsghdr* header = CMSG_FIRSTHDR(&message.msg_hdr); header != nullptr;
           header = CMSG_NXTHDR(&message.msg_hdr, header)) {
        if (header->cmsg_level != SOL_UDP || header->cmsg_type != UDP_GRO) continue;
        int segment;
        std::memcpy(&segment, CMSG_DATA(header), sizeof(segment));
        each = static_cast<size_t>(segment);
      }
    }
    size_t at = 0;
    do {
      Count(std::min<size_t>(each, message.msg_len - at));
      at += each;
    } while (at < message.msg_len);
  }

  const size_t batch_;
  const size_t room_;
  const bool with_control_;
  int epoll_ = -1;
  std::string memory_;
  sockaddr_in from_[kBatch];
  iovec vectors_[kBatch];
  mmsghdr messages_[kBatch] = {};
  alignas(cmsghdr) char controls_[kBatch][256];
};

class RawPingPong final : public PingPong {
 public:
  enum Wait { kBlock, kEpoll, kSpin };
  explicit RawPingPong(Wait wait) : wait_(wait) {
    epoll_event event = {};
    event.events = EPOLLIN;
    if (wait == kEpoll) ::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd_, &event);
  }
  ~RawPingPong() override {
    ::close(fd_);
    ::close(epoll_);
  }
  uint16_t port() override { return PortOf(fd_); }
  void Aim(uint16_t port) override { to_ = Loopback(port); }
  void Serve() override {
    while (true) {
      const ssize_t size = Receive();
      if (size == 1) return;
      ::sendto(fd_, buffer_.data(), static_cast<size_t>(size), 0, Generic(&from_), sizeof(from_));
    }
  }
  void RoundTrip() override {
    ::sendto(fd_, buffer_.data(), kSize, 0, Generic(&to_), sizeof(to_));
    Receive();
  }

 private:
  ssize_t Receive() {
    while (true) {
      epoll_event event;
      if (wait_ == kEpoll) ::epoll_wait(epoll_, &event, 1, -1);
      if (wait_ == kBlock) {
        pollfd ready = {.fd = fd_, .events = POLLIN, .revents = 0};
        ::poll(&ready, 1, -1);
      }
      socklen_t length = sizeof(from_);
      const ssize_t size =
          ::recvfrom(fd_, buffer_.data(), buffer_.size(), MSG_DONTWAIT, Generic(&from_), &length);
      if (size >= 0) return size;
    }
  }

  const Wait wait_;
  const int fd_ = NewSocket();
  const int epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
  sockaddr_in to_ = {};
  sockaddr_in from_ = {};
};

constexpr size_t kRoom = 8192 + 64;
constexpr size_t kRunRoom = 65536 + 19 * 64;

}  // namespace

void AddRaw(Catalogue& c) {
  c.senders.push_back({"raw", "sendto", [] { return std::make_unique<RawSender>(false); }});
  c.senders.push_back({"raw", "sendto in epoll", [] { return std::make_unique<RawSender>(true); }});
  c.senders.push_back({"raw", "sendmmsg 64", [] { return std::make_unique<MmsgSender>(); }});
  c.senders.push_back({"raw", "UDP_SEGMENT", [] { return std::make_unique<SegmentSender>(); }});
  c.receivers.push_back({"raw", "recvfrom", [] { return std::make_unique<RawReceiver>(); }});
  c.receivers.push_back(
      {"raw", "epoll, recvfrom", [] { return std::make_unique<EpollReceiver>(); }});
  const auto add = [&c](const char* name, const MmsgReceiver::Options& options) {
    c.receivers.push_back({"raw", name,
                           [options] { return std::make_unique<MmsgReceiver>(options); },
                           options.coalesce});
  };
  add("recvmmsg 64", {.batch = kBatch, .room = kRoom});
  add("recvmmsg 64, metadata", {.batch = kBatch, .room = kRoom, .metadata = true});
  add("epoll, recvmmsg 64", {.batch = kBatch, .room = kRoom, .epoll = true});
  add("UDP_GRO", {.batch = 4, .room = kRunRoom, .coalesce = true});
  add("epoll, UDP_GRO", {.batch = 4, .room = kRunRoom, .coalesce = true, .epoll = true});
  c.ping_pongs.push_back(
      {"raw", "poll", [] { return std::make_unique<RawPingPong>(RawPingPong::kBlock); }});
  c.ping_pongs.push_back(
      {"raw", "epoll", [] { return std::make_unique<RawPingPong>(RawPingPong::kEpoll); }});
  c.ping_pongs.push_back({"raw", "spin",
                          [] { return std::make_unique<RawPingPong>(RawPingPong::kSpin); }, false,
                          true});
}

}  // namespace pollux::bench
