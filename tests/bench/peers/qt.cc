// SPDX-License-Identifier: Apache-2.0
//
// QUdpSocket of Qt 6 (qt6-base-dev).

#include <QtCore/QCoreApplication>
#include <QtCore/QEventLoop>
#include <QtNetwork/QHostAddress>
#include <QtNetwork/QNetworkDatagram>
#include <QtNetwork/QUdpSocket>

#include "tests/bench/peers/peer.h"

namespace pollux::bench {
namespace {

class QtEnd {
 public:
  QtEnd() {
    if (!socket_.bind(QHostAddress(QHostAddress::AnyIPv4), 0)) Die("Qt cannot bind");
    Enlarge(static_cast<int>(socket_.socketDescriptor()));
  }

 protected:
  QEventLoop loop_;
  QUdpSocket socket_;
  QHostAddress to_{QHostAddress::LocalHost};
  uint16_t to_port_ = 0;
};

class QtSender final : public Sender, private QtEnd {
 public:
  void Aim(uint16_t port, size_t size) override {
    to_port_ = port;
    payload_.assign(size, 'x');
  }
  void Send(size_t datagrams) override {
    for (size_t i = 0; i < datagrams; ++i) {
      socket_.writeDatagram(payload_.data(), static_cast<qint64>(payload_.size()), to_, to_port_);
    }
  }

 private:
  std::string payload_;
};

class QtReceiver final : public Receiver, private QtEnd {
 public:
  // By readDatagram, or by receiveDatagram.
  explicit QtReceiver(bool by_object) {
    QObject::connect(&socket_, &QUdpSocket::readyRead, &socket_, [this, by_object] {
      while (socket_.hasPendingDatagrams()) {
        if (by_object) {
          Count(static_cast<size_t>(socket_.receiveDatagram().data().size()));
        } else {
          const qint64 size = socket_.readDatagram(
              buffer_.data(), static_cast<qint64>(buffer_.size()), &from_, &from_port_);
          if (size >= 0) Count(static_cast<size_t>(size));
        }
      }
      if (Done()) loop_.quit();
    });
  }
  uint16_t port() override { return socket_.localPort(); }

 private:
  void Run() override {
    while (!Done()) loop_.exec();
  }

  QHostAddress from_;
  quint16 from_port_ = 0;
};

class QtPingPong final : public PingPong, private QtEnd {
 public:
  QtPingPong() {
    QObject::connect(&socket_, &QUdpSocket::readyRead, &socket_, [this] {
      size_ = socket_.readDatagram(buffer_.data(), static_cast<qint64>(buffer_.size()), &from_,
                                   &from_port_);
      if (serving_ && size_ > 1) socket_.writeDatagram(buffer_.data(), size_, from_, from_port_);
    });
  }
  uint16_t port() override { return socket_.localPort(); }
  void Aim(uint16_t port) override { to_port_ = port; }
  void Serve() override {
    serving_ = true;
    while (size_ != 1) loop_.processEvents(QEventLoop::WaitForMoreEvents);
  }
  void RoundTrip() override {
    size_ = 0;
    socket_.writeDatagram(buffer_.data(), kSize, to_, to_port_);
    while (size_ == 0) loop_.processEvents(QEventLoop::WaitForMoreEvents);
  }

 private:
  QHostAddress from_;
  quint16 from_port_ = 0;
  bool serving_ = false;
  qint64 size_ = 0;
};

}  // namespace

void AddQt(Catalogue& c) {
  // Qt wants one in a program that has events.
  static int argc = 1;
  static char name[] = "native_vs_peers";
  static char* argv[] = {name, nullptr};
  static QCoreApplication application(argc, argv);
  c.senders.push_back({"Qt 6", "writeDatagram", [] { return std::make_unique<QtSender>(); }});
  c.receivers.push_back(
      {"Qt 6", "readDatagram", [] { return std::make_unique<QtReceiver>(false); }});
  c.receivers.push_back(
      {"Qt 6", "receiveDatagram", [] { return std::make_unique<QtReceiver>(true); }});
  c.ping_pongs.push_back({"Qt 6", "readyRead", [] { return std::make_unique<QtPingPong>(); }});
}

}  // namespace pollux::bench
