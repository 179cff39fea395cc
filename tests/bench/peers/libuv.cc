// SPDX-License-Identifier: Apache-2.0
//
// libuv (libuv1-dev).

#include <uv.h>

#include "tests/bench/peers/peer.h"

namespace pollux::bench {
namespace {

class UvEnd {
 public:
  explicit UvEnd(bool batches) {
    uv_loop_init(&loop_);
    uv_udp_init_ex(&loop_, &socket_, AF_INET | (batches ? UV_UDP_RECVMMSG : 0));
    sockaddr_in any = Loopback(0, INADDR_ANY);
    if (uv_udp_bind(&socket_, Generic(&any), 0) != 0) Die("libuv cannot bind");
    uv_os_fd_t fd;
    uv_fileno(reinterpret_cast<uv_handle_t*>(&socket_), &fd);
    Enlarge(fd);
    bound_ = PortOf(fd);
  }
  ~UvEnd() {
    uv_udp_recv_stop(&socket_);
    uv_close(reinterpret_cast<uv_handle_t*>(&socket_), nullptr);
    uv_run(&loop_, UV_RUN_DEFAULT);
    uv_loop_close(&loop_);
  }
  UvEnd(const UvEnd&) = delete;
  UvEnd& operator=(const UvEnd&) = delete;

 protected:
  uv_loop_t loop_;
  uv_udp_t socket_;
  uint16_t bound_ = 0;
  sockaddr_in to_ = {};
};

class TrySender final : public Sender, private UvEnd {
 public:
  TrySender() : UvEnd(false) {}
  void Aim(uint16_t port, size_t size) override {
    to_ = Loopback(port);
    payload_.assign(size, 'x');
  }
  void Send(size_t datagrams) override {
    for (size_t i = 0; i < datagrams; ++i) {
      const uv_buf_t buffer = uv_buf_init(payload_.data(), static_cast<unsigned>(payload_.size()));
      uv_udp_try_send(&socket_, &buffer, 1, Generic(&to_));
    }
  }

 private:
  std::string payload_;
};

// uv_udp_send, many at once: the library hands what has queued up to sendmmsg.
class QueueSender final : public Sender, private UvEnd {
 public:
  QueueSender() : UvEnd(false) {}
  void Aim(uint16_t port, size_t size) override {
    to_ = Loopback(port);
    payload_.assign(size, 'x');
  }
  void Send(size_t datagrams) override {
    while (datagrams > 0) {
      const size_t count = std::min(datagrams, requests_.size());
      for (size_t i = 0; i < count; ++i) {
        const uv_buf_t buffer =
            uv_buf_init(payload_.data(), static_cast<unsigned>(payload_.size()));
        uv_udp_send(&requests_[i], &socket_, &buffer, 1, Generic(&to_), [](uv_udp_send_t*, int) {});
      }
      uv_run(&loop_, UV_RUN_DEFAULT);
      datagrams -= count;
    }
  }

 private:
  std::array<uv_udp_send_t, 64> requests_;
  std::string payload_;
};

class UvReceiver final : public Receiver, private UvEnd {
 public:
  explicit UvReceiver(bool batches) : UvEnd(batches), memory_(batches ? 20 * 65536 : 65536, 0) {
    socket_.data = this;
    uv_udp_recv_start(&socket_, Allocate, OnReceived);
  }
  uint16_t port() override { return bound_; }

 private:
  void Run() override {
    while (!Done()) uv_run(&loop_, UV_RUN_ONCE);
  }
  static void Allocate(uv_handle_t* handle, size_t, uv_buf_t* buffer) {
    std::string& memory = static_cast<UvReceiver*>(handle->data)->memory_;
    *buffer = uv_buf_init(memory.data(), static_cast<unsigned>(memory.size()));
  }
  static void OnReceived(uv_udp_t* socket, ssize_t size, const uv_buf_t*, const sockaddr* from,
                         unsigned) {
    if (size < 0 || from == nullptr) return;
    static_cast<UvReceiver*>(socket->data)->Count(static_cast<size_t>(size));
  }

  std::string memory_;
};

class UvPingPong final : public PingPong, private UvEnd {
 public:
  UvPingPong() : UvEnd(false) { socket_.data = this; }
  uint16_t port() override { return bound_; }
  void Aim(uint16_t port) override {
    to_ = Loopback(port);
    uv_udp_recv_start(&socket_, Allocate, OnReceived);
  }
  void Serve() override {
    serving_ = true;
    uv_udp_recv_start(&socket_, Allocate, OnReceived);
    while (size_ != 1) uv_run(&loop_, UV_RUN_ONCE);
  }
  void RoundTrip() override {
    size_ = 0;
    Send(kSize, Generic(&to_));
    while (size_ == 0) uv_run(&loop_, UV_RUN_ONCE);
  }

 private:
  void Send(size_t size, const sockaddr* to) {
    const uv_buf_t buffer = uv_buf_init(buffer_.data(), static_cast<unsigned>(size));
    uv_udp_try_send(&socket_, &buffer, 1, to);
  }
  static void Allocate(uv_handle_t* handle, size_t, uv_buf_t* buffer) {
    auto& memory = static_cast<UvPingPong*>(handle->data)->buffer_;
    *buffer = uv_buf_init(memory.data(), static_cast<unsigned>(memory.size()));
  }
  static void OnReceived(uv_udp_t* socket, ssize_t size, const uv_buf_t*, const sockaddr* from,
                         unsigned) {
    if (size < 0 || from == nullptr) return;
    auto& self = *static_cast<UvPingPong*>(socket->data);
    self.size_ = static_cast<size_t>(size);
    if (self.serving_ && size != 1) self.Send(self.size_, from);
  }

  bool serving_ = false;
  size_t size_ = 0;
};

}  // namespace

void AddLibuv(Catalogue& c) {
  c.senders.push_back({"libuv", "try_send", [] { return std::make_unique<TrySender>(); }});
  c.senders.push_back({"libuv", "send queue", [] { return std::make_unique<QueueSender>(); }});
  c.receivers.push_back({"libuv", "recv", [] { return std::make_unique<UvReceiver>(false); }});
  c.receivers.push_back(
      {"libuv", "recv, RECVMMSG", [] { return std::make_unique<UvReceiver>(true); }});
  c.ping_pongs.push_back({"libuv", "recv", [] { return std::make_unique<UvPingPong>(); }});
}

}  // namespace pollux::bench
