// SPDX-License-Identifier: Apache-2.0
//
// File: asio_methods.h
//
// What Asio and Boost.Asio have in common: all but their names. Include one of them, and say which:
//
//   struct Asio { using Context = asio::io_context; ... };
//   AddAsioMethods<Asio>("asio", catalogue);

#ifndef POLLUX_TESTS_BENCH_PEERS_ASIO_METHODS_H_
#define POLLUX_TESTS_BENCH_PEERS_ASIO_METHODS_H_

#include <memory>
#include <string>

#include "tests/bench/peers/peer.h"

namespace pollux::bench {

template <typename A>
class AsioEnd {
 public:
  AsioEnd() : socket_(context_, typename A::Udp::endpoint(A::Udp::v4(), 0)) {
    socket_.non_blocking(true);
    Enlarge(socket_.native_handle());
  }

 protected:
  typename A::Context context_;
  // Without work to come a context stops, and would have to be started again for each datagram.
  const typename A::Work work_{context_.get_executor()};
  typename A::Udp::socket socket_;
  typename A::Udp::endpoint from_;
  typename A::Udp::endpoint to_;
};

template <typename A>
class AsioSender final : public Sender, private AsioEnd<A> {
 public:
  void Aim(uint16_t port, size_t size) override {
    this->to_ = typename A::Udp::endpoint(A::Loopback(), port);
    payload_.assign(size, 'x');
  }
  void Send(size_t datagrams) override {
    typename A::Error error;
    for (size_t i = 0; i < datagrams; ++i) {
      this->socket_.send_to(A::Buffer(payload_.data(), payload_.size()), this->to_, 0, error);
    }
  }

 private:
  std::string payload_;
};

// async_wait, and receive_from until there is nothing left: its best way.
template <typename A>
class AsioWaiter final : public Receiver, private AsioEnd<A> {
 public:
  uint16_t port() override { return this->socket_.local_endpoint().port(); }

 private:
  void Run() override {
    if (!begun_) Wait();
    begun_ = true;
    while (!Done()) this->context_.run_one();
  }
  void Wait() {
    this->socket_.async_wait(A::Udp::socket::wait_read, [this](const typename A::Error&) {
      typename A::Error error;
      while (true) {
        const size_t size = this->socket_.receive_from(A::Buffer(buffer_.data(), buffer_.size()),
                                                       this->from_, 0, error);
        if (error) break;
        Count(size);
      }
      Wait();
    });
  }

  bool begun_ = false;
};

// async_receive_from, once for each datagram: its usual way.
template <typename A>
class AsioAsync final : public Receiver, private AsioEnd<A> {
 public:
  uint16_t port() override { return this->socket_.local_endpoint().port(); }

 private:
  void Run() override {
    if (!begun_) Begin();
    begun_ = true;
    while (!Done()) this->context_.run_one();
  }
  void Begin() {
    this->socket_.async_receive_from(A::Buffer(buffer_.data(), buffer_.size()), this->from_,
                                     [this](const typename A::Error& error, size_t size) {
                                       if (!error) Count(size);
                                       Begin();
                                     });
  }

  bool begun_ = false;
};

template <typename A>
class AsioPingPong final : public PingPong, private AsioEnd<A> {
 public:
  uint16_t port() override { return this->socket_.local_endpoint().port(); }
  void Aim(uint16_t port) override { this->to_ = typename A::Udp::endpoint(A::Loopback(), port); }
  void Serve() override {
    Begin();
    while (size_ != 1) this->context_.run_one();
  }
  void RoundTrip() override {
    size_ = 0;
    this->socket_.async_receive_from(
        A::Buffer(buffer_.data(), buffer_.size()), this->from_,
        [this](const typename A::Error&, size_t size) { size_ = size; });
    this->socket_.send_to(A::Buffer(out_.data(), kSize), this->to_);
    while (size_ == 0) this->context_.run_one();
  }

 private:
  void Begin() {
    this->socket_.async_receive_from(A::Buffer(buffer_.data(), buffer_.size()), this->from_,
                                     [this](const typename A::Error&, size_t size) {
                                       size_ = size;
                                       if (size == 1) return;
                                       this->socket_.send_to(A::Buffer(buffer_.data(), size),
                                                             this->from_);
                                       Begin();
                                     });
  }

  std::array<char, kSize> out_ = {};
  size_t size_ = 0;
};

template <typename A>
void AddAsioMethods(const std::string& library, Catalogue& c) {
  c.senders.push_back({library, "send_to", [] { return std::make_unique<AsioSender<A>>(); }});
  c.receivers.push_back(
      {library, "async_wait, until empty", [] { return std::make_unique<AsioWaiter<A>>(); }});
  c.receivers.push_back(
      {library, "async_receive_from", [] { return std::make_unique<AsioAsync<A>>(); }});
  c.ping_pongs.push_back(
      {library, "async_receive_from", [] { return std::make_unique<AsioPingPong<A>>(); }});
}

}  // namespace pollux::bench

#endif  // POLLUX_TESTS_BENCH_PEERS_ASIO_METHODS_H_
